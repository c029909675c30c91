SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the hash of a document as the source table has it, by which a document is known that another
            program has changed since it was loaded.
Parameters: @app_id         the application
            @document_type  of ufn_SourceDocumentType
Results:    SHA-256 of the bytes of a varbinary column, and of the UTF-16 of a text or xml column; zeros if there is no
            document
Errors:     none
Called by:  usp_FindDocuments, usp_LoadDocuments, usp_UnloadDocuments
Isolation:  the caller's; seeks the source table
Example:    SELECT [$(Schema)].[ufn_DocumentHash](101, [$(Schema)].[ufn_SourceDocumentType]()) AS document_hash;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_DocumentHash](@app_id bigint, @document_type nvarchar(128))
RETURNS binary(32)
AS
BEGIN
    DECLARE @document_hash binary(32);

    SELECT
        @document_hash = HASHBYTES(
            'SHA2_256',
            CASE
                WHEN @document_type = N'varbinary' THEN CONVERT(varbinary(max), s.[$(SourceDocumentColumn)])
                ELSE CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[$(SourceDocumentColumn)]))
            END
        )
    FROM [$(SourceSchema)].[$(SourceTable)] AS s
    WHERE s.[$(SourceIdColumn)] = @app_id;

    RETURN COALESCE(@document_hash, 0x);
END;
GO
