SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Releases a claim at once: its unfinished applications become ready again, and their
            attempt does not count. Releasing a claim that does not exist does nothing.
Parameters: @claim_token  the claim
            @reason       for the events, at most 400 characters; default NULL
Results:    one row: apps_released
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the executable when it stops or its claim is refused; by hand for a worker that is
            known to be gone, instead of waiting for its lease to expire
Isolation:  READ COMMITTED. Locks claim, queue, event, session, throughput.
Example:    EXEC [$(Schema)].[usp_ReleaseClaim]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @reason = N'worker machine switched off';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReleaseClaim]
    @claim_token uniqueidentifier,
    @reason nvarchar(400) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @session_id uniqueidentifier;
    DECLARE @apps_released int = 0;
    DECLARE @lease TABLE (session_id uniqueidentifier NOT NULL);
    DECLARE @released TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL
    );

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_ReleaseClaim: a transaction is open; commit or roll it back, then call again.', 1;

    IF @claim_token IS NULL
    BEGIN
        THROW 50001, N'usp_ReleaseClaim: @claim_token is missing.', 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        DELETE FROM [$(Schema)].[processing_claim]
        OUTPUT deleted.session_id INTO @lease (session_id)
        WHERE claim_token = @claim_token;

        IF @@ROWCOUNT > 0
        BEGIN
            SELECT @session_id = l.session_id
            FROM @lease AS l;

            UPDATE [$(Schema)].[processing_queue]
            SET
                state = 0,
                claim_token = NULL,
                attempts = attempts - 1
            OUTPUT inserted.app_id, inserted.attempts INTO @released (app_id, attempt)
            WHERE state = 1
                AND claim_token = @claim_token;

            SET @apps_released = @@ROWCOUNT;

            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at_utc,
                event_type,
                app_id,
                attempt,
                claim_token,
                session_id,
                login_name,
                detail
            )
            SELECT
                @now,
                'released',
                r.app_id,
                r.attempt + 1,
                @claim_token,
                @session_id,
                ORIGINAL_LOGIN(),
                @reason
            FROM @released AS r;

            EXEC [$(Schema)].[usp_RecordThroughput]
                @session_id = @session_id,
                @released = @apps_released;
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

        THROW;
    END CATCH;

    SELECT @apps_released AS apps_released;
END;
GO
