-- Extends one claim if it is still held. Mirrors usp_RenewLease.

-- name: renew
UPDATE processing_claim
SET lease_ms = :lease_ms,
    lease_expires_at_utc = :now + :lease_ms,
    renewals = renewals + 1
WHERE claim_token = :token
RETURNING session_id, app_count;

-- name: session
UPDATE processing_session
SET last_seen_at_utc = :now
WHERE session_id = :session;

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, claim_token, session_id, app_count)
VALUES (:now, 'renewed', :token, :session, :app_count);
