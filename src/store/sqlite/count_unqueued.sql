-- Counts the applications that enqueue_apps.sql would add as new. SQL Server has no such procedure:
-- counting requires a search of the source table there.

-- name: count
SELECT count(*)
FROM app_xml AS x INDEXED BY app_xml_id
WHERE x.app_id >= :from
  AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
  AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id);
