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
    s6.shape AS path_shape,
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
-- Each step removes one position; STUFF returns NULL when none is left.
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    l.failure_path,
                    CHARINDEX(N'[', l.failure_path),
                    CHARINDEX(N']', l.failure_path) - CHARINDEX(N'[', l.failure_path) + 1,
                    N''
                ),
                l.failure_path
            )
        )
    ) AS s1(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s1.shape,
                    CHARINDEX(N'[', s1.shape),
                    CHARINDEX(N']', s1.shape) - CHARINDEX(N'[', s1.shape) + 1,
                    N''
                ),
                s1.shape
            )
        )
    ) AS s2(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s2.shape,
                    CHARINDEX(N'[', s2.shape),
                    CHARINDEX(N']', s2.shape) - CHARINDEX(N'[', s2.shape) + 1,
                    N''
                ),
                s2.shape
            )
        )
    ) AS s3(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s3.shape,
                    CHARINDEX(N'[', s3.shape),
                    CHARINDEX(N']', s3.shape) - CHARINDEX(N'[', s3.shape) + 1,
                    N''
                ),
                s3.shape
            )
        )
    ) AS s4(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s4.shape,
                    CHARINDEX(N'[', s4.shape),
                    CHARINDEX(N']', s4.shape) - CHARINDEX(N'[', s4.shape) + 1,
                    N''
                ),
                s4.shape
            )
        )
    ) AS s5(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s5.shape,
                    CHARINDEX(N'[', s5.shape),
                    CHARINDEX(N']', s5.shape) - CHARINDEX(N'[', s5.shape) + 1,
                    N''
                ),
                s5.shape
            )
        )
    ) AS s6(shape);
GO
