SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Reports problems and coming problems, each with the statement that fixes it. Returns
            no rows when all is well.
Parameters: @backlog_hours     report applications that are ready and were enqueued longer ago, 1 or more,
                               default 24
            @failure_percent   report a higher percentage of failures among at least 20
                               applications completed in the last hour, 0 to 100, default 5
            @stale_seconds     report leases that expired longer ago, 0 or more, default 300
            @retention_days    report events that are older than this and a week, 1 or more, default 90
            @clock_skew_ms     report workers whose clock differs more, 1 or more, default 60000
            @lease_count       report claims held for longer than this many leases without a
                               completion, 2 or more, default 5
            @EmailRecipients   send the findings, if any, to these addresses by Database Mail
            @EmailProfile      the mail profile; NULL: the caller's default
            @OutputSchemaName  insert the findings into this table, which is created if it is missing
            @OutputTableName   its name
Results:    one row per finding, most urgent first: priority (1 now: work has stopped or is wrong;
            2 today; 3 when convenient), finding, detail (the figures), why (it matters), fix (a
            statement, or what to do), docs_page (the section on it)
Errors:     50001 a parameter is wrong; those of sp_send_dbmail
Called by:  the Agent job Health; operators; the executable (doctor)
Isolation:  READ COMMITTED; READPAST where a locked row does not matter; claims and their sessions WITH
            (NOLOCK), because the check must not wait for the completion that hangs and that it looks
            for. Reads catalog views, the queue, sessions, an hour of throughput, the failed part of
            IX_processing_log_latest and the oldest event: never the whole log
            Runs as its caller: as its owner it could not reach msdb, and would write into any table
            for anybody. What the caller has no permission to see is the finding `cannot look`
Example:    EXEC [$(Schema)].[usp_HealthCheck];
            EXEC [$(Schema)].[usp_HealthCheck] @backlog_hours = 4, @EmailRecipients = N'dba@contoso.com';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_HealthCheck]
    @backlog_hours int = 24,
    @failure_percent decimal(5, 2) = 5,
    @stale_seconds int = 300,
    @retention_days int = 90,
    @clock_skew_ms bigint = 60000,
    @lease_count int = 5,
    @EmailRecipients nvarchar(max) = NULL,
    @EmailProfile nvarchar(128) = NULL,
    @OutputSchemaName nvarchar(128) = NULL,
    @OutputTableName nvarchar(128) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;
    -- A caller's INSERT ... EXEC is a transaction, which a caught error would doom.
    SET XACT_ABORT OFF;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @hour_ago datetime2(3) = DATEADD(HOUR, -1, SYSUTCDATETIME());
    DECLARE @backlog_since datetime2(3);
    DECLARE @installed_hash binary(32);
    DECLARE @sees_schema bit = COALESCE(HAS_PERMS_BY_NAME(N'[$(Schema)]', N'SCHEMA', N'VIEW DEFINITION'), 0);
    DECLARE @output nvarchar(600) = QUOTENAME(@OutputSchemaName) + N'.' + QUOTENAME(@OutputTableName);
    DECLARE @statement nvarchar(max);
    DECLARE @is_queue_counted bit;
    DECLARE @subject nvarchar(255);
    DECLARE @body nvarchar(max);

    SET @message = CONCAT(
        CASE WHEN COALESCE(@backlog_hours, 0) < 1 THEN N' @backlog_hours must be 1 or more.' END,
        CASE WHEN COALESCE(@failure_percent, -1) NOT BETWEEN 0 AND 100 THEN N' @failure_percent must be 0 to 100.' END,
        CASE WHEN COALESCE(@stale_seconds, -1) < 0 THEN N' @stale_seconds must be 0 or more.' END,
        CASE WHEN COALESCE(@retention_days, 0) < 1 THEN N' @retention_days must be 1 or more.' END,
        CASE WHEN COALESCE(@clock_skew_ms, 0) < 1 THEN N' @clock_skew_ms must be 1 or more.' END,
        CASE WHEN COALESCE(@lease_count, 0) < 2 THEN N' @lease_count must be 2 or more.' END,
        CASE
            WHEN COALESCE(@OutputSchemaName, @OutputTableName) IS NOT NULL
                AND (@output IS NULL OR SCHEMA_ID(@OutputSchemaName) IS NULL)
                THEN N' @OutputSchemaName must be an existing schema, and @OutputTableName a table in it.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_HealthCheck:' + @message;
        THROW 50001, @message, 1;
    END;

    CREATE TABLE #finding
    (
        priority tinyint NOT NULL,
        finding nvarchar(60) NOT NULL,
        detail nvarchar(1000) NULL,
        why nvarchar(400) NULL,
        fix nvarchar(1000) NULL
    );

    SET @backlog_since = DATEADD(HOUR, -@backlog_hours, @now);

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    BEGIN TRY
        -- What a completion does not lock: the catalog, claims and sessions.
        INSERT INTO #finding (priority, finding, detail, why, fix)
        SELECT
            3,
            N'not the primary',
            CONCAT(N'database ', DB_NAME(), N' is read-only here'),
            N'workers and jobs do nothing on a secondary replica; run the check on the primary',
            N'connect to the availability group''s listener'
        WHERE CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) = N'READ_ONLY'
        UNION ALL
        SELECT
            3,
            N'readers wait for writers',
            CONCAT(N'database ', d.name, N' has READ_COMMITTED_SNAPSHOT OFF'),
            N'a query of a view and a batch that commits wait for each other''s locks',
            N'ALTER DATABASE ' + QUOTENAME(d.name) + N' SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;'
            + N' -- ends every session of the database: run it at a quiet time'
        FROM sys.databases AS d
        WHERE d.name = DB_NAME()
            AND d.is_read_committed_snapshot_on = 0
        UNION ALL
        SELECT
            3,
            N'cannot look',
            N'at indexes and procedures: schema $(Schema) is hidden from this login',
            N'what is missing or was changed there is not reported',
            N'GRANT VIEW DEFINITION ON SCHEMA::[$(Schema)] TO ' + QUOTENAME(USER_NAME()) + N';'
        WHERE @sees_schema = 0
        UNION ALL
        SELECT
            1,
            N'index missing',
            CONCAT(w.index_name, N' on ', w.table_name),
            N'claiming, completing and the views need it; without it they scan the table or fail',
            CONCAT(
                N'CREATE INDEX ', w.index_name, N' ON [$(Schema)].', w.table_name,
                N' (', w.key_1, N', ' + w.key_2, w.more, N');'
            )
        FROM
            (
                VALUES
                (
                    N'processing_queue', N'IX_processing_queue_claim', N'state', N'claim_token',
                    N', reaps, app_id) INCLUDE (document_bytes) WITH (ALLOW_PAGE_LOCKS = OFF'
                ),
                (
                    N'processing_log', N'IX_processing_log_latest', N'is_latest', N'status',
                    N', failure_category, fingerprint) INCLUDE (processed_at_utc'
                ),
                (
                    N'processing_log', N'IX_processing_log_processed', N'status', N'processed_at_utc',
                    N') INCLUDE (is_latest'
                ),
                (N'processing_log', N'IX_processing_log_claim', N'claim_token', NULL, NULL),
                (N'processing_event', N'IX_processing_event_app', N'app_id', NULL, NULL),
                (N'processing_event', N'IX_processing_event_claim', N'claim_token', NULL, NULL),
                (N'processing_session', N'IX_processing_session_started', N'started_at_utc', NULL, NULL),
                (N'processing_throughput', N'IX_processing_throughput_minute', N'minute_utc', NULL, NULL),
                (N'processing_file', N'IX_processing_file_place', N'place_id', N'record_number', NULL),
                (N'processing_file', N'IX_processing_file_hash', N'source_hash', N'place_id', NULL),
                (N'processing_file', N'IX_processing_file_name', N'file_name', N'source_hash', NULL)
            ) AS w(table_name, index_name, key_1, key_2, more)
        WHERE @sees_schema = 1
            AND NOT EXISTS
            (
                -- By its first columns, as a DBA may have created it again under another name; but
                -- usp_ClaimBatch names its index in a hint.
                SELECT 1
                FROM sys.indexes AS i
                INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
                LEFT OUTER JOIN sys.index_columns AS n
                    ON i.object_id = n.object_id AND i.index_id = n.index_id AND n.key_ordinal = 2
                WHERE i.object_id = OBJECT_ID(N'[$(Schema)].' + w.table_name)
                    AND (i.name = w.index_name OR w.index_name <> N'IX_processing_queue_claim')
                    AND k.key_ordinal = 1
                    AND COL_NAME(k.object_id, k.column_id) = w.key_1
                    AND (w.key_2 IS NULL OR COL_NAME(n.object_id, n.column_id) = w.key_2)
            )
        UNION ALL
        SELECT
            1,
            N'index disabled',
            CONCAT(i.name, N' on ', t.name),
            N'claiming, completing and the views need it; without it they scan the table or fail',
            CONCAT(N'ALTER INDEX ', QUOTENAME(i.name), N' ON [$(Schema)].', t.name, N' REBUILD;')
        FROM sys.indexes AS i
        INNER JOIN sys.tables AS t ON i.object_id = t.object_id
        WHERE t.schema_id = SCHEMA_ID(N'$(Schema)')
            AND t.name LIKE N'processing[_]%'
            AND i.is_disabled = 1
        UNION ALL
        SELECT
            2,
            N'page locks allowed',
            CONCAT(i.name, N' on ', t.name),
            N'claiming skips locked rows, but waits for locked pages: workers wait for each other',
            CONCAT(
                N'ALTER INDEX ', QUOTENAME(i.name), N' ON [$(Schema)].', t.name, N' SET (ALLOW_PAGE_LOCKS = OFF);'
            )
        FROM sys.indexes AS i
        INNER JOIN sys.tables AS t ON i.object_id = t.object_id
        WHERE t.schema_id = SCHEMA_ID(N'$(Schema)')
            AND t.name IN (N'processing_queue', N'processing_claim')
            AND i.allow_page_locks = 1
        UNION ALL
        SELECT
            2,
            N'lock escalation allowed',
            N'on ' + t.name,
            N'one large statement can lock the whole table, and every worker waits',
            CONCAT(N'ALTER TABLE [$(Schema)].', t.name, N' SET (LOCK_ESCALATION = DISABLE);')
        FROM sys.tables AS t
        WHERE t.schema_id = SCHEMA_ID(N'$(Schema)')
            AND t.name IN (N'processing_queue', N'processing_claim')
            AND t.lock_escalation_desc <> N'DISABLE'
        UNION ALL
        SELECT
            CASE WHEN m.object_id IS NULL THEN 1 ELSE 2 END,
            CASE WHEN m.object_id IS NULL THEN N'object missing' ELSE N'object changed by hand' END,
            o.object_name,
            N'what calls it fails, or does something else than it should',
            -- contract/: generated from the contract, which the program has in a file only.
            N'xmlshred install' + CASE WHEN f.file_name LIKE N'contract/%' THEN N' --contract FILE' ELSE N'' END
        FROM [$(Schema)].[processing_install_file] AS f
        CROSS APPLY
            (
                VALUES
                (REPLACE(SUBSTRING(f.file_name, CHARINDEX(N'/', f.file_name) + 1, 128), N'.sql', N''))
            ) AS o(object_name)
        LEFT OUTER JOIN sys.sql_modules AS m ON m.object_id = OBJECT_ID(N'[$(Schema)].' + o.object_name)
        WHERE @sees_schema = 1
            AND f.definition_checksum IS NOT NULL
            AND (m.object_id IS NULL
                OR f.definition_checksum <> CONVERT(binary(32), HASHBYTES('SHA2_256', m.[definition])))
        UNION ALL
        SELECT
            1,
            N'no contract installed',
            N'every contract in processing_contract is retired',
            N'every claim fails with 50020 until one is installed',
            N'xmlshred install --contract FILE'
        WHERE @installed_hash IS NULL
        UNION ALL
        SELECT
            CASE s.is_seen WHEN 1 THEN 1 ELSE 3 END,
            CASE s.is_seen WHEN 1 THEN N'target table missing' ELSE N'cannot look' END,
            CONCAT(
                CASE WHEN s.is_seen = 1 THEN N'' ELSE N'at a table that is missing or hidden from this login: ' END,
                t.schema_name, N'.', t.table_name
            ),
            N'the database refuses every application that has rows for a missing table',
            N'xmlshred install --contract FILE, which creates it and lets the roles see it'
        FROM [$(Schema)].[processing_contract_table] AS t
        CROSS APPLY
            (VALUES (HAS_PERMS_BY_NAME(QUOTENAME(t.schema_name), N'SCHEMA', N'VIEW DEFINITION'))) AS s(is_seen)
        WHERE t.contract_hash = @installed_hash
            AND OBJECT_ID(QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name)) IS NULL
        UNION ALL
        SELECT
            1,
            N'worker with another contract',
            CONCAT(s.worker_name, N' on ', s.host_name, N' has 0x', CONVERT(varchar(16), s.contract_hash, 2), N'...'),
            N'its next claim fails with 50020 and it ends with exit status 3',
            N'start it with the file of the installed contract'
        FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
        WHERE s.ended_at_utc IS NULL
            AND s.last_seen_at_utc >= @hour_ago
            -- A worker that was reaped is usually dead.
            AND s.reaped = 0
            AND s.contract_hash <> @installed_hash
        UNION ALL
        SELECT
            2,
            N'workers of mixed versions',
            CONCAT(COUNT(DISTINCT s.program_version), N': ', MIN(s.program_version), N' to ', MAX(s.program_version)),
            N'the same document may produce different rows, depending on the worker',
            N'SELECT worker_name, host_name, program_version FROM [$(Schema)].[vw_Sessions] WHERE ended_at_utc IS NULL;'
        FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
        WHERE s.ended_at_utc IS NULL
            AND s.last_seen_at_utc >= @hour_ago
        HAVING COUNT(DISTINCT s.program_version) > 1
        UNION ALL
        SELECT
            3,
            N'clock skew',
            CONCAT(s.host_name, N' differs by ', MAX(s.clock_skew_ms), N' ms'),
            N'leases do not depend on it, but times in its log files differ from those in the tables',
            N'synchronise the clock of ' + s.host_name
        FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
        WHERE s.started_at_utc >= DATEADD(DAY, -1, @now)
            AND ABS(s.clock_skew_ms) > @clock_skew_ms
        GROUP BY s.host_name
        UNION ALL
        SELECT
            2,
            N'worker vanished',
            CONCAT(
                s.worker_name, N' on ', s.host_name, N': runs in a week ', COUNT_BIG(*), N', the last seen at ',
                CONVERT(nvarchar(19), MAX(s.last_seen_at_utc), 120), N' UTC'
            ),
            N'its process or machine stopped without ending the session; its claims were reaped',
            CONCAT(N'look at the log files and events of ', s.host_name, N'; this ends a week after the last such run')
        FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
        WHERE s.ended_at_utc IS NULL
            AND s.reaped > 0
            AND s.last_seen_at_utc BETWEEN DATEADD(DAY, -7, @now) AND @hour_ago
        GROUP BY
            s.worker_name,
            s.host_name
        UNION ALL
        SELECT
            1,
            N'expired leases',
            CONCAT(N'claims: ', COUNT(*), N', since ', CONVERT(nvarchar(19), MIN(c.lease_expires_at_utc), 120)),
            N'the workers do not renew them, and nothing reaped them: the Prepare job does not run',
            N'EXEC [$(Schema)].[usp_ReapExpired];'
        FROM [$(Schema)].[processing_claim] AS c WITH (NOLOCK)
        WHERE c.lease_expires_at_utc < DATEADD(SECOND, -@stale_seconds, @now)
        HAVING COUNT_BIG(*) > 0
        UNION ALL
        -- A worker that is at work completes its batch within a few leases.
        SELECT
            2,
            N'claim without progress',
            CONCAT(
                s.worker_name, N' on ', s.host_name, N', process ', s.process_id, N', since ',
                CONVERT(nvarchar(19), c.claimed_at_utc, 120), N' UTC; applications: ', c.app_count, N', renewals: ',
                c.renewals, N' of ', c.lease_ms / 1000, N' s'
            ),
            N'the worker renews its lease but completes nothing: it hangs, or waits for the database',
            CONCAT(
                N'EXEC [$(Schema)].[usp_ReleaseClaim] @claim_token = ''', CONVERT(nvarchar(36), c.claim_token),
                N''', @reason = N''no progress''; -- and stop process ', s.process_id, N' on ', s.host_name
            )
        FROM [$(Schema)].[processing_claim] AS c WITH (NOLOCK)
        INNER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON c.session_id = s.session_id
        WHERE c.renewals >= @lease_count
            AND c.claimed_at_utc < DATEADD(MILLISECOND, -CONVERT(bigint, c.lease_ms) * @lease_count, @now)
            AND NOT EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_log] AS l WITH (READPAST, READCOMMITTEDLOCK)
                WHERE l.claim_token = c.claim_token
            )
        UNION ALL
        SELECT
            1,
            N'adoption not complete',
            CONCAT(
                N'outcomes imported from ', a.legacy_schema, N'.', a.legacy_table, N': ', a.success + a.failed,
                N', all below id ', a.next_app_id
            ),
            N'until all are imported, nothing is enqueued, claimed or retried',
            N'EXEC [$(Schema)].[usp_AdoptLog];'
        FROM [$(Schema)].[processing_adoption] AS a
        WHERE a.completed_at_utc IS NULL
        UNION ALL
        SELECT
            2,
            N'claiming is paused',
            CONCAT(N'since ', CONVERT(nvarchar(19), p.paused_at_utc, 120), N' UTC by ', p.paused_by, N': ', p.reason),
            N'nothing is processed until it is resumed',
            N'EXEC [$(Schema)].[usp_Resume];'
        FROM [$(Schema)].[processing_pause] AS p
        WHERE p.resumed_at_utc IS NULL
        UNION ALL
        SELECT
            2,
            N'source rows not enqueued',
            CONCAT(
                N'ids above ', w.app_id, N' exist; the last enqueue was at ',
                CONVERT(nvarchar(19), w.moved_at_utc, 120), N' UTC',
                CASE APPLOCK_TEST(N'public', N'xmlshred $(Schema) enqueue', N'Exclusive', N'Session')
                    WHEN 0 THEN N'; another one runs or hangs'
                END
            ),
            N'they are not processed: the Prepare job does not run',
            N'EXEC [$(Schema)].[usp_EnqueueApps];'
        FROM [$(Schema)].[processing_watermark] AS w
        WHERE w.moved_at_utc < @backlog_since
            AND EXISTS
            (
                -- The rows of a loader that has not committed are not late yet.
                SELECT 1
                FROM [$(SourceSchema)].[$(SourceTable)] AS s WITH (READPAST, READCOMMITTEDLOCK)
                WHERE s.[$(SourceIdColumn)] > w.app_id
            )
        UNION ALL
        SELECT
            2,
            N'applications missed by new',
            CONCAT(
                N'the enqueue of all at ', CONVERT(nvarchar(19), w.full_at_utc, 120), N' UTC found ', w.full_apps_missed
            ),
            N'ids do not ascend, or a loader commits late: until the nightly enqueue, nobody knows of such rows',
            N'run usp_EnqueueApps @mode = ''full'' more often, or let the loader assign ascending ids'
        FROM [$(Schema)].[processing_watermark] AS w
        WHERE w.full_apps_missed > 0;

        -- The row count of the catalog is seldom another one while nobody works: the queue is counted only then.
        SET @is_queue_counted = CASE
            WHEN
                (
                    SELECT COALESCE(SUM(o.applications), 0)
                    FROM [$(Schema)].[processing_outcome] AS o
                    WHERE o.outcome = 'queued'
                ) = (
                    SELECT SUM(x.rows)
                    FROM sys.partitions AS x
                    WHERE x.object_id = OBJECT_ID(N'[$(Schema)].[processing_queue]')
                        AND x.index_id IN (0, 1)
                ) THEN 0
            ELSE 1
        END;

        -- Queue, log and events, where without row versions it waits for a completion.
        INSERT INTO #finding (priority, finding, detail, why, fix)
        SELECT
            CASE q.claims WHEN 0 THEN 1 ELSE 2 END,
            N'old backlog',
            CONCAT(
                N'ready applications from before ', CONVERT(nvarchar(19), @backlog_since, 120), N' UTC: ', q.apps,
                N'; active claims: ', q.claims
            ),
            CASE q.claims
                WHEN 0 THEN N'no worker is active: the Worker jobs do not run, or end at once'
                ELSE N'the workers are too slow, or none has this share of the queue'
            END,
            CASE q.claims
                WHEN 0 THEN N'start the Worker jobs; their history shows why they ended'
                ELSE N'SELECT * FROM [$(Schema)].[vw_PartitionProgress]; then start more workers, or one for the share'
            END
        FROM
            (
                SELECT
                    COUNT_BIG(*) AS apps,
                    (
                        SELECT COUNT_BIG(*)
                        FROM [$(Schema)].[processing_claim] AS c WITH (NOLOCK)
                        WHERE c.lease_expires_at_utc >= @now
                    ) AS claims
                FROM [$(Schema)].[processing_queue] AS u
                WHERE u.state = 0
                    AND u.enqueued_at_utc < @backlog_since
            ) AS q
        WHERE q.apps > 0
        UNION ALL
        SELECT
            1,
            N'failure rate',
            CONCAT(
                SUM(t.failed), N' of ', SUM(t.success + t.failed), N' failed in the last hour, ',
                CONVERT(decimal(5, 1), 100.0 * SUM(t.failed) / SUM(t.success + t.failed)), N'%'
            ),
            N'the contract or the sender of the documents is wrong, and each further failure must be retried',
            N'SELECT TOP (20) * FROM [$(Schema)].[vw_FailureFingerprints] ORDER BY applications DESC;'
        FROM [$(Schema)].[processing_throughput] AS t
        WHERE t.minute_utc >= @hour_ago
        HAVING SUM(t.success + t.failed) >= 20
            AND 100.0 * SUM(t.failed) > @failure_percent * SUM(t.success + t.failed)
        UNION ALL
        SELECT
            2,
            N'quarantined applications',
            CONCAT(
                N'applications: ', COUNT_BIG(*), N', the first is ', MIN(v.app_id),
                N'; refused by the database: ' + NULLIF(CONVERT(nvarchar(20), COUNT_BIG(r.app_id)), N'0'),
                N', the first is ' + CONVERT(nvarchar(20), MIN(r.app_id)),
                N' with error ' + CONVERT(nvarchar(11), MIN(v.error_number))
            ),
            N'each killed its workers or was refused by the database; none is claimed again until it is retried',
            CONCAT(
                N'SELECT * FROM [$(Schema)].[vw_Quarantine];',
                N' EXEC [$(Schema)].[usp_ExplainApp] @app_id = ', MIN(v.app_id), N';'
            )
        FROM [$(Schema)].[vw_Quarantine] AS v
        CROSS APPLY (VALUES (CASE v.cause WHEN 'refused' THEN v.app_id END)) AS r(app_id)
        HAVING COUNT_BIG(*) > 0
        UNION ALL
        SELECT
            2,
            N'refused by the database',
            CONCAT(
                N'applications: ', COUNT_BIG(*), N', the first is ', MIN(q.app_id), N'; error ', MIN(e.error_number),
                N' to ' + CONVERT(nvarchar(11), NULLIF(MAX(e.error_number), MIN(e.error_number)))
            ),
            N'they are claimed again in smaller batches, and quarantined if that does not help',
            CONCAT(
                N'EXEC [$(Schema)].[usp_ExplainApp] @app_id = ', MIN(q.app_id),
                N'; -- and fix the trigger, the table or the server'
            )
        FROM [$(Schema)].[processing_queue] AS q
        CROSS APPLY
            (
                SELECT TOP (1) v.error_number
                FROM [$(Schema)].[processing_event] AS v
                WHERE v.app_id = q.app_id
                    AND v.event_type IN ('reaped', 'refused')
                ORDER BY v.event_id DESC
            ) AS e
        WHERE q.state IN (0, 1)
            AND q.reaps > 0
            AND e.error_number IS NOT NULL
        HAVING COUNT_BIG(*) > 0
        UNION ALL
        SELECT
            3,
            N'rows of an earlier success',
            CONCAT(N'applications: ', COUNT_BIG(*), N', the first is ', MIN(s.app_id)),
            N'the last attempt failed, so the target tables have the rows of an earlier success',
            N'fix the cause and EXEC [$(Schema)].[usp_RetryFailed]; or, to list the rows and then delete them:'
            + N' EXEC [$(Schema)].[usp_DeleteStaleRows] @Execute = ''N'';'
        FROM [$(Schema)].[ufn_StaleApps]() AS s
        HAVING COUNT_BIG(*) > 0
        UNION ALL
        -- One statement sees one moment only with row versions. Success would be the whole log.
        SELECT
            2,
            N'wrong sums',
            CONCAT(
                N'failed applications with outcome ', c.outcome, N': ', SUM(c.counted), N' counted, ', SUM(c.found),
                N' in the log'
            ),
            N'status and the views count wrongly: a statement by hand has changed queue or log',
            N'EXEC [$(Schema)].[usp_RecountSums];'
        FROM
            (
                SELECT
                    o.outcome,
                    o.applications AS counted,
                    CONVERT(bigint, 0) AS found
                FROM [$(Schema)].[processing_outcome] AS o
                WHERE o.outcome NOT IN ('queued', 'success')
                UNION ALL
                SELECT
                    f.failure_category AS outcome,
                    CONVERT(bigint, 0) AS counted,
                    CONVERT(bigint, 1) AS found
                FROM [$(Schema)].[ufn_FailedApps](NULL) AS f
            ) AS c
        WHERE EXISTS
            (
                SELECT 1
                FROM sys.databases AS d
                WHERE d.name = DB_NAME()
                    AND d.is_read_committed_snapshot_on = 1
            )
        GROUP BY c.outcome
        HAVING SUM(c.counted) <> SUM(c.found)
        UNION ALL
        SELECT
            2,
            N'wrong sums',
            CONCAT(N'applications in the queue: ', SUM(c.counted), N' counted, ', SUM(c.found), N' found'),
            N'status and the views count wrongly: a statement by hand has changed queue or log',
            N'EXEC [$(Schema)].[usp_RecountSums];'
        FROM
            (
                SELECT
                    o.applications AS counted,
                    CONVERT(bigint, 0) AS found
                FROM [$(Schema)].[processing_outcome] AS o
                WHERE o.outcome = 'queued'
                UNION ALL
                SELECT
                    CONVERT(bigint, 0) AS counted,
                    COUNT_BIG(q.app_id) AS found
                FROM [$(Schema)].[processing_queue] AS q
            ) AS c
        WHERE @is_queue_counted = 1
            AND EXISTS
            (
                SELECT 1
                FROM sys.databases AS d
                WHERE d.name = DB_NAME()
                    AND d.is_read_committed_snapshot_on = 1
            )
        HAVING SUM(c.counted) <> SUM(c.found)
        UNION ALL
        SELECT
            2,
            N'wrong sums',
            CONCAT(
                N'not counted since the installation of ', CONVERT(nvarchar(19), f.installed_at_utc, 120), N' UTC'
            ),
            N'calls of the earlier version that ended during the installation are in no sum',
            N'EXEC [$(Schema)].[usp_RecountSums];'
        FROM [$(Schema)].[processing_install_file] AS f
        WHERE f.file_name = N'due/recount'
        UNION ALL
        SELECT
            2,
            N'wrong sums',
            CONCAT(N'below 0: ', s.subject, N' ', s.amount),
            N'status and the views count wrongly: a statement by hand has changed queue or log',
            N'EXEC [$(Schema)].[usp_RecountSums];'
        FROM
            (
                SELECT
                    N'applications with outcome ' + o.outcome AS subject,
                    SUM(o.applications) AS amount
                FROM [$(Schema)].[processing_outcome] AS o
                WHERE o.outcome IN ('queued', 'success')
                GROUP BY o.outcome
                UNION ALL
                SELECT
                    N'rows of ' + w.schema_name + N'.' + w.table_name,
                    SUM(w.row_count)
                FROM [$(Schema)].[processing_written] AS w
                GROUP BY
                    w.schema_name,
                    w.table_name
            ) AS s
        WHERE s.amount < 0
        UNION ALL
        SELECT
            3,
            N'log is not purged',
            CONCAT(N'the oldest event is of ', CONVERT(nvarchar(19), e.occurred_at_utc, 120), N' UTC'),
            N'events and superseded attempts grow without end: the Nightly job does not run',
            CONCAT(N'EXEC [$(Schema)].[usp_PurgeLog] @older_than_seconds = ', @retention_days * 86400, N';')
        FROM
            (
                SELECT TOP (1) v.occurred_at_utc
                FROM [$(Schema)].[processing_event] AS v
                ORDER BY v.event_id
            ) AS e
        WHERE e.occurred_at_utc < DATEADD(DAY, -@retention_days - 7, @now);
    END TRY
    BEGIN CATCH
        IF ERROR_NUMBER() <> 1222 THROW;

        INSERT INTO #finding (priority, finding, detail, why, fix)
        SELECT
            2,
            N'locked',
            N'the check waited ten seconds for a lock on the queue, the log or the catalog, and gave up',
            N'a transaction is open for long: completions may wait too, and findings may be missing here',
            N'SELECT session_id, program_name, host_name, last_request_start_time FROM sys.dm_exec_sessions'
            + N' WHERE open_transaction_count > 0 AND database_id = DB_ID();';
    END CATCH;

    BEGIN TRY
        -- agent-jobs/ installs the view, where there is an Agent.
        IF OBJECT_ID(N'[$(Schema)].[vw_AgentJobs]') IS NOT NULL
        BEGIN
            EXEC sys.sp_executesql N'INSERT INTO #finding (priority, finding, detail, why, fix)
                SELECT 2, N''Agent job'', a.job_name + N'': '' + a.problem, N''it does not run as it should'', a.fix
                FROM [$(Schema)].[vw_AgentJobs] AS a
                WHERE a.problem IS NOT NULL;';
        END;
    END TRY
    BEGIN CATCH
        INSERT INTO #finding (priority, finding, detail, why, fix)
        SELECT
            3,
            N'cannot look',
            CONCAT(N'at the jobs of SQL Server Agent: error ', ERROR_NUMBER(), N': ', LEFT(ERROR_MESSAGE(), 900)),
            N'disabled and failing jobs are not reported',
            N'let this login read vw_AgentJobs and its tables in msdb, or run the check as a member of sysadmin';
    END CATCH;

    SELECT
        f.priority,
        f.finding,
        f.detail,
        f.why,
        f.fix,
        N'docs/findings.md#' + LOWER(REPLACE(f.finding, N' ', N'-')) AS docs_page
    FROM #finding AS f
    ORDER BY
        f.priority,
        f.finding,
        f.detail;

    IF @output IS NOT NULL
    BEGIN
        SET @statement = REPLACE(
            N'IF OBJECT_ID(N''[output]'') IS NULL
                SELECT @now AS checked_at_utc, f.priority, f.finding, f.detail, f.why, f.fix INTO [output]
                FROM #finding AS f WHERE 1 = 0;
            INSERT INTO [output] (checked_at_utc, priority, finding, detail, why, fix)
            SELECT @now, f.priority, f.finding, f.detail, f.why, f.fix FROM #finding AS f;',
            N'[output]',
            @output
        );

        EXEC sys.sp_executesql
            @statement,
            N'@now datetime2(3)',
            @now = @now;
    END;

    IF @EmailRecipients IS NOT NULL AND EXISTS (SELECT 1 FROM #finding)
    BEGIN
        SELECT @subject = CONCAT(
            LEFT(CONCAT(N'xmlshred $(Schema) in ', DB_NAME()), 200), N': ', COUNT_BIG(*), N' findings, ',
            SUM(CASE f.priority WHEN 1 THEN 1 ELSE 0 END), N' urgent'
        )
        FROM #finding AS f;

        SET @body = (
            SELECT CONCAT(f.priority, N' ', f.finding, N': ', f.detail, N'; ', f.why, N'. Fix: ', f.fix) AS p
            FROM #finding AS f
            ORDER BY f.priority, f.finding
            FOR XML PATH ('')
        );

        EXEC sys.sp_executesql
            N'EXEC [msdb].[dbo].[sp_send_dbmail] @profile_name = @profile, @recipients = @recipients,
                @subject = @subject, @body = @body, @body_format = ''HTML'';',
            N'@profile nvarchar(128), @recipients nvarchar(max), @subject nvarchar(255), @body nvarchar(max)',
            @profile = @EmailProfile,
            @recipients = @EmailRecipients,
            @subject = @subject,
            @body = @body;
    END;
END;
GO
