-- Releases the unfinished applications of a claim. Mirrors usp_ReleaseClaim.

-- name: claim
DELETE FROM processing_claim
WHERE claim_token = :token
RETURNING session_id;

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, app_id, attempt, claim_token, session_id, detail)
SELECT :now, 'released', app_id, attempts, claim_token, :session, :reason
FROM processing_queue INDEXED BY processing_queue_claim
WHERE state = 1 AND claim_token = :token
ORDER BY app_id;

-- name: queue
-- A release does not use up the attempt.
UPDATE processing_queue
SET state = 0,
    claim_token = NULL,
    attempts = attempts - 1
WHERE state = 1 AND claim_token = :token;
