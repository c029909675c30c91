SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Applications with stale rows: the target tables have the rows of a success, the last attempt
            failed after it, and nothing is going to process them again, because they are not queued.
Parameters: none
Results:    one row per application: app_id, attempt (that success), failed_attempt (the last one),
            failure_category (of that)
Errors:     none
Called by:  usp_DeleteStaleRows, usp_GetStatus, usp_HealthCheck
Isolation:  the caller's; reads the failed part of IX_processing_log_latest, and seeks log and queue
Example:    SELECT s.app_id, s.attempt, s.failed_attempt
            FROM [$(Schema)].[ufn_StaleApps]() AS s;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_StaleApps]()
RETURNS TABLE -- noqa: CP05
AS
RETURN
(
    SELECT
        l.app_id,
        k.attempt,
        l.attempt AS failed_attempt,
        l.failure_category
    FROM [$(Schema)].[ufn_FailedApps](NULL) AS l
    INNER JOIN [$(Schema)].[processing_log] AS k ON l.app_id = k.app_id
    WHERE k.has_rows = 1
);
GO
