SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Creates the jobs of one pipeline in SQL Server Agent, and updates existing ones. Run it in the
pipeline's database, after variables.sqlcmd. Returns one row per action that it took, or with Execute
N would take: action, job_name, detail. No row: nothing to do.

Prepare     enqueues new applications, and reaps        every PrepareMinutes
Worker 1…N  runs xmlshred until nothing is ready        every WorkerMinutes, unless it still runs
Reaper      reaps claims with an expired lease          every minute
Purge       deletes old history                         at 02:30
Health      fails when usp_HealthCheck reports priority 1, which notifies the operator

WorkerShare is queue (each worker claims from the whole queue) or partitions (worker I claims the ids
with app_id % N = I - 1).

This script updates one step of an existing job, the one named "xmlshred <Schema>: <job>": its
command, output file, proxy and flags. It does not change the other steps, nor the job's owner,
schedules, notifications, category, enabled state and retries. It does not change a job that has the
name but no such step.

T-SQL steps run in master. They do nothing if the database is a secondary replica of an availability
group. xmlshred itself does nothing on a secondary replica.
*/
SET NOCOUNT ON;
SET XACT_ABORT ON;

DECLARE @schema_name nvarchar(128) = N'$(Schema)';
DECLARE @prefix nvarchar(100) = N'$(JobPrefix)';
DECLARE @category nvarchar(128) = N'$(JobCategory)';
DECLARE @executable nvarchar(400) = N'$(Executable)';
DECLARE @settings_file nvarchar(400) = N'$(SettingsFile)';
DECLARE @log_folder nvarchar(100) = N'$(LogFolder)';
DECLARE @worker_count int = TRY_CONVERT(int, N'$(WorkerCount)');
DECLARE @worker_share nvarchar(20) = N'$(WorkerShare)';
DECLARE @worker_minutes int = TRY_CONVERT(int, N'$(WorkerMinutes)');
DECLARE @prepare_minutes int = TRY_CONVERT(int, N'$(PrepareMinutes)');
DECLARE @health_minutes int = TRY_CONVERT(int, N'$(HealthMinutes)');
DECLARE @retention_days int = TRY_CONVERT(int, N'$(RetentionDays)');
DECLARE @owner nvarchar(128) = COALESCE(NULLIF(N'$(JobOwner)', N''), SUSER_SNAME(0x01));
DECLARE @operator nvarchar(128) = NULLIF(N'$(OperatorName)', N'');
DECLARE @proxy nvarchar(128) = NULLIF(N'$(ProxyName)', N'');
DECLARE @execute nchar(1) = N'$(Execute)';

DECLARE @message nvarchar(2048);
DECLARE @return_code int;
DECLARE @worker int = 1;
DECLARE @ordinal int;
DECLARE @job_name nvarchar(128);
DECLARE @description nvarchar(512);
DECLARE @step_name nvarchar(128);
DECLARE @subsystem nvarchar(40);
DECLARE @command nvarchar(max);
DECLARE @database_name nvarchar(128);
DECLARE @retry_attempts int;
DECLARE @output_file nvarchar(200);
DECLARE @flags int;
DECLARE @step_proxy nvarchar(128);
DECLARE @freq_subday_type int;
DECLARE @freq_subday_interval int;
DECLARE @active_start_time int;
DECLARE @notify_level int;
DECLARE @job_id uniqueidentifier;
DECLARE @step_id int;
DECLARE @schedule_name nvarchar(128);
DECLARE @schedule_id int;
DECLARE @present_proxy nvarchar(128);
DECLARE @when_primary nvarchar(300) = CONCAT(
    N'IF COALESCE(sys.fn_hadr_is_primary_replica(N''', REPLACE(DB_NAME(), N'''', N''''''), N'''), 1) = 1'
);
DECLARE @pipeline nvarchar(300) = QUOTENAME(DB_NAME()) + N'.' + QUOTENAME(@schema_name);

-- Tokens of SQL Server Agent. They are concatenated, because sqlcmd would replace them as variables
-- of its own.
DECLARE @token_job nvarchar(40) = N'$' + N'(ESCAPE_NONE(JOBID))';
DECLARE @token_step nvarchar(40) = N'$' + N'(ESCAPE_NONE(STEPID))';
DECLARE @token_run nvarchar(80) = N'$' + N'(ESCAPE_SQUOTE(STRTDT))_$' + N'(ESCAPE_SQUOTE(STRTTM))';

-- An earlier run on this connection may have failed and left these tables.
DROP TABLE IF EXISTS #job;
DROP TABLE IF EXISTS #action;

CREATE TABLE #job
(
    ordinal int NOT NULL PRIMARY KEY,
    kind nvarchar(40) NOT NULL,
    job_description nvarchar(512) NOT NULL,
    subsystem nvarchar(40) NOT NULL,
    command nvarchar(max) NOT NULL,
    retry_attempts int NOT NULL,
    freq_subday_type int NOT NULL,
    freq_subday_interval int NOT NULL,
    active_start_time int NOT NULL
);

CREATE TABLE #action
(
    action_id int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    action nvarchar(40) NOT NULL,
    job_name nvarchar(128) NOT NULL,
    detail nvarchar(1000) NULL
);

SET @message = CONCAT(
    CASE
        WHEN OBJECT_ID(@pipeline + N'.usp_ClaimBatch') IS NULL
            THEN CONCAT(N' Database ', DB_NAME(), N' has no pipeline in schema ', @schema_name, N'.')
    END,
    CASE WHEN @prefix = N'' THEN N' JobPrefix is empty.' END,
    CASE WHEN @executable = N'' THEN N' Executable is empty.' END,
    CASE WHEN @log_folder = N'' THEN N' LogFolder is empty.' END,
    CASE
        WHEN COALESCE(@worker_count, 0) NOT BETWEEN 1 AND 64
            THEN N' WorkerCount must be 1 to 64.'
    END,
    CASE
        WHEN @worker_share NOT IN (N'queue', N'partitions')
            THEN N' WorkerShare must be queue or partitions.'
    END,
    CASE
        WHEN COALESCE(@worker_minutes, 0) NOT BETWEEN 1 AND 59
            THEN N' WorkerMinutes must be 1 to 59.'
    END,
    CASE
        WHEN COALESCE(@prepare_minutes, 0) NOT BETWEEN 1 AND 59
            THEN N' PrepareMinutes must be 1 to 59.'
    END,
    CASE
        WHEN COALESCE(@health_minutes, 0) NOT BETWEEN 1 AND 59
            THEN N' HealthMinutes must be 1 to 59.'
    END,
    CASE
        WHEN COALESCE(@retention_days, 0) NOT BETWEEN 1 AND 20000
            THEN N' RetentionDays must be 1 to 20000.'
    END,
    CASE
        WHEN COALESCE(@execute, N'') NOT IN (N'Y', N'N')
            THEN N' Execute must be Y or N.'
    END,
    CASE
        WHEN @operator IS NOT NULL
            AND NOT EXISTS
            (
                SELECT 1
                FROM [msdb].[dbo].[sysoperators] AS o
                WHERE o.name = @operator
            )
            THEN CONCAT(N' Operator ', @operator, N' does not exist.')
    END,
    CASE
        WHEN @proxy IS NOT NULL
            AND NOT EXISTS
            (
                SELECT 1
                FROM [msdb].[dbo].[sysproxies] AS x
                WHERE x.name = @proxy
            )
            THEN CONCAT(N' Proxy ', @proxy, N' does not exist.')
    END
);

IF @message <> N''
BEGIN
    SET @message = N'Nothing was changed:' + @message;
    THROW 50001, @message, 1;
END;

INSERT INTO #job
(
    ordinal,
    kind,
    job_description,
    subsystem,
    command,
    retry_attempts,
    freq_subday_type,
    freq_subday_interval,
    active_start_time
)
VALUES
(
    1,
    N'Prepare',
    N'Enqueues new applications of the source table, and reaps claims with an expired lease.',
    N'TSQL',
    CONCAT(
        @when_primary, N' BEGIN EXEC ', @pipeline, N'.[usp_EnqueueApps]; EXEC ', @pipeline, N'.[usp_ReapExpired]; END;'
    ),
    2,
    4,
    @prepare_minutes,
    0
),
(
    2,
    N'Reaper',
    N'Reaps the claims of workers that died. Safe at any time.',
    N'TSQL',
    -- This step and Prepare call usp_ReapExpired without @max_reaps, so its default 3 holds: an
    -- application that was reaped 3 times while it was alone in its claim is quarantined. Workers pass
    -- their setting max_reaps instead.
    CONCAT(@when_primary, N' EXEC ', @pipeline, N'.[usp_ReapExpired];'),
    0,
    4,
    1,
    0
),
(
    3,
    N'Purge',
    N'Deletes old events, superseded attempts and sessions, in chunks.',
    N'TSQL',
    CONCAT(
        @when_primary, N' EXEC ', @pipeline, N'.[usp_PurgeLog] @older_than_seconds = ',
        CONVERT(bigint, @retention_days) * 86400, N';'
    ),
    2,
    1,
    0,
    23000
),
(
    4,
    N'Health',
    N'Fails when usp_HealthCheck reports a problem that cannot wait, which notifies the operator.',
    N'TSQL',
    CONCAT(
        @when_primary, N'
BEGIN
    CREATE TABLE #reported
    (
        priority tinyint, finding nvarchar(60), detail nvarchar(1000), why nvarchar(400), fix nvarchar(1000)
    );
    INSERT INTO #reported (priority, finding, detail, why, fix)
    EXEC ', @pipeline, N'.[usp_HealthCheck];
    DECLARE @message nvarchar(2000) =
    (
        SELECT TOP (1) CONCAT(r.finding, N'': '', r.detail, N''; '', r.why, N''; '', r.fix)
        FROM #reported AS r
        WHERE r.priority = 1
        ORDER BY r.finding
    );
    IF @message IS NOT NULL RAISERROR(N''%s'', 16, 1, @message);
END;'
    ),
    0,
    4,
    @health_minutes,
    0
);

WHILE @worker <= @worker_count
BEGIN
    INSERT INTO #job
    (
        ordinal,
        kind,
        job_description,
        subsystem,
        command,
        retry_attempts,
        freq_subday_type,
        freq_subday_interval,
        active_start_time
    )
    VALUES
    (
        100 + @worker,
        CONCAT(N'Worker ', @worker),
        N'Claims, shreds and completes applications until nothing is ready. Stopping it drains: it'
        + N' completes or releases its claims.',
        N'CmdExec',
        CONCAT(
            N'"', @executable, N'" run --config "', @settings_file, N'" --worker-name "Worker ', @worker,
            N'" --fail-on never --log-dir "', @log_folder, N'"',
            CASE
                WHEN @worker_share = N'partitions'
                    THEN CONCAT(N' --instance-id ', @worker - 1, N' --instance-count ', @worker_count)
            END,
            N' --agent-job ', @token_job, N' --agent-step ', @token_step
        ),
        2,
        4,
        @worker_minutes,
        0
    );

    SET @worker += 1;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM [msdb].[dbo].[syscategories] AS c
    WHERE c.name = @category
        AND c.category_class = 1
)
BEGIN
    INSERT INTO #action (action, job_name, detail)
    VALUES (N'create category', N'', @category);

    IF @execute = N'Y'
    BEGIN
        EXEC @return_code = [msdb].[dbo].[sp_add_category]
            @class = N'JOB',
            @type = N'LOCAL',
            @name = @category;

        IF @return_code <> 0
        BEGIN
            THROW 50000, N'sp_add_category failed; its message is above.', 1;
        END;
    END;
END;

SET @ordinal = (SELECT MIN(j.ordinal) FROM #job AS j);

WHILE @ordinal IS NOT NULL
BEGIN
    SELECT
        @job_name = @prefix + j.kind,
        @description = j.job_description,
        @step_name = CONCAT(N'xmlshred ', @schema_name, N': ', LOWER(j.kind)),
        @subsystem = j.subsystem,
        @command = j.command,
        @database_name = CASE WHEN j.subsystem = N'TSQL' THEN N'master' END,
        @retry_attempts = j.retry_attempts,
        -- Each run of a worker has its own file. T-SQL steps have none: they record in tables.
        @output_file = CASE
            WHEN j.subsystem = N'CmdExec'
                THEN CONCAT(@log_folder, N'\', REPLACE(LOWER(j.kind), N' ', N'_'), N'_', @token_run, N'.txt')
        END,
        -- 64: Agent sets an event to stop the step. 32: the output is in the history as well.
        @flags = CASE WHEN j.subsystem = N'CmdExec' THEN 96 ELSE 0 END,
        @step_proxy = CASE WHEN j.subsystem = N'CmdExec' THEN @proxy END,
        @freq_subday_type = j.freq_subday_type,
        @freq_subday_interval = j.freq_subday_interval,
        @active_start_time = j.active_start_time,
        @schedule_name = @prefix + j.kind
    FROM #job AS j
    WHERE j.ordinal = @ordinal;

    SET @job_id = NULL;
    SET @step_id = NULL;
    SET @notify_level = CASE WHEN @operator IS NULL THEN 0 ELSE 2 END;

    SELECT @job_id = j.job_id
    FROM [msdb].[dbo].[sysjobs] AS j
    WHERE j.name = @job_name;

    SELECT @step_id = MIN(s.step_id)
    FROM [msdb].[dbo].[sysjobsteps] AS s
    WHERE s.job_id = @job_id
        AND s.step_name = @step_name;

    IF @job_id IS NULL
    BEGIN
        INSERT INTO #action (action, job_name, detail)
        VALUES (N'create job', @job_name, @command);

        IF @execute = N'Y'
        BEGIN TRY
            BEGIN TRANSACTION;

            EXEC @return_code = [msdb].[dbo].[sp_add_job]
                @job_name = @job_name,
                @enabled = 1,
                @description = @description,
                @category_name = @category,
                @owner_login_name = @owner,
                @notify_level_eventlog = 2,
                @notify_level_email = @notify_level,
                @notify_email_operator_name = @operator,
                @job_id = @job_id OUTPUT;

            IF @return_code = 0
            BEGIN
                EXEC @return_code = [msdb].[dbo].[sp_add_jobstep]
                    @job_id = @job_id,
                    @step_name = @step_name,
                    @subsystem = @subsystem,
                    @command = @command,
                    @cmdexec_success_code = 0,
                    @on_success_action = 1,
                    @on_fail_action = 2,
                    @database_name = @database_name,
                    @retry_attempts = @retry_attempts,
                    @retry_interval = 1,
                    @output_file_name = @output_file,
                    @flags = @flags,
                    @proxy_name = @step_proxy;
            END;

            IF @return_code = 0
            BEGIN
                EXEC @return_code = [msdb].[dbo].[sp_add_schedule]
                    @schedule_name = @schedule_name,
                    @enabled = 1,
                    @freq_type = 4,
                    @freq_interval = 1,
                    @freq_subday_type = @freq_subday_type,
                    @freq_subday_interval = @freq_subday_interval,
                    @active_start_time = @active_start_time,
                    @schedule_id = @schedule_id OUTPUT;
            END;

            IF @return_code = 0
            BEGIN
                EXEC @return_code = [msdb].[dbo].[sp_attach_schedule]
                    @job_id = @job_id,
                    @schedule_id = @schedule_id;
            END;

            IF @return_code = 0
            BEGIN
                EXEC @return_code = [msdb].[dbo].[sp_add_jobserver]
                    @job_id = @job_id,
                    @server_name = N'(local)';
            END;

            IF @return_code <> 0
            BEGIN
                SET @message = CONCAT(N'Job ', @job_name, N' could not be created; Agent''s message is above.');
                THROW 50000, @message, 1;
            END;

            COMMIT TRANSACTION;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            THROW;
        END CATCH;
    END
    ELSE IF @step_id IS NULL
    BEGIN
        INSERT INTO #action (action, job_name, detail)
        VALUES (N'left alone', @job_name, CONCAT(N'it has no step named ', @step_name));
    END
    ELSE IF EXISTS
    (
        SELECT 1
        FROM [msdb].[dbo].[sysjobsteps] AS s
        LEFT OUTER JOIN [msdb].[dbo].[sysproxies] AS x ON s.proxy_id = x.proxy_id
        WHERE s.job_id = @job_id
            AND s.step_id = @step_id
            AND (s.command <> @command
                OR s.subsystem <> @subsystem
                OR s.flags <> @flags
                OR COALESCE(s.output_file_name, N'') <> COALESCE(@output_file, N'')
                OR COALESCE(s.database_name, N'') <> COALESCE(@database_name, N'')
                OR COALESCE(x.name, N'') <> COALESCE(@step_proxy, N''))
    )
    BEGIN
        INSERT INTO #action (action, job_name, detail)
        VALUES (N'update step', @job_name, @command);

        SELECT @present_proxy = x.name
        FROM [msdb].[dbo].[sysjobsteps] AS s
        LEFT OUTER JOIN [msdb].[dbo].[sysproxies] AS x ON s.proxy_id = x.proxy_id
        WHERE s.job_id = @job_id
            AND s.step_id = @step_id;

        -- sp_update_jobstep keeps the proxy if the name is NULL, and removes it if the name is empty.
        IF @step_proxy IS NULL AND @present_proxy IS NOT NULL
        BEGIN
            SET @step_proxy = N'';
        END;

        IF @execute = N'Y'
        BEGIN
            EXEC @return_code = [msdb].[dbo].[sp_update_jobstep]
                @job_id = @job_id,
                @step_id = @step_id,
                @subsystem = @subsystem,
                @command = @command,
                @database_name = @database_name,
                @output_file_name = @output_file,
                @flags = @flags,
                @proxy_name = @step_proxy;

            IF @return_code <> 0
            BEGIN
                SET @message = CONCAT(N'Job ', @job_name, N' could not be updated; Agent''s message is above.');
                THROW 50000, @message, 1;
            END;
        END;
    END;

    SET @ordinal = (
        SELECT MIN(j.ordinal)
        FROM #job AS j
        WHERE j.ordinal > @ordinal
    );
END;

-- Jobs of more workers than WorkerCount. With partitions, they would claim from the partitions of
-- other workers.
INSERT INTO #action (action, job_name, detail)
SELECT
    N'left alone',
    j.name,
    N'more workers than WorkerCount: disable this one, or remove the jobs and create them again'
FROM [msdb].[dbo].[sysjobs] AS j
INNER JOIN [msdb].[dbo].[sysjobsteps] AS s ON j.job_id = s.job_id
WHERE s.step_name LIKE N'xmlshred%'
    AND LEFT(s.step_name, LEN(@schema_name) + 18) = CONCAT(N'xmlshred ', @schema_name, N': worker ')
    AND j.enabled = 1
    AND NOT EXISTS
    (
        SELECT 1
        FROM #job AS w
        WHERE j.name = @prefix + w.kind
    );

SELECT
    a.action,
    a.job_name,
    a.detail
FROM #action AS a
ORDER BY a.action_id;

DROP TABLE #job;
DROP TABLE #action;
GO
