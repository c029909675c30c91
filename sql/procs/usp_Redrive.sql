SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Moves the applications of #candidate back into the queue if their state is still the
            one with which they were selected, and marks those it moved.
Parameters: @procedure_name  the calling procedure, for the events
            @requested_by    the person, for the events; NULL is the login
            Table of the caller #candidate (app_id bigint, was varchar(11), attempts int, moved
            bit): was and attempts as selected; sets moved to 1
Results:    none
Errors:     50002 a transaction is open
            50033 another retry or requeue did not end within 30 seconds
Called by:  usp_RetryFailed, usp_RequeueApps
Isolation:  READ COMMITTED, one transaction per 1000 applications, each under an application lock.
            Locks queue, reads log, writes event.
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_Redrive]
                @procedure_name = N'usp_RetryFailed',
                @requested_by = NULL;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Redrive]
    @procedure_name nvarchar(128),
    @requested_by nvarchar(128)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @lock_result int;
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @tries int = 0;
    DECLARE @chunk TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        was varchar(11) NOT NULL,
        attempts int NOT NULL
    );
    DECLARE @inserted TABLE (app_id bigint NOT NULL PRIMARY KEY);
    DECLARE @moved TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempts int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_Redrive: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @from = (SELECT MIN(c.app_id) FROM #candidate AS c);

    WHILE @from IS NOT NULL
    BEGIN
        SET @now = SYSUTCDATETIME();
        DELETE FROM @chunk;
        DELETE FROM @inserted;
        DELETE FROM @moved;

        INSERT INTO @chunk
        (
            app_id,
            was,
            attempts
        )
        SELECT TOP (1000)
            c.app_id,
            c.was,
            c.attempts
        FROM #candidate AS c
        WHERE c.app_id >= @from
        ORDER BY c.app_id;

        SET @to = (SELECT MAX(c.app_id) FROM @chunk AS c);

        BEGIN TRY
            BEGIN TRANSACTION;

            EXEC @lock_result = sys.sp_getapplock
                @Resource = N'xmlshred $(Schema) redrive',
                @LockMode = 'Exclusive',
                @LockOwner = 'Transaction',
                @LockTimeout = 30000;

            IF @lock_result < 0
            BEGIN
                SET @message = CONCAT(
                    @procedure_name, N': another retry or requeue did not end within 30 seconds (sp_getapplock ',
                    @lock_result, N'). Call again.'
                );
                THROW 50033, @message, 1;
            END;

            -- Out of quarantine: its reaps count from 0, as after any completion.
            UPDATE [$(Schema)].[processing_queue]
            SET
                state = 0,
                reaps = 0,
                lone_reaps = 0
            OUTPUT inserted.app_id, inserted.attempts INTO @moved (app_id, attempts)
            WHERE state = 2
                AND app_id IN
                (
                    SELECT c.app_id
                    FROM @chunk AS c
                    WHERE c.was = 'quarantined'
                )
            OPTION (LOOP JOIN);

            INSERT INTO [$(Schema)].[processing_queue]
            (
                app_id,
                state,
                attempts,
                reaps,
                lone_reaps,
                document_bytes,
                enqueued_at_utc
            )
            OUTPUT inserted.app_id INTO @inserted (app_id)
            SELECT
                c.app_id,
                0,
                c.attempts,
                0,
                0,
                COALESCE(DATALENGTH(s.[xml]), 0)
                * CASE WHEN @document_type IN (N'varchar', N'xml') THEN 2 ELSE 1 END,
                @now
            FROM @chunk AS c
            LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON c.app_id = s.app_id
            WHERE c.was <> 'quarantined'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = c.app_id
                );

            -- A separate statement, once this session holds the keys: an application that was
            -- completed in the meantime has a later log row than the selected one.
            DELETE FROM [$(Schema)].[processing_queue]
            WHERE app_id IN
            (
                SELECT i.app_id
                FROM @inserted AS i
                INNER JOIN @chunk AS c ON i.app_id = c.app_id
                WHERE NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = c.app_id
                            AND l.attempt = c.attempts
                            AND l.is_latest = 1
                            AND l.status = c.was
                    )
            );

            INSERT INTO @moved (app_id, attempts)
            SELECT
                q.app_id,
                q.attempts
            FROM @inserted AS i
            INNER JOIN [$(Schema)].[processing_queue] AS q ON i.app_id = q.app_id;

            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at_utc,
                event_type,
                app_id,
                attempt,
                login_name,
                detail
            )
            SELECT
                @now,
                'requeued',
                m.app_id,
                m.attempts,
                ORIGINAL_LOGIN(),
                CONCAT(
                    @procedure_name, N' by ', COALESCE(@requested_by, ORIGINAL_LOGIN()), N'; it was ', c.was,
                    N' (' + l.failure_category + N')'
                )
            FROM @moved AS m
            INNER JOIN @chunk AS c ON m.app_id = c.app_id
            LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt;

            UPDATE #candidate
            SET moved = 1
            WHERE app_id IN (SELECT m.app_id FROM @moved AS m);

            COMMIT TRANSACTION;

            SET @tries = 0;
            SET @from = (
                SELECT MIN(c.app_id)
                FROM #candidate AS c
                WHERE c.app_id > @to
            );
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            -- A deadlock, or an enqueue added one of these first: try the same chunk again.
            IF ERROR_NUMBER() NOT IN (1205, 2601, 2627) OR @tries >= 5
            BEGIN
                THROW;
            END;

            SET @tries += 1;
        END CATCH;
    END;
END;
GO
