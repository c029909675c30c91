-- What happened to claims, in order. A file has no logins: login_name is NULL.
CREATE VIEW vw_LeaseTimeline AS
SELECT e.occurred_at_utc, e.event_type, s.worker_name, s.host_name, e.app_id, e.app_count, e.attempt,
       e.detail, e.error_number, NULL AS login_name, e.claim_token, e.session_id, e.event_id
FROM processing_event AS e
LEFT JOIN processing_session AS s ON s.session_id = e.session_id;
