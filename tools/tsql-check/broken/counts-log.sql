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
SELECT COUNT_BIG(*) AS row_count
FROM [$(Schema)].[processing_log] AS l
WHERE l.is_latest = 1
    AND l.status = 'success';
GO
