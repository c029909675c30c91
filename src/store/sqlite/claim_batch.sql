-- Leases a batch to a token. Mirrors usp_ClaimBatch.

-- name: held
-- The claim that this token has already: a repeated request.
SELECT session_id, claimed_at_utc
FROM processing_claim
WHERE claim_token = :token;

-- name: extend_held
UPDATE processing_claim
SET lease_ms = :lease_ms,
    lease_expires_at_utc = :now + :lease_ms
WHERE claim_token = :token;

-- name: held_apps
SELECT app_id, attempts
FROM processing_queue INDEXED BY processing_queue_claim
WHERE state = 1 AND claim_token = :token
ORDER BY app_id;

-- name: claim
INSERT INTO processing_claim
    (claim_token, session_id, claimed_at_utc, lease_expires_at_utc, lease_ms, app_count, renewals)
VALUES
    (:token, :session, :now, :now + :lease_ms, :lease_ms, :app_count, 0);

-- name: next_reaps
SELECT reaps
FROM processing_queue INDEXED BY processing_queue_claim
WHERE state = 0 AND claim_token IS NULL AND reaps > :reaps
ORDER BY reaps
LIMIT 1;

-- name: pick
SELECT app_id, attempts, document_bytes
FROM processing_queue INDEXED BY processing_queue_claim
WHERE state = 0 AND claim_token IS NULL AND reaps = :reaps
  AND app_id BETWEEN :from AND :to
  AND ((app_id % :instance_count) + :instance_count) % :instance_count = :instance_id
ORDER BY app_id
LIMIT :limit;

-- name: claim_apps
-- The applications of a JSON array, each by its key: by the index, all that are ready would be read.
UPDATE processing_queue NOT INDEXED
SET state = 1,
    claim_token = :token,
    attempts = attempts + 1
WHERE app_id IN (SELECT value FROM json_each(:app_ids)) AND state = 0;

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, claim_token, session_id, app_count)
VALUES (:now, 'claimed', :token, :session, :app_count);

-- name: claimed_elsewhere
SELECT count(*)
FROM processing_queue INDEXED BY processing_queue_claim
WHERE state = 1
  AND app_id BETWEEN :from AND :to
  AND ((app_id % :instance_count) + :instance_count) % :instance_count = :instance_id;
