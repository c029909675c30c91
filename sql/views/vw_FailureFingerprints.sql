SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    What are the causes of failure, and how many applications does each have? Failures with
            the same cause have the same fingerprint, which usp_RetryFailed accepts. Order by
            applications DESC.
Columns:    applications, failure_category, failure_table, failure_column, path_shape (the path
            without its positions, six of them at most), error_number, first_at_utc, last_at_utc,
            example_app_id, example_value, example_reason, example_path, fingerprint. Counts
            applications whose latest attempt failed and that are not in the queue.
Cost:       the failed part of IX_processing_log_latest, and one log row per fingerprint
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_FailureFingerprints]
AS
SELECT
    f.applications,
    l.failure_category,
    l.failure_table,
    l.failure_column,
    p6.path AS path_shape,
    l.error_number,
    f.first_at_utc,
    f.last_at_utc,
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
            MIN(g.processed_at_utc) AS first_at_utc,
            MAX(g.processed_at_utc) AS last_at_utc,
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
INNER JOIN [$(Schema)].[processing_log] AS l ON f.example_app_id = l.app_id AND l.is_latest = 1
CROSS APPLY [$(Schema)].[ufn_WithoutPosition](l.failure_path) AS p1
CROSS APPLY [$(Schema)].[ufn_WithoutPosition](p1.path) AS p2
CROSS APPLY [$(Schema)].[ufn_WithoutPosition](p2.path) AS p3
CROSS APPLY [$(Schema)].[ufn_WithoutPosition](p3.path) AS p4
CROSS APPLY [$(Schema)].[ufn_WithoutPosition](p4.path) AS p5
CROSS APPLY [$(Schema)].[ufn_WithoutPosition](p5.path) AS p6;
GO
