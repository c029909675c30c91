SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
CREATE NONCLUSTERED INDEX IX_processing_queue_enqueued
    ON [$(Schema)].[processing_queue] (enqueued_at_utc)
    WITH (ALLOW_PAGE_LOCKS = OFF);
GO
