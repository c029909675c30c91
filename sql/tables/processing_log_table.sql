SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The number of rows that a successful attempt wrote to each target table, of a backfill with those of
the attempt that it completed; no row where it wrote none. table_ordinal is that of processing_contract_table for the attempt's contract_hash.

No foreign key to processing_log, and none between the other tables that a completion writes: one
procedure writes both in one transaction, and checking the key could read, and lock, the whole log.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_log_table]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_log_table]
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        table_ordinal int NOT NULL,
        row_count bigint NOT NULL,
        CONSTRAINT PK_processing_log_table
            PRIMARY KEY CLUSTERED (app_id, attempt, table_ordinal),
        CONSTRAINT CK_processing_log_table_count CHECK (row_count >= 1)
    )
    ON [$(LogFilegroup)]
    WITH (DATA_COMPRESSION = $(LogCompression));
END;
GO
-- SET (LOCK_ESCALATION ...) is unknown to sqlfluff, and there is no other way to set it.
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_log_table]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_log_table] SET (LOCK_ESCALATION = DISABLE);
END;
GO
