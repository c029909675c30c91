SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Counts log and queue, compares what processing_outcome and processing_written say, and corrects them. No
            call of this version makes a difference. These do: a statement that a person runs on queue or log,
            and a call of an earlier version that was running while this version was installed. An
            installation that creates the sums beside an existing log therefore records in
            processing_install_file that a recount is due, which the first one that corrects ends.
Parameters: @Execute  'Y': correct (default); 'N': only report
Results:    one row per sum that was wrong, none if all are right: subject (an outcome, queued, queued bytes, or a
            target table), counted (what the sums said), found (in log or queue)
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50033 another recount, or another change of the sums, did not end within 30 seconds
            1222 a completion held a lock for 30 seconds; nothing was changed
Called by:  install, after it has created the sums beside an existing log; the Agent job Nightly on Sundays; by hand
Isolation:  READ COMMITTED, one transaction. With READ_COMMITTED_SNAPSHOT on, one statement compares everything
            as of one moment and nobody waits, except for a recount that is due: it waits for the calls that are
            running, and what begins then waits behind it. Without it, claim, queue and log are locked meanwhile,
            in the lock order, workers wait, and get leases of full length at the end. Scans
            IX_processing_log_latest, the log and processing_log_table once each: seconds per million
            applications. Then processing_install_file, sums (usp_AddSums)
Example:    EXEC [$(Schema)].[usp_RecountSums] @Execute = 'N';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RecountSums]
    @Execute char(1) = 'Y'
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @lock_result int;
    DECLARE @is_held bit;
    DECLARE @has_versions bit;
    DECLARE @is_due bit;
    DECLARE @started_at datetime2(3) = SYSUTCDATETIME();

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_RecountSums: a transaction is open; commit or roll it back, then call again.', 1;

    IF COALESCE(@Execute, '') NOT IN ('Y', 'N')
        THROW 50001, N'usp_RecountSums: @Execute must be Y or N.', 1;

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    CREATE TABLE #recounted
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        counted bigint NOT NULL,
        found bigint NOT NULL
    );

    -- Without row versions only.
    CREATE TABLE #counted
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        counted bigint NOT NULL
    );

    BEGIN TRY
        BEGIN TRANSACTION;

        -- Two at once would correct the same difference twice.
        EXEC @lock_result = sys.sp_getapplock
            @Resource = N'xmlshred $(Schema) recount',
            @LockMode = 'Exclusive',
            @LockOwner = 'Transaction',
            @LockTimeout = 30000;

        IF @lock_result < 0
        BEGIN
            SET @message = CONCAT(
                N'usp_RecountSums: another recount did not end within 30 seconds (sp_getapplock ', @lock_result,
                N'). Call again.'
            );
            THROW 50033, @message, 1;
        END;

        SET @has_versions = (
            SELECT d.is_read_committed_snapshot_on
            FROM sys.databases AS d
            WHERE d.name = DB_NAME()
        );

        SET @is_due = CASE
            WHEN EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_install_file] AS f
                    WHERE f.file_name = N'due/recount'
                )
                THEN 1
            ELSE 0
        END;

        -- Calls of the earlier version waited for the installation's locks, and go on with a text that adds to no
        -- sum. Each statement waits until those have committed that use its table, and keeps nothing: the
        -- comparison, whose versions are of a later moment, sees what they did.
        IF @has_versions = 1 AND @is_due = 1
        BEGIN
            SET @is_held = CASE
                WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_claim] WITH (TABLOCK, READCOMMITTEDLOCK)) THEN 1
                ELSE 0
            END;
            SET @is_held = CASE
                WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_queue] WITH (TABLOCK, READCOMMITTEDLOCK)) THEN 1
                ELSE 0
            END;
            SET @is_held = CASE
                WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_log] WITH (TABLOCK, READCOMMITTEDLOCK)) THEN 1
                ELSE 0
            END;
        END;

        -- Without row versions the log would be read at many moments: a completion holds its claim from its
        -- beginning to its end, and from here on none is half done. Shared: it keeps out what writes.
        IF @has_versions = 0
        BEGIN
            SET @is_held = CASE
                WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_claim] WITH (TABLOCK, HOLDLOCK)) THEN 1
                ELSE 0
            END;
            SET @is_held = CASE
                WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_queue] WITH (TABLOCK, HOLDLOCK)) THEN 1
                ELSE 0
            END;
            SET @is_held = CASE
                WHEN EXISTS (SELECT 1 FROM [$(Schema)].[processing_log] WITH (TABLOCK, HOLDLOCK)) THEN 1
                ELSE 0
            END;

            -- Sessions that end or are purged still move their sums to the rows of no session: TABLOCK reads all
            -- rows of a table at one moment, between two such transactions.
            INSERT INTO #counted (outcome, counted)
            SELECT
                k.outcome,
                k.counted
            FROM [$(Schema)].[processing_outcome] AS o WITH (TABLOCK)
            CROSS APPLY (VALUES (o.outcome, o.applications), ('queued bytes', o.document_bytes)) AS k(outcome, counted);

            INSERT INTO #counted (schema_name, table_name, counted)
            SELECT
                w.schema_name,
                w.table_name,
                w.row_count
            FROM [$(Schema)].[processing_written] AS w WITH (TABLOCK);
        END;

        INSERT INTO #recounted
        (
            outcome,
            schema_name,
            table_name,
            counted,
            found
        )
        SELECT
            u.outcome,
            u.schema_name,
            u.table_name,
            SUM(u.counted),
            SUM(u.found)
        FROM
            (
                SELECT
                    c.outcome,
                    c.schema_name,
                    c.table_name,
                    c.counted,
                    CONVERT(bigint, 0) AS found
                FROM #counted AS c
                UNION ALL
                SELECT
                    k.outcome,
                    CONVERT(nvarchar(128), NULL) AS schema_name,
                    CONVERT(nvarchar(128), NULL) AS table_name,
                    k.counted,
                    CONVERT(bigint, 0) AS found
                FROM [$(Schema)].[processing_outcome] AS o
                CROSS APPLY
                    (
                        VALUES
                        (o.outcome, o.applications),
                        ('queued bytes', o.document_bytes)
                    ) AS k(outcome, counted)
                WHERE @has_versions = 1
                UNION ALL
                SELECT
                    k.outcome,
                    CONVERT(nvarchar(128), NULL) AS schema_name,
                    CONVERT(nvarchar(128), NULL) AS table_name,
                    CONVERT(bigint, 0) AS counted,
                    k.found
                FROM
                    (
                        SELECT
                            COUNT_BIG(*) AS applications,
                            COALESCE(SUM(q.document_bytes), 0) AS document_bytes
                        FROM [$(Schema)].[processing_queue] AS q
                    ) AS n
                CROSS APPLY
                    (
                        VALUES
                        ('queued', n.applications),
                        ('queued bytes', n.document_bytes)
                    ) AS k(outcome, found)
                UNION ALL
                SELECT
                    COALESCE(l.failure_category, 'success') AS outcome,
                    CONVERT(nvarchar(128), NULL) AS schema_name,
                    CONVERT(nvarchar(128), NULL) AS table_name,
                    CONVERT(bigint, 0) AS counted,
                    COUNT_BIG(*) AS found
                FROM [$(Schema)].[processing_log] AS l
                WHERE l.is_latest = 1
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.app_id = l.app_id
                    )
                GROUP BY COALESCE(l.failure_category, 'success')
                UNION ALL
                SELECT
                    CONVERT(varchar(30), NULL) AS outcome,
                    w.schema_name,
                    w.table_name,
                    w.row_count AS counted,
                    CONVERT(bigint, 0) AS found
                FROM [$(Schema)].[processing_written] AS w
                WHERE @has_versions = 1
                UNION ALL
                SELECT
                    CONVERT(varchar(30), NULL) AS outcome,
                    t.schema_name,
                    t.table_name,
                    CONVERT(bigint, 0) AS counted,
                    SUM(n.row_count) AS found
                FROM [$(Schema)].[processing_log] AS k
                INNER JOIN [$(Schema)].[processing_log_table] AS n ON k.app_id = n.app_id AND k.attempt = n.attempt
                INNER JOIN [$(Schema)].[processing_contract_table] AS t
                    ON k.contract_hash = t.contract_hash AND n.table_ordinal = t.table_ordinal
                WHERE k.has_rows = 1
                GROUP BY
                    t.schema_name,
                    t.table_name
            ) AS u
        GROUP BY
            u.outcome,
            u.schema_name,
            u.table_name
        HAVING SUM(u.counted) <> SUM(u.found);

        -- A difference, not a new value: what others have added since stays.
        INSERT INTO #sum (outcome, schema_name, table_name, amount, document_bytes)
        SELECT
            CASE r.outcome WHEN 'queued bytes' THEN 'queued' ELSE r.outcome END,
            r.schema_name,
            r.table_name,
            CASE r.outcome WHEN 'queued bytes' THEN 0 ELSE r.found - r.counted END,
            CASE r.outcome WHEN 'queued bytes' THEN r.found - r.counted ELSE 0 END
        FROM #recounted AS r
        WHERE @Execute = 'Y';

        -- A renewal that waited for the claims counts as renewed (usp_RenewLease): nobody reaps these because of
        -- the wait.
        IF @has_versions = 0
        BEGIN
            UPDATE [$(Schema)].[processing_claim]
            SET lease_expires_at_utc = DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
            WHERE lease_expires_at_utc >= @started_at;
        END;

        DELETE FROM [$(Schema)].[processing_install_file]
        WHERE @Execute = 'Y'
            AND file_name = N'due/recount';

        EXEC [$(Schema)].[usp_AddSums];

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        THROW;
    END CATCH;

    SELECT
        COALESCE(CONVERT(nvarchar(257), r.outcome), r.schema_name + N'.' + r.table_name) AS subject,
        r.counted,
        r.found
    FROM #recounted AS r
    ORDER BY
        CASE WHEN r.outcome IS NULL THEN 1 ELSE 0 END ASC,
        subject ASC;
END;
GO
