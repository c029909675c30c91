-- Counts for people. Mirrors usp_GetStatus.

-- name: source
SELECT count(*)
FROM app_xml;

-- name: table_exists
SELECT 1
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name = :table COLLATE NOCASE;

-- name: queue
SELECT state, count(*)
FROM processing_queue
GROUP BY state;

-- name: log
-- Success has no category.
SELECT failure_category, count(*)
FROM vw_concluded
GROUP BY failure_category
ORDER BY count(*) DESC, failure_category;

-- name: stale
-- Failed applications with the rows of an earlier success.
SELECT count(*)
FROM vw_stale;

-- name: not_enqueued
SELECT count(*)
FROM (SELECT 1
      FROM app_xml AS s INDEXED BY app_xml_id
      WHERE s.app_id >= (SELECT lowest_new FROM processing_enqueue)
        AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = s.app_id)
        AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = s.app_id)
      LIMIT 100000);

-- name: recent
SELECT coalesce(sum(success + failed), 0), 1 + (:now - min(minute_utc)) / 1000
FROM processing_throughput
WHERE minute_utc >= :now - 600000;

-- name: claims
SELECT c.claim_token,
       coalesce(s.worker_name, c.session_id),
       (SELECT count(*)
        FROM processing_queue AS q INDEXED BY processing_queue_claim
        WHERE q.state = 1 AND q.claim_token = c.claim_token),
       :now - c.claimed_at_utc,
       c.lease_expires_at_utc - :now,
       c.renewals
FROM processing_claim AS c
LEFT JOIN processing_session AS s ON s.session_id = c.session_id
ORDER BY c.claimed_at_utc, c.claim_token;

-- name: sessions
SELECT session_id, worker_name, started_at_utc, last_seen_at_utc, ended_at_utc, exit_status,
       claimed, success, failed, released, reaped, refused
FROM processing_session
ORDER BY started_at_utc DESC, session_id
LIMIT 50;
