SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks whether documents can be inserted into the source table, and how.
Parameters: none
Results:    one row: document_type (nvarchar, varchar, varbinary, xml), is_identity (1: the table generates
            the ids)
Errors:     50030 the source table cannot be read
            50036 it cannot be filled: it is a view, another column must have a value and has no default, or its
            IDENTITY counts downwards
Called by:  the executable (load), before it reads stdin or looks for a file that was loaded
Isolation:  reads the catalog only
Example:    EXEC [$(Schema)].[usp_CheckLoad];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CheckLoad]
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @message nvarchar(2048) = [$(Schema)].[ufn_SourceProblem]();

    IF @message IS NOT NULL
    BEGIN
        THROW 50030, @message, 1;
    END;

    SET @message = [$(Schema)].[ufn_LoadProblem]();

    IF @message IS NOT NULL
    BEGIN
        THROW 50036, @message, 1;
    END;

    SELECT
        [$(Schema)].[ufn_SourceDocumentType]() AS document_type,
        c.is_identity
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
        AND c.name = N'$(SourceIdColumn)';
END;
GO
