SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The counts of each session in each minute. Views of throughput read this table and never the log, so
their cost does not depend on the size of the log. Only usp_RecordThroughput writes it, in the
transaction that it counts.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_throughput]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_throughput]
    (
        session_id uniqueidentifier NOT NULL,
        minute_utc datetime2(0) NOT NULL,
        claimed bigint NOT NULL,
        success bigint NOT NULL,
        failed bigint NOT NULL,
        released bigint NOT NULL,
        rows_written bigint NOT NULL,
        document_bytes bigint NOT NULL,
        shred_micros bigint NOT NULL,
        CONSTRAINT PK_processing_throughput PRIMARY KEY CLUSTERED (session_id, minute_utc)
    );

    CREATE NONCLUSTERED INDEX IX_processing_throughput_minute
        ON [$(Schema)].[processing_throughput] (minute_utc);
END;
GO
