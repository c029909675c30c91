SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    What became of the applications that were completed under a claim's token: the log's
            outcomes, and the refusals by the database. The only place that knows.
Parameters: @claim_token  the claim
Results:    one row per application: app_id, attempt, outcome (success, failed, refused,
            quarantined), failure_category, failure_reason (of a refusal: the database's message),
            error_number, rows_written, reaps (of a refusal: how often the application has been
            reaped or refused by now; 0 if it has left the queue since), is_counted (of a refusal:
            whether it counts towards quarantine; otherwise NULL)
Errors:     none
Called by:  usp_ApplyOutcomes, usp_CompleteBatch, usp_GetClaimOutcome
Isolation:  the caller's; seeks the log and the events of the token
Example:    SELECT c.app_id, c.outcome
            FROM [$(Schema)].[ufn_ClaimOutcome]('00000000-0000-0000-0000-00000000000a') AS c;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_ClaimOutcome](@claim_token uniqueidentifier)
RETURNS TABLE -- noqa: CP05
AS
RETURN
(
    SELECT
        l.app_id,
        l.attempt,
        l.status AS outcome,
        l.failure_category,
        l.failure_reason,
        l.error_number,
        l.rows_written,
        0 AS reaps,
        CONVERT(bit, NULL) AS is_counted
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.claim_token = @claim_token
    UNION ALL
    SELECT
        e.app_id,
        e.attempt,
        CASE
            WHEN EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_event] AS k
                    WHERE k.claim_token = @claim_token
                        AND k.event_type = 'quarantined'
                        AND k.app_id = e.app_id
                )
                THEN 'quarantined'
            ELSE 'refused'
        END AS outcome,
        NULL AS failure_category,
        e.detail AS failure_reason,
        e.error_number,
        0 AS rows_written,
        COALESCE(q.reaps, 0) AS reaps,
        e.is_counted
    FROM [$(Schema)].[processing_event] AS e
    LEFT OUTER JOIN [$(Schema)].[processing_queue] AS q ON e.app_id = q.app_id
    WHERE e.claim_token = @claim_token
        AND e.event_type = 'refused'
);
GO
