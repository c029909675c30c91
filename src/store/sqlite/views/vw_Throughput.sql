-- How many applications did each worker process in each minute?
CREATE VIEW vw_Throughput AS
SELECT t.minute_utc, s.worker_name, s.host_name, t.claimed, t.success, t.failed, t.released,
       CASE WHEN t.success + t.failed > 0
            THEN round(100.0 * t.failed / (t.success + t.failed), 2)
       END AS failed_percent,
       t.rows_written, t.document_bytes,
       round(t.shred_micros / 1000000.0, 1) AS cpu_seconds,
       t.session_id
FROM processing_throughput AS t
INNER JOIN processing_session AS s ON s.session_id = t.session_id;
