-- The outcome of a claim. Mirrors usp_GetClaimOutcome.

-- name: held
SELECT app_id
FROM processing_queue INDEXED BY processing_queue_claim
WHERE state = 1 AND claim_token = :token
ORDER BY app_id;

-- name: completed
SELECT app_id, attempt, failure_category, rows_per_table
FROM processing_log INDEXED BY processing_log_token
WHERE claim_token = :token
ORDER BY app_id, attempt;
