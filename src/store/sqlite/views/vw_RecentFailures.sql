-- Which applications failed, why, and where in the document? Order by processed_at_utc DESC.
CREATE VIEW vw_RecentFailures AS
SELECT l.processed_at_utc, l.app_id, l.attempt, l.failure_category, l.failure_table, l.failure_column,
       l.failure_value, l.failure_reason, l.failure_path, l.failure_line, l.failure_column_number,
       l.error_number, l.fingerprint, s.worker_name, l.is_latest,
       l.is_latest = 1 AND EXISTS (SELECT 1 FROM processing_queue AS q
                                   WHERE q.app_id = l.app_id) AS is_redriven,
       (SELECT k.attempt FROM processing_log AS k
        WHERE k.app_id = l.app_id AND k.has_rows = 1) AS rows_of_attempt
FROM processing_log AS l
LEFT JOIN processing_session AS s ON s.session_id = l.session_id
WHERE l.status = 'failed';
