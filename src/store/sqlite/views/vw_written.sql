-- The rows that each table should have, and of these the rows of applications whose last attempt failed.
CREATE VIEW vw_written AS
SELECT w.table_name,
       w.row_count,
       coalesce((SELECT sum(t.value)
                 FROM processing_log AS l, json_each(l.rows_per_table) AS t
                 WHERE l.has_rows = 1 AND l.is_latest = 0 AND t.key = w.table_name), 0) AS stale
FROM processing_written AS w;
