-- The last log row of every application that is not in the queue.
CREATE VIEW vw_concluded AS
SELECT l.*
FROM processing_log AS l
WHERE l.is_latest = 1
  AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = l.app_id);
