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

    DECLARE @message nvarchar(2048), @claim_token uniqueidentifier, @session_id uniqueidentifier;
    DECLARE @worker_name nvarchar(128), @lease_expired_at datetime2(3), @held int, @quarantined int;
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @claims_reaped int = 0, @apps_ready int = 0, @apps_quarantined int = 0;
    DECLARE @expired TABLE (claim_token uniqueidentifier NOT NULL PRIMARY KEY);
    DECLARE @lease TABLE (session_id uniqueidentifier NOT NULL, lease_expires_at_utc datetime2(3) NOT NULL);

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

    -- The applications of one claim.
    CREATE TABLE #returned
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        is_lone bit NOT NULL,
        is_counted bit NULL,
        error_number int NULL,
        detail nvarchar(400) COLLATE DATABASE_DEFAULT NULL
    );

    INSERT INTO @expired (claim_token)
    SELECT TOP (@max_claims) c.claim_token
    FROM [$(Schema)].[processing_claim] AS c WITH (READPAST, READCOMMITTEDLOCK)
    WHERE c.lease_expires_at_utc < SYSUTCDATETIME()
    ORDER BY c.lease_expires_at_utc;

    SET @claim_token = (SELECT TOP (1) e.claim_token FROM @expired AS e);

    WHILE @claim_token IS NOT NULL
    BEGIN
        DELETE FROM @lease;
        DELETE FROM #returned;

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

                SET @held = (
                    SELECT COUNT(*)
                    FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
                    WHERE q.state = 1
                        AND q.claim_token = @claim_token
                );

                INSERT INTO #returned
                (
                    app_id,
                    attempt,
                    is_lone,
                    detail
                )
                SELECT
                    q.app_id,
                    q.attempts,
                    CASE WHEN @held = 1 THEN 1 ELSE 0 END,
                    CONCAT(
                        N'the lease of worker ', COALESCE(@worker_name, N'(purged)'), N' expired at ',
                        CONVERT(nvarchar(23), @lease_expired_at, 121), N' UTC; reaped ', q.reaps + 1,
                        CASE WHEN q.reaps = 0 THEN N' time' ELSE N' times' END,
                        CASE WHEN @held = 1 THEN CONCAT(N', ', q.lone_reaps + 1, N' of them alone in its claim') END
                    )
                FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
                WHERE q.state = 1
                    AND q.claim_token = @claim_token;

                EXEC [$(Schema)].[usp_ReturnApps]
                    @claim_token = @claim_token,
                    @session_id = @session_id,
                    @event_type = 'reaped',
                    @max_reaps = @max_reaps,
                    @quarantined = @quarantined OUTPUT;

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
