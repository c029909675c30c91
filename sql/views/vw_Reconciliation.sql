SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Is every source row queued or logged, and do the target tables have as many rows as the
            log records? All is well if every difference is 0. While workers run, each count is of a
            slightly different moment; usp_Reconcile looks at every id, and counts the target tables instead of
            reading the catalog, application by application, and lists examples.
Columns:    subject, expected, actual, difference (how many are missing, below 0), not_ours, stale, meaning
            source rows   expected: rows of the source; actual: those queued, quarantined or logged
            one row per   expected: rows that the last successful attempts wrote; actual: rows in
            target table  the catalog, NULL where the table is missing or the caller may not see it.
                          not_ours: how many there are beyond those: of other programs and of adopted
                          outcomes, which are no difference. The catalog cannot tell whose they are, so
                          that they hide as many missing ones: usp_Reconcile can.
                          stale: how many of the expected rows are of applications whose last attempt
                          failed
Cost:       source rows: the few rows of processing_outcome and the row count of the catalog. If these do not
            agree (rows that loaders are writing, source rows that were deleted, new ones, a lost one, no
            permission to see the table), every id of source, queue and log, once each and all in order of
            app_id, which is a merge without a sort. A source row that was deleted hides a lost one if the sums
            agree; usp_Reconcile is deceived by nothing. Target tables: the few rows of processing_written and,
            for stale, the failed part of IX_processing_log_latest with seeks of log and processing_log_table.
            Does not read target tables. Waits for completions while READ_COMMITTED_SNAPSHOT is off; in
            usp_GetReport it does not
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Reconciliation]
AS
SELECT
    N'source rows' AS subject,
    COALESCE(a.agreed, r.expected) AS expected,
    COALESCE(a.agreed, r.actual) AS actual,
    CASE WHEN a.agreed IS NULL THEN r.actual - r.expected ELSE 0 END AS difference,
    CONVERT(bigint, NULL) AS not_ours,
    CONVERT(bigint, NULL) AS stale,
    N'source rows that are queued, quarantined or logged; run usp_EnqueueApps if some are missing'
        AS meaning
FROM
    (
        SELECT CASE WHEN s.row_count = k.applications THEN k.applications END AS agreed
        FROM
            (
                SELECT SUM(x.rows) AS row_count
                FROM sys.partitions AS x
                WHERE x.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
                    AND x.index_id IN (0, 1)
            ) AS s
        CROSS JOIN
            (
                SELECT SUM(o.applications) AS applications
                FROM [$(Schema)].[processing_outcome] AS o
            ) AS k
    ) AS a
CROSS APPLY
    (
        SELECT
            COUNT_BIG(*) AS expected,
            COALESCE(SUM(CONVERT(bigint, CASE
                WHEN EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.app_id = s.[$(SourceIdColumn)]
                    )
                    OR EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = s.[$(SourceIdColumn)]
                    )
                    THEN 1
                ELSE 0
            END)), 0) AS actual
        FROM [$(SourceSchema)].[$(SourceTable)] AS s
        -- Of the outer row only, so it is decided before anything is read.
        WHERE a.agreed IS NULL
    ) AS r
UNION ALL
SELECT
    w.schema_name + N'.' + w.table_name AS subject,
    w.expected,
    p.actual,
    CASE WHEN p.actual > w.expected THEN 0 ELSE p.actual - w.expected END AS difference,
    CASE WHEN p.actual > w.expected THEN p.actual - w.expected ELSE 0 END AS not_ours,
    w.stale,
    N'rows in the target table, from the catalog' AS meaning
FROM
    (
        SELECT
            t.schema_name,
            t.table_name,
            CASE WHEN g.row_count > 0 THEN g.row_count ELSE 0 END AS expected,
            COALESCE(f.row_count, 0) AS stale
        FROM [$(Schema)].[processing_contract] AS c
        INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
        LEFT OUTER JOIN
            (
                SELECT
                    s.schema_name,
                    s.table_name,
                    SUM(s.row_count) AS row_count
                FROM [$(Schema)].[processing_written] AS s
                GROUP BY
                    s.schema_name,
                    s.table_name
            ) AS g ON t.schema_name = g.schema_name AND t.table_name = g.table_name
        -- The latest attempt failed, and the rows are of an earlier one.
        LEFT OUTER JOIN
            (
                SELECT
                    o.schema_name,
                    o.table_name,
                    SUM(n.row_count) AS row_count
                FROM [$(Schema)].[processing_log] AS k
                INNER JOIN [$(Schema)].[processing_log] AS l ON k.app_id = l.app_id
                INNER JOIN [$(Schema)].[processing_log_table] AS n
                    ON l.app_id = n.app_id AND l.attempt = n.attempt
                INNER JOIN [$(Schema)].[processing_contract_table] AS o
                    ON l.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
                WHERE k.is_latest = 1
                    AND k.status = 'failed'
                    AND l.has_rows = 1
                GROUP BY
                    o.schema_name,
                    o.table_name
            ) AS f ON t.schema_name = f.schema_name AND t.table_name = f.table_name
        WHERE c.retired_at_utc IS NULL
    ) AS w
OUTER APPLY
    (
        SELECT SUM(x.rows) AS actual
        FROM sys.partitions AS x
        WHERE x.object_id = OBJECT_ID(QUOTENAME(w.schema_name) + N'.' + QUOTENAME(w.table_name))
            AND x.index_id IN (0, 1)
    ) AS p;
GO
