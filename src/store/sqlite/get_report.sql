-- What a report says of the course of the work. Mirrors usp_GetReport.

-- name: span
SELECT min(max(started_at_utc, :since)), max(last_seen_at_utc), count(*)
FROM processing_session
WHERE last_seen_at_utc >= :since
  AND (:session IS NULL OR session_id = :session);

-- name: slices
-- The last minute began before the session ended.
SELECT min(minute_utc - (minute_utc - :first) % :slice), sum(claimed), sum(success), sum(failed),
       sum(rows_written), sum(document_bytes), sum(shred_micros)
FROM processing_throughput
WHERE minute_utc BETWEEN :first AND :to
  AND (:session IS NULL OR session_id = :session)
GROUP BY (minute_utc - :first) / :slice
ORDER BY 1;

-- name: sample
-- The newest attempts. A completion may be a moment after its session was last seen.
SELECT l.app_id, l.attempt, l.status = 'success', l.shred_micros, l.document_bytes, s.worker_name,
       l.processed_at_utc
FROM (SELECT app_id, attempt, status, shred_micros, document_bytes, session_id, processed_at_utc
      FROM processing_log
      WHERE processed_at_utc BETWEEN :from AND :to + 60000
        AND (:session IS NULL OR session_id = :session)
      ORDER BY processed_at_utc DESC
      LIMIT :sample) AS l
LEFT JOIN processing_session AS s ON s.session_id = l.session_id
ORDER BY l.shred_micros DESC, l.app_id;

-- name: sessions
SELECT s.session_id, s.worker_name, s.host_name,
       CASE
           WHEN s.ended_at_utc IS NOT NULL THEN 'ended'
           WHEN EXISTS (SELECT 1 FROM processing_claim AS c WHERE c.session_id = s.session_id)
               THEN 'working'
           WHEN s.last_seen_at_utc >= :now - 600000 THEN 'idle'
           ELSE 'silent'
       END,
       s.started_at_utc, s.last_seen_at_utc, s.ended_at_utc, s.exit_status, s.claimed, s.success,
       s.failed, s.released, s.reaped, s.refused, s.program_version, s.contract_hash
FROM processing_session AS s
WHERE s.last_seen_at_utc >= :since
  AND (:session IS NULL OR s.session_id = :session)
ORDER BY s.started_at_utc DESC, s.session_id
LIMIT :sessions;

-- name: incidents
-- Of the newest events; a renewal is one event of a claim, the others are one per application.
SELECT min(occurred_at_utc),
       count(*) FILTER (WHERE event_type = 'renewed'),
       count(*) FILTER (WHERE event_type = 'released'),
       count(*) FILTER (WHERE event_type = 'reaped'),
       count(*) FILTER (WHERE event_type = 'refused'),
       count(*) FILTER (WHERE event_type = 'quarantined')
FROM processing_event
WHERE event_id > (SELECT coalesce(max(event_id), 0) FROM processing_event) - :events
  AND session_id = :session
  AND occurred_at_utc >= :from
  AND event_type IN ('renewed', 'released', 'reaped', 'refused', 'quarantined')
GROUP BY (occurred_at_utc - :from) / :slice
ORDER BY 1;

-- name: source_rows
SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = a.app_id)
                              OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = a.app_id)), 0)
FROM app_xml AS a;

-- name: written
-- The rows that each table should have, and of these the rows of applications whose last attempt failed.
SELECT t.key, sum(t.value),
       sum(CASE WHEN EXISTS (SELECT 1 FROM processing_log AS n
                             WHERE n.app_id = l.app_id AND n.attempt > l.attempt)
                THEN t.value ELSE 0 END)
FROM processing_log AS l, json_each(l.rows_per_table) AS t
WHERE l.has_rows = 1
GROUP BY t.key;

-- name: contracts
SELECT contract_hash, contract_name, installed_at_utc, retired_at_utc
FROM processing_contract
ORDER BY installed_at_utc DESC, retired_at_utc IS NOT NULL, contract_hash
LIMIT 20;
