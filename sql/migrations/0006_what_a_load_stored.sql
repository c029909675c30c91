SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
processing_file has the hash of the document as the source table had it after its load. Of what was loaded before, it
is known of varbinary columns, which have the bytes of the file; of others it is NULL. On a new database the table is
like this already, and nothing is changed.
*/
IF COL_LENGTH(N'[$(Schema)].[processing_file]', N'stored_hash') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_file] ADD stored_hash binary(32) NULL;
END;
GO
UPDATE [$(Schema)].[processing_file]
SET stored_hash = source_hash
WHERE stored_hash IS NULL
    AND EXISTS
    (
        SELECT 1
        FROM sys.columns AS c
        WHERE c.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
            AND c.name = N'$(SourceDocumentColumn)'
            AND TYPE_NAME(c.system_type_id) = N'varbinary'
    );
GO
