SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks whether documents can be inserted into the source table.
Parameters: none
Results:    the first problem and its fix, or NULL: the source is a table, not a view; no other column must have
            a value and has no default; and an IDENTITY counts upwards. With one that counts downwards, the ids
            that the table generates would be paired with the wrong files, and enqueueing finds new ids above
            the watermark only.
Errors:     none
Called by:  usp_CheckLoad, usp_LoadDocuments
Isolation:  reads the catalog only
Example:    SELECT [$(Schema)].[ufn_LoadProblem]() AS problem;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_LoadProblem]()
RETURNS nvarchar(2048)
AS
BEGIN
    DECLARE @object_id int = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]');
    DECLARE @column_name nvarchar(128);
    DECLARE @column_count int;
    DECLARE @increment bigint = (
        SELECT CONVERT(bigint, c.increment_value)
        FROM sys.identity_columns AS c
        WHERE c.object_id = @object_id
            AND c.name = N'$(SourceIdColumn)'
    );

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

    RETURN N'[$(SourceSchema)].[$(SourceTable)] ' + CASE
        WHEN OBJECTPROPERTY(@object_id, 'IsUserTable') = 0
            THEN N'is a view: load into the table that it reads'
        WHEN @column_count > 0
            THEN CONCAT(
                N'cannot be filled from files: its column ', @column_name,
                CASE WHEN @column_count > 1 THEN CONCAT(N' and ', @column_count - 1, N' more') ELSE N'' END,
                N' must have a value and has no default; add a DEFAULT constraint'
            )
        WHEN @increment < 0
            THEN CONCAT(
                N'cannot be filled from files: its column $(SourceIdColumn) is an IDENTITY that counts downwards (',
                @increment, N'), and a new id must be above the earlier ones; load into a table whose IDENTITY'
                + N' counts upwards'
            )
    END;
END;
GO
