SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns one source document, to shred an application without claiming it.
Parameters: @app_id  the application
Results:    one row, or none when the source row does not exist: app_id, document, document_encoding,
            as in usp_ClaimBatch
Errors:     50001 a parameter is wrong   50030 the source table cannot be read
Called by:  the executable (map --app-id, verify)
Isolation:  READ COMMITTED; reads the source by key
Example:    EXEC [$(Schema)].[usp_ReadDocument] @app_id = 101;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReadDocument]
    @app_id bigint
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();

    IF @app_id IS NULL
    BEGIN
        THROW 50001, N'usp_ReadDocument: @app_id is missing.', 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = [$(Schema)].[ufn_SourceProblem]();
        THROW 50030, @message, 1;
    END;

    SELECT
        CONVERT(bigint, s.[$(SourceIdColumn)]) AS app_id,
        CASE
            WHEN @document_type = N'varbinary' THEN CONVERT(varbinary(max), s.[$(SourceDocumentColumn)])
            ELSE CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[$(SourceDocumentColumn)]))
        END AS document,
        CASE WHEN @document_type = N'varbinary' THEN 'detect' ELSE 'utf16le' END AS document_encoding
    FROM [$(SourceSchema)].[$(SourceTable)] AS s
    WHERE s.[$(SourceIdColumn)] = @app_id;
END;
GO
