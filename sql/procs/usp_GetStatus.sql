SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the state of the queue, the log, the claims and the sessions.
Parameters: none
Results:    1. one row: source_rows, ready, claimed, quarantined, success, failed, stale (of the
               failed: those that succeeded before, whose rows in the target tables are of that
               success), not_enqueued (source rows above the watermark that are neither queued nor
               logged, 100000 at most; NULL before the first enqueue), completed_10_min (in the last
               ten minutes) and completed_in_seconds (since the first minute of these), and
               paused_at_utc, paused_by, pause_reason, which are NULL unless claiming is paused
            2. failed by category, largest first: failure_category, app_count
            3. target tables of the installed contract in load order: table_ordinal, table_name,
               row_count
            4. claims held now: claim_token, session_id, worker_name, host_name, app_count, age_seconds,
               remaining_seconds (negative: the lease has expired), renewals
            5. the newest 50 sessions, with columns of vw_Sessions: session_id, worker_name, host_name,
               state, started_at_utc, last_seen_at_utc, ended_at_utc, exit_status, claimed, success,
               failed, released, reaped, refused, holds, program_version, contract_hash
            Every enqueued application is in one of the five states; while workers run, each count
            is of a slightly different moment. source_rows and row_count come from the catalog: exact
            except for rows that are being written, NULL where the caller may not see the table
Errors:     none
Called by:  the executable (status); by hand
Isolation:  READ COMMITTED. Reads the few rows of processing_outcome, of the queue what is claimed or quarantined,
            and of the log the failed part of IX_processing_log_latest with a seek for each failed application:
            never all of queue or log.
            Reads claims and sessions WITH (NOLOCK), so that it shows the worker whose completion hangs.
            READ UNCOMMITTED while READ_COMMITTED_SNAPSHOT is off, so that the counts do not wait for
            that completion: they may then count what is rolled back
Example:    EXEC [$(Schema)].[usp_GetStatus];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetStatus]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    -- A count that waits for the completion that hangs would hide it.
    IF (
            SELECT d.is_read_committed_snapshot_on
            FROM sys.databases AS d
            WHERE d.name = DB_NAME()
        ) = 0
        SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;

    DECLARE
        @watermark bigint,
        @not_enqueued bigint,
        @completed_10_min bigint,
        @completed_in_seconds bigint;

    SELECT @watermark = w.app_id
    FROM [$(Schema)].[processing_watermark] AS w;

    -- Before the first enqueue this would read the whole source table.
    IF @watermark IS NOT NULL
    BEGIN
        SELECT @not_enqueued = COUNT_BIG(*)
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
            ) AS n;
    END;

    SELECT
        @completed_10_min = COALESCE(SUM(m.success + m.failed), 0),
        @completed_in_seconds = 1 + DATEDIFF_BIG(SECOND, MIN(m.minute_utc), SYSUTCDATETIME())
    FROM [$(Schema)].[processing_throughput] AS m
    WHERE m.minute_utc >= DATEADD(MINUTE, -10, SYSUTCDATETIME());

    SELECT
        (
            SELECT CONVERT(bigint, SUM(s.rows))
            FROM sys.partitions AS s
            WHERE s.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
                AND s.index_id IN (0, 1)
        ) AS source_rows,
        -- The sum and the claims may be of different moments while there are no row versions.
        CASE
            WHEN a.queued > a.claimed + a.quarantined THEN a.queued - a.claimed - a.quarantined
            ELSE 0
        END AS ready,
        a.claimed,
        a.quarantined,
        CASE WHEN a.success > 0 THEN a.success ELSE 0 END AS success,
        CASE WHEN a.failed > 0 THEN a.failed ELSE 0 END AS failed,
        (
            SELECT COUNT_BIG(*)
            FROM [$(Schema)].[ufn_StaleApps]()
        ) AS stale,
        @not_enqueued AS not_enqueued,
        @completed_10_min AS completed_10_min,
        @completed_in_seconds AS completed_in_seconds,
        p.paused_at_utc,
        p.paused_by,
        p.reason AS pause_reason
    FROM
        (
            SELECT
                SUM(CASE o.outcome WHEN 'queued' THEN o.applications ELSE 0 END) AS queued,
                SUM(CASE o.outcome WHEN 'success' THEN o.applications ELSE 0 END) AS success,
                SUM(CASE WHEN o.outcome IN ('queued', 'success') THEN 0 ELSE o.applications END) AS failed,
                (
                    SELECT COUNT_BIG(*)
                    FROM [$(Schema)].[processing_queue] AS u
                    WHERE u.state = 1
                ) AS claimed,
                (
                    SELECT COUNT_BIG(*)
                    FROM [$(Schema)].[processing_queue] AS u
                    WHERE u.state = 2
                ) AS quarantined
            FROM [$(Schema)].[processing_outcome] AS o
        ) AS a
    LEFT OUTER JOIN [$(Schema)].[processing_pause] AS p ON p.resumed_at_utc IS NULL;

    SELECT
        o.outcome AS failure_category,
        SUM(o.applications) AS app_count
    FROM [$(Schema)].[processing_outcome] AS o
    WHERE o.outcome NOT IN ('queued', 'success')
    GROUP BY o.outcome
    HAVING SUM(o.applications) > 0
    ORDER BY
        app_count DESC,
        failure_category ASC;

    SELECT
        t.table_ordinal,
        t.table_name,
        (
            SELECT CONVERT(bigint, SUM(r.rows))
            FROM sys.partitions AS r
            WHERE r.object_id = OBJECT_ID(QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name))
                AND r.index_id IN (0, 1)
        ) AS row_count
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    WHERE c.retired_at_utc IS NULL
    ORDER BY t.table_ordinal;

    SELECT
        a.claim_token,
        a.session_id,
        a.worker_name,
        a.host_name,
        a.app_count,
        a.age_seconds,
        a.remaining_seconds,
        a.renewals
    FROM [$(Schema)].[vw_ActiveClaims] AS a
    ORDER BY a.age_seconds DESC;

    SELECT TOP (50)
        s.session_id,
        s.worker_name,
        s.host_name,
        s.state,
        s.started_at_utc,
        s.last_seen_at_utc,
        s.ended_at_utc,
        s.exit_status,
        s.claimed,
        s.success,
        s.failed,
        s.released,
        s.reaped,
        s.refused,
        s.holds,
        s.program_version,
        s.contract_hash
    FROM [$(Schema)].[vw_Sessions] AS s
    ORDER BY
        s.started_at_utc DESC,
        s.session_id ASC;
END;
GO
