-- Applications that can be retried.
CREATE VIEW vw_unsuccessful AS
SELECT app_id, 'failed' AS was, attempt AS attempts, failure_category, fingerprint
FROM vw_concluded
WHERE failure_category IS NOT NULL
UNION ALL
SELECT q.app_id, 'quarantined', q.attempts,
       (SELECT l.failure_category FROM processing_log AS l
        WHERE l.app_id = q.app_id AND l.is_latest = 1),
       NULL
FROM processing_queue AS q
WHERE q.state = 2;
