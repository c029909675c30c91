SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Creates the jobs of one pipeline in SQL Server Agent, and updates existing ones. Run it
            in the pipeline's database, after variables.sqlcmd, as a member of sysadmin; on Amazon
            RDS, as the login that will own the jobs.
Results:    one row per action that it took, or with Execute N would take: action, job_name, detail.
            No row: nothing to do. One transaction: if anything fails, nothing is changed.
Jobs:       Prepare     reaps expired claims, enqueues new applications   every PrepareMinutes
            Worker 1…N  runs xmlshred until nothing is ready              every WorkerMinutes,
                                                                          unless it still runs
            Nightly     enqueues what Prepare missed, deletes old history,    at 02:30
                        recounts the sums on Sundays
            Health      fails when usp_HealthCheck reports priority 1,    every HealthMinutes
                        which notifies the operator
Output:     each run of a worker writes LogFolder\<its job>.txt over the one of the run before
Existing    The step named "xmlshred <Schema>: <job>" gets this script's command, output file, proxy
jobs:       and flags. Other steps, and the job's owner, schedules, notifications, category, enabled
            state and retries stay. A job that has the name but no such step is left alone.

WorkerCount 0 creates the T-SQL jobs alone, for servers whose Agent runs no programs: Azure SQL
Managed Instance, SQL Server on Linux, Amazon RDS. docs/servers.md says what runs the workers there.

T-SQL steps run in master, and do nothing unless the database is online and may be written: so
the same jobs may be on every replica of an availability group. xmlshred does nothing there either.
*/
IF CONVERT(int, SERVERPROPERTY(N'EngineEdition')) NOT IN (2, 3, 8)
BEGIN
    THROW 50001, N'Nothing was changed: this edition has no SQL Server Agent. docs/servers.md has what to use.', 1;
END;

IF HAS_PERMS_BY_NAME(N'[msdb].[dbo].[sysjobs]', N'OBJECT', N'SELECT') = 0
BEGIN
    THROW 50001, N'Nothing was changed: this login has no SELECT on msdb.dbo.sysjobs and the tables beside it.', 1;
END;
GO
SET NOCOUNT ON;
SET XACT_ABORT ON;

-- Each is one longer than what fits, so that a longer value is refused instead of cut. LEN does not count
-- blanks at the end.
DECLARE @schema_name nvarchar(109) = N'$(Schema)';
DECLARE @prefix nvarchar(101) = N'$(JobPrefix)';
DECLARE @category nvarchar(129) = N'$(JobCategory)';
DECLARE @executable nvarchar(401) = N'$(Executable)';
DECLARE @settings_file nvarchar(401) = N'$(SettingsFile)';
DECLARE @log_folder nvarchar(176) = N'$(LogFolder)';
DECLARE @owner nvarchar(129) = N'$(JobOwner)';
DECLARE @operator nvarchar(129) = N'$(OperatorName)';
DECLARE @proxy nvarchar(129) = N'$(ProxyName)';
DECLARE @worker_share nvarchar(21) = N'$(WorkerShare)';
DECLARE @worker_count int = TRY_CONVERT(int, N'$(WorkerCount)');
DECLARE @worker_minutes int = TRY_CONVERT(int, N'$(WorkerMinutes)');
DECLARE @prepare_minutes int = TRY_CONVERT(int, N'$(PrepareMinutes)');
DECLARE @health_minutes int = TRY_CONVERT(int, N'$(HealthMinutes)');
DECLARE @retention_days int = TRY_CONVERT(int, N'$(RetentionDays)');
DECLARE @execute nvarchar(2) = N'$(Execute)';

DECLARE @log_folder_argument nvarchar(352);
DECLARE @message nvarchar(2048);
DECLARE @return_code int = 0;
DECLARE @is_managed_instance bit = CASE CONVERT(int, SERVERPROPERTY(N'EngineEdition')) WHEN 8 THEN 1 ELSE 0 END;
DECLARE @without_programs nvarchar(60);
DECLARE @host_platform nvarchar(256);
DECLARE @worker int = 1;
DECLARE @left_alone int;
DECLARE @ordinal int;
DECLARE @job_name nvarchar(128);
DECLARE @description nvarchar(512);
DECLARE @step_name nvarchar(128);
DECLARE @subsystem nvarchar(40);
DECLARE @command nvarchar(max);
DECLARE @database_name nvarchar(128);
DECLARE @retry_attempts int;
DECLARE @output_file nvarchar(200);
DECLARE @file_name nvarchar(128);
DECLARE @at int;
DECLARE @flags int;
DECLARE @step_proxy nvarchar(128);
DECLARE @present_proxy nvarchar(128);
DECLARE @freq_subday_type int;
DECLARE @freq_subday_interval int;
DECLARE @active_start_time int;
DECLARE @notify_level_email int;
-- Managed Instance has no event log.
DECLARE @notify_level_eventlog int = CASE WHEN @is_managed_instance = 1 THEN 0 ELSE 2 END;
DECLARE @job_id uniqueidentifier;
DECLARE @step_id int;
DECLARE @schedule_id int;
DECLARE @pipeline nvarchar(300) = QUOTENAME(DB_NAME()) + N'.' + QUOTENAME(@schema_name);
DECLARE @database_literal nvarchar(300) = CONCAT(N'N''', REPLACE(DB_NAME(), N'''', N''''''), N'''');
-- Needs no permission, and holds for secondary replicas and for databases that are being restored.
DECLARE @if_primary nvarchar(1000) = CONCAT(
    N'IF CONVERT(nvarchar(60), DATABASEPROPERTYEX(', @database_literal, N', N''Status'')) = N''ONLINE''
    AND CONVERT(nvarchar(60), DATABASEPROPERTYEX(', @database_literal, N', N''Updateability'')) = N''READ_WRITE''
'
);

-- Tokens of SQL Server Agent. They are concatenated, because sqlcmd would replace them as variables
-- of its own.
DECLARE @token_job nvarchar(40) = N'$' + N'(ESCAPE_NONE(JOBID))';
DECLARE @token_step nvarchar(40) = N'$' + N'(ESCAPE_NONE(STEPID))';

-- An earlier run on this connection may have failed and left these tables.
DROP TABLE IF EXISTS #job;
DROP TABLE IF EXISTS #action;

-- msdb, tempdb and the pipeline's database may have three collations.
CREATE TABLE #job
(
    ordinal int NOT NULL PRIMARY KEY,
    kind nvarchar(40) COLLATE DATABASE_DEFAULT NOT NULL,
    job_description nvarchar(512) COLLATE DATABASE_DEFAULT NOT NULL,
    subsystem nvarchar(40) COLLATE DATABASE_DEFAULT NOT NULL,
    command nvarchar(max) COLLATE DATABASE_DEFAULT NOT NULL,
    retry_attempts int NOT NULL,
    freq_subday_type int NOT NULL,
    freq_subday_interval int NOT NULL,
    active_start_time int NOT NULL
);

CREATE TABLE #action
(
    action_id int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    action nvarchar(40) COLLATE DATABASE_DEFAULT NOT NULL,
    job_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    detail nvarchar(max) COLLATE DATABASE_DEFAULT NULL
);

-- SQL Server 2016 has no such view, and runs on Windows.
IF OBJECT_ID(N'sys.dm_os_host_info') IS NOT NULL
BEGIN
    SELECT @host_platform = i.host_platform FROM sys.dm_os_host_info AS i;
END;

SET @without_programs = CASE
    WHEN @is_managed_instance = 1 THEN N'Azure SQL Managed Instance'
    WHEN @host_platform = N'Linux' THEN N'SQL Server on Linux'
    WHEN DB_ID(N'rdsadmin') IS NOT NULL THEN N'Amazon RDS'
END;

SET @message = CONCAT(
    CASE
        WHEN OBJECT_ID(@pipeline + N'.usp_ClaimBatch') IS NULL
            THEN CONCAT(N' Database ', DB_NAME(), N' has no pipeline in schema ', @schema_name, N'.')
    END,
    CASE WHEN LEN(@schema_name + N'.') - 1 > 108 THEN N' Schema has more than 108 characters.' END,
    CASE WHEN LEN(@prefix + N'.') - 1 > 100 THEN N' JobPrefix has more than 100 characters.' END,
    CASE WHEN LEN(@category + N'.') - 1 > 128 THEN N' JobCategory has more than 128 characters.' END,
    CASE WHEN LEN(@executable + N'.') - 1 > 400 THEN N' Executable has more than 400 characters.' END,
    CASE WHEN LEN(@settings_file + N'.') - 1 > 400 THEN N' SettingsFile has more than 400 characters.' END,
    CASE WHEN LEN(@log_folder + N'.') - 1 > 175 THEN N' LogFolder has more than 175 characters.' END,
    CASE WHEN LEN(@owner + N'.') - 1 > 128 THEN N' JobOwner has more than 128 characters.' END,
    CASE WHEN LEN(@operator + N'.') - 1 > 128 THEN N' OperatorName has more than 128 characters.' END,
    CASE WHEN LEN(@proxy + N'.') - 1 > 128 THEN N' ProxyName has more than 128 characters.' END,
    CASE WHEN @prefix = N'' THEN N' JobPrefix is empty.' END,
    CASE WHEN @worker_count > 0 AND @executable = N'' THEN N' Executable is empty.' END,
    CASE WHEN @worker_count > 0 AND @log_folder = N'' THEN N' LogFolder is empty.' END,
    -- Agent has room for 200 characters of an output file's path.
    CASE
        WHEN @worker_count > 0 AND LEN(@log_folder + @prefix + N'.') - 1 > 186
            THEN N' LogFolder and JobPrefix have more than 186 characters together.'
    END,
    CASE
        WHEN @worker_count > 0
            AND EXISTS
            (
                SELECT 1
                FROM (VALUES (@executable), (@settings_file), (@log_folder)) AS p(file_path)
                WHERE PATINDEX(N'[A-Za-z]:[\/]%', p.file_path) = 0
                    AND LEFT(p.file_path, 2) <> N'\\'
            )
            THEN N' Executable, SettingsFile and LogFolder must begin with a drive and a backslash, such as C:\,'
                + N' or with \\: a step of Agent starts in a folder of Windows.'
    END,
    CASE
        WHEN RIGHT(@executable, 1) = N'\' OR RIGHT(@settings_file, 1) = N'\'
            THEN N' Executable and SettingsFile must not end with a backslash.'
    END,
    CASE
        WHEN CHARINDEX(N'"', @executable + @settings_file + @log_folder) > 0
            THEN N' Executable, SettingsFile and LogFolder must not have quotation marks.'
    END,
    -- Agent replaces its tokens in the whole command, and does not start a step with an unknown one.
    CASE
        WHEN CHARINDEX(N'$' + N'(', @executable + @settings_file + @log_folder) > 0
            THEN N' Executable, SettingsFile and LogFolder must not have a dollar sign before a parenthesis.'
    END,
    CASE
        WHEN @worker_count IS NULL OR @worker_count NOT BETWEEN 0 AND 64
            THEN N' WorkerCount must be 0 to 64.'
    END,
    CASE
        WHEN @worker_count > 0 AND @without_programs IS NOT NULL
            THEN CONCAT(
                N' Agent runs no programs on ', @without_programs,
                N': WorkerCount must be 0. docs/servers.md has what runs the workers.'
            )
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
        WHEN @operator <> N''
            AND NOT EXISTS
            (
                SELECT 1
                FROM [msdb].[dbo].[sysoperators] AS o
                WHERE o.name = @operator
            )
            THEN CONCAT(N' Operator ', @operator, N' does not exist.')
    END,
    CASE
        WHEN @proxy <> N''
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

-- Two databases may have a pipeline in a schema of the same name.
SELECT TOP (1) @message = CONCAT(
    N'Nothing was changed: job ', j.name, N' is of the pipeline in database ', d.name, N': use another JobPrefix.'
)
FROM [msdb].[dbo].[sysjobs] AS j
INNER JOIN [msdb].[dbo].[sysjobsteps] AS s ON j.job_id = s.job_id
INNER JOIN sys.databases AS d
    ON CHARINDEX(
        (QUOTENAME(d.name) + N'.' + QUOTENAME(@schema_name) + N'.') COLLATE DATABASE_DEFAULT,
        s.command COLLATE DATABASE_DEFAULT
    ) > 0
WHERE j.name IN (@prefix + N'Prepare', @prefix + N'Nightly', @prefix + N'Health')
    AND s.subsystem = N'TSQL'
    AND d.database_id <> DB_ID()
ORDER BY j.name ASC;

IF @message <> N''
BEGIN
    THROW 50001, @message, 1;
END;

-- Windows reads \" in a command line as a quotation mark that does not end the argument, and \\" as a
-- backslash at its end: the backslashes at the end are doubled, for D:\ must stay a root.
SET @log_folder_argument = @log_folder
    + RIGHT(@log_folder, COALESCE(NULLIF(PATINDEX(N'%[^\]%', REVERSE(@log_folder)), 0) - 1, LEN(@log_folder)));

SET @operator = NULLIF(@operator, N'');
SET @proxy = NULLIF(@proxy, N'');
SET @notify_level_email = CASE WHEN @operator IS NULL THEN 0 ELSE 2 END;

-- Only sysadmin may give a job to another login. A job of sa, under any name, outlives the login
-- that created it.
SET @owner = COALESCE(
    NULLIF(@owner, N''),
    CASE WHEN IS_SRVROLEMEMBER(N'sysadmin') = 1 THEN SUSER_SNAME(0x01) END,
    SUSER_SNAME()
);

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
    N'Reaps claims with an expired lease, and enqueues new applications of the source table.',
    N'TSQL',
    -- usp_ReapExpired quarantines an application that was reaped 3 times while it was alone in its
    -- claim: the default of its @max_reaps. Workers pass their setting max_reaps instead.
    CONCAT(@if_primary, N'BEGIN
    EXEC ', @pipeline, N'.[usp_ReapExpired];
    EXEC ', @pipeline, N'.[usp_EnqueueApps];
END;'),
    2,
    4,
    @prepare_minutes,
    0
),
(
    2,
    N'Nightly',
    N'Enqueues applications that Prepare missed, deletes old events, attempts and sessions, and recounts the sums'
    + N' on Sundays.',
    N'TSQL',
    CONCAT(@if_primary, N'BEGIN
    EXEC ', @pipeline, N'.[usp_EnqueueApps] @mode = ''full'';
    EXEC ', @pipeline, N'.[usp_PurgeLog] @older_than_seconds = ', CONVERT(bigint, @retention_days) * 86400, N';
    -- On Sundays: 1900 began on a Monday.
    IF DATEDIFF(DAY, ''19000101'', SYSDATETIME()) % 7 = 6 EXEC ', @pipeline, N'.[usp_RecountSums];
END;'),
    2,
    1,
    0,
    -- Half a minute after Prepare may have started: two callers do not enqueue at once.
    23030
),
(
    3,
    N'Health',
    N'Fails when usp_HealthCheck reports a problem that cannot wait, which notifies the operator.',
    N'TSQL',
    CONCAT(@if_primary, N'BEGIN
    DECLARE @message nvarchar(2000);
    CREATE TABLE #reported
    (
        priority tinyint, finding nvarchar(60), detail nvarchar(1000), why nvarchar(400), fix nvarchar(1000),
        docs_page nvarchar(100)
    );
    INSERT INTO #reported (priority, finding, detail, why, fix, docs_page)
    EXEC ', @pipeline, N'.[usp_HealthCheck];
    SELECT TOP (1) @message = CONCAT(r.finding, N'': '', r.detail, N''; '', r.why, N''; '', r.fix)
    FROM #reported AS r
    WHERE r.priority = 1
    ORDER BY r.finding;
    IF @message IS NOT NULL RAISERROR(N''%s'', 16, 1, @message);
END;'),
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
            N'" --fail-on never --log-dir "', @log_folder_argument, N'" --log-days ', @retention_days,
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

BEGIN TRY
    BEGIN TRANSACTION;

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
        END;
    END;

    IF @return_code <> 0
    BEGIN
        THROW 50000, N'The category could not be created; Agent''s message is above.', 1;
    END;

    SET @ordinal = (SELECT MIN(j.ordinal) FROM #job AS j);

    WHILE @ordinal IS NOT NULL
    BEGIN
        SELECT @job_name = @prefix + j.kind
        FROM #job AS j
        WHERE j.ordinal = @ordinal;

        -- No other job of this server has the name, and so no other step has the file.
        SET @file_name = @job_name;
        SET @at = PATINDEX(N'%[\/:*?"<>|]%', @file_name);

        WHILE @at > 0
        BEGIN
            SET @file_name = STUFF(@file_name, @at, 1, N'-');
            SET @at = PATINDEX(N'%[\/:*?"<>|]%', @file_name);
        END;

        SELECT
            @description = j.job_description,
            @step_name = CONCAT(N'xmlshred ', @schema_name, N': ', LOWER(j.kind)),
            @subsystem = j.subsystem,
            @command = j.command,
            @database_name = CASE WHEN j.subsystem = N'TSQL' THEN N'master' END,
            @retry_attempts = j.retry_attempts,
            -- Each run of a worker overwrites its file: the history and the log folder have the
            -- earlier ones.
            @output_file = CASE
                WHEN j.subsystem = N'CmdExec'
                    THEN CONCAT(
                        @log_folder,
                        CASE WHEN RIGHT(@log_folder, 1) <> N'\' THEN N'\' END,
                        @file_name,
                        N'.txt'
                    )
            END,
            -- 64: Agent sets an event to stop the step. 32: the output is in the history as well.
            @flags = CASE WHEN j.subsystem = N'CmdExec' THEN 96 ELSE 0 END,
            @step_proxy = CASE WHEN j.subsystem = N'CmdExec' THEN @proxy END,
            @freq_subday_type = j.freq_subday_type,
            @freq_subday_interval = j.freq_subday_interval,
            @active_start_time = j.active_start_time
        FROM #job AS j
        WHERE j.ordinal = @ordinal;

        SET @job_id = NULL;
        SET @step_id = NULL;
        SET @present_proxy = NULL;

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
            BEGIN
                EXEC @return_code = [msdb].[dbo].[sp_add_job]
                    @job_name = @job_name,
                    @enabled = 1,
                    @description = @description,
                    @category_name = @category,
                    @owner_login_name = @owner,
                    @notify_level_eventlog = @notify_level_eventlog,
                    @notify_level_email = @notify_level_email,
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
                        @schedule_name = @job_name,
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
            END;
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
            INNER JOIN [msdb].[dbo].[sysproxies] AS x ON s.proxy_id = x.proxy_id
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
            END;
        END;

        IF @return_code <> 0
        BEGIN
            SET @message = CONCAT(
                N'Nothing was changed: job ', @job_name,
                N' could not be created or updated; Agent''s message is above.'
            );
            THROW 50000, @message, 1;
        END;

        SET @ordinal = (
            SELECT MIN(j.ordinal)
            FROM #job AS j
            WHERE j.ordinal > @ordinal
        );
    END;

    -- Otherwise a pipeline without a single job would look as one whose jobs have nothing to change.
    SET @left_alone = (
        SELECT COUNT(*)
        FROM #action AS a
        WHERE a.action = N'left alone'
    );

    IF @left_alone = (SELECT COUNT(*) FROM #job)
    BEGIN
        SET @message = CONCAT(
            N'Nothing was changed: every job that begins with ', @prefix,
            N' belongs to another pipeline, or to somebody else: use another JobPrefix.'
        );
        THROW 50001, @message, 1;
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

-- Such as workers above WorkerCount. With partitions, they would claim from those of other workers. A
-- pipeline in a schema of the same name in another database has its own.
INSERT INTO #action (action, job_name, detail)
SELECT
    N'left alone',
    j.name,
    N'this script does not create this job: disable it, or remove the jobs and create them again'
FROM [msdb].[dbo].[sysjobs] AS j
INNER JOIN [msdb].[dbo].[sysjobsteps] AS s ON j.job_id = s.job_id
WHERE LEFT(s.step_name, LEN(@schema_name) + 10) = CONCAT(N'xmlshred ', @schema_name, N':')
    AND j.enabled = 1
    AND (LEFT(j.name, LEN(@prefix + N'Worker .') - 1) = @prefix + N'Worker '
        OR CHARINDEX(@pipeline + N'.', s.command) > 0
        OR CHARINDEX(N'"' + @settings_file + N'"', s.command) > 0)
    AND NOT EXISTS
    (
        SELECT 1
        FROM #job AS w
        WHERE j.name = (@prefix + w.kind) COLLATE DATABASE_DEFAULT
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
