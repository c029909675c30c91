SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per installation that changed something: its versions, time and login. The newest row is
the installed version. An executable refuses a schema_version that it does not know.
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
