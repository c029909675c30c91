SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    What are the causes of failure, and how many applications does each have? Failures with
            the same cause have the same fingerprint, which usp_RetryFailed accepts. Order by
            applications DESC.
Columns:    applications, failure_category, failure_table, failure_column, path_shape (the path
            without its positions), error_number, first_at_utc, last_at_utc,
            example_app_id, example_value, example_reason, example_path, fingerprint. Counts
            applications whose latest attempt failed and that are not in the queue.
Cost:       the failed part of IX_processing_log_latest, and one log row per fingerprint. Waits for
            completions that log failures while READ_COMMITTED_SNAPSHOT is off; usp_ListCauses does not
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_FailureFingerprints]
AS
SELECT
    f.applications,
    f.failure_category,
    f.failure_table,
    f.failure_column,
    f.path_shape,
    f.error_number,
    f.first_at_utc,
    f.last_at_utc,
    f.example_app_id,
    f.example_value,
    f.example_reason,
    f.example_path,
    f.fingerprint
FROM [$(Schema)].[ufn_FailureCauses](NULL) AS f;
GO
