SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How many applications are ready?
Columns:    applications
Cost:       reads the whole queue
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Example]
AS
SELECT COUNT_BIG(*) AS applications
FROM [$(Schema)].[processing_queue] AS q
WHERE q.state = 0;
GO
