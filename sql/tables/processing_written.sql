SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
How many rows of each target table the attempts wrote that the rows are of (processing_log.has_rows), so that
nobody sums processing_log_table: the sum over all rows of a table, of which single ones may be below 0. What
changes the log changes it in the same transaction.

session_id     as in processing_outcome
*/
IF OBJECT_ID(N'[$(Schema)].[processing_written]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_written]
    (
        session_id uniqueidentifier NOT NULL,
        schema_name nvarchar(128) NOT NULL,
        table_name nvarchar(128) NOT NULL,
        row_count bigint NOT NULL,
        CONSTRAINT PK_processing_written PRIMARY KEY CLUSTERED (session_id, schema_name, table_name)
    );
END;
GO
