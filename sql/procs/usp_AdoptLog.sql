SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Imports the outcomes of the earlier system's log that install --adopt-log has registered in
            processing_adoption: the last row of each application becomes attempt 1 in processing_log, as
            success, or as failed with the category adopted. So what that system finished is not taken
            again. Continues where the last call ended; at the end it changes nothing.
Parameters: @again       'Y': once all is imported, begin again: for a log in another schema, into which the
                         earlier system has written since. Applications that this pipeline has claimed keep
                         their outcomes here; of those that are only queued, what that log has learned since
                         is taken from the queue. Default 'N'
            @chunk_size  applications per transaction, 1 to 4000, default 4000
            @max_chunks  end after this many chunks, 1 or more; default NULL, when all is imported
Results:    1. the row of processing_adoption, or none where no log is adopted: legacy_schema, legacy_table,
               success, failed, apps_ignored, rows_superseded, rows_ignored, rows_without_id,
               apps_without_source, apps_without_time, is_complete (0: call again)
            2. one row per status of the log: status, outcome, row_count
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50033 another call that adds to the sums did not end within 30 seconds; call again
            50044 the log has a status that was not there when the adoption began
Called by:  the executable (install); by hand
Isolation:  READ COMMITTED, one transaction per chunk, in order of app_id. Locks adoption, queue, log, sums
            (usp_AddSums). Two calls at once take turns. Builds its query of the earlier log from the log's name: its caller needs
            SELECT on it.
Example:    EXEC [$(Schema)].[usp_AdoptLog];
            EXEC [$(Schema)].[usp_AdoptLog] @again = 'Y';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_AdoptLog]
    @again char(1) = 'N',
    @chunk_size int = 4000,
    @max_chunks int = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @log nvarchar(300);
    DECLARE @log_id int;
    DECLARE @select nvarchar(max);
    DECLARE @next bigint;
    DECLARE @last bigint;
    DECLARE @picked int;
    DECLARE @started_at datetime2(3);
    DECLARE @adopted bigint = 0;
    DECLARE @chunks int = 0;
    DECLARE @is_done bit = 0;
    DECLARE @tries int = 0;
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @queued TABLE (app_id bigint NOT NULL PRIMARY KEY);
    DECLARE @counted TABLE (app_id bigint NOT NULL PRIMARY KEY, outcome varchar(30) NOT NULL);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_AdoptLog: a transaction is open; commit or roll it back, then call again.', 1;

    SET @message = CONCAT(
        CASE WHEN COALESCE(@again, '') NOT IN ('Y', 'N') THEN N' @again must be Y or N.' END,
        CASE WHEN COALESCE(@chunk_size, 0) NOT BETWEEN 1 AND 4000 THEN N' @chunk_size must be 1 to 4000.' END,
        CASE WHEN @max_chunks < 1 THEN N' @max_chunks must be 1 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_AdoptLog:' + @message;
        THROW 50001, @message, 1;
    END;

    SELECT @log = QUOTENAME(a.legacy_schema) + N'.' + QUOTENAME(a.legacy_table)
    FROM [$(Schema)].[processing_adoption] AS a;

    SET @log_id = OBJECT_ID(@log);

    CREATE TABLE #picked
    (
        app_id bigint NOT NULL PRIMARY KEY,
        status nvarchar(400) COLLATE DATABASE_DEFAULT NOT NULL,
        outcome varchar(7) COLLATE DATABASE_DEFAULT NULL,
        failure_reason nvarchar(2048) COLLATE DATABASE_DEFAULT NULL,
        processed_at_utc datetime2(3) NULL,
        row_count bigint NOT NULL,
        ignored_count bigint NOT NULL
    );

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    -- The last row that is not ignored of each application: the latest, or of equals the one written last.
    SET @select = CONCAT(
        N'INSERT INTO #picked (app_id, status, outcome, failure_reason, processed_at_utc, row_count, ignored_count)
        SELECT r.app_id, r.status, r.outcome, r.failure_reason, r.processed_at_utc, r.row_count, r.ignored_count
        FROM
            (
                SELECT
                    n.app_id,
                    n.status,
                    s.outcome,
                    n.failure_reason,
                    n.processed_at_utc,
                    COUNT_BIG(*) OVER (PARTITION BY n.app_id) AS row_count,
                    SUM(CASE s.outcome WHEN ''ignore'' THEN 1 ELSE 0 END) OVER (PARTITION BY n.app_id) AS ignored_count,
                    ROW_NUMBER() OVER
                        (
                            PARTITION BY n.app_id
                            ORDER BY
                                CASE WHEN s.outcome IS NULL THEN 0 WHEN s.outcome = ''ignore'' THEN 2 ELSE 1 END,
                                CASE WHEN n.processed_at_utc IS NULL THEN 1 ELSE 0 END,
                                n.processing_time DESC',
        CASE WHEN COLUMNPROPERTY(@log_id, N'log_id', 'ColumnId') IS NOT NULL THEN N', n.log_id DESC' END,
        N'
                        ) AS place
                FROM
                    (
                        SELECT
                            l.app_id,
                            l.processing_time,
                            ',
        CASE WHEN COLUMNPROPERTY(@log_id, N'log_id', 'ColumnId') IS NOT NULL THEN N'l.log_id, ' END,
        CASE
            WHEN COLUMNPROPERTY(@log_id, N'failure_reason', 'ColumnId') IS NOT NULL
                THEN N'LEFT(CONVERT(nvarchar(max), l.failure_reason), 2048)'
            ELSE N'CONVERT(nvarchar(2048), NULL)'
        END,
        N' AS failure_reason,
                            TRY_CONVERT(datetime2(3), l.processing_time) AS processed_at_utc,
                            LOWER(LTRIM(RTRIM(COALESCE(CONVERT(nvarchar(400), l.[status]), N''''))))
                                COLLATE DATABASE_DEFAULT AS status
                        FROM
                            (
                                SELECT DISTINCT TOP (@chunk_size) k.app_id
                                FROM ', @log, N' AS k
                                WHERE k.app_id >= @next
                                ORDER BY k.app_id
                            ) AS i
                        INNER JOIN ', @log, N' AS l ON i.app_id = l.app_id
                    ) AS n
                LEFT OUTER JOIN [$(Schema)].[processing_adoption_status] AS s ON n.status = s.status
            ) AS r
        WHERE r.place = 1;'
    );

    IF @again = 'Y'
    BEGIN
        UPDATE [$(Schema)].[processing_adoption]
        SET
            next_app_id = -9223372036854775808,
            success = 0,
            failed = 0,
            apps_ignored = 0,
            rows_superseded = 0,
            rows_ignored = 0,
            apps_without_source = 0,
            apps_without_time = 0,
            completed_at_utc = NULL
        WHERE completed_at_utc IS NOT NULL;
    END;

    WHILE @is_done = 0 AND (@chunks < @max_chunks OR @max_chunks IS NULL)
    BEGIN
        BEGIN TRY
            DELETE FROM #picked;
            DELETE FROM @queued;
            DELETE FROM @counted;
            SET @next = NULL;

            BEGIN TRANSACTION;

            -- Held to the end of the chunk: another call waits, then continues after it.
            SELECT
                @next = a.next_app_id,
                @started_at = a.started_at_utc
            FROM [$(Schema)].[processing_adoption] AS a WITH (UPDLOCK)
            WHERE a.completed_at_utc IS NULL;

            IF @next IS NULL
            BEGIN
                COMMIT TRANSACTION;
                BREAK;
            END;

            EXEC sys.sp_executesql
                @select,
                N'@next bigint, @chunk_size int',
                @next = @next,
                @chunk_size = @chunk_size;

            SELECT
                @picked = COUNT(*),
                @last = MAX(p.app_id),
                @message = MIN(CASE WHEN p.outcome IS NULL THEN p.status END)
            FROM #picked AS p;

            IF @message IS NOT NULL
            BEGIN
                SET @message = CONCAT(
                    N'The log ', @log, N' has a status that it did not have when its adoption began: "', @message,
                    N'"; install with --adopt-log and --adopt-status "', @message, N'=OUTCOME", which is success,',
                    N' failed or ignore'
                );
                THROW 50044, @message, 1;
            END;

            -- HOLDLOCK on the queue: nobody requeues these, or changes their log, meanwhile.
            INSERT INTO @queued (app_id)
            SELECT q.app_id
            FROM #picked AS p
            INNER LOOP JOIN [$(Schema)].[processing_queue] AS q WITH (UPDLOCK, HOLDLOCK, FORCESEEK)
                ON p.app_id = q.app_id;

            -- What was adopted before is counted, unless it is in the queue.
            INSERT INTO @counted (app_id, outcome)
            SELECT
                l.app_id,
                COALESCE(l.failure_category, 'success')
            FROM #picked AS p
            INNER JOIN [$(Schema)].[processing_log] AS l ON p.app_id = l.app_id
            WHERE l.app_id BETWEEN @next AND @last
                AND l.is_latest = 1
                AND l.session_id = '00000000-0000-0000-0000-000000000000'
                AND l.app_id NOT IN (SELECT q.app_id FROM @queued AS q);

            DELETE FROM [$(Schema)].[processing_queue]
            OUTPUT 'queued', -1, -deleted.document_bytes INTO #sum (outcome, amount, document_bytes)
            WHERE app_id BETWEEN @next AND @last
                AND state = 0
                AND app_id IN
                (
                    -- Not what is queued to be done again although that log says the same as before.
                    SELECT p.app_id
                    FROM #picked AS p
                    WHERE p.outcome <> 'ignore'
                        AND NOT EXISTS
                        (
                            SELECT 1
                            FROM [$(Schema)].[processing_log] AS l
                            WHERE l.app_id = p.app_id
                                AND (l.session_id <> '00000000-0000-0000-0000-000000000000' OR l.status = p.outcome)
                        )
                );

            -- What this pipeline has claimed is its own. First the queue, which a completion leaves for the log.
            DELETE FROM #picked
            WHERE app_id IN
                (
                    SELECT q.app_id
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id BETWEEN @next AND @last
                );

            DELETE FROM #picked
            WHERE app_id IN
                (
                    SELECT l.app_id
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id BETWEEN @next AND @last
                        AND l.session_id <> '00000000-0000-0000-0000-000000000000'
                );

            UPDATE [$(Schema)].[processing_log]
            SET
                status = p.outcome,
                failure_category = CASE p.outcome WHEN 'failed' THEN 'adopted' END,
                failure_reason = CASE p.outcome
                    WHEN 'failed' THEN COALESCE(p.failure_reason, N'the earlier log has no reason')
                END,
                processed_at_utc = COALESCE(p.processed_at_utc, @started_at)
            FROM [$(Schema)].[processing_log] AS l
            INNER JOIN #picked AS p ON l.app_id = p.app_id
            WHERE l.app_id BETWEEN @next AND @last
                AND l.attempt = 1
                AND p.outcome <> 'ignore';

            INSERT INTO [$(Schema)].[processing_log]
            (
                app_id,
                attempt,
                is_latest,
                status,
                failure_category,
                failure_reason,
                session_id,
                claim_token,
                enqueued_at_utc,
                claimed_at_utc,
                processed_at_utc,
                shred_micros,
                document_bytes,
                rows_written,
                contract_hash
            )
            SELECT
                p.app_id,
                1,
                1,
                p.outcome,
                CASE p.outcome WHEN 'failed' THEN 'adopted' END,
                CASE p.outcome WHEN 'failed' THEN COALESCE(p.failure_reason, N'the earlier log has no reason') END,
                '00000000-0000-0000-0000-000000000000',
                '00000000-0000-0000-0000-000000000000',
                COALESCE(p.processed_at_utc, @started_at),
                COALESCE(p.processed_at_utc, @started_at),
                COALESCE(p.processed_at_utc, @started_at),
                0,
                0,
                0,
                CONVERT(binary(32), 0x00)
            FROM #picked AS p
            WHERE p.outcome <> 'ignore'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id = p.app_id
                        AND l.app_id BETWEEN @next AND @last
                );

            UPDATE [$(Schema)].[processing_adoption]
            SET
                next_app_id = CASE WHEN @picked < @chunk_size THEN a.next_app_id ELSE @last + 1 END,
                success = a.success + c.success,
                failed = a.failed + c.failed,
                apps_ignored = a.apps_ignored + c.apps_ignored,
                rows_superseded = a.rows_superseded + c.rows_superseded,
                rows_ignored = a.rows_ignored + c.rows_ignored,
                apps_without_source = a.apps_without_source + c.apps_without_source,
                apps_without_time = a.apps_without_time + c.apps_without_time,
                completed_at_utc = CASE WHEN @picked < @chunk_size THEN SYSUTCDATETIME() END
            FROM [$(Schema)].[processing_adoption] AS a
            CROSS JOIN
                (
                    SELECT
                        COALESCE(SUM(CASE p.outcome WHEN 'success' THEN 1 ELSE 0 END), 0) AS success,
                        COALESCE(SUM(CASE p.outcome WHEN 'failed' THEN 1 ELSE 0 END), 0) AS failed,
                        COALESCE(SUM(CASE p.outcome WHEN 'ignore' THEN 1 ELSE 0 END), 0) AS apps_ignored,
                        COALESCE(
                            SUM(CASE p.outcome WHEN 'ignore' THEN 0 ELSE p.row_count - p.ignored_count - 1 END), 0
                        ) AS rows_superseded,
                        COALESCE(SUM(p.ignored_count), 0) AS rows_ignored,
                        COALESCE(
                            SUM(CASE WHEN p.outcome <> 'ignore' AND s.[$(SourceIdColumn)] IS NULL THEN 1 ELSE 0 END), 0
                        ) AS apps_without_source,
                        COALESCE(
                            SUM(CASE WHEN p.outcome <> 'ignore' AND p.processed_at_utc IS NULL THEN 1 ELSE 0 END), 0
                        ) AS apps_without_time
                    FROM #picked AS p
                    LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK)
                        ON p.app_id = s.[$(SourceIdColumn)]
                ) AS c
            WHERE a.adoption_id = 1;

            INSERT INTO #sum (outcome, amount)
            SELECT
                u.outcome,
                SUM(u.amount)
            FROM
                (
                    SELECT
                        CASE p.outcome WHEN 'failed' THEN 'adopted' ELSE 'success' END AS outcome,
                        1 AS amount
                    FROM #picked AS p
                    WHERE p.outcome <> 'ignore'
                    UNION ALL
                    SELECT
                        c.outcome,
                        -1
                    FROM #picked AS p
                    INNER JOIN @counted AS c ON p.app_id = c.app_id
                    WHERE p.outcome <> 'ignore'
                ) AS u
            GROUP BY u.outcome;

            EXEC [$(Schema)].[usp_AddSums];

            COMMIT TRANSACTION;

            SET @is_done = CASE WHEN @picked < @chunk_size THEN 1 ELSE 0 END;
            SET @adopted += @picked;
            SET @chunks += 1;
            SET @tries = 0;
            EXEC [$(Schema)].[usp_ReportProgress] N'usp_AdoptLog', @reported_at OUTPUT, @adopted;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            -- A deadlock, and nothing else: import the same chunk again.
            IF ERROR_NUMBER() <> 1205 OR @tries >= 5 THROW;

            SET @tries += 1;
        END CATCH;
    END;

    SELECT
        a.legacy_schema,
        a.legacy_table,
        a.success,
        a.failed,
        a.apps_ignored,
        a.rows_superseded,
        a.rows_ignored,
        a.rows_without_id,
        a.apps_without_source,
        a.apps_without_time,
        CASE WHEN a.completed_at_utc IS NULL THEN 0 ELSE 1 END AS is_complete
    FROM [$(Schema)].[processing_adoption] AS a;

    SELECT
        s.status,
        s.outcome,
        s.row_count
    FROM [$(Schema)].[processing_adoption_status] AS s
    ORDER BY s.status;
END;
GO
