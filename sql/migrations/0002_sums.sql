SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Sums the log of a version that did not keep processing_outcome and processing_written. It reads the log,
IX_processing_log_latest and processing_log_table once: in the order of a minute per ten million applications.
Nothing is completed or redriven meanwhile: the locks, in the lock order, are held to the end of the
installation, and workers repeat their calls. If it is stopped, all of the installation is rolled back.
A call that waits for these locks goes on with its earlier text and adds to no sum: usp_RecountSums finds it,
and the record says that it is due until it has run. Renewals that wait count as renewed (usp_RenewLease), so the
leases are extended here.
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

SET @is_held = CASE
    WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_log] WITH (TABLOCKX, HOLDLOCK)) THEN 1
    ELSE 0
END;

INSERT INTO [$(Schema)].[processing_outcome]
(
    session_id,
    outcome,
    applications
)
SELECT
    '00000000-0000-0000-0000-000000000000',
    COALESCE(l.failure_category, 'success'),
    COUNT_BIG(*)
FROM [$(Schema)].[processing_log] AS l
WHERE l.is_latest = 1
    AND NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_queue] AS q
        WHERE q.app_id = l.app_id
    )
GROUP BY COALESCE(l.failure_category, 'success');

INSERT INTO [$(Schema)].[processing_written]
(
    session_id,
    schema_name,
    table_name,
    row_count
)
SELECT
    '00000000-0000-0000-0000-000000000000',
    t.schema_name,
    t.table_name,
    SUM(n.row_count)
FROM [$(Schema)].[processing_log] AS k
INNER JOIN [$(Schema)].[processing_log_table] AS n ON k.app_id = n.app_id AND k.attempt = n.attempt
INNER JOIN [$(Schema)].[processing_contract_table] AS t
    ON k.contract_hash = t.contract_hash AND n.table_ordinal = t.table_ordinal
WHERE k.has_rows = 1
GROUP BY
    t.schema_name,
    t.table_name;

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
    2,
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
