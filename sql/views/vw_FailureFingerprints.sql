SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    What are the different causes of failure, and how many applications has each? Failures
            with one cause have one fingerprint; usp_RetryFailed takes it. Order by applications
            DESC.
Columns:    applications, failure_category, failure_table, failure_column, path_shape (the path
            without positions), error_number, first_at, last_at, example_app_id, example_value,
            example_reason, example_path, fingerprint. Counted are applications whose last attempt
            failed and that are not queued again.
Cost:       the failed part of IX_processing_log_latest, and one log row per fingerprint
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_FailureFingerprints]
AS
SELECT
    f.applications,
    l.failure_category,
    l.failure_table,
    l.failure_column,
    [$(Schema)].[ufn_PathShape](l.failure_path) AS path_shape,
    l.error_number,
    f.first_at,
    f.last_at,
    f.example_app_id,
    l.failure_value AS example_value,
    l.failure_reason AS example_reason,
    l.failure_path AS example_path,
    f.fingerprint
FROM
    (
        SELECT
            g.fingerprint,
            COUNT_BIG(*) AS applications,
            MIN(g.processed_at) AS first_at,
            MAX(g.processed_at) AS last_at,
            MAX(g.app_id) AS example_app_id
        FROM [$(Schema)].[processing_log] AS g
        WHERE g.is_latest = 1
            AND g.status = 'failed'
            AND NOT EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_queue] AS q
                WHERE q.app_id = g.app_id
            )
        GROUP BY
            g.failure_category,
            g.fingerprint
    ) AS f
INNER JOIN [$(Schema)].[processing_log] AS l ON f.example_app_id = l.app_id AND l.is_latest = 1;
GO
