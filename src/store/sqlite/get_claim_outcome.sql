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

-- name: refused
SELECT e.app_id, e.attempt, e.error_number, e.detail,
       coalesce((SELECT q.reaps FROM processing_queue AS q WHERE q.app_id = e.app_id), 0),
       EXISTS (SELECT 1 FROM processing_event AS n
               WHERE n.claim_token = e.claim_token AND n.app_id = e.app_id
                 AND n.event_type = 'quarantined'),
       e.is_counted
FROM processing_event AS e
WHERE e.claim_token = :token AND e.event_type = 'refused'
ORDER BY e.app_id;
