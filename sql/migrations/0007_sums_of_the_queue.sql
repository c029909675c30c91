SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
processing_outcome also has how many applications are in the queue, and the size of their documents. On a new database
the table is like this already, and nothing is queued.
*/
IF COL_LENGTH(N'[$(Schema)].[processing_outcome]', N'document_bytes') IS NULL
BEGIN
    ALTER TABLE [$(Schema)].[processing_outcome]
    ADD document_bytes bigint NOT NULL CONSTRAINT DF_processing_outcome_document_bytes DEFAULT (0);
END;
GO
/*
Counts the queue of a version that did not: seconds per ten million applications. Nothing is claimed, completed or
enqueued meanwhile, as in 0002_sums.sql, which says what becomes of calls that wait, and of leases.
*/
DECLARE @started_at datetime2(3) = SYSUTCDATETIME();
DECLARE @is_held bit = CASE
    WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_claim] WITH (TABLOCKX, HOLDLOCK)) THEN 1
    ELSE 0
END;

SET @is_held = CASE
    WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_queue] WITH (TABLOCKX, HOLDLOCK)) THEN 1
    ELSE 0
END;

INSERT INTO [$(Schema)].[processing_outcome]
(
    session_id,
    outcome,
    applications,
    document_bytes
)
SELECT
    '00000000-0000-0000-0000-000000000000',
    'queued',
    COUNT_BIG(*),
    SUM(q.document_bytes)
FROM [$(Schema)].[processing_queue] AS q
HAVING COUNT_BIG(*) > 0;

UPDATE [$(Schema)].[processing_claim]
SET lease_expires_at_utc = DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
WHERE lease_expires_at_utc >= @started_at;

-- On a new database nothing is installed yet.
INSERT INTO [$(Schema)].[processing_install_file]
(
    file_name,
    schema_version,
    file_checksum
)
SELECT
    N'due/recount',
    3,
    CONVERT(binary(32), 0x00)
WHERE EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_install]
    )
    AND NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_install_file] AS f
        WHERE f.file_name = N'due/recount'
    );
GO
