SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Renews the lease of a claim, or reports that the claim is lost. A claim that has expired
            but was not reaped is still held.
Parameters: @claim_token  the claim
            @lease_ms     milliseconds from now, 1 to 86400000, default 120000
Results:    one row: renewal_status (renewed, lost), lease_expires_at_utc
            lease_expires_at_utc is NULL while a completion locks the claim: the completion extends
            the lease itself, which counts as renewed. So does usp_RecountSums, which locks all claims while
            READ_COMMITTED_SNAPSHOT is off.
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the executable's lease keeper
Isolation:  READ COMMITTED. Locks claim, event; then the session, in a second transaction. Waits two
            seconds at most.
Example:    EXEC [$(Schema)].[usp_RenewLease]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @lease_ms = 120000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RenewLease]
    @claim_token uniqueidentifier,
    @lease_ms int = 120000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 2000;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @renewal_status varchar(7) = 'lost';
    DECLARE @session_id uniqueidentifier;
    DECLARE @app_count int;
    DECLARE @lease_expires_at datetime2(3);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        lease_expires_at_utc datetime2(3) NOT NULL,
        app_count int NOT NULL
    );

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_RenewLease: a transaction is open; commit or roll it back, then call again.', 1;

    SET @message = CONCAT(
        CASE WHEN @claim_token IS NULL THEN N' @claim_token is missing.' END,
        CASE WHEN COALESCE(@lease_ms, 0) NOT BETWEEN 1 AND 86400000 THEN N' @lease_ms must be 1 to 86400000.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_RenewLease:' + @message;
        THROW 50001, @message, 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        UPDATE [$(Schema)].[processing_claim]
        SET
            lease_ms = @lease_ms,
            lease_expires_at_utc = DATEADD(MILLISECOND, @lease_ms, @now),
            renewals = renewals + 1
        OUTPUT inserted.session_id, inserted.lease_expires_at_utc, inserted.app_count
        INTO @lease (session_id, lease_expires_at_utc, app_count)
        WHERE claim_token = @claim_token;

        SELECT
            @session_id = l.session_id,
            @lease_expires_at = l.lease_expires_at_utc,
            @app_count = l.app_count,
            @renewal_status = 'renewed'
        FROM @lease AS l;

        IF @renewal_status = 'renewed'
        BEGIN
            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at_utc,
                event_type,
                claim_token,
                session_id,
                app_count,
                login_name
            )
            VALUES
            (
                @now,
                'renewed',
                @claim_token,
                @session_id,
                @app_count,
                ORIGINAL_LOGIN()
            );
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

        -- A completion of this claim locks its row, and has extended the lease. Or a recount or an installation
        -- locks all claims, and extends the leases before it ends.
        IF ERROR_NUMBER() <> 1222 THROW;

        SET @renewal_status = 'renewed';
        SET @lease_expires_at = NULL;
        SET @session_id = NULL;
    END CATCH;

    BEGIN TRY
        UPDATE [$(Schema)].[processing_session]
        SET last_seen_at_utc = @now
        WHERE session_id = @session_id;
    END TRY
    BEGIN CATCH
        -- The completion of another batch locks the session's row and records that it was seen.
        IF ERROR_NUMBER() NOT IN (1205, 1222) THROW;
    END CATCH;

    SELECT
        @renewal_status AS renewal_status,
        @lease_expires_at AS lease_expires_at_utc;
END;
GO
