SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Schema version 2: an application that the database refuses has its own event and its own count,
processing_log says which attempt the rows are of, nothing waits for available_at_utc, the last full
enqueue is recorded, and page locks are off only where they must be. On a new
database the tables are like this already, and nothing is changed.
*/
IF COL_LENGTH(N'[$(Schema)].[processing_queue]', N'available_at_utc') IS NOT NULL
BEGIN
    DROP INDEX IX_processing_queue_claim ON [$(Schema)].[processing_queue];

    ALTER TABLE [$(Schema)].[processing_queue] DROP COLUMN available_at_utc;

    CREATE NONCLUSTERED INDEX IX_processing_queue_claim
        ON [$(Schema)].[processing_queue] (state, claim_token, reaps, app_id)
        INCLUDE (document_bytes)
        WITH (ALLOW_PAGE_LOCKS = OFF, STATISTICS_NORECOMPUTE = ON);
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_session]', N'refused') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_session]
    ADD refused bigint NOT NULL CONSTRAINT DF_processing_session_refused DEFAULT (0);
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_event]', N'error_number') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_event] ADD error_number int NULL;

    ALTER TABLE [$(Schema)].[processing_event] DROP CONSTRAINT CK_processing_event_type;

    ALTER TABLE [$(Schema)].[processing_event] ALTER COLUMN event_type varchar(12) NOT NULL;

    ALTER TABLE [$(Schema)].[processing_event]
    ADD CONSTRAINT CK_processing_event_type
        CHECK (event_type IN
        (
            'claimed', 'renewed', 'released', 'reaped', 'refused', 'quarantined', 'requeued',
            'rows_deleted', 'erased', 'backfilled'
        ));
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_log]', N'has_rows') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_log]
    ADD has_rows bit NOT NULL CONSTRAINT DF_processing_log_has_rows DEFAULT (0);
END;
GO
-- Version 1 deleted the rows of an application that failed: there are rows of the last attempt or none.
IF OBJECT_ID(N'[$(Schema)].[CK_processing_log_has_rows]', N'C') IS NULL
BEGIN
    UPDATE [$(Schema)].[processing_log]
    SET has_rows = 1
    WHERE is_latest = 1
        AND status = 'success';

    ALTER TABLE [$(Schema)].[processing_log]
    ADD CONSTRAINT CK_processing_log_has_rows CHECK (has_rows = 0 OR status = 'success');
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_log]', N'base_contract_hash') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_log] ADD base_contract_hash binary(32) NULL;
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_log]', N'failure_path_shape') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_log] ADD failure_path_shape nvarchar(1000) NULL;
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_watermark]', N'full_at_utc') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_watermark] ADD
        full_at_utc datetime2(3) NULL,
        full_apps_missed bigint NULL;
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_contract_table]', N'app_column') IS NOT NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_contract_table] DROP COLUMN app_column;
END;
GO
IF COL_LENGTH(N'[$(Schema)].[processing_event]', N'is_counted') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_event] ADD is_counted bit NULL;
END;
GO
-- Checking these would read, and lock, whole tables while a batch is completed or purged.
ALTER TABLE [$(Schema)].[processing_log_table] DROP CONSTRAINT IF EXISTS FK_processing_log_table_log;
ALTER TABLE [$(Schema)].[processing_claim] DROP CONSTRAINT IF EXISTS FK_processing_claim_session;
ALTER TABLE [$(Schema)].[processing_throughput] DROP CONSTRAINT IF EXISTS FK_processing_throughput_session;
GO
-- Page locks are off only where READPAST reads; without them an index cannot be reorganized.
IF INDEXPROPERTY(OBJECT_ID(N'[$(Schema)].[processing_log]'), N'PK_processing_log', 'IsPageLockDisallowed') = 1
BEGIN
    ALTER INDEX ALL ON [$(Schema)].[processing_event] SET (ALLOW_PAGE_LOCKS = ON);
    ALTER INDEX ALL ON [$(Schema)].[processing_log] SET (ALLOW_PAGE_LOCKS = ON);
    ALTER INDEX ALL ON [$(Schema)].[processing_log_table] SET (ALLOW_PAGE_LOCKS = ON);
    ALTER INDEX ALL ON [$(Schema)].[processing_pause] SET (ALLOW_PAGE_LOCKS = ON);
    ALTER INDEX ALL ON [$(Schema)].[processing_session] SET (ALLOW_PAGE_LOCKS = ON);
    ALTER INDEX ALL ON [$(Schema)].[processing_throughput] SET (ALLOW_PAGE_LOCKS = ON);
    ALTER INDEX ALL ON [$(Schema)].[processing_queue] SET (STATISTICS_NORECOMPUTE = ON);
END;
GO
-- Version 1 had these. In a schema without it, what has these names is of others.
IF EXISTS
(
    SELECT 1
    FROM [$(Schema)].[processing_install_file] AS f
    WHERE f.file_name IN
        (
            N'functions/ufn_IsDataError.sql',
            N'functions/ufn_WithoutPosition.sql',
            N'procs/usp_ApplyRefusal.sql',
            N'procs/usp_CheckOutcomes.sql',
            N'procs/usp_RefuseApps.sql',
            N'procs/usp_ReportOutcomes.sql'
        )
)
BEGIN
    DROP PROCEDURE IF EXISTS [$(Schema)].[usp_ApplyRefusal];
    DROP PROCEDURE IF EXISTS [$(Schema)].[usp_CheckOutcomes];
    DROP PROCEDURE IF EXISTS [$(Schema)].[usp_RefuseApps];
    DROP PROCEDURE IF EXISTS [$(Schema)].[usp_ReportOutcomes];
    DROP FUNCTION IF EXISTS [$(Schema)].[ufn_IsDataError];
    DROP FUNCTION IF EXISTS [$(Schema)].[ufn_WithoutPosition];
END;
GO
