SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Ends the claim of applications that the database refused for an unknown reason. Nothing
            is logged: each is ready again with its attempt used up, and counts as reaped, so that
            its next claim is smaller; or it is quarantined. An application counts as alone if it is
            the only one refused, or if others of its batch succeeded; otherwise the cause may be
            another than the applications, and each counts as in a claim whose worker died.
Parameters: @claim_token  the claim; it is the fence
            @max_reaps    number of reaps and refusals alone after which an application is
                          quarantined, 1 or more
            @is_alone     1: each of them counts as alone in its claim
            Table of the caller #refused (app_id, attempt, error_number, error_message,
            error_table)
Results:    none
Errors:     50002 a transaction is open
            50010 the claim does not hold these applications; nothing was written
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  READ COMMITTED. Locks claim, queue, event, session, in one transaction. Tries up to five
            times after a deadlock or a lock timeout.
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_RefuseApps]
                @claim_token = @claim_token,
                @max_reaps = 3,
                @is_alone = 1;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RefuseApps]
    @claim_token uniqueidentifier,
    @max_reaps int,
    @is_alone bit
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3);
    DECLARE @tries int = 0;
    DECLARE @held int;
    DECLARE @to_refuse int;
    DECLARE @session_id uniqueidentifier;
    DECLARE @lease TABLE (session_id uniqueidentifier NOT NULL);
    DECLARE @refused TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        state tinyint NOT NULL,
        attempt int NOT NULL,
        reaps int NOT NULL,
        lone_reaps int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_RefuseApps: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    WHILE 1 = 1
    BEGIN
        SET @tries += 1;
        DELETE FROM @lease;
        DELETE FROM @refused;

        BEGIN TRY
            BEGIN TRANSACTION;

            UPDATE [$(Schema)].[processing_claim]
            SET lease_expires_at_utc = CASE
                WHEN lease_expires_at_utc > DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
                    THEN lease_expires_at_utc
                ELSE DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
            END
            OUTPUT inserted.session_id INTO @lease (session_id)
            WHERE claim_token = @claim_token;

            SET @now = SYSUTCDATETIME();

            SELECT @session_id = l.session_id
            FROM @lease AS l;

            SELECT @to_refuse = COUNT(*)
            FROM #refused;

            SELECT @held = COUNT(*)
            FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
            WHERE q.state = 1
                AND q.claim_token = @claim_token;

            UPDATE [$(Schema)].[processing_queue]
            SET
                state = CASE
                    WHEN (@is_alone = 1 OR @held = 1) AND lone_reaps + 1 >= @max_reaps THEN 2
                    ELSE 0
                END,
                claim_token = NULL,
                reaps = reaps + 1,
                lone_reaps = lone_reaps + CASE WHEN @is_alone = 1 OR @held = 1 THEN 1 ELSE 0 END
            OUTPUT
                inserted.app_id,
                inserted.state,
                inserted.attempts,
                inserted.reaps,
                inserted.lone_reaps
            INTO @refused
            (
                app_id,
                state,
                attempt,
                reaps,
                lone_reaps
            )
            WHERE state = 1
                AND claim_token = @claim_token
                AND app_id IN (SELECT r.app_id FROM #refused AS r)
            OPTION (LOOP JOIN);

            IF @session_id IS NULL
                OR @to_refuse <> (
                    SELECT COUNT(*)
                    FROM #refused AS t
                    INNER JOIN @refused AS r ON t.app_id = r.app_id AND t.attempt = r.attempt
                )
            BEGIN
                SET @message = CONCAT(
                    N'Claim ', CONVERT(nvarchar(36), @claim_token), N' no longer holds ', @to_refuse,
                    N' applications that the database refused: it was reaped or released. Call',
                    N' usp_GetClaimOutcome to see its outcome, then claim again.'
                );
                THROW 50010, @message, 1;
            END;

            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at_utc,
                event_type,
                app_id,
                attempt,
                claim_token,
                session_id,
                login_name,
                detail,
                error_number
            )
            SELECT
                @now,
                'refused',
                r.app_id,
                r.attempt,
                @claim_token,
                @session_id,
                ORIGINAL_LOGIN(),
                LEFT(CONCAT(N'table ' + t.error_table + N': ', t.error_message), 500),
                t.error_number
            FROM @refused AS r
            INNER JOIN #refused AS t ON r.app_id = t.app_id;

            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at_utc,
                event_type,
                app_id,
                attempt,
                claim_token,
                session_id,
                login_name,
                detail,
                error_number
            )
            SELECT
                @now,
                'quarantined',
                r.app_id,
                r.attempt,
                @claim_token,
                @session_id,
                ORIGINAL_LOGIN(),
                CONCAT(
                    N'refused ', r.lone_reaps, CASE WHEN r.lone_reaps = 1 THEN N' time' ELSE N' times' END,
                    N' while alone, the last time with error ', t.error_number, N': ',
                    LEFT(CONCAT(N'table ' + t.error_table + N': ', t.error_message), 400)
                ),
                t.error_number
            FROM @refused AS r
            INNER JOIN #refused AS t ON r.app_id = t.app_id
            WHERE r.state = 2;

            DELETE FROM [$(Schema)].[processing_claim]
            WHERE claim_token = @claim_token
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.state = 1
                        AND q.claim_token = @claim_token
                );

            UPDATE [$(Schema)].[processing_session]
            SET
                refused = refused + @to_refuse,
                last_seen_at_utc = @now
            WHERE session_id = @session_id;

            COMMIT TRANSACTION;
            RETURN;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            IF ERROR_NUMBER() NOT IN (1205, 1222) OR @tries >= 5
            BEGIN
                THROW;
            END;
        END CATCH;
    END;
END;
GO
