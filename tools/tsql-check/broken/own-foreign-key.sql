SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
IF OBJECT_ID(N'[$(Schema)].[example]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[example]
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        CONSTRAINT FK_example_log FOREIGN KEY (app_id, attempt)
            REFERENCES [$(Schema)].[processing_log] (app_id, attempt)
    );
END;
GO
