SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Schema version 3: processing_file says how a file was divided into records. Of what was loaded before, nobody
knows: NULL. On a new database the table is like this already, and nothing is changed.
*/
IF COL_LENGTH(N'[$(Schema)].[processing_file]', N'record_path') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_file] ADD record_path nvarchar(1000) COLLATE Latin1_General_BIN2 NULL;
    ALTER TABLE [$(Schema)].[processing_file] ADD has_envelope bit NULL;
END;
GO
