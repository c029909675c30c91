-- Erases applications. Mirrors usp_EraseApps; the statements on the target tables come from the
-- contract, and the document is the store's own.

-- name: state
SELECT state
FROM processing_queue
WHERE app_id = :app_id;

-- name: wrote
-- What the attempt wrote that the rows in the target tables are of.
SELECT rows_per_table
FROM processing_log
WHERE app_id = :app_id AND has_rows = 1;

-- name: count_attempts
SELECT count(*)
FROM processing_log
WHERE app_id = :app_id;

-- name: erase_document
DELETE FROM app_xml
WHERE app_id = :app_id;

-- name: erase_log
DELETE FROM processing_log
WHERE app_id = :app_id;

-- name: erase_events
DELETE FROM processing_event
WHERE app_id = :app_id;

-- name: erase_queue
DELETE FROM processing_queue
WHERE app_id = :app_id;

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, app_id, detail)
VALUES (:now, 'erased', :app_id, :detail);
