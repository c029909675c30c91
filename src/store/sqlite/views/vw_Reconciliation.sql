-- Is every source row queued or logged, and do the target tables have as many rows as the log records? All
-- is well if every difference is 0. Sums say how many documents are queued or logged; target tables are counted.
CREATE VIEW vw_Reconciliation AS
SELECT 'source rows' AS subject, r.expected, r.actual, r.actual - r.expected AS difference,
       NULL AS not_ours, NULL AS stale,
       'source rows that are queued, quarantined or logged; run xmlshred enqueue if some are missing'
           AS meaning
FROM vw_sourced AS r
UNION ALL
SELECT t.table_name, coalesce(w.row_count, 0), t.row_count,
       min(t.row_count - coalesce(w.row_count, 0), 0),
       max(t.row_count - coalesce(w.row_count, 0), 0),
       coalesce(w.stale, 0),
       'rows in the target table'
FROM vw_TargetCounts AS t
LEFT JOIN vw_written AS w ON w.table_name = t.table_name;
