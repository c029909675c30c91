-- Failed applications whose rows in the target tables are those of an earlier success. Begins with these rows, which
-- are fewer than the failures.
CREATE VIEW vw_stale AS
SELECT c.app_id, r.attempt, c.attempt AS failed_attempt, c.failure_category, r.rows_per_table
FROM processing_log AS r INDEXED BY processing_log_superseded
CROSS JOIN vw_concluded AS c ON c.app_id = r.app_id
WHERE r.has_rows = 1 AND r.is_latest = 0 AND c.failure_category IS NOT NULL;
