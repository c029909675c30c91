SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How many rows are of the last attempts?
Columns:    row_count
Cost:       reads the whole log
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Example]
AS
SELECT SUM(n.row_count) AS row_count
FROM [$(Schema)].[processing_log] AS l
INNER JOIN [$(Schema)].[processing_log_table] AS n ON l.app_id = n.app_id AND l.attempt = n.attempt
WHERE l.has_rows = 1;
GO
