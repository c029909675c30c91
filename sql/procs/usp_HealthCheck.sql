SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Reports problems and coming problems, each with the statement that fixes it. Returns
            no rows when all is well.
Parameters: @backlog_hours     report applications that are ready and were enqueued longer ago than
                               this, 1 or more, default 24
            @failure_percent   report a higher percentage of failures among at least 20
                               applications completed in the last hour, 0 to 100, default 5
            @stale_seconds     report leases that expired longer ago than this, 0 or more, default
                               300
            @retention_days    report events that are older than this and a week, 1 or more,
                               default 90
            @clock_skew_ms     report workers whose clock differs more from the database's clock,
                               in milliseconds, 1 or more, default 60000
            @lease_count       report a claim that is held for longer than this many of its leases
                               although it completed nothing, 2 or more, default 5
            @Help              1: only describe the parameters; default 0
Results:    one row per finding, most urgent first: priority (1 now: work has stopped or is wrong;
            2 today; 3 when convenient), finding, detail (the figures), why (it matters), fix (a
            statement, or what to do)
Errors:     50001 a parameter is wrong
Called by:  the Agent job Health; operators; the executable (doctor)
Isolation:  READ COMMITTED, claims and their sessions also without locks. Reads catalog views, the
            queue's index, sessions, an hour of throughput, the failed part of
            IX_processing_log_latest and the oldest event: never the whole log. Reads vw_AgentJobs where agent-jobs/ has
            installed it
Example:    EXEC [$(Schema)].[usp_HealthCheck];
            EXEC [$(Schema)].[usp_HealthCheck] @backlog_hours = 4, @failure_percent = 1;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_HealthCheck]
    @backlog_hours int = 24,
    @failure_percent decimal(5, 2) = 5,
    @stale_seconds int = 300,
    @retention_days int = 90,
    @clock_skew_ms bigint = 60000,
    @lease_count int = 5,
    @Help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @live_since datetime2(3) = DATEADD(HOUR, -1, SYSUTCDATETIME());
    DECLARE @installed_hash binary(32);
    DECLARE @active_claims bigint;
    DECLARE @statement nvarchar(max);

    IF @Help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@backlog_hours', N'reports applications that are ready and were enqueued longer ago; default 24'),
                (2, N'@failure_percent', N'reports a higher percentage of failures in the last hour; default 5'),
                (3, N'@stale_seconds', N'reports leases that expired longer ago; default 300'),
                (4, N'@retention_days', N'reports events that are older than this and a week; default 90'),
                (5, N'@clock_skew_ms', N'reports workers whose clock differs by more milliseconds; default 60000'),
                (6, N'@lease_count', N'reports claims held for more leases without completing; default 5'),
                (7, N'results', N'priority (1 now, 2 today, 3 when convenient), finding, detail, why, fix')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    SET @message = CONCAT(
        CASE WHEN COALESCE(@backlog_hours, 0) < 1 THEN N' @backlog_hours must be 1 or more.' END,
        CASE
            WHEN COALESCE(@failure_percent, -1) NOT BETWEEN 0 AND 100
                THEN N' @failure_percent must be 0 to 100.'
        END,
        CASE WHEN COALESCE(@stale_seconds, -1) < 0 THEN N' @stale_seconds must be 0 or more.' END,
        CASE WHEN COALESCE(@retention_days, 0) < 1 THEN N' @retention_days must be 1 or more.' END,
        CASE WHEN COALESCE(@clock_skew_ms, 0) < 1 THEN N' @clock_skew_ms must be 1 or more.' END,
        CASE WHEN COALESCE(@lease_count, 0) < 2 THEN N' @lease_count must be 2 or more.' END
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

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    -- NOLOCK on claims and sessions, here and below: without row versions, the check would otherwise
    -- wait for the completion that hangs and that it looks for.
    SELECT @active_claims = COUNT_BIG(*)
    FROM [$(Schema)].[processing_claim] AS c WITH (NOLOCK)
    WHERE c.lease_expires_at_utc >= @now;

    -- The database and the installed objects.
    IF CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) = N'READ_ONLY'
    BEGIN
        INSERT INTO #finding
        (
            priority,
            finding,
            detail,
            why,
            fix
        )
        VALUES
        (
            3,
            N'not the primary',
            CONCAT(N'database ', DB_NAME(), N' is read-only here'),
            N'workers and jobs do nothing on a secondary replica; run the check on the primary',
            N'connect to the availability group''s listener'
        );
    END;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        3,
        N'readers wait for writers',
        CONCAT(N'database ', d.name, N' has READ_COMMITTED_SNAPSHOT OFF'),
        N'a query of a view and a batch that commits wait for each other''s locks',
        N'ALTER DATABASE ' + QUOTENAME(d.name) + N' SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;'
        + N' -- ends every session of the database: run it at a quiet time'
    FROM sys.databases AS d
    WHERE d.name = DB_NAME()
        AND d.is_read_committed_snapshot_on = 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'index missing or disabled',
        CONCAT(w.index_name, N' on ', w.table_name),
        N'claiming, completing and the views need it; without it each of them scans the table',
        CASE
            WHEN EXISTS
                (
                    SELECT 1
                    FROM sys.indexes AS d
                    WHERE d.object_id = OBJECT_ID(N'[$(Schema)].[' + w.table_name + N']')
                        AND d.name = w.index_name
                        AND d.is_disabled = 1
                )
                THEN N'ALTER INDEX ' + w.index_name + N' ON [$(Schema)].[' + w.table_name + N'] REBUILD;'
            ELSE w.fix
        END
    FROM
        (
            VALUES
            (
                N'processing_queue', N'IX_processing_queue_claim', N'state', N'claim_token',
                N'CREATE INDEX IX_processing_queue_claim ON [$(Schema)].[processing_queue]'
                + N' (state, claim_token, reaps, app_id) INCLUDE (document_bytes)'
                + N' WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_log', N'IX_processing_log_latest', N'is_latest', N'status',
                N'CREATE INDEX IX_processing_log_latest ON [$(Schema)].[processing_log]'
                + N' (is_latest, status, failure_category, fingerprint) INCLUDE (processed_at_utc)'
                + N' WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_log', N'IX_processing_log_processed', N'status', N'processed_at_utc',
                N'CREATE INDEX IX_processing_log_processed ON [$(Schema)].[processing_log]'
                + N' (status, processed_at_utc) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_log', N'IX_processing_log_claim', N'claim_token', NULL,
                N'CREATE INDEX IX_processing_log_claim ON [$(Schema)].[processing_log]'
                + N' (claim_token) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_event', N'IX_processing_event_app', N'app_id', NULL,
                N'CREATE INDEX IX_processing_event_app ON [$(Schema)].[processing_event]'
                + N' (app_id) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_event', N'IX_processing_event_claim', N'claim_token', NULL,
                N'CREATE INDEX IX_processing_event_claim ON [$(Schema)].[processing_event]'
                + N' (claim_token) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_session', N'IX_processing_session_started', N'started_at_utc', NULL,
                N'CREATE INDEX IX_processing_session_started ON [$(Schema)].[processing_session]'
                + N' (started_at_utc) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_throughput', N'IX_processing_throughput_minute', N'minute_utc', NULL,
                N'CREATE INDEX IX_processing_throughput_minute ON [$(Schema)].[processing_throughput]'
                + N' (minute_utc) WITH (ALLOW_PAGE_LOCKS = OFF);'
            )
        ) AS w(table_name, index_name, first_column, second_column, fix)
    WHERE NOT EXISTS
        (
            -- By its first columns: a DBA may have created it again under another name.
            SELECT 1
            FROM sys.indexes AS i
            INNER JOIN sys.index_columns AS k
                ON i.object_id = k.object_id AND i.index_id = k.index_id AND k.key_ordinal = 1
            LEFT OUTER JOIN sys.index_columns AS n
                ON i.object_id = n.object_id AND i.index_id = n.index_id AND n.key_ordinal = 2
            WHERE i.object_id = OBJECT_ID(N'[$(Schema)].[' + w.table_name + N']')
                AND i.is_disabled = 0
                AND COL_NAME(k.object_id, k.column_id) = w.first_column
                AND (w.second_column IS NULL OR COL_NAME(n.object_id, n.column_id) = w.second_column)
        );

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'object changed by hand',
        o.object_name,
        N'its behaviour is unknown, and the next installation overwrites it',
        N'xmlshred install, or the file of sql/ for it; EXEC sp_helptext ''$(Schema).' + o.object_name + N''''
    FROM
        (
            SELECT
                f.definition_checksum,
                SUBSTRING(
                    f.file_name,
                    CHARINDEX(N'/', f.file_name) + 1,
                    LEN(f.file_name) - CHARINDEX(N'/', f.file_name) - 4
                ) AS object_name
            FROM [$(Schema)].[processing_install_file] AS f
            WHERE f.definition_checksum IS NOT NULL
        ) AS o
    LEFT OUTER JOIN sys.sql_modules AS m ON m.object_id = OBJECT_ID(N'[$(Schema)].[' + o.object_name + N']')
    WHERE m.object_id IS NULL
        -- An engine that cuts the text at 4000 characters recorded the checksum of those.
        OR (m.[definition] IS NOT NULL
            AND o.definition_checksum <> CONVERT(binary(32), HASHBYTES('SHA2_256', m.[definition]))
            AND o.definition_checksum
            <> CONVERT(binary(32), HASHBYTES('SHA2_256', LEFT(m.[definition], 4000))));

    -- The contract.
    IF @installed_hash IS NULL
    BEGIN
        INSERT INTO #finding
        (
            priority,
            finding,
            detail,
            why,
            fix
        )
        VALUES
        (
            1,
            N'no contract installed',
            N'every contract in processing_contract is retired',
            N'every claim fails with 50020 until one is installed',
            N'xmlshred install --contract FILE'
        );
    END;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'target table missing',
        t.schema_name + N'.' + t.table_name,
        N'the database refuses every application that has rows for it',
        N'xmlshred install --contract FILE, which creates it'
    FROM [$(Schema)].[processing_contract_table] AS t
    WHERE t.contract_hash = @installed_hash
        AND OBJECT_ID(QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name)) IS NULL;

    IF @installed_hash IS NOT NULL AND OBJECT_ID(N'[$(Schema)].[usp_LoadApps]') IS NULL
    BEGIN
        INSERT INTO #finding
        (
            priority,
            finding,
            detail,
            why,
            fix
        )
        VALUES
        (
            1,
            N'usp_LoadApps missing',
            N'a contract is installed, but not the procedure that loads its tables',
            N'no batch can be completed',
            N'xmlshred install --contract FILE'
        );
    END;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'worker with another contract',
        CONCAT(s.worker_name, N' on ', s.host_name, N' has 0x', CONVERT(varchar(16), s.contract_hash, 2), N'...'),
        N'its next claim fails with 50020 and it ends with exit status 3',
        N'start it with the file of the installed contract'
    FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
    WHERE s.ended_at_utc IS NULL
        AND s.last_seen_at_utc >= @live_since
        -- A worker that was reaped is usually dead.
        AND s.reaped = 0
        AND s.contract_hash <> @installed_hash;

    -- The workers.
    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'expired leases',
        CONCAT(
            COUNT_BIG(*), CASE WHEN COUNT_BIG(*) = 1 THEN N' claim, since ' ELSE N' claims, the oldest since ' END,
            CONVERT(nvarchar(19), MIN(c.lease_expires_at_utc), 120), N' UTC'
        ),
        N'the workers do not renew these claims, and nothing reaped them: the Reaper job does not run',
        N'EXEC [$(Schema)].[usp_ReapExpired];'
    FROM [$(Schema)].[processing_claim] AS c WITH (NOLOCK)
    WHERE c.lease_expires_at_utc < DATEADD(SECOND, -@stale_seconds, @now)
    HAVING COUNT_BIG(*) > 0;

    -- A worker that is at work completes its batch within a few leases: what is left of a claim that
    -- is still renewed after that is held by one that hangs.
    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'claim without progress',
        CONCAT(
            s.worker_name, N' on ', s.host_name, N', process ', s.process_id, N', holds ', c.app_count,
            CASE WHEN c.app_count = 1 THEN N' application since ' ELSE N' applications since ' END,
            CONVERT(nvarchar(19), c.claimed_at_utc, 120), N' UTC, with ', c.renewals, N' renewals of a lease of ',
            c.lease_ms / 1000, N' s'
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
        );

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'workers of mixed versions',
        CONCAT(
            COUNT(DISTINCT s.program_version), N' versions, from ', MIN(s.program_version), N' to ',
            MAX(s.program_version)
        ),
        N'the same document may produce different rows, depending on the worker',
        N'SELECT worker_name, host_name, program_version FROM [$(Schema)].[vw_Sessions] WHERE ended_at_utc IS NULL;'
    FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
    WHERE s.ended_at_utc IS NULL
        AND s.last_seen_at_utc >= @live_since
    HAVING COUNT(DISTINCT s.program_version) > 1;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        3,
        N'clock skew',
        CONCAT(s.host_name, N' differs by ', MAX(s.clock_skew_ms), N' ms'),
        N'leases do not depend on it, but times in its log files differ from those in the tables',
        N'synchronise the clock of ' + s.host_name
    FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
    WHERE s.started_at_utc >= DATEADD(DAY, -1, @now)
        AND ABS(s.clock_skew_ms) > @clock_skew_ms
    GROUP BY s.host_name;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'worker vanished',
        CONCAT(
            s.worker_name, N' on ', s.host_name, N', process ', s.process_id, N', last heard of ',
            CONVERT(nvarchar(19), s.last_seen_at_utc, 120), N' UTC'
        ),
        N'its process or machine has stopped; its claims are reaped',
        CONCAT(
            N'EXEC [$(Schema)].[usp_EndSession] @session_id = ''', CONVERT(nvarchar(36), s.session_id),
            N''', @exit_status = 5;'
        )
    FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
    WHERE s.ended_at_utc IS NULL
        AND s.reaped > 0
        AND s.last_seen_at_utc < @live_since
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_claim] AS c WITH (NOLOCK)
            WHERE c.session_id = s.session_id
        );

    -- The work.
    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'claiming is paused',
        CONCAT(N'since ', CONVERT(nvarchar(19), p.paused_at_utc, 120), N' UTC by ', p.paused_by, N': ', p.reason),
        N'nothing is processed until it is resumed',
        N'EXEC [$(Schema)].[usp_Resume];'
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.resumed_at_utc IS NULL;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        CASE WHEN @active_claims = 0 THEN 1 ELSE 2 END,
        N'old backlog',
        CONCAT(
            COUNT_BIG(*), CASE WHEN COUNT_BIG(*) = 1 THEN N' application' ELSE N' applications' END,
            N' ready, enqueued before ',
            CONVERT(nvarchar(19), DATEADD(HOUR, -@backlog_hours, @now), 120), N' UTC; ',
            @active_claims, CASE WHEN @active_claims = 1 THEN N' claim is active' ELSE N' claims are active' END
        ),
        CASE
            WHEN @active_claims = 0 THEN N'no worker is active: the Worker jobs do not run, or end at once'
            ELSE N'the workers are too slow, or none has this share of the queue'
        END,
        CASE
            WHEN @active_claims = 0
                THEN N'start the Worker jobs; their history shows why they ended'
            ELSE N'SELECT * FROM [$(Schema)].[vw_PartitionProgress]; then start more workers, or one for the share'
        END
    FROM [$(Schema)].[processing_queue] AS q
    WHERE q.state = 0
        AND q.enqueued_at_utc < DATEADD(HOUR, -@backlog_hours, @now)
    HAVING COUNT_BIG(*) > 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'source rows not enqueued',
        CONCAT(
            N'ids above ', w.app_id, N' exist, and nothing was enqueued since ',
            CONVERT(nvarchar(19), w.moved_at_utc, 120), N' UTC'
        ),
        N'they are not processed: the Prepare job does not run',
        N'EXEC [$(Schema)].[usp_EnqueueApps];'
    FROM [$(Schema)].[processing_watermark] AS w
    WHERE w.moved_at_utc < DATEADD(HOUR, -@backlog_hours, @now)
        AND w.app_id < (SELECT MAX(s.app_id) FROM [$(SourceSchema)].[$(SourceTable)] AS s);

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
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
    WHERE t.minute_utc >= @live_since
    HAVING SUM(t.success + t.failed) >= 20
        AND 100.0 * SUM(t.failed) > @failure_percent * SUM(t.success + t.failed);

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'quarantined applications',
        CONCAT(
            COUNT_BIG(*), CASE WHEN COUNT_BIG(*) = 1 THEN N' application: ' ELSE N' applications, such as ' END,
            MIN(v.app_id),
            CASE
                WHEN SUM(v.refused) > 0
                    THEN CONCAT(
                        N'; ', SUM(v.refused), N' refused by the database, such as ',
                        MIN(CASE WHEN v.refused = 1 THEN v.app_id END), N' with error ', MIN(v.error_number)
                    )
            END
        ),
        N'each of them killed its workers or was refused by the database; none is claimed again until it is retried',
        N'SELECT * FROM [$(Schema)].[vw_Quarantine]; EXEC [$(Schema)].[usp_ExplainApp] @app_id = '
        + CONVERT(nvarchar(20), MIN(v.app_id)) + N';'
    FROM
        (
            SELECT
                q.app_id,
                CASE q.cause WHEN 'refused' THEN 1 ELSE 0 END AS refused,
                q.error_number
            FROM [$(Schema)].[vw_Quarantine] AS q
        ) AS v
    HAVING COUNT_BIG(*) > 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'refused by the database',
        CONCAT(
            COUNT_BIG(*),
            CASE WHEN COUNT_BIG(*) = 1 THEN N' application: ' ELSE N' applications, such as ' END,
            MIN(v.app_id), N'; error ', MIN(v.error_number),
            CASE WHEN MIN(v.error_number) <> MAX(v.error_number) THEN CONCAT(N' to ', MAX(v.error_number)) END
        ),
        N'they are claimed again in smaller batches, and quarantined if that does not help',
        N'EXEC [$(Schema)].[usp_ExplainApp] @app_id = ' + CONVERT(nvarchar(20), MIN(v.app_id))
        + N'; -- and fix the trigger, the table or the server'
    FROM
        (
            SELECT
                q.app_id,
                (
                    SELECT TOP (1) e.error_number
                    FROM [$(Schema)].[processing_event] AS e
                    WHERE e.app_id = q.app_id
                        AND e.event_type IN ('reaped', 'refused')
                    ORDER BY e.event_id DESC
                ) AS error_number
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.state IN (0, 1)
                AND q.reaps > 0
        ) AS v
    WHERE v.error_number IS NOT NULL
    HAVING COUNT_BIG(*) > 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        3,
        N'rows of an earlier success',
        CONCAT(
            COUNT_BIG(*),
            CASE WHEN COUNT_BIG(*) = 1 THEN N' application: ' ELSE N' applications, such as ' END,
            MIN(l.app_id)
        ),
        N'the last attempt failed, so the target tables have the rows of an earlier success',
        N'fix the cause and EXEC [$(Schema)].[usp_RetryFailed]; or, to list the rows and then delete them:'
        + N' EXEC [$(Schema)].[usp_DeleteStaleRows] @Execute = ''N'';'
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log] AS k ON l.app_id = k.app_id
    WHERE l.is_latest = 1
        AND l.status = 'failed'
        AND k.has_rows = 1
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
    HAVING COUNT_BIG(*) > 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        3,
        N'log is not purged',
        CONCAT(N'the oldest event is of ', CONVERT(nvarchar(19), e.occurred_at_utc, 120), N' UTC'),
        N'events and superseded attempts grow without end: the Purge job does not run',
        CONCAT(
            N'EXEC [$(Schema)].[usp_PurgeLog] @older_than_seconds = ',
            @retention_days * CONVERT(bigint, 86400), N';'
        )
    FROM
        (
            SELECT TOP (1) v.occurred_at_utc
            FROM [$(Schema)].[processing_event] AS v
            ORDER BY v.event_id
        ) AS e
    WHERE e.occurred_at_utc < DATEADD(DAY, -@retention_days - 7, @now);

    -- SQL Server Agent, which Azure SQL does not have.
    IF OBJECT_ID(N'[$(Schema)].[vw_AgentJobs]') IS NOT NULL
    BEGIN
        SET @statement = N'INSERT INTO #finding (priority, finding, detail, why, fix)
            SELECT 2, N''Agent job'', a.job_name + N'': '' + a.problem,
                N''it does not run as it should'', a.fix
            FROM [$(Schema)].[vw_AgentJobs] AS a
            WHERE a.problem IS NOT NULL;';

        EXEC sys.sp_executesql @statement;
    END;

    SELECT
        f.priority,
        f.finding,
        f.detail,
        f.why,
        f.fix
    FROM #finding AS f
    ORDER BY
        f.priority,
        f.finding,
        f.detail;
END;
GO
