SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    What happened to claims, in order: which worker claimed how much, renewed, released or
            was reaped, and which applications were refused by the database, quarantined or
            redriven, or lost their stale rows? Order by event_id DESC. usp_ExplainApp shows the history of one application.
Columns:    occurred_at_utc, event_type (claimed, renewed, released, reaped, refused, quarantined,
            requeued, rows_deleted, erased, backfilled), worker_name, host_name, app_id (NULL: the whole
            batch), app_count (of a batch), attempt, detail, error_number (of a refusal), login_name, claim_token,
            session_id, event_id
Cost:       a query with TOP and ORDER BY event_id DESC reads that many events from the end; a query
            by app_id or claim_token seeks an index. Sessions WITH (NOLOCK): a completion holds its own
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_LeaseTimeline]
AS
SELECT
    e.occurred_at_utc,
    e.event_type,
    s.worker_name,
    s.host_name,
    e.app_id,
    e.app_count,
    e.attempt,
    e.detail,
    e.error_number,
    e.login_name,
    e.claim_token,
    e.session_id,
    e.event_id
FROM [$(Schema)].[processing_event] AS e
LEFT OUTER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON e.session_id = s.session_id;
GO
