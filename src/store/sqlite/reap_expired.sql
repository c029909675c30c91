-- Reaps claims whose lease has expired. Mirrors usp_ReapExpired.

-- name: from_the_future
-- No lease ends later than its length from now, unless the clock was put back since it was given.
SELECT 1
FROM processing_claim
WHERE lease_expires_at_utc > :now AND lease_expires_at_utc > :now + lease_ms
LIMIT 1;

-- name: shorten
-- Such a lease counts from now: a living worker renews it in time, and that of a dead one expires.
UPDATE processing_claim
SET lease_expires_at_utc = :now + lease_ms
WHERE lease_expires_at_utc > :now AND lease_expires_at_utc > :now + lease_ms;

-- name: expired
SELECT claim_token
FROM processing_claim
WHERE lease_expires_at_utc < :now
ORDER BY lease_expires_at_utc
LIMIT :max_claims;

-- name: claim
-- Checks the expiry again: the claim may have been renewed since it was listed.
DELETE FROM processing_claim
WHERE claim_token = :token AND lease_expires_at_utc < :now
RETURNING session_id, lease_expires_at_utc, lease_ms;

-- name: held
SELECT app_id, attempts, reaps, lone_reaps
FROM processing_queue INDEXED BY processing_queue_claim
WHERE state = 1 AND claim_token = :token
ORDER BY app_id;

-- name: queue
UPDATE processing_queue
SET state = :state,
    claim_token = NULL,
    reaps = reaps + 1,
    lone_reaps = lone_reaps + :alone
WHERE app_id = :app_id AND state = 1 AND claim_token = :token;

-- name: worker
SELECT worker_name
FROM processing_session
WHERE session_id = :session;

-- name: history
-- What made the application suspect since it was last redriven, oldest first: the workers that were
-- reaped with it, and the refusals of the database.
SELECT e.event_type, coalesce(s.worker_name, e.session_id), e.detail
FROM processing_event AS e
LEFT JOIN processing_session AS s ON s.session_id = e.session_id
WHERE e.app_id = :app_id AND e.event_type IN ('reaped', 'refused')
  AND NOT EXISTS (SELECT 1 FROM processing_event AS n
                  WHERE n.app_id = e.app_id AND n.event_type = 'requeued'
                    AND n.event_id > e.event_id)
ORDER BY e.event_id;

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, app_id, attempt, claim_token, session_id, detail)
VALUES (:now, :event_type, :app_id, :attempt, :token, :session, :detail);

-- name: session
UPDATE processing_session
SET reaped = reaped + :apps
WHERE session_id = :session;
