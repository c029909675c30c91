SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How many applications are left, and what are the outcomes of the others?
Columns:    state, applications, oldest_at_utc, newest_at_utc, document_bytes. One row per state, also
            where it has no application:
            not_enqueued          source rows above the watermark that are neither queued nor logged;
                                  usp_EnqueueApps enqueues them
            ready, claimed,       in the queue, by the time they were enqueued; document_bytes is
            quarantined           their sum
            failed, success       the outcome of the last attempt, by the time it was completed
Cost:       reads the few rows of processing_outcome, of the queue what is claimed or quarantined, the source
            rows above the watermark (before the first enqueue: all), and for the times of an outcome that any
            application has the ends of IX_processing_log_processed, past what is superseded (in the index alone)
            or in the queue. Counts neither log nor queue; only for oldest_at_utc and newest_at_utc of ready it
            reads all of the queue: name the other columns where it is large. Waits for completions while
            READ_COMMITTED_SNAPSHOT is off; usp_GetStatus does not
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_QueueStatus]
AS
SELECT
    'ready' AS state,
    -- The sum and what is taken may be of different moments while there are no row versions.
    CASE WHEN s.applications > s.taken THEN s.applications - s.taken ELSE 0 END AS applications,
    (
        SELECT MIN(u.enqueued_at_utc)
        FROM [$(Schema)].[processing_queue] AS u
        WHERE u.state = 0
    ) AS oldest_at_utc,
    (
        SELECT MAX(u.enqueued_at_utc)
        FROM [$(Schema)].[processing_queue] AS u
        WHERE u.state = 0
    ) AS newest_at_utc,
    CASE WHEN s.document_bytes > s.taken_bytes THEN s.document_bytes - s.taken_bytes ELSE 0 END AS document_bytes
FROM
    (
        SELECT
            COALESCE(SUM(o.applications), 0) AS applications,
            COALESCE(SUM(o.document_bytes), 0) AS document_bytes,
            (
                SELECT COUNT_BIG(*)
                FROM [$(Schema)].[processing_queue] AS u
                WHERE u.state IN (1, 2)
            ) AS taken,
            (
                SELECT COALESCE(SUM(u.document_bytes), 0)
                FROM [$(Schema)].[processing_queue] AS u
                WHERE u.state IN (1, 2)
            ) AS taken_bytes
        FROM [$(Schema)].[processing_outcome] AS o
        WHERE o.outcome = 'queued'
    ) AS s
UNION ALL
SELECT
    n.state,
    q.applications,
    q.oldest_at_utc,
    q.newest_at_utc,
    q.document_bytes
FROM (VALUES ('claimed', 1), ('quarantined', 2)) AS n(state, state_number)
CROSS APPLY
    (
        SELECT
            COUNT_BIG(*) AS applications,
            MIN(u.enqueued_at_utc) AS oldest_at_utc,
            MAX(u.enqueued_at_utc) AS newest_at_utc,
            COALESCE(SUM(u.document_bytes), 0) AS document_bytes
        FROM [$(Schema)].[processing_queue] AS u
        WHERE u.state = n.state_number
            AND u.state IN (1, 2)
    ) AS q
UNION ALL
SELECT
    n.state,
    a.applications,
    -- Without any, each of these would pass every superseded attempt, and find nothing.
    CASE
        WHEN a.applications > 0
            THEN (
                SELECT TOP (1) l.processed_at_utc
                FROM [$(Schema)].[processing_log] AS l
                WHERE l.is_latest = 1
                    AND l.status = n.state
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.app_id = l.app_id
                    )
                ORDER BY l.processed_at_utc ASC
            )
    END AS oldest_at_utc,
    CASE
        WHEN a.applications > 0
            THEN (
                SELECT TOP (1) l.processed_at_utc
                FROM [$(Schema)].[processing_log] AS l
                WHERE l.is_latest = 1
                    AND l.status = n.state
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.app_id = l.app_id
                    )
                ORDER BY l.processed_at_utc DESC
            )
    END AS newest_at_utc,
    CONVERT(bigint, NULL) AS document_bytes
FROM (VALUES ('failed'), ('success')) AS n(state)
CROSS APPLY
    (
        SELECT CASE WHEN SUM(o.applications) > 0 THEN SUM(o.applications) ELSE 0 END AS applications
        FROM [$(Schema)].[processing_outcome] AS o
        WHERE CASE o.outcome WHEN 'success' THEN 'success' WHEN 'queued' THEN 'queued' ELSE 'failed' END = n.state
    ) AS a
UNION ALL
SELECT
    'not_enqueued' AS state,
    COUNT_BIG(*) AS applications,
    CONVERT(datetime2(3), NULL) AS oldest_at_utc,
    CONVERT(datetime2(3), NULL) AS newest_at_utc,
    CONVERT(bigint, NULL) AS document_bytes
FROM [$(SourceSchema)].[$(SourceTable)] AS s
WHERE s.[$(SourceIdColumn)] > COALESCE(
        (
            SELECT w.app_id
            FROM [$(Schema)].[processing_watermark] AS w
        ),
        -9223372036854775808
    )
    AND NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_queue] AS q
        WHERE q.app_id = s.[$(SourceIdColumn)]
    )
    AND NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_log] AS l
        WHERE l.app_id = s.[$(SourceIdColumn)]
    );
GO
