SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the state of the queue, the log, the claims and the sessions.
Parameters: @Help  1: only describe the result sets; default 0
Results:    1. one row: source_rows, ready, claimed, quarantined, success, failed, stale (of the
               failed: those that succeeded before, whose rows in the target tables are of that
               success), and paused_at_utc, paused_by, pause_reason, which are NULL unless claiming
               is paused.
               Every enqueued application is in one of the five states; while workers run, each
               count is of a slightly different moment. Row counts of source and target tables
               come from the catalog: fast, and exact except for rows that are being written.
            2. failed by category, largest first: failure_category, app_count
            3. target tables of the installed contract in load order: table_ordinal, table_name,
               row_count
            4. claims held now: claim_token, worker_name, host_name, app_count, age_seconds,
               remaining_seconds (negative: the lease has expired), renewals
            5. the newest 50 sessions: session_id, worker_name, host_name, started_at_utc,
               last_seen_at_utc, ended_at_utc, exit_status, claimed, success, failed, released,
               reaped, refused
Errors:     none
Called by:  the executable (status); by hand
Isolation:  READ COMMITTED. Counting the log scans the narrow index
            IX_processing_log_latest once, and seeks the log for each failed application.
Example:    EXEC [$(Schema)].[usp_GetStatus];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetStatus]
    @Help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @source_rows bigint;
    DECLARE @ready bigint;
    DECLARE @claimed bigint;
    DECLARE @quarantined bigint;
    DECLARE @success bigint;
    DECLARE @failed bigint;
    DECLARE @stale bigint;

    IF @Help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'results', N'1. where every application is, and whether claiming is paused'),
                (2, N'results', N'2. failures by category  3. rows of the target tables'),
                (3, N'results', N'4. claims held now  5. the newest sessions')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    CREATE TABLE #target_count
    (
        table_ordinal int NOT NULL PRIMARY KEY,
        row_count bigint NOT NULL
    );

    SELECT @source_rows = CONVERT(bigint, SUM(p.rows))
    FROM sys.partitions AS p
    WHERE p.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
        AND p.index_id IN (0, 1);

    INSERT INTO #target_count (table_ordinal, row_count)
    SELECT
        t.table_ordinal,
        CONVERT(bigint, SUM(p.rows))
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    INNER JOIN sys.partitions AS p
        ON p.object_id = OBJECT_ID(QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name))
            AND p.index_id IN (0, 1)
    WHERE c.retired_at_utc IS NULL
    GROUP BY t.table_ordinal;

    SELECT
        @ready = COALESCE(SUM(CASE WHEN q.state = 0 THEN 1 ELSE 0 END), 0),
        @claimed = COALESCE(SUM(CASE WHEN q.state = 1 THEN 1 ELSE 0 END), 0),
        @quarantined = COALESCE(SUM(CASE WHEN q.state = 2 THEN 1 ELSE 0 END), 0)
    FROM [$(Schema)].[processing_queue] AS q;

    SELECT
        @success = COALESCE(SUM(CASE WHEN l.status = 'success' THEN 1 ELSE 0 END), 0),
        @failed = COALESCE(SUM(CASE WHEN l.status = 'failed' THEN 1 ELSE 0 END), 0)
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.is_latest = 1
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        );

    SELECT @stale = COUNT_BIG(*)
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log] AS k ON l.app_id = k.app_id
    WHERE l.is_latest = 1
        AND l.status = 'failed'
        AND k.has_rows = 1
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        );

    SELECT
        COALESCE(@source_rows, 0) AS source_rows,
        @ready AS ready,
        @claimed AS claimed,
        @quarantined AS quarantined,
        @success AS success,
        @failed AS failed,
        @stale AS stale,
        (
            SELECT p.paused_at_utc
            FROM [$(Schema)].[processing_pause] AS p
            WHERE p.resumed_at_utc IS NULL
        ) AS paused_at_utc,
        (
            SELECT p.paused_by
            FROM [$(Schema)].[processing_pause] AS p
            WHERE p.resumed_at_utc IS NULL
        ) AS paused_by,
        (
            SELECT p.reason
            FROM [$(Schema)].[processing_pause] AS p
            WHERE p.resumed_at_utc IS NULL
        ) AS pause_reason;

    SELECT
        l.failure_category,
        COUNT_BIG(*) AS app_count
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.is_latest = 1
        AND l.status = 'failed'
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
    GROUP BY l.failure_category
    ORDER BY
        app_count DESC,
        l.failure_category ASC;

    SELECT
        t.table_ordinal,
        t.table_name,
        COALESCE(n.row_count, 0) AS row_count
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    LEFT OUTER JOIN #target_count AS n ON t.table_ordinal = n.table_ordinal
    WHERE c.retired_at_utc IS NULL
    ORDER BY t.table_ordinal;

    SELECT
        a.claim_token,
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
        s.started_at_utc,
        s.last_seen_at_utc,
        s.ended_at_utc,
        s.exit_status,
        s.claimed,
        s.success,
        s.failed,
        s.released,
        s.reaped,
        s.refused
    FROM [$(Schema)].[processing_session] AS s
    ORDER BY
        s.started_at_utc DESC,
        s.session_id ASC;
END;
GO
