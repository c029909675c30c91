SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
IX_processing_log_processed has is_latest, so that vw_QueueStatus passes superseded attempts without looking each of
them up in the log. Nothing writes to the log until the installation ends: in the order of a minute per ten million
attempts. The index is compressed as the log is. On a new database, where nothing is installed yet, the table is
like this already, and nothing is changed.
*/
IF EXISTS
(
    SELECT 1
    FROM [$(Schema)].[processing_install]
)
BEGIN
    DECLARE @compression nvarchar(60);
    DECLARE @statement nvarchar(max);

    SELECT @compression = p.data_compression_desc
    FROM sys.partitions AS p
    WHERE p.object_id = OBJECT_ID(N'[$(Schema)].[processing_log]')
        AND p.index_id = 1
        AND p.partition_number = 1;

    SET @statement = CONCAT(
        N'CREATE NONCLUSTERED INDEX IX_processing_log_processed
            ON [$(Schema)].[processing_log] (status, processed_at_utc)
            INCLUDE (is_latest)
            WITH (DATA_COMPRESSION = ', COALESCE(@compression, N'NONE'), N');'
    );

    DROP INDEX IF EXISTS IX_processing_log_processed ON [$(Schema)].[processing_log];

    EXEC (@statement);
END;
GO
