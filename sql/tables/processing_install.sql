SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
What was installed, when and by whom: one row per installation that changed something. The
newest row is the version that is here now. An executable refuses a schema_version it does not
know.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_install]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_install]
    (
        install_id int IDENTITY (1, 1) NOT NULL,
        schema_version int NOT NULL,
        program_version nvarchar(50) NOT NULL,
        installed_at_utc datetime2(3) NOT NULL
            CONSTRAINT DF_processing_install_installed_at_utc DEFAULT (SYSUTCDATETIME()),
        installed_by nvarchar(128) NOT NULL
            CONSTRAINT DF_processing_install_installed_by DEFAULT (ORIGINAL_LOGIN()),
        CONSTRAINT PK_processing_install PRIMARY KEY CLUSTERED (install_id)
    );
END;
GO
