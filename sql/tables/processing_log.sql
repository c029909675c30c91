SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per completed attempt of an application.

is_latest      the latest attempt of the application; the transaction that writes the next one clears
               it, so that no query has to look for the highest attempt
has_rows       the target tables hold the rows of this attempt, at most one per application: the last
               success, unless usp_DeleteStaleRows has deleted its rows; a later failure does not
               change it
failure_path_shape
               the path without its positions: /a/b/@c of /a/b[2]/@c
failure_value  at most 200 characters, which may be 400 UTF-16 units
error_number   the server's own number where the server rejected the rows
fingerprint    the same for all failures with one cause: category, table, column, path_shape and what
               the reason says without its values, and the value where a lookup lacks it
session_id     all zeros, like claim_token and contract_hash, for an outcome that usp_AdoptLog imported from
               the log of an earlier system: attempt 1, without rows of ours, hash and fingerprint
base_contract_hash
               of a backfill, the contract of the attempt that it completed, which wrote the other rows;
               NULL for a completion. A backfill has no claim: claim_token is all zeros,
               claimed_at_utc that of the attempt it completed, and rows_written counts the rows of both
*/
IF OBJECT_ID(N'[$(Schema)].[processing_log]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_log]
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        is_latest bit NOT NULL,
        has_rows bit NOT NULL
            CONSTRAINT DF_processing_log_has_rows DEFAULT (0),
        status varchar(7) NOT NULL,
        failure_category varchar(30) NULL,
        failure_table nvarchar(128) NULL,
        failure_column nvarchar(128) NULL,
        failure_path nvarchar(1000) NULL,
        failure_path_shape nvarchar(1000) NULL,
        failure_line int NULL,
        failure_column_number int NULL,
        failure_value nvarchar(400) NULL,
        failure_reason nvarchar(2048) NULL,
        fingerprint char(16) NULL,
        error_number int NULL,
        session_id uniqueidentifier NOT NULL,
        claim_token uniqueidentifier NOT NULL,
        enqueued_at_utc datetime2(3) NOT NULL,
        claimed_at_utc datetime2(3) NOT NULL,
        processed_at_utc datetime2(3) NOT NULL,
        shred_micros bigint NOT NULL,
        document_bytes bigint NOT NULL,
        rows_written bigint NOT NULL,
        source_hash binary(32) NULL,
        contract_hash binary(32) NOT NULL,
        base_contract_hash binary(32) NULL,
        CONSTRAINT PK_processing_log PRIMARY KEY CLUSTERED (app_id, attempt),
        CONSTRAINT CK_processing_log_status
            CHECK ((status = 'success' AND failure_category IS NULL)
                OR (status = 'failed' AND failure_category IS NOT NULL)),
        CONSTRAINT CK_processing_log_has_rows CHECK (has_rows = 0 OR status = 'success')
    )
    ON [$(LogFilegroup)]
    WITH (DATA_COMPRESSION = $(LogCompression));

    CREATE NONCLUSTERED INDEX IX_processing_log_latest
        ON [$(Schema)].[processing_log] (is_latest, status, failure_category, fingerprint)
        INCLUDE (processed_at_utc)
        WITH (DATA_COMPRESSION = $(LogCompression));

    CREATE NONCLUSTERED INDEX IX_processing_log_processed
        ON [$(Schema)].[processing_log] (status, processed_at_utc)
        INCLUDE (is_latest)
        WITH (DATA_COMPRESSION = $(LogCompression));

    CREATE NONCLUSTERED INDEX IX_processing_log_claim
        ON [$(Schema)].[processing_log] (claim_token)
        WITH (DATA_COMPRESSION = $(LogCompression));
END;
GO
-- SET (LOCK_ESCALATION ...) is unknown to sqlfluff, and there is no other way to set it.
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_log]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_log] SET (LOCK_ESCALATION = DISABLE);
END;
GO
