SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How many applications did each worker process in each minute? Order by minute_utc DESC.
Columns:    minute_utc, worker_name, host_name, claimed, success, failed, released,
            failed_percent (of the completed ones), rows_written, document_bytes, cpu_seconds (spent
            on shredding, in all threads), session_id
Cost:       reads processing_throughput, one row per session and minute, and never the log. A query
            with minute_utc >= … seeks IX_processing_throughput_minute. Sessions WITH (NOLOCK): a
            completion holds its own
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Throughput]
AS
SELECT
    t.minute_utc,
    s.worker_name,
    s.host_name,
    t.claimed,
    t.success,
    t.failed,
    t.released,
    CASE
        WHEN t.success + t.failed > 0
            THEN CONVERT(decimal(5, 2), 100.0 * t.failed / (t.success + t.failed))
    END AS failed_percent,
    t.rows_written,
    t.document_bytes,
    CONVERT(decimal(19, 1), t.shred_micros / 1000000.0) AS cpu_seconds,
    t.session_id
FROM [$(Schema)].[processing_throughput] AS t
INNER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON t.session_id = s.session_id;
GO
