-- Counts for people. Mirrors usp_GetStatus.

-- name: source
SELECT count(*)
FROM app_xml;

-- name: queue
SELECT state, count(*)
FROM processing_queue
GROUP BY state;

-- name: log
-- No category is success.
SELECT failure_category, count(*)
FROM vw_concluded
GROUP BY failure_category
ORDER BY count(*) DESC, failure_category;

-- name: claims
SELECT c.claim_token,
       coalesce(s.worker_name, c.session_id),
       (SELECT count(*)
        FROM processing_queue AS q INDEXED BY processing_queue_claim
        WHERE q.state = 1 AND q.claim_token = c.claim_token),
       :now - c.claimed_at,
       c.lease_expires_at - :now,
       c.renewals
FROM processing_claim AS c
LEFT JOIN processing_session AS s ON s.session_id = c.session_id
ORDER BY c.claimed_at, c.claim_token;

-- name: sessions
SELECT session_id, worker_name, started_at, last_seen_at, ended_at, exit_status,
       claimed, succeeded, failed, released, reaped
FROM processing_session
ORDER BY started_at DESC, session_id
LIMIT 50;
