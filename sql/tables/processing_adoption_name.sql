SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
What adopting a log renamed, so that uninstalling gives it its name back: the log itself, and its
constraints with names that the installation needs. No rows where the log was in another schema.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_adoption_name]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_adoption_name]
    (
        current_name nvarchar(128) NOT NULL,
        original_name nvarchar(128) NOT NULL,
        CONSTRAINT PK_processing_adoption_name PRIMARY KEY CLUSTERED (current_name)
    );
END;
GO
