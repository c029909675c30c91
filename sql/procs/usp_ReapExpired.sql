SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Reaps claims whose lease has expired: their applications become ready again. An
            application that was reaped @max_reaps times while it was alone in its claim is
            quarantined, because it probably kills its workers; a refusal by the database
            (usp_CompleteBatch) counts as a reap. Safe to run at any time, concurrently and as often
            as you like: a claim that is renewed or completed in the meantime is not reaped.
Parameters: @max_claims  at most this many claims, 1 or more, default 1000
            @max_reaps   number of reaps and refusals alone after which an application is quarantined,
                         1 or more, default 3
Results:    one row: claims_reaped, apps_ready, apps_quarantined
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the Agent job Prepare; the executable; by hand
Isolation:  READ COMMITTED, READPAST on claims. One transaction per claim, which locks claim,
            queue, event, session. Skips claims that another connection has locked.
Example:    EXEC [$(Schema)].[usp_ReapExpired];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReapExpired]
    @max_claims int = 1000,
    @max_reaps int = 3
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3);
    DECLARE @claim_token uniqueidentifier;
    DECLARE @session_id uniqueidentifier;
    DECLARE @worker_name nvarchar(128);
    DECLARE @lease_expired_at datetime2(3);
    DECLARE @held int;
    DECLARE @quarantined int;
    DECLARE @claims_reaped int = 0;
    DECLARE @apps_ready int = 0;
    DECLARE @apps_quarantined int = 0;
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @expired TABLE (claim_token uniqueidentifier NOT NULL PRIMARY KEY);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        lease_expires_at_utc datetime2(3) NOT NULL
    );
    DECLARE @reaped TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        state tinyint NOT NULL,
        attempt int NOT NULL,
        reaps int NOT NULL,
        lone_reaps int NOT NULL
    );

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_ReapExpired: a transaction is open; commit or roll it back, then call again.', 1;

    SET @message = CONCAT(
        CASE WHEN COALESCE(@max_claims, 0) < 1 THEN N' @max_claims must be 1 or more.' END,
        CASE WHEN COALESCE(@max_reaps, 0) < 1 THEN N' @max_reaps must be 1 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_ReapExpired:' + @message;
        THROW 50001, @message, 1;
    END;

    INSERT INTO @expired (claim_token)
    SELECT TOP (@max_claims) c.claim_token
    FROM [$(Schema)].[processing_claim] AS c WITH (READPAST, READCOMMITTEDLOCK)
    WHERE c.lease_expires_at_utc < SYSUTCDATETIME()
    ORDER BY c.lease_expires_at_utc;

    SET @claim_token = (SELECT TOP (1) e.claim_token FROM @expired AS e);

    WHILE @claim_token IS NOT NULL
    BEGIN
        SET @now = SYSUTCDATETIME();
        DELETE FROM @lease;
        DELETE FROM @reaped;

        BEGIN TRY
            BEGIN TRANSACTION;

            -- The statement that reaps a claim checks again that it has expired: it may have been
            -- renewed since it was listed.
            DELETE FROM [$(Schema)].[processing_claim] WITH (READPAST, READCOMMITTEDLOCK)
            OUTPUT deleted.session_id, deleted.lease_expires_at_utc
            INTO @lease (session_id, lease_expires_at_utc)
            WHERE claim_token = @claim_token
                AND lease_expires_at_utc < SYSUTCDATETIME();

            IF @@ROWCOUNT > 0
            BEGIN
                SELECT
                    @session_id = l.session_id,
                    @lease_expired_at = l.lease_expires_at_utc,
                    @worker_name = s.worker_name
                FROM @lease AS l
                LEFT OUTER JOIN [$(Schema)].[processing_session] AS s ON l.session_id = s.session_id;

                SELECT @held = COUNT(*)
                FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
                WHERE q.state = 1
                    AND q.claim_token = @claim_token;

                UPDATE [$(Schema)].[processing_queue]
                SET
                    state = CASE WHEN @held = 1 AND lone_reaps + 1 >= @max_reaps THEN 2 ELSE 0 END,
                    claim_token = NULL,
                    reaps = reaps + 1,
                    lone_reaps = lone_reaps + CASE WHEN @held = 1 THEN 1 ELSE 0 END
                OUTPUT
                    inserted.app_id,
                    inserted.state,
                    inserted.attempts,
                    inserted.reaps,
                    inserted.lone_reaps
                INTO @reaped
                (
                    app_id,
                    state,
                    attempt,
                    reaps,
                    lone_reaps
                )
                WHERE state = 1
                    AND claim_token = @claim_token;

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
                    k.event_type,
                    r.app_id,
                    r.attempt,
                    @claim_token,
                    @session_id,
                    ORIGINAL_LOGIN(),
                    CASE k.event_type
                        WHEN 'reaped'
                            THEN CONCAT(
                                N'the lease of worker ', COALESCE(@worker_name, N'(purged)'), N' expired at ',
                                CONVERT(nvarchar(23), @lease_expired_at, 121), N' UTC; reaped ', r.reaps,
                                CASE WHEN r.reaps = 1 THEN N' time' ELSE N' times' END,
                                CASE
                                    WHEN @held = 1 THEN CONCAT(N', ', r.lone_reaps, N' of them alone in its claim')
                                END
                            )
                        ELSE CONCAT(
                            N'reaped ', r.lone_reaps, CASE WHEN r.lone_reaps = 1 THEN N' time' ELSE N' times' END,
                            N' while alone in its claim; its reaped events name the workers'
                        )
                    END
                FROM @reaped AS r
                CROSS JOIN (VALUES ('reaped'), ('quarantined')) AS k(event_type)
                WHERE k.event_type = 'reaped'
                    OR r.state = 2
                ORDER BY
                    k.event_type DESC,
                    r.app_id ASC;

                SELECT @quarantined = COUNT(*)
                FROM @reaped AS r
                WHERE r.state = 2;

                UPDATE [$(Schema)].[processing_session]
                SET reaped = reaped + @held
                WHERE session_id = @session_id;

                COMMIT TRANSACTION;

                SET @claims_reaped += 1;
                SET @apps_ready += @held - @quarantined;
                SET @apps_quarantined += @quarantined;
            END
            ELSE
            BEGIN
                ROLLBACK TRANSACTION;
            END;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            -- Another connection held a lock: the next call finds the claim again.
            IF ERROR_NUMBER() NOT IN (1205, 1222) THROW;
        END CATCH;

        DELETE FROM @expired
        WHERE claim_token = @claim_token;

        SET @claim_token = (SELECT TOP (1) e.claim_token FROM @expired AS e);
        EXEC [$(Schema)].[usp_ReportProgress] N'usp_ReapExpired', @reported_at OUTPUT, @claims_reaped;
    END;

    SELECT
        @claims_reaped AS claims_reaped,
        @apps_ready AS apps_ready,
        @apps_quarantined AS apps_quarantined;
END;
GO
