-- Applications whose last attempt failed and that were not redriven, by page. Mirrors usp_ListFailures.

-- name: page
SELECT l.app_id, l.attempt, l.failure_category, l.failure_table, l.failure_column, l.failure_path,
       l.failure_line, l.failure_column_number, l.failure_value, l.failure_reason, l.fingerprint,
       l.error_number, l.processed_at_utc, s.worker_name, l.document_bytes,
       (SELECT r.attempt FROM processing_log AS r WHERE r.app_id = l.app_id AND r.has_rows = 1)
FROM vw_concluded AS l
LEFT JOIN processing_session AS s ON s.session_id = l.session_id
WHERE l.failure_category IS NOT NULL
  AND l.app_id >= :from
  AND l.processed_at_utc >= :since
  /* conditions */
ORDER BY l.app_id
LIMIT :size;
