-- How many documents there are, and how many of them are queued or logged: all that are known, less those without
-- a document.
CREATE VIEW vw_sourced AS
SELECT e.documents AS expected,
       (SELECT sum(o.applications) FROM processing_outcome AS o) - e.orphans AS actual
FROM processing_enqueue AS e;
