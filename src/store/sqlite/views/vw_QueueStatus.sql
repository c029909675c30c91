-- How many applications are left, and what are the outcomes of the others? One row per state, also where it
-- has no application. Never counts the log: processing_outcome has the sums.
CREATE VIEW vw_QueueStatus AS
SELECT n.state,
       -- Most are ready. SQLite counts a whole table by its pages, and a part of it row by row.
       CASE n.state_number
           WHEN 0
               THEN (SELECT count(*) FROM processing_queue)
                   - (SELECT count(*) FROM processing_queue AS u WHERE u.state > 0)
           ELSE (SELECT count(*) FROM processing_queue AS u WHERE u.state = n.state_number)
       END AS applications,
       (SELECT min(u.enqueued_at_utc) FROM processing_queue AS u
        WHERE u.state = n.state_number) AS oldest_at_utc,
       (SELECT max(u.enqueued_at_utc) FROM processing_queue AS u
        WHERE u.state = n.state_number) AS newest_at_utc,
       (SELECT coalesce(sum(u.document_bytes), 0) FROM processing_queue AS u
        WHERE u.state = n.state_number) AS document_bytes
FROM (SELECT 'ready' AS state, 0 AS state_number
      UNION ALL SELECT 'claimed', 1
      UNION ALL SELECT 'quarantined', 2) AS n
UNION ALL
SELECT n.state,
       (SELECT coalesce(sum(o.applications), 0) FROM processing_outcome AS o
        WHERE (o.outcome = 'success') = (n.state = 'success')),
       (SELECT c.processed_at_utc FROM vw_concluded AS c
        WHERE c.status = n.state ORDER BY c.processed_at_utc LIMIT 1),
       (SELECT c.processed_at_utc FROM vw_concluded AS c
        WHERE c.status = n.state ORDER BY c.processed_at_utc DESC LIMIT 1),
       NULL
FROM (SELECT 'failed' AS state UNION ALL SELECT 'success') AS n
UNION ALL
SELECT 'not_enqueued',
       (SELECT count(*)
        FROM app_xml AS s INDEXED BY app_xml_id
        WHERE s.app_id >= e.lowest_new
          AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = s.app_id)
          AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = s.app_id)),
       NULL, NULL, NULL
FROM processing_enqueue AS e;
