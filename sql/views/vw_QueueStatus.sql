SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How many applications are left, and what are the outcomes of the others?
Columns:    state (ready, claimed, quarantined, failed, success), applications, oldest_at_utc,
            newest_at_utc: the first three by the time they were enqueued, the last two by the time they
            were completed; document_bytes of the queued applications
Cost:       reads the queue, and scans the narrow index IX_processing_log_latest once
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_QueueStatus]
AS
SELECT
    CASE q.state WHEN 0 THEN 'ready' WHEN 1 THEN 'claimed' ELSE 'quarantined' END AS state,
    COUNT_BIG(*) AS applications,
    MIN(q.enqueued_at_utc) AS oldest_at_utc,
    MAX(q.enqueued_at_utc) AS newest_at_utc,
    SUM(q.document_bytes) AS document_bytes
FROM [$(Schema)].[processing_queue] AS q
GROUP BY q.state
UNION ALL
SELECT
    l.status AS state,
    COUNT_BIG(*) AS applications,
    MIN(l.processed_at_utc) AS oldest_at_utc,
    MAX(l.processed_at_utc) AS newest_at_utc,
    CONVERT(bigint, NULL) AS document_bytes
FROM [$(Schema)].[processing_log] AS l
WHERE l.is_latest = 1
    AND NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_queue] AS q
        WHERE q.app_id = l.app_id
    )
GROUP BY l.status;
GO
