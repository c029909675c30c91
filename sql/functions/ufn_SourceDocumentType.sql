SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the base type of the source table's document column, which decides how a
            document is measured, returned and hashed.
Parameters: none
Results:    nvarchar, varchar, varbinary or xml; NULL when the source table or its column is
            missing or of another type, or the caller has no VIEW DEFINITION on it.
Errors:     none
Called by:  usp_EnqueueApps, usp_ClaimBatch, usp_ReadDocument, usp_RetryFailed, usp_RequeueApps
Isolation:  reads the catalog only
Example:    SELECT [$(Schema)].[ufn_SourceDocumentType]() AS document_type;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_SourceDocumentType]()
RETURNS nvarchar(128)
AS
BEGIN
    DECLARE @document_type nvarchar(128);

    SELECT @document_type = TYPE_NAME(c.system_type_id)
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
        AND c.name = N'$(SourceDocumentColumn)';

    RETURN CASE
        WHEN @document_type IN (N'nvarchar', N'varchar', N'varbinary', N'xml') THEN @document_type
    END;
END;
GO
