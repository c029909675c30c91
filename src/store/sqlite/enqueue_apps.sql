-- Adds source applications that are neither queued nor logged. Mirrors usp_EnqueueApps.

-- name: lowest_new
SELECT lowest_new
FROM processing_enqueue;

-- name: chunk
-- First and last id of the next chunk of new applications, and their number.
SELECT min(app_id), max(app_id), count(*)
FROM (SELECT x.app_id
      FROM app_xml AS x INDEXED BY app_xml_id
      WHERE x.app_id BETWEEN :from AND :to
        AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
        AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id)
      ORDER BY x.app_id
      LIMIT :limit);

-- name: add
INSERT INTO processing_queue
    (app_id, state, claim_token, attempts, reaps, lone_reaps,
     document_bytes, enqueued_at_utc)
SELECT x.app_id, 0, NULL, 0, 0, 0, coalesce(octet_length(x.xml), 0), :now
FROM app_xml AS x INDEXED BY app_xml_id
WHERE x.app_id BETWEEN :from AND :to
  AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
  AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id);

-- name: advance
-- A lower id that arrived meanwhile stays the lowest.
UPDATE processing_enqueue
SET lowest_new = :next
WHERE lowest_new >= :from;
