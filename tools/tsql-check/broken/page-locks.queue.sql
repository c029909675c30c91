SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
CREATE NONCLUSTERED INDEX IX_processing_claim_session ON [$(Schema)].[processing_claim] (session_id);
GO
