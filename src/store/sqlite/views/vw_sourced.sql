-- How many documents there are, and how many of them are queued or logged: all below the lowest new id, which
-- triggers keep, and those above it that enqueueing would not find.
CREATE VIEW vw_sourced AS
SELECT e.expected,
       e.expected - (SELECT applications FROM vw_QueueStatus WHERE state = 'not_enqueued') AS actual
FROM (SELECT count(*) AS expected FROM app_xml) AS e;
