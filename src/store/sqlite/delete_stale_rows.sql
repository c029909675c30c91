-- Deletes the rows of applications that failed after a success. Mirrors usp_DeleteStaleRows; the
-- statements on the target tables come from the contract.

-- name: all
SELECT app_id, attempt, failed_attempt, failure_category, rows_per_table
FROM vw_stale
WHERE app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: app_ids
SELECT app_id, attempt, failed_attempt, failure_category, rows_per_table
FROM vw_stale
WHERE app_id IN (SELECT value FROM json_each(:app_ids)) AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: forget
-- Checks again that the application is still concluded as it was listed.
UPDATE processing_log
SET has_rows = 0
WHERE app_id = :app_id AND attempt = :attempt AND has_rows = 1
  AND EXISTS (SELECT 1 FROM vw_stale AS s
              WHERE s.app_id = :app_id AND s.failed_attempt = :failed_attempt);

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, app_id, attempt, detail)
VALUES (:now, 'rows_deleted', :app_id, :attempt, :detail);
