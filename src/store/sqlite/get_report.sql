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

-- name: sample
-- The newest attempts of each status. A completion may be a moment after its session was last seen.
SELECT l.app_id, l.attempt, l.status = 'success', l.shred_micros, l.document_bytes, s.worker_name,
       l.processed_at_utc
FROM processing_log AS l
LEFT JOIN processing_session AS s ON s.session_id = l.session_id
WHERE l.status = :status
  AND l.processed_at_utc BETWEEN :from AND :to + 60000
  AND (:session IS NULL OR l.session_id = :session)
ORDER BY l.processed_at_utc DESC
LIMIT :sample;

-- name: source_rows
SELECT expected, actual
FROM vw_sourced;

-- name: written
SELECT table_name, row_count, stale
FROM vw_written;

-- name: contracts
SELECT contract_hash, contract_name, installed_at_utc, retired_at_utc
FROM processing_contract
ORDER BY installed_at_utc DESC, retired_at_utc IS NOT NULL, contract_hash
LIMIT 20;
