SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
processing_file says whether a load replaced a document of the application, which unloading does not bring back. Of what
was loaded before, nobody knows, and none counts as a replacement. On a new database the table is like this already,
and nothing is changed.
*/
IF COL_LENGTH(N'[$(Schema)].[processing_file]', N'has_replaced') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_file]
    ADD has_replaced bit NOT NULL CONSTRAINT DF_processing_file_has_replaced DEFAULT (0);
END;
GO
