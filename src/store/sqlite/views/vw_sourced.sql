-- How many documents there are, and how many of them are queued or logged.
CREATE VIEW vw_sourced AS
SELECT count(*) AS expected,
       coalesce(sum(EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = a.app_id)
                    OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = a.app_id)), 0) AS actual
FROM app_xml AS a INDEXED BY app_xml_id;
