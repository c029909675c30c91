SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks whether the source table can be claimed from. Installing refuses a source with a
            problem. Without the index, each application would cost a scan of the documents; with a
            duplicate id, enqueueing would fail.
Parameters: none
Results:    the first problem and its fix, or NULL: the table and its two columns must exist,
            be visible to the caller (VIEW DEFINITION) and have supported types, and a table must have
            a unique, enabled, unfiltered index on the id. The index may also have the column by which it
            is partitioned. A view is not checked for an index.
Errors:     none
Called by:  the installation; xmlshred doctor; the procedures that read the source
Isolation:  reads the catalog only
Example:    SELECT [$(Schema)].[ufn_SourceProblem]() AS problem;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_SourceProblem]()
RETURNS nvarchar(2048)
AS
BEGIN
    DECLARE @object_id int = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]');
    DECLARE @id_type nvarchar(128);
    DECLARE @document_type nvarchar(128);

    SELECT
        @id_type = MAX(CASE WHEN c.name = N'$(SourceIdColumn)' THEN TYPE_NAME(c.system_type_id) ELSE N'' END),
        @document_type = MAX(
            CASE WHEN c.name = N'$(SourceDocumentColumn)' THEN TYPE_NAME(c.system_type_id) ELSE N'' END
        )
    FROM sys.columns AS c
    WHERE c.object_id = @object_id;

    RETURN N'[$(SourceSchema)].[$(SourceTable)] ' + CASE
        WHEN @id_type IS NULL OR @id_type = N'' OR @document_type = N''
            THEN N'or its column $(SourceIdColumn) or $(SourceDocumentColumn) does not exist, or this login has no'
                + N' permission to see it; check the names, and that its role has VIEW DEFINITION on the table'
        WHEN @id_type NOT IN (N'bigint', N'int', N'smallint', N'tinyint')
            THEN N'has a column $(SourceIdColumn) of type ' + @id_type
                + N'; change it to bigint, int, smallint or tinyint'
        WHEN @document_type IN (N'ntext', N'text', N'image')
            THEN N'has a column $(SourceDocumentColumn) of the deprecated type ' + @document_type
                + N'; change it with ALTER TABLE [$(SourceSchema)].[$(SourceTable)] ALTER COLUMN'
                + N' [$(SourceDocumentColumn)] '
                + CASE @document_type
                    WHEN N'ntext' THEN N'nvarchar(max)'
                    WHEN N'text' THEN N'varchar(max)'
                    ELSE N'varbinary(max)'
                END
        WHEN @document_type NOT IN (N'nvarchar', N'varchar', N'varbinary', N'xml')
            THEN N'has a column $(SourceDocumentColumn) of type ' + @document_type
                + N'; change it to nvarchar, varchar, varbinary or xml'
        WHEN OBJECTPROPERTY(@object_id, 'IsUserTable') = 1
            AND NOT EXISTS
            (
                SELECT 1
                FROM sys.indexes AS i
                INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
                WHERE i.object_id = @object_id
                    AND i.type IN (1, 2)
                    AND i.is_unique = 1
                    AND i.is_disabled = 0
                    AND i.has_filter = 0
                    AND k.key_ordinal = 1
                    AND COL_NAME(k.object_id, k.column_id) = N'$(SourceIdColumn)'
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM sys.index_columns AS o
                        WHERE o.object_id = i.object_id
                            AND o.index_id = i.index_id
                            AND o.key_ordinal > 1
                            AND o.partition_ordinal = 0
                    )
            )
            THEN N'has no unique, enabled and unfiltered index on $(SourceIdColumn); create it with CREATE UNIQUE INDEX'
                + N' [UX_$(SourceTable)_$(SourceIdColumn)] ON [$(SourceSchema)].[$(SourceTable)]'
                + N' ([$(SourceIdColumn)])'
    END;
END;
GO
DECLARE @problem nvarchar(2048) = [$(Schema)].[ufn_SourceProblem]();

IF @problem IS NOT NULL
BEGIN
    THROW 50030, @problem, 1;
END;
GO
