SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which claims are there?
Columns:    claim_token
Cost:       one row per claim
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Example]
AS
SELECT c.claim_token
FROM [$(Schema)].[processing_claim] AS c;
GO
