SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks whether documents can be inserted into the source table, and how.
Parameters: none
Results:    one row: document_type (nvarchar, varchar, varbinary, xml), is_identity (1: the table generates
            the ids)
Errors:     50030 the source table cannot be read
            50036 it cannot be filled: it is a view, or another column must have a value and has no default
Called by:  the executable (load), before it reads a file
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
    DECLARE @object_id int = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]');
    DECLARE @column_name nvarchar(128);
    DECLARE @column_count int;

    IF @message IS NOT NULL
    BEGIN
        THROW 50030, @message, 1;
    END;

    SELECT
        @column_name = MIN(c.name),
        @column_count = COUNT(*)
    FROM sys.columns AS c
    WHERE c.object_id = @object_id
        AND c.is_nullable = 0
        AND c.is_identity = 0
        AND c.is_computed = 0
        AND c.default_object_id = 0
        AND c.generated_always_type = 0
        AND TYPE_NAME(c.system_type_id) NOT IN (N'timestamp', N'rowversion')
        AND c.name NOT IN (N'$(SourceIdColumn)', N'$(SourceDocumentColumn)');

    SET @message = CASE
        WHEN OBJECTPROPERTY(@object_id, 'IsUserTable') = 0
            THEN N'[$(SourceSchema)].[$(SourceTable)] is a view: load into the table that it reads'
        WHEN @column_count > 0
            THEN CONCAT(
                N'[$(SourceSchema)].[$(SourceTable)] cannot be filled from files: its column ', @column_name,
                CASE WHEN @column_count > 1 THEN CONCAT(N' and ', @column_count - 1, N' more') ELSE N'' END,
                N' must have a value and has no default; add a DEFAULT constraint'
            )
    END;

    IF @message IS NOT NULL
    BEGIN
        THROW 50036, @message, 1;
    END;

    SELECT
        [$(Schema)].[ufn_SourceDocumentType]() AS document_type,
        c.is_identity
    FROM sys.columns AS c
    WHERE c.object_id = @object_id
        AND c.name = N'$(SourceIdColumn)';
END;
GO
