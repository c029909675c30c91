-- Puts applications back into the queue, for retry_failed.sql and requeue_apps.sql. Mirrors
-- usp_Redrive.

-- name: queue
-- Checks again that the application is still concluded as it was listed. Attempts continue from the
-- logged ones.
INSERT INTO processing_queue
    (app_id, state, claim_token, attempts, reaps, lone_reaps,
     document_bytes, enqueued_at_utc)
SELECT c.app_id, 0, NULL, c.attempt, 0, 0,
       coalesce((SELECT octet_length(x.xml) FROM app_xml AS x WHERE x.app_id = c.app_id), 0),
       :now
FROM vw_concluded AS c
WHERE c.app_id = :app_id AND c.attempt = :attempts;

-- name: free
UPDATE processing_queue
SET state = 0,
    reaps = 0,
    lone_reaps = 0
WHERE app_id = :app_id AND state = 2;

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, app_id, attempt, detail)
VALUES (:now, 'requeued', :app_id, :attempts, :detail);
