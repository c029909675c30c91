-- How many applications are left, and what are the outcomes of the others? One row per state, also where it
-- has no application. Counts what is claimed or quarantined, which is little: processing_outcome has the sums of
-- the queue and of the log.
CREATE VIEW vw_QueueStatus AS
SELECT 'ready' AS state,
       o.applications - (SELECT count(*) FROM processing_queue AS u WHERE u.state > 0) AS applications,
       -- Past the few that are claimed or quarantined.
       (SELECT u.enqueued_at_utc FROM processing_queue AS u INDEXED BY processing_queue_enqueued
        WHERE u.state = 0 ORDER BY u.enqueued_at_utc LIMIT 1) AS oldest_at_utc,
       (SELECT u.enqueued_at_utc FROM processing_queue AS u INDEXED BY processing_queue_enqueued
        WHERE u.state = 0 ORDER BY u.enqueued_at_utc DESC LIMIT 1) AS newest_at_utc,
       o.document_bytes
           - (SELECT coalesce(sum(u.document_bytes), 0) FROM processing_queue AS u WHERE u.state > 0)
           AS document_bytes
FROM processing_outcome AS o
WHERE o.outcome = 'queued'
UNION ALL
SELECT n.state,
       (SELECT count(*) FROM processing_queue AS u WHERE u.state = n.state_number),
       (SELECT min(u.enqueued_at_utc) FROM processing_queue AS u
        WHERE u.state = n.state_number),
       (SELECT max(u.enqueued_at_utc) FROM processing_queue AS u
        WHERE u.state = n.state_number),
       (SELECT coalesce(sum(u.document_bytes), 0) FROM processing_queue AS u
        WHERE u.state = n.state_number)
FROM (SELECT 'claimed' AS state, 1 AS state_number
      UNION ALL SELECT 'quarantined', 2) AS n
UNION ALL
SELECT n.state, n.applications,
       -- Without any, this would pass every attempt.
       CASE WHEN n.applications > 0
            THEN (SELECT c.processed_at_utc FROM vw_concluded AS c
                  WHERE c.status = n.state ORDER BY c.processed_at_utc LIMIT 1) END,
       CASE WHEN n.applications > 0
            THEN (SELECT c.processed_at_utc FROM vw_concluded AS c
                  WHERE c.status = n.state ORDER BY c.processed_at_utc DESC LIMIT 1) END,
       NULL
FROM (SELECT 'failed' AS state,
             (SELECT coalesce(sum(o.applications), 0) FROM processing_outcome AS o
              WHERE o.outcome NOT IN ('success', 'queued')) AS applications
      UNION ALL
      SELECT 'success',
             (SELECT coalesce(sum(o.applications), 0) FROM processing_outcome AS o
              WHERE o.outcome = 'success')) AS n
UNION ALL
SELECT 'not_enqueued',
       (SELECT count(*)
        FROM app_xml AS s INDEXED BY app_xml_id
        WHERE s.app_id >= e.lowest_new
          AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = s.app_id)
          AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = s.app_id)),
       NULL, NULL, NULL
FROM processing_enqueue AS e;
