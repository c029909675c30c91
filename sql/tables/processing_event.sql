SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The events of claims and applications, append-only. claimed and renewed have one row per batch,
with app_id NULL and app_count set; released, reaped, refused, quarantined, requeued (also a retry),
rows_deleted, erased and backfilled have one row per application. Outcomes are in processing_log. error_number and
is_counted are those of a refusal: a refusal that is not counted does not lead to quarantine.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_event]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_event]
    (
        event_id bigint IDENTITY (1, 1) NOT NULL,
        occurred_at_utc datetime2(3) NOT NULL,
        event_type varchar(12) NOT NULL,
        app_id bigint NULL,
        attempt int NULL,
        claim_token uniqueidentifier NULL,
        session_id uniqueidentifier NULL,
        app_count int NULL,
        login_name nvarchar(128) NOT NULL,
        detail nvarchar(500) NULL,
        error_number int NULL,
        is_counted bit NULL,
        CONSTRAINT PK_processing_event PRIMARY KEY CLUSTERED (event_id),
        CONSTRAINT CK_processing_event_type
            CHECK (event_type IN
            (
                'claimed', 'renewed', 'released', 'reaped', 'refused', 'quarantined', 'requeued',
                'rows_deleted', 'erased', 'backfilled'
            ))
    )
    ON [$(LogFilegroup)]
    WITH (DATA_COMPRESSION = $(LogCompression));

    CREATE NONCLUSTERED INDEX IX_processing_event_app
        ON [$(Schema)].[processing_event] (app_id)
        WITH (DATA_COMPRESSION = $(LogCompression));

    CREATE NONCLUSTERED INDEX IX_processing_event_claim
        ON [$(Schema)].[processing_event] (claim_token)
        WITH (DATA_COMPRESSION = $(LogCompression));
END;
GO
-- SET (LOCK_ESCALATION ...) is unknown to sqlfluff, and there is no other way to set it.
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_event]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_event] SET (LOCK_ESCALATION = DISABLE);
END;
GO
