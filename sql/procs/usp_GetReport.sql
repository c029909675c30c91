SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the course of the work for a report: what was done when, by which workers, how long
            shredding took, whether everything is there, and the contracts.
Parameters: @since_seconds  only so many seconds before now, 0 or more; default NULL, as far back as there
                            are sessions
            @session_id     only this session; default NULL, all
            @slices         the time is divided into at most this many slices, 1 to 1000, default 80
            @sessions       at most this many sessions, the newest, 1 to 1000, default 25
            @sample         times are of this many of the newest attempts, 1 to 100000, default 10000
            @events         events are counted among this many of the newest, 1 to 1000000, default 100000
Results:    1. one row: taken_at_utc; from_utc and to_utc, between which the sessions worked, and
               slice_minutes, which are NULL if there is no such session; all_sessions (how many there
               are, also those that are not listed)
            2. one row per slice in which anything was done, in order: at_utc (its first minute),
               claimed, success, failed, rows_written, document_bytes, shred_micros
            3. one row if anything was shredded: attempts (in the sample), first_at_utc, p50_micros,
               p90_micros, p99_micros, max_micros
            4. the ten attempts of the sample that took longest: app_id, attempt, status, shred_micros,
               document_bytes, worker_name (NULL if its session was purged)
            5. the sessions, newest first: session_id, worker_name, host_name, state, started_at_utc,
               last_seen_at_utc, ended_at_utc, exit_status, claimed, success, failed, released, reaped,
               refused, holds, program_version, contract_hash
            6. one row per listed session and slice of time in which anything happened to its claims:
               session_id, at_utc, renewed (claims); released, reaped, refused, quarantined (applications)
            7. source rows, then vw_Reconciliation of the target tables: subject, expected, actual,
               difference, not_ours, stale. Source rows by their sums: expected from the catalog; missing are
               as many as queued and logged applications are fewer than that, or as are known to be not
               enqueued, 100000 at most. Applications whose source row is gone may hide a missing one:
               vw_Reconciliation and usp_Reconcile look at every id
            8. the twenty contracts that were installed last: contract_hash, contract_name,
               installed_at_utc, retired_at_utc
Errors:     50001 a parameter is wrong
Called by:  the executable (report); by hand
Isolation:  READ COMMITTED; READ UNCOMMITTED while READ_COMMITTED_SNAPSHOT is off, so that a completion
            that hangs is waited for by none of it: it may then count what is rolled back. Reads
            sessions, throughput, the newest @sample entries of IX_processing_log_processed with their
            log rows, the newest @events events, the source rows above the watermark and the few
            rows of processing_outcome and processing_written: never the whole log
Example:    EXEC [$(Schema)].[usp_GetReport] @since_seconds = 86400;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetReport]
    @since_seconds int = NULL,
    @session_id uniqueidentifier = NULL,
    @slices int = 80,
    @sessions int = 25,
    @sample int = 10000,
    @events int = 100000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    IF @since_seconds < 0
    BEGIN
        THROW 50001, N'usp_GetReport: @since_seconds must be 0 or more.', 1;
    END;

    IF COALESCE(@slices, 0) NOT BETWEEN 1 AND 1000
    BEGIN
        THROW 50001, N'usp_GetReport: @slices must be 1 to 1000.', 1;
    END;

    IF COALESCE(@sessions, 0) NOT BETWEEN 1 AND 1000
    BEGIN
        THROW 50001, N'usp_GetReport: @sessions must be 1 to 1000.', 1;
    END;

    IF COALESCE(@sample, 0) NOT BETWEEN 1 AND 100000
    BEGIN
        THROW 50001, N'usp_GetReport: @sample must be 1 to 100000.', 1;
    END;

    IF COALESCE(@events, 0) NOT BETWEEN 1 AND 1000000
    BEGIN
        THROW 50001, N'usp_GetReport: @events must be 1 to 1000000.', 1;
    END;

    -- A count that waits for the completion that hangs would hide it.
    IF (
            SELECT d.is_read_committed_snapshot_on
            FROM sys.databases AS d
            WHERE d.name = DB_NAME()
        ) = 0
        SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;

    DECLARE
        @now datetime2(3) = SYSUTCDATETIME(),
        @since datetime2(3) = '0001-01-01',
        @from datetime2(3),
        @to datetime2(3),
        @first_minute datetime2(0),
        @slice_minutes int,
        @slice_ms bigint,
        @all_sessions bigint,
        @watermark bigint,
        @known bigint,
        @missing bigint,
        @source_rows bigint;

    IF @since_seconds IS NOT NULL
        SET @since = DATEADD(SECOND, -@since_seconds, @now);

    SELECT
        @from = MIN(s.started_at_utc),
        @to = MAX(s.last_seen_at_utc),
        @all_sessions = COUNT_BIG(*)
    FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
    WHERE s.last_seen_at_utc >= @since
        AND (@session_id IS NULL OR s.session_id = @session_id);

    IF @from < @since
        SET @from = @since;

    -- The clock may have been put back.
    IF @to < @from
        SET @to = @from;

    SET @first_minute = DATEADD(MINUTE, DATEDIFF(MINUTE, '2000-01-01', @from), '2000-01-01');
    SET @slice_minutes = DATEDIFF(MINUTE, @first_minute, @to) / @slices + 1;
    SET @slice_ms = DATEDIFF_BIG(MILLISECOND, @from, @to) / @slices + 1;

    SELECT
        @now AS taken_at_utc,
        @from AS from_utc,
        @to AS to_utc,
        @slice_minutes AS slice_minutes,
        @all_sessions AS all_sessions;

    SELECT
        DATEADD(MINUTE, t.slice * @slice_minutes, @first_minute) AS at_utc,
        SUM(t.claimed) AS claimed,
        SUM(t.success) AS success,
        SUM(t.failed) AS failed,
        SUM(t.rows_written) AS rows_written,
        SUM(t.document_bytes) AS document_bytes,
        SUM(t.shred_micros) AS shred_micros
    FROM
        (
            SELECT
                DATEDIFF(MINUTE, @first_minute, m.minute_utc) / @slice_minutes AS slice,
                m.claimed,
                m.success,
                m.failed,
                m.rows_written,
                m.document_bytes,
                m.shred_micros
            FROM [$(Schema)].[processing_throughput] AS m
            WHERE m.minute_utc >= @first_minute
                AND m.minute_utc <= @to
                AND (@session_id IS NULL OR m.session_id = @session_id)
        ) AS t
    GROUP BY t.slice
    ORDER BY t.slice
    OPTION (RECOMPILE);

    CREATE TABLE #sample
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        status varchar(7) COLLATE DATABASE_DEFAULT NOT NULL,
        shred_micros bigint NOT NULL,
        document_bytes bigint NOT NULL,
        session_id uniqueidentifier NOT NULL,
        processed_at_utc datetime2(3) NOT NULL,
        PRIMARY KEY (app_id, attempt)
    );

    INSERT INTO #sample
        (
            app_id,
            attempt,
            status,
            shred_micros,
            document_bytes,
            session_id,
            processed_at_utc
        )
    SELECT TOP (@sample)
        n.app_id,
        n.attempt,
        v.status,
        n.shred_micros,
        n.document_bytes,
        n.session_id,
        n.processed_at_utc
    FROM (VALUES ('success'), ('failed')) AS v(status)
    CROSS APPLY
        (
            SELECT TOP (@sample)
                l.app_id,
                l.attempt,
                l.shred_micros,
                l.document_bytes,
                l.session_id,
                l.processed_at_utc
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.status = v.status
                AND l.processed_at_utc >= @from
                AND l.processed_at_utc <= DATEADD(MINUTE, 1, @to)
                AND (@session_id IS NULL OR l.session_id = @session_id)
            ORDER BY l.processed_at_utc DESC
        ) AS n
    ORDER BY n.processed_at_utc DESC
    OPTION (RECOMPILE);

    SELECT
        COUNT_BIG(*) AS attempts,
        MIN(s.processed_at_utc) AS first_at_utc,
        MIN(CASE WHEN s.place * 100 >= s.attempts * 50 THEN s.shred_micros END) AS p50_micros,
        MIN(CASE WHEN s.place * 100 >= s.attempts * 90 THEN s.shred_micros END) AS p90_micros,
        MIN(CASE WHEN s.place * 100 >= s.attempts * 99 THEN s.shred_micros END) AS p99_micros,
        MAX(s.shred_micros) AS max_micros
    FROM
        (
            SELECT
                p.processed_at_utc,
                p.shred_micros,
                ROW_NUMBER() OVER (
                    ORDER BY p.shred_micros ASC
                ) AS place,
                COUNT_BIG(*) OVER () AS attempts
            FROM #sample AS p
        ) AS s
    HAVING COUNT_BIG(*) > 0;

    SELECT TOP (10)
        p.app_id,
        p.attempt,
        p.status,
        p.shred_micros,
        p.document_bytes,
        s.worker_name
    FROM #sample AS p
    LEFT OUTER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON p.session_id = s.session_id
    ORDER BY
        p.shred_micros DESC,
        p.app_id ASC;

    CREATE TABLE #session
    (
        session_id uniqueidentifier NOT NULL PRIMARY KEY
    );

    INSERT INTO #session (session_id)
    SELECT TOP (@sessions) s.session_id
    FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
    WHERE s.last_seen_at_utc >= @since
        AND (@session_id IS NULL OR s.session_id = @session_id)
    ORDER BY
        s.started_at_utc DESC,
        s.session_id ASC;

    SELECT
        v.session_id,
        v.worker_name,
        v.host_name,
        v.state,
        v.started_at_utc,
        v.last_seen_at_utc,
        v.ended_at_utc,
        v.exit_status,
        v.claimed,
        v.success,
        v.failed,
        v.released,
        v.reaped,
        v.refused,
        v.holds,
        v.program_version,
        v.contract_hash
    FROM [$(Schema)].[vw_Sessions] AS v
    INNER JOIN #session AS s ON v.session_id = s.session_id
    ORDER BY
        v.started_at_utc DESC,
        v.session_id ASC;

    SELECT
        i.session_id,
        MIN(i.occurred_at_utc) AS at_utc,
        SUM(CASE i.event_type WHEN 'renewed' THEN 1 ELSE 0 END) AS renewed,
        SUM(CASE i.event_type WHEN 'released' THEN 1 ELSE 0 END) AS released,
        SUM(CASE i.event_type WHEN 'reaped' THEN 1 ELSE 0 END) AS reaped,
        SUM(CASE i.event_type WHEN 'refused' THEN 1 ELSE 0 END) AS refused,
        SUM(CASE i.event_type WHEN 'quarantined' THEN 1 ELSE 0 END) AS quarantined
    FROM
        (
            SELECT
                e.session_id,
                e.occurred_at_utc,
                e.event_type,
                DATEDIFF_BIG(MILLISECOND, @from, e.occurred_at_utc) / @slice_ms AS slice
            FROM
                (
                    SELECT TOP (@events)
                        n.session_id,
                        n.occurred_at_utc,
                        n.event_type
                    FROM [$(Schema)].[processing_event] AS n
                    ORDER BY n.event_id DESC
                ) AS e
            INNER JOIN #session AS s ON e.session_id = s.session_id
            WHERE e.occurred_at_utc >= @from
                AND e.event_type IN ('renewed', 'released', 'reaped', 'refused', 'quarantined')
        ) AS i
    GROUP BY
        i.session_id,
        i.slice
    ORDER BY
        i.session_id,
        i.slice;

    SET @known = (
        SELECT CASE WHEN SUM(o.applications) > 0 THEN SUM(o.applications) ELSE 0 END
        FROM [$(Schema)].[processing_outcome] AS o
    );

    SELECT @watermark = w.app_id
    FROM [$(Schema)].[processing_watermark] AS w;

    -- Before the first enqueue nothing is known, and every source row is missing.
    SET @missing = (
        SELECT COUNT_BIG(*)
        FROM
            (
                SELECT TOP (100000) s.[$(SourceIdColumn)]
                FROM [$(SourceSchema)].[$(SourceTable)] AS s
                WHERE s.[$(SourceIdColumn)] > @watermark
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.app_id = s.[$(SourceIdColumn)]
                    )
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = s.[$(SourceIdColumn)]
                    )
            ) AS n
    );

    -- NULL where the caller may not see the table.
    SET @source_rows = COALESCE(
        (
            SELECT SUM(x.rows)
            FROM sys.partitions AS x
            WHERE x.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
                AND x.index_id IN (0, 1)
        ),
        @known + @missing
    );

    SET @missing = CASE WHEN @source_rows - @known > @missing THEN @source_rows - @known ELSE @missing END;

    SELECT
        u.subject,
        u.expected,
        u.actual,
        u.difference,
        u.not_ours,
        u.stale
    FROM
        (
            SELECT
                N'source rows' AS subject,
                @source_rows AS expected,
                CASE WHEN @source_rows > @missing THEN @source_rows - @missing ELSE 0 END AS actual,
                -@missing AS difference,
                CONVERT(bigint, NULL) AS not_ours,
                CONVERT(bigint, NULL) AS stale
            UNION ALL
            SELECT
                r.subject,
                r.expected,
                r.actual,
                r.difference,
                r.not_ours,
                r.stale
            FROM [$(Schema)].[vw_Reconciliation] AS r
            WHERE r.subject <> N'source rows'
        ) AS u
    ORDER BY
        CASE u.subject WHEN N'source rows' THEN 0 ELSE 1 END ASC,
        u.subject ASC;

    SELECT TOP (20)
        c.contract_hash,
        c.contract_name,
        c.installed_at_utc,
        c.retired_at_utc
    FROM [$(Schema)].[processing_contract] AS c
    ORDER BY
        c.installed_at_utc DESC,
        CASE WHEN c.retired_at_utc IS NULL THEN 0 ELSE 1 END ASC,
        c.contract_hash ASC;
END;
GO
