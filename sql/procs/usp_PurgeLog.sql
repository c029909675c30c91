SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Deletes old history: superseded attempts, events, sessions and their throughput. Reads each
            table once, in order of its key, however much is deleted.

            The last attempt of an application is not deleted, because without it usp_EnqueueApps
            treats the application as new; nor the attempt that its rows are of (processing_log.has_rows),
            nor one that was adopted from an earlier system: without it, nothing accounts for the rows.
            With @orphans = 'Y', all attempts of applications that have no source row and are not queued
            are deleted too, so that the log shrinks with the source. Their rows in
            the target tables stay, and vw_Reconciliation no longer expects them.
Parameters: @older_than_seconds  minimum age, 0 or more, default 7776000 (90 days); a session that never
                                 ended (a killed worker) must have been silent for one day longer
            @chunk_size          rows per transaction, 1 to 4000, default 1000
            @orphans             Y: also all attempts of applications whose source row does not
                                 exist and that are not queued; default N
            @wait_ms             pause between two chunks in milliseconds, 0 to 60000, default 0; gives
                                 log backups and secondary replicas time to follow
            @Execute             Y: do it (default); N: only count
Results:    one row: attempts_purged, events_purged, sessions_purged
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50033 another call that adds to the sums did not end within 30 seconds; call again
Called by:  the Agent job Nightly; the executable (purge); by hand
Isolation:  READ COMMITTED, one transaction per chunk. Locks log and sums (usp_AddSums), with @orphans before
            them the keys of the applications in the queue; then event; then session and sums. Reads the ids
            of the source under locks, and the queue.
Example:    EXEC [$(Schema)].[usp_PurgeLog] @older_than_seconds = 2592000, @Execute = 'N';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_PurgeLog]
    @older_than_seconds int = 7776000,
    @chunk_size int = 1000,
    @orphans char(1) = 'N',
    @wait_ms int = 0,
    @Execute char(1) = 'Y'
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @before datetime2(3), @wait datetime, @picked int, @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @attempts_purged bigint = 0, @events_purged bigint = 0, @sessions_purged bigint = 0;
    DECLARE @app_id bigint = -9223372036854775808, @attempt int = 0;
    DECLARE @event_id bigint = 0, @session_id uniqueidentifier, @minute datetime2(0) = '00010101';
    DECLARE @attempts TABLE
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        is_superseded bit NOT NULL,
        PRIMARY KEY (app_id, attempt)
    );
    DECLARE @queued TABLE (app_id bigint NOT NULL PRIMARY KEY);
    DECLARE @events TABLE (event_id bigint NOT NULL PRIMARY KEY);
    DECLARE @sessions TABLE (session_id uniqueidentifier NOT NULL PRIMARY KEY);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_PurgeLog: a transaction is open; commit or roll it back, then call again.', 1;

    SET @message = CONCAT(
        CASE WHEN COALESCE(@older_than_seconds, -1) < 0 THEN N' @older_than_seconds must be 0 or more.' END,
        CASE
            WHEN COALESCE(@chunk_size, 0) NOT BETWEEN 1 AND 4000
                THEN CONCAT(N' @chunk_size must be 1 to 4000, not ', COALESCE(@chunk_size, 0), N'.')
        END,
        CASE WHEN @orphans NOT IN ('Y', 'N') OR @orphans IS NULL THEN N' @orphans must be Y or N.' END,
        CASE WHEN COALESCE(@wait_ms, -1) NOT BETWEEN 0 AND 60000 THEN N' @wait_ms must be 0 to 60000.' END,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_PurgeLog:' + @message;
        THROW 50001, @message, 1;
    END;

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    SET @before = DATEADD(SECOND, -@older_than_seconds, SYSUTCDATETIME());
    SET @wait = DATEADD(MILLISECOND, CASE WHEN @Execute = 'Y' THEN @wait_ms ELSE 0 END, 0);

    BEGIN TRY
        -- Each loop continues after the last key of its last chunk: from the start it would read past
        -- the ghosts of all chunks before.
        SET @picked = @chunk_size;

        WHILE @picked = @chunk_size
        BEGIN
            DELETE FROM @attempts;
            DELETE FROM @queued;

            BEGIN TRANSACTION;

            INSERT INTO @attempts (app_id, attempt, is_superseded)
            SELECT TOP (@chunk_size)
                l.app_id,
                l.attempt,
                s.is_superseded
            FROM [$(Schema)].[processing_log] AS l
            CROSS APPLY
                (
                    VALUES
                    (
                        CASE
                            WHEN l.is_latest = 0
                                AND l.has_rows = 0
                                AND l.session_id <> '00000000-0000-0000-0000-000000000000' THEN 1
                            ELSE 0
                        END
                    )
                ) AS s(is_superseded)
            WHERE l.app_id >= @app_id
                AND (l.app_id > @app_id OR l.attempt > @attempt)
                AND l.processed_at_utc < @before
                AND (
                    s.is_superseded = 1
                    OR (
                        @orphans = 'Y'
                        AND NOT EXISTS
                        (
                            SELECT 1
                            FROM [$(SourceSchema)].[$(SourceTable)] AS d WITH (READCOMMITTEDLOCK)
                            WHERE d.[$(SourceIdColumn)] = l.app_id
                        )
                        AND NOT EXISTS
                        (
                            SELECT 1
                            FROM [$(Schema)].[processing_queue] AS q
                            WHERE q.app_id = l.app_id
                        )
                    )
                )
            ORDER BY
                l.app_id,
                l.attempt;

            SET @picked = @@ROWCOUNT;

            -- Of all that were picked: a chunk that is left whole is passed, too.
            SELECT TOP (1)
                @app_id = a.app_id,
                @attempt = a.attempt
            FROM @attempts AS a
            ORDER BY
                a.app_id DESC,
                a.attempt DESC;

            IF @Execute = 'Y' AND @orphans = 'Y'
            BEGIN
                -- HOLDLOCK on the queue: nobody requeues these applications, or changes their log, meanwhile.
                INSERT INTO @queued (app_id)
                SELECT DISTINCT q.app_id
                FROM @attempts AS a
                INNER LOOP JOIN [$(Schema)].[processing_queue] AS q WITH (UPDLOCK, HOLDLOCK, FORCESEEK)
                    ON a.app_id = q.app_id;

                -- Of these only what goes without @orphans, too: that stays superseded.
                DELETE FROM @attempts
                WHERE is_superseded = 0
                    AND app_id IN (SELECT q.app_id FROM @queued AS q);
            END;

            IF @Execute = 'Y'
            BEGIN
                INSERT INTO #sum (outcome, amount)
                SELECT
                    COALESCE(l.failure_category, 'success'),
                    -COUNT_BIG(*)
                FROM @attempts AS a
                INNER LOOP JOIN [$(Schema)].[processing_log] AS l WITH (FORCESEEK)
                    ON a.app_id = l.app_id AND a.attempt = l.attempt
                WHERE l.is_latest = 1
                GROUP BY COALESCE(l.failure_category, 'success');

                INSERT INTO #sum (schema_name, table_name, amount)
                SELECT
                    w.schema_name,
                    w.table_name,
                    -SUM(w.row_count)
                FROM @attempts AS a
                CROSS APPLY [$(Schema)].[ufn_RowsWritten](a.app_id) AS w
                WHERE a.attempt = w.attempt
                GROUP BY
                    w.schema_name,
                    w.table_name;

                DELETE FROM [$(Schema)].[processing_log_table]
                WHERE EXISTS
                (
                    SELECT 1
                    FROM @attempts AS a
                    WHERE a.app_id = [processing_log_table].app_id
                        AND a.attempt = [processing_log_table].attempt
                );

                DELETE FROM [$(Schema)].[processing_log]
                WHERE EXISTS
                (
                    SELECT 1
                    FROM @attempts AS a
                    WHERE a.app_id = [processing_log].app_id
                        AND a.attempt = [processing_log].attempt
                );

                EXEC [$(Schema)].[usp_AddSums];
            END;

            COMMIT TRANSACTION;

            SET @attempts_purged += (SELECT COUNT(*) FROM @attempts);
            EXEC [$(Schema)].[usp_ReportProgress] N'usp_PurgeLog', @reported_at OUTPUT, @attempts_purged;
            WAITFOR DELAY @wait;
        END;

        SET @picked = @chunk_size;

        WHILE @picked = @chunk_size
        BEGIN
            DELETE FROM @events;

            -- Events are written in order of time, so the oldest have the lowest ids.
            INSERT INTO @events (event_id)
            SELECT o.event_id
            FROM
                (
                    SELECT TOP (@chunk_size)
                        e.event_id,
                        e.occurred_at_utc
                    FROM [$(Schema)].[processing_event] AS e
                    WHERE e.event_id > @event_id
                    ORDER BY e.event_id
                ) AS o
            WHERE o.occurred_at_utc < @before;

            SET @picked = @@ROWCOUNT;

            DELETE FROM [$(Schema)].[processing_event]
            WHERE @Execute = 'Y'
                AND event_id IN (SELECT e.event_id FROM @events AS e);

            SET @event_id = COALESCE((SELECT MAX(e.event_id) FROM @events AS e), @event_id);
            SET @events_purged += @picked;
            EXEC [$(Schema)].[usp_ReportProgress] N'usp_PurgeLog', @reported_at OUTPUT, @events_purged;
            WAITFOR DELAY @wait;
        END;

        -- By minute: throughput is an index on it, and a minute has a row per session.
        WHILE @Execute = 'Y' AND @minute IS NOT NULL
        BEGIN
            SET @minute = (
                SELECT MIN(t.minute_utc)
                FROM [$(Schema)].[processing_throughput] AS t
                WHERE t.minute_utc > @minute
                    AND t.minute_utc < @before
            );

            DELETE FROM [$(Schema)].[processing_throughput]
            WHERE minute_utc = @minute;
        END;

        SET @picked = @chunk_size;

        WHILE @picked = @chunk_size
        BEGIN
            DELETE FROM @sessions;

            BEGIN TRANSACTION;

            INSERT INTO @sessions (session_id)
            SELECT TOP (@chunk_size) s.session_id
            FROM [$(Schema)].[processing_session] AS s WITH (UPDLOCK)
            WHERE (s.session_id > @session_id OR @session_id IS NULL)
                AND (s.ended_at_utc < @before
                    OR (s.ended_at_utc IS NULL AND s.last_seen_at_utc < DATEADD(DAY, -1, @before)))
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_claim] AS c
                    WHERE c.session_id = s.session_id
                )
            ORDER BY s.session_id;

            SET @picked = @@ROWCOUNT;

            IF @Execute = 'Y'
            BEGIN
                DELETE FROM [$(Schema)].[processing_throughput]
                WHERE session_id IN (SELECT s.session_id FROM @sessions AS s);

                DELETE FROM [$(Schema)].[processing_session]
                WHERE session_id IN (SELECT s.session_id FROM @sessions AS s);

                -- Of workers that were killed: usp_EndSession has done this for the others.
                DELETE FROM [$(Schema)].[processing_outcome]
                OUTPUT deleted.outcome, deleted.applications, deleted.document_bytes
                INTO #sum (outcome, amount, document_bytes)
                WHERE session_id IN (SELECT s.session_id FROM @sessions AS s);

                DELETE FROM [$(Schema)].[processing_written]
                OUTPUT deleted.schema_name, deleted.table_name, deleted.row_count
                INTO #sum (schema_name, table_name, amount)
                WHERE session_id IN (SELECT s.session_id FROM @sessions AS s);

                EXEC [$(Schema)].[usp_AddSums];
            END;

            COMMIT TRANSACTION;

            SELECT TOP (1) @session_id = s.session_id
            FROM @sessions AS s
            ORDER BY s.session_id DESC;

            SET @sessions_purged += @picked;
            EXEC [$(Schema)].[usp_ReportProgress] N'usp_PurgeLog', @reported_at OUTPUT, @sessions_purged;
            WAITFOR DELAY @wait;
        END;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

        THROW;
    END CATCH;

    SELECT
        @attempts_purged AS attempts_purged,
        @events_purged AS events_purged,
        @sessions_purged AS sessions_purged;
END;
GO
