SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the failed applications: those whose latest attempt failed and that are not in the queue.
Parameters: @since_seconds  only those that were completed within so many seconds before now; NULL: all
Results:    one row per application: app_id, attempt, failure_category, failure_table, failure_column,
            failure_path, failure_path_shape, failure_line, failure_column_number, failure_value,
            failure_reason, fingerprint, error_number, processed_at_utc, session_id, document_bytes,
            source_hash, contract_hash
Errors:     none
Called by:  ufn_FailureCauses, ufn_StaleApps, usp_HealthCheck, usp_ListCauses, usp_ListFailures
Isolation:  that of the caller; reads the failed part of IX_processing_log_latest, and log rows only where
            a column is asked for that the index does not have
Example:    SELECT COUNT_BIG(*) AS failed
            FROM [$(Schema)].[ufn_FailedApps](86400);
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_FailedApps](@since_seconds int)
RETURNS TABLE -- noqa: CP05
AS
RETURN
(
    SELECT
        l.app_id,
        l.attempt,
        l.failure_category,
        l.failure_table,
        l.failure_column,
        l.failure_path,
        l.failure_path_shape,
        l.failure_line,
        l.failure_column_number,
        l.failure_value,
        l.failure_reason,
        l.fingerprint,
        l.error_number,
        l.processed_at_utc,
        l.session_id,
        l.document_bytes,
        l.source_hash,
        l.contract_hash
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.is_latest = 1
        AND l.status = 'failed'
        AND (
            @since_seconds IS NULL
            OR l.processed_at_utc >= DATEADD(SECOND, -@since_seconds, SYSUTCDATETIME())
        )
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
);
GO
