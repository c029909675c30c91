SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the causes of failure, each with the number of its failed applications.
Parameters: @since_seconds  only failures that were completed within so many seconds before now; NULL: all
Results:    one row per fingerprint: applications, failure_category, failure_table, failure_column,
            path_shape, error_number, first_at_utc, last_at_utc, example_app_id (the highest),
            example_value, example_reason, example_path, fingerprint
Errors:     none
Called by:  vw_FailureFingerprints, usp_ListCauses
Isolation:  that of the caller; reads the failed part of IX_processing_log_latest, and one log row per
            fingerprint
Example:    SELECT * FROM [$(Schema)].[ufn_FailureCauses](86400)
            ORDER BY applications DESC;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_FailureCauses](@since_seconds int)
RETURNS TABLE -- noqa: CP05
AS
RETURN
(
    SELECT
        f.applications,
        f.failure_category,
        l.failure_table,
        l.failure_column,
        COALESCE(l.failure_path_shape, l.failure_path) AS path_shape,
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
                g.failure_category,
                g.fingerprint,
                COUNT_BIG(*) AS applications,
                MIN(g.processed_at_utc) AS first_at_utc,
                MAX(g.processed_at_utc) AS last_at_utc,
                MAX(g.app_id) AS example_app_id
            FROM [$(Schema)].[ufn_FailedApps](@since_seconds) AS g
            GROUP BY
                g.failure_category,
                g.fingerprint
        ) AS f
    -- It may be retried meanwhile: then the cause is still counted.
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l
        ON f.example_app_id = l.app_id AND l.is_latest = 1 AND f.failure_category = l.failure_category
);
GO
