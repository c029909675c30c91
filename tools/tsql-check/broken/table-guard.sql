SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
CREATE TABLE [$(Schema)].[processing_example] (app_id bigint NOT NULL);
GO
