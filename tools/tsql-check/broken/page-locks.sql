SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
IF OBJECT_ID(N'[$(Schema)].[example]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[example]
    (
        app_id bigint NOT NULL,
        CONSTRAINT PK_example PRIMARY KEY CLUSTERED (app_id) WITH (ALLOW_PAGE_LOCKS = OFF)
    );
END;
GO
