-- Which applications are quarantined, why, and which worker was the last?
CREATE VIEW vw_Quarantine AS
SELECT q.app_id,
       coalesce(c.event_type, 'unknown') AS cause,
       c.error_number,
       CASE c.event_type WHEN 'refused' THEN c.detail END AS error_message,
       e.occurred_at_utc AS quarantined_at_utc,
       q.reaps, q.lone_reaps, q.attempts, q.document_bytes, q.enqueued_at_utc,
       s.worker_name AS last_worker_name, s.host_name AS last_host_name, e.detail
FROM processing_queue AS q
LEFT JOIN processing_event AS e
    ON e.event_id = (SELECT max(v.event_id) FROM processing_event AS v
                     WHERE v.app_id = q.app_id AND v.event_type = 'quarantined')
LEFT JOIN processing_event AS c
    ON c.event_id = (SELECT max(v.event_id) FROM processing_event AS v
                     WHERE v.app_id = q.app_id AND v.event_type IN ('reaped', 'refused'))
LEFT JOIN processing_session AS s ON s.session_id = e.session_id
WHERE q.state = 2;
