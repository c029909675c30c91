SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which applications failed, why, and where in the document? Order by processed_at_utc DESC.
Columns:    processed_at_utc, app_id, attempt, failure_category, failure_table, failure_column,
            failure_value, failure_reason, failure_path, failure_line, failure_column_number,
            error_number, fingerprint, worker_name, is_latest, is_redriven (1: it
            was retried or requeued), rows_of_attempt (the success that its rows in the target
            tables are of; NULL if it has none)
Cost:       a query with TOP and ORDER BY processed_at_utc DESC reads that many entries of
            IX_processing_log_processed from its end. Sessions WITH (NOLOCK): a completion holds its own.
            Waits for completions that log failures while READ_COMMITTED_SNAPSHOT is off;
            usp_ListFailures does not
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_RecentFailures]
AS
SELECT
    l.processed_at_utc,
    l.app_id,
    l.attempt,
    l.failure_category,
    l.failure_table,
    l.failure_column,
    l.failure_value,
    l.failure_reason,
    l.failure_path,
    l.failure_line,
    l.failure_column_number,
    l.error_number,
    l.fingerprint,
    s.worker_name,
    l.is_latest,
    CASE
        WHEN l.is_latest = 1
            AND EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_queue] AS q
                WHERE q.app_id = l.app_id
            )
            THEN CONVERT(bit, 1)
        ELSE CONVERT(bit, 0)
    END AS is_redriven,
    (
        SELECT k.attempt
        FROM [$(Schema)].[processing_log] AS k
        WHERE k.app_id = l.app_id
            AND k.has_rows = 1
    ) AS rows_of_attempt
FROM [$(Schema)].[processing_log] AS l
LEFT OUTER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON l.session_id = s.session_id
WHERE l.status = 'failed';
GO
