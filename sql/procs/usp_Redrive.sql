SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Puts failed, quarantined or finished applications back into the queue, if their state is still
            the one with which they were selected.
Parameters: @procedure_name    usp_RetryFailed: selects failed and quarantined applications;
                               usp_RequeueApps: successful and failed ones
            @problem           what its caller has found wrong with the parameters; N'' for nothing
            @app_ids, @failure_category, @fingerprint, @quarantined, @app_id_start, @app_id_end,
            @not_by_contract, @changed_document, @canary, @requested_by, @Execute
                               as in these procedures
Results:    one row per application, in order of id: app_id, was (success, failed, quarantined), attempts,
            failure_category, fingerprint, failure_reason
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50030 the source table cannot be read
            50033 another retry or requeue, or another change of the sums, did not end within 30 seconds
            50034 an earlier log is not completely adopted
Called by:  usp_RetryFailed, usp_RequeueApps
Isolation:  READ COMMITTED, one transaction per 1000 applications, each under an application lock.
            Locks queue, reads source and log, writes event, sums (usp_AddSums).
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_Redrive] @procedure_name = N'usp_RetryFailed', @problem = N'', @app_ids = N'101';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Redrive]
    @procedure_name nvarchar(128),
    @problem nvarchar(1000),
    @app_ids nvarchar(max) = NULL,
    @failure_category varchar(30) = NULL,
    @fingerprint char(16) = NULL,
    @quarantined char(1) = 'N',
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL,
    @not_by_contract varbinary(64) = NULL,
    @changed_document char(1) = 'N',
    @canary bigint = NULL,
    @requested_by nvarchar(128) = NULL,
    @Execute char(1) = 'Y'
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048), @bad_entry nvarchar(40), @lock_result int, @tries int = 0;
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @is_retry bit = CASE WHEN @procedure_name = N'usp_RetryFailed' THEN 1 ELSE 0 END;
    DECLARE @now datetime2(3), @from bigint, @to bigint, @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @moved TABLE (app_id bigint NOT NULL PRIMARY KEY, attempts int NOT NULL);

    IF @@TRANCOUNT > 0
    BEGIN
        SET @message = @procedure_name + N': a transaction is open; commit or roll it back, then call again.';
        THROW 50002, @message, 1;
    END;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        @problem,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        N' @app_ids has an entry that is not an id: ' + @bad_entry + N'.',
        CASE WHEN @canary < 0 THEN N' @canary must be 0 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = @procedure_name + N':' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = [$(Schema)].[ufn_SourceProblem]();
        THROW 50030, @message, 1;
    END;

    EXEC [$(Schema)].[usp_CheckAdoption];

    -- The category makes a seek of it.
    IF @fingerprint IS NOT NULL AND @failure_category IS NULL
        SET @failure_category = [$(Schema)].[ufn_CategoryOf](@fingerprint);

    CREATE TABLE #candidate
    (
        app_id bigint NOT NULL PRIMARY KEY,
        was varchar(11) COLLATE DATABASE_DEFAULT NOT NULL,
        attempts int NOT NULL,
        moved bit NOT NULL
    );

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    INSERT INTO #candidate
    (
        app_id,
        was,
        attempts,
        moved
    )
    SELECT TOP (COALESCE(@canary, 9223372036854775807))
        u.app_id,
        u.was,
        u.attempts,
        0
    FROM
        (
            SELECT
                l.app_id,
                l.status AS was,
                l.attempt AS attempts
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.is_latest = 1
                AND (l.status = 'failed' OR @is_retry = 0)
                AND @quarantined = 'N'
                AND (@failure_category IS NULL OR l.failure_category = @failure_category)
                AND (@fingerprint IS NULL OR l.fingerprint = @fingerprint)
                AND (@app_id_start IS NULL OR l.app_id BETWEEN @app_id_start AND @app_id_end)
                AND (@not_by_contract IS NULL OR COALESCE(l.base_contract_hash, l.contract_hash) <> @not_by_contract)
                -- Of an adopted outcome neither contract nor document is known.
                AND (
                    l.session_id <> '00000000-0000-0000-0000-000000000000'
                    OR (@not_by_contract IS NULL AND @changed_document = 'N')
                )
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = l.app_id
                )
                AND (
                    @changed_document = 'N'
                    OR EXISTS
                    (
                        SELECT 1
                        FROM [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK)
                        WHERE s.[$(SourceIdColumn)] = l.app_id
                            AND COALESCE(l.source_hash, 0x) <> COALESCE(
                                HASHBYTES(
                                    'SHA2_256',
                                    CASE
                                        WHEN @document_type = N'varbinary'
                                            THEN CONVERT(varbinary(max), s.[$(SourceDocumentColumn)])
                                        ELSE CONVERT(
                                            varbinary(max),
                                            CONVERT(nvarchar(max), s.[$(SourceDocumentColumn)])
                                        )
                                    END
                                ),
                                0x
                            )
                    )
                )
            UNION ALL
            SELECT
                q.app_id,
                'quarantined' AS was,
                q.attempts
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.state = 2
                AND @is_retry = 1
                AND @failure_category IS NULL
                AND @fingerprint IS NULL
        ) AS u
    WHERE @app_ids IS NULL
        OR u.app_id IN (SELECT a.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS a)
    ORDER BY u.app_id
    OPTION (RECOMPILE);

    SET @from = (
        SELECT MIN(c.app_id)
        FROM #candidate AS c
        WHERE @Execute = 'Y'
    );

    WHILE @from IS NOT NULL
    BEGIN
        SET @now = SYSUTCDATETIME();
        SET @to = (
            SELECT MAX(k.app_id)
            FROM
                (
                    SELECT TOP (1000) c.app_id
                    FROM #candidate AS c
                    WHERE c.app_id >= @from
                    ORDER BY c.app_id
                ) AS k
        );
        DELETE FROM @moved;

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
                    FROM #candidate AS c
                    WHERE c.app_id BETWEEN @from AND @to
                        AND c.was = 'quarantined'
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
            OUTPUT inserted.app_id, inserted.attempts INTO @moved (app_id, attempts)
            SELECT
                c.app_id,
                0,
                c.attempts,
                0,
                0,
                COALESCE(DATALENGTH(s.[$(SourceDocumentColumn)]), 0)
                * CASE WHEN @document_type IN (N'varchar', N'xml') THEN 2 ELSE 1 END,
                @now
            FROM #candidate AS c
            LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK)
                ON c.app_id = s.[$(SourceIdColumn)]
            WHERE c.app_id BETWEEN @from AND @to
                AND c.was <> 'quarantined'
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
                SELECT m.app_id
                FROM @moved AS m
                INNER JOIN #candidate AS c ON m.app_id = c.app_id
                WHERE c.was <> 'quarantined'
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = c.app_id
                            AND l.attempt = c.attempts
                            AND l.is_latest = 1
                            AND l.status = c.was
                    )
            );

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
            INNER JOIN [$(Schema)].[processing_queue] AS q ON m.app_id = q.app_id
            INNER JOIN #candidate AS c ON m.app_id = c.app_id
            LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt;

            UPDATE #candidate
            SET moved = 1
            WHERE app_id IN
            (
                SELECT m.app_id
                FROM @moved AS m
                INNER JOIN [$(Schema)].[processing_queue] AS q ON m.app_id = q.app_id
            );

            -- They do not have these outcomes any more. Nobody else changes the log rows meanwhile: this
            -- session holds their keys in the queue.
            INSERT INTO #sum (outcome, amount)
            SELECT
                COALESCE(l.failure_category, 'success'),
                -COUNT_BIG(*)
            FROM @moved AS m
            INNER JOIN #candidate AS c ON m.app_id = c.app_id
            INNER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt
            WHERE c.moved = 1
                AND c.was <> 'quarantined'
            GROUP BY COALESCE(l.failure_category, 'success');

            INSERT INTO #sum (outcome, amount, document_bytes)
            SELECT
                'queued',
                COUNT_BIG(*),
                SUM(q.document_bytes)
            FROM @moved AS m
            INNER JOIN #candidate AS c ON m.app_id = c.app_id
            INNER JOIN [$(Schema)].[processing_queue] AS q ON m.app_id = q.app_id
            WHERE c.moved = 1
                AND c.was <> 'quarantined'
            HAVING COUNT_BIG(*) > 0;

            EXEC [$(Schema)].[usp_AddSums];

            COMMIT TRANSACTION;

            SET @tries = 0;
            SET @from = (
                SELECT MIN(c.app_id)
                FROM #candidate AS c
                WHERE c.app_id > @to
            );
            EXEC [$(Schema)].[usp_ReportProgress] @procedure_name, @reported_at OUTPUT;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            -- A deadlock, or an enqueue added one of these first: try the same chunk again.
            IF ERROR_NUMBER() NOT IN (1205, 2601, 2627) OR @tries >= 5 THROW;

            SET @tries += 1;
        END CATCH;
    END;

    SELECT
        c.app_id,
        c.was,
        c.attempts,
        l.failure_category,
        l.fingerprint,
        l.failure_reason
    FROM #candidate AS c
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt
    WHERE c.moved = 1
        OR @Execute = 'N'
    ORDER BY c.app_id;
END;
GO
