-- Deletes old rows that are superseded. Mirrors usp_PurgeLog. The last log row of an application
-- always stays: without it, enqueueing would add finished applications again. So does the row of
-- the attempt that its rows in the target tables are of: without it, nothing would account for them.
-- :orphans deletes all attempts of applications without a document. A session that never ended must
-- have been silent for one day longer (in milliseconds).

-- name: attempts
SELECT l.app_id, l.attempt
FROM processing_log AS l
WHERE (l.app_id, l.attempt) > (:app_id, :attempt)
  AND l.processed_at_utc < :before
  AND (
      (l.has_rows = 0
       AND EXISTS (SELECT 1 FROM processing_log AS n
                   WHERE n.app_id = l.app_id AND n.attempt > l.attempt))
      OR (:orphans
          AND NOT EXISTS (SELECT 1 FROM app_xml AS s WHERE s.app_id = l.app_id)
          AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = l.app_id)))
ORDER BY l.app_id, l.attempt
LIMIT :chunk;

-- name: delete_attempt
DELETE FROM processing_log
WHERE app_id = :app_id AND attempt = :attempt;

-- name: count_attempts
SELECT count(*)
FROM processing_log AS l
WHERE l.processed_at_utc < :before
  AND (
      (l.has_rows = 0
       AND EXISTS (SELECT 1 FROM processing_log AS n
                   WHERE n.app_id = l.app_id AND n.attempt > l.attempt))
      OR (:orphans
          AND NOT EXISTS (SELECT 1 FROM app_xml AS s WHERE s.app_id = l.app_id)
          AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = l.app_id)));

-- name: delete_events
DELETE FROM processing_event
WHERE event_id IN (SELECT event_id FROM processing_event
                   WHERE occurred_at_utc < :before
                   ORDER BY event_id
                   LIMIT :chunk);

-- name: count_events
SELECT count(*)
FROM processing_event
WHERE occurred_at_utc < :before;

-- name: delete_sessions
DELETE FROM processing_session
WHERE session_id IN (SELECT s.session_id FROM processing_session AS s
                     WHERE coalesce(s.ended_at_utc, s.last_seen_at_utc + 86400000) < :before
                       AND NOT EXISTS (SELECT 1 FROM processing_claim AS c
                                       WHERE c.session_id = s.session_id)
                     LIMIT :chunk);

-- name: count_sessions
SELECT count(*)
FROM processing_session AS s
WHERE coalesce(s.ended_at_utc, s.last_seen_at_utc + 86400000) < :before
  AND NOT EXISTS (SELECT 1 FROM processing_claim AS c WHERE c.session_id = s.session_id);

-- name: delete_throughput
DELETE FROM processing_throughput
WHERE (minute_utc, session_id) IN (SELECT minute_utc, session_id FROM processing_throughput
                                  WHERE minute_utc < :before
                                  LIMIT :chunk);
