SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per installed file, so that `xmlshred install --info` can report an object as current,
missing, older or edited. file_checksum is the SHA-256 of the file's text with line feeds;
definition_checksum is the SHA-256 of OBJECT_DEFINITION right after the installation, NULL for files
that create no module.

The row due/recount is of no file: since the sums were created beside an existing log, usp_RecountSums has not
run yet.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_install_file]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_install_file]
    (
        file_name nvarchar(200) NOT NULL,
        schema_version int NOT NULL,
        file_checksum binary(32) NOT NULL,
        definition_checksum binary(32) NULL,
        installed_at_utc datetime2(3) NOT NULL
            CONSTRAINT DF_processing_install_file_installed_at_utc DEFAULT (SYSUTCDATETIME()),
        CONSTRAINT PK_processing_install_file PRIMARY KEY CLUSTERED (file_name)
    );
END;
GO
