-- Counts for people. Mirrors usp_GetStatus.

-- name: source
SELECT documents
FROM processing_enqueue;

-- name: table_exists
SELECT 1
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name = :table COLLATE NOCASE;

-- name: written
-- Rows that the attempts wrote: counting the table would take the longer the more it has.
SELECT coalesce((SELECT row_count FROM processing_written WHERE table_name = :table), 0);

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

-- name: states
SELECT state, applications
FROM vw_QueueStatus
WHERE state <> 'not_enqueued';

-- name: failures
SELECT outcome, applications
FROM processing_outcome
WHERE outcome NOT IN ('success', 'queued') AND applications > 0
ORDER BY applications DESC, outcome;

-- name: claims
SELECT claim_token, session_id, worker_name, app_count, age_seconds, remaining_seconds, renewals
FROM vw_ActiveClaims
ORDER BY claimed_at_utc, claim_token;

-- name: sessions
-- Also those of a report.
SELECT session_id, worker_name, host_name, state, started_at_utc, last_seen_at_utc, ended_at_utc, exit_status,
       claimed, success, failed, released, reaped, refused, holds, program_version, contract_hash
FROM vw_Sessions
WHERE last_seen_at_utc >= :since
  AND (:session IS NULL OR session_id = :session)
ORDER BY started_at_utc DESC, session_id
LIMIT :sessions;
