SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which applications are quarantined, why, and which worker was the last?
Columns:    app_id, cause (reaped: its workers died or were lost; refused: the database refused it for
            an unknown reason; unknown: its events were purged), error_number and error_message (of the
            last refusal), quarantined_at_utc, reaps, lone_reaps, attempts, document_bytes,
            enqueued_at_utc, last_worker_name, last_host_name, detail
Cost:       the quarantined part of IX_processing_queue_claim, and the events of each. Sessions WITH
            (NOLOCK): a completion holds its own
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Quarantine]
AS
SELECT
    q.app_id,
    COALESCE(c.event_type, 'unknown') AS cause,
    c.error_number,
    CASE c.event_type WHEN 'refused' THEN c.detail END AS error_message,
    e.occurred_at_utc AS quarantined_at_utc,
    q.reaps,
    q.lone_reaps,
    q.attempts,
    q.document_bytes,
    q.enqueued_at_utc,
    s.worker_name AS last_worker_name,
    s.host_name AS last_host_name,
    e.detail
FROM [$(Schema)].[processing_queue] AS q
OUTER APPLY
    (
        SELECT TOP (1)
            v.occurred_at_utc,
            v.session_id,
            v.detail
        FROM [$(Schema)].[processing_event] AS v
        WHERE v.app_id = q.app_id
            AND v.event_type = 'quarantined'
        ORDER BY v.event_id DESC
    ) AS e
OUTER APPLY
    (
        SELECT TOP (1)
            v.event_type,
            v.error_number,
            v.detail
        FROM [$(Schema)].[processing_event] AS v
        WHERE v.app_id = q.app_id
            AND v.event_type IN ('reaped', 'refused')
        ORDER BY v.event_id DESC
    ) AS c
LEFT OUTER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON e.session_id = s.session_id
WHERE q.state = 2;
GO
