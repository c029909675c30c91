-- How many documents there are, and how many of them are queued or logged. Looks at every id: only so is a
-- document found that was lost.
CREATE VIEW vw_sourced AS
SELECT count(*) AS expected,
       count(*) FILTER (WHERE EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = s.app_id)
                           OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = s.app_id)) AS actual
FROM app_xml AS s INDEXED BY app_xml_id;
