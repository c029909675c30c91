SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which Agent jobs does this pipeline have, how did their last run end, and what is wrong
            with them? usp_HealthCheck reads this view if it exists; Azure SQL has no Agent.
Columns:    job_name, is_enabled, owner_name (NULL: the login does not exist), schedules (enabled ones),
            last_run (yyyymmdd hhmmss, 0 for never), last_outcome (0 failed, 1 success, 3
            cancelled, 5 unknown), last_message, problem and fix (NULL when all is well), job_id
Whose:      a pipeline in a schema of the same name in another database has its own jobs. A T-SQL job calls its
            database by name, and a Worker job is of the pipeline whose T-SQL jobs have its prefix
Cost:       reads a few rows of msdb; the caller needs SELECT on them
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_AgentJobs]
AS
-- The texts of msdb have its collation; readers combine them with texts of this database.
SELECT
    a.job_name COLLATE DATABASE_DEFAULT AS job_name,
    a.is_enabled,
    a.owner_name COLLATE DATABASE_DEFAULT AS owner_name,
    a.schedules,
    a.last_run,
    a.last_outcome,
    a.last_message COLLATE DATABASE_DEFAULT AS last_message,
    (CASE
        WHEN a.is_enabled = 0 THEN N'is disabled'
        WHEN a.owner_name IS NULL THEN N'its owner is not a login of this server'
        WHEN a.servers = 0 THEN N'has no target server'
        WHEN a.schedules = 0 THEN N'has no enabled schedule'
        WHEN a.lost_proxies > 0 THEN N'its proxy is disabled'
        WHEN a.last_outcome = 0 AND a.kind <> N'health' THEN N'failed: ' + a.last_message
    END) COLLATE DATABASE_DEFAULT AS problem,
    (CASE
        WHEN a.is_enabled = 0 THEN N'EXEC msdb.dbo.sp_update_job @job_name = N''' + a.quoted_name + N''', @enabled = 1;'
        WHEN a.owner_name IS NULL
            THEN N'DECLARE @owner sysname = SUSER_SNAME(0x01); EXEC msdb.dbo.sp_update_job @job_name = N'''
                + a.quoted_name + N''', @owner_login_name = @owner;'
        WHEN a.servers = 0
            THEN N'EXEC msdb.dbo.sp_add_jobserver @job_name = N''' + a.quoted_name + N''';'
        WHEN a.schedules = 0 THEN N'give it a schedule in its properties, or remove the jobs and create them again'
        WHEN a.lost_proxies > 0 THEN N'enable the proxy, or give the step another one'
        WHEN a.last_outcome = 0 AND a.kind <> N'health'
            THEN N'EXEC msdb.dbo.sp_help_jobhistory @job_name = N''' + a.quoted_name + N''', @mode = N''FULL'';'
    END) COLLATE DATABASE_DEFAULT AS fix,
    a.job_id
FROM
    (
        SELECT
            j.job_id,
            j.name AS job_name,
            REPLACE(j.name, N'''', N'''''') AS quoted_name,
            o.kind,
            j.enabled AS is_enabled,
            SUSER_SNAME(j.owner_sid) AS owner_name,
            (
                SELECT COUNT(*)
                FROM [msdb].[dbo].[sysjobschedules] AS c
                INNER JOIN [msdb].[dbo].[sysschedules] AS h ON c.schedule_id = h.schedule_id
                WHERE c.job_id = j.job_id
                    AND h.enabled = 1
            ) AS schedules,
            (
                SELECT COUNT(*)
                FROM [msdb].[dbo].[sysjobsteps] AS t
                INNER JOIN [msdb].[dbo].[sysproxies] AS x ON t.proxy_id = x.proxy_id
                WHERE t.job_id = j.job_id
                    AND x.enabled = 0
            ) AS lost_proxies,
            COALESCE(v.servers, 0) AS servers,
            CONVERT(bigint, v.last_run_date) * 1000000 + v.last_run_time AS last_run,
            v.last_outcome,
            COALESCE(v.last_message, N'see its history') AS last_message
        FROM [msdb].[dbo].[sysjobs] AS j
        INNER JOIN
            (
                SELECT
                    s.job_id,
                    MIN(SUBSTRING(s.step_name, LEN(N'xmlshred $(Schema):') + 2, 128)) AS kind
                FROM [msdb].[dbo].[sysjobsteps] AS s
                WHERE LEFT(s.step_name, LEN(N'xmlshred $(Schema):')) = N'xmlshred $(Schema):'
                GROUP BY s.job_id
            ) AS o ON j.job_id = o.job_id
        LEFT OUTER JOIN
            (
                SELECT
                    r.job_id,
                    COUNT(*) AS servers,
                    MAX(r.last_run_date) AS last_run_date,
                    MAX(r.last_run_time) AS last_run_time,
                    MIN(r.last_run_outcome) AS last_outcome,
                    MAX(r.last_outcome_message) AS last_message
                FROM [msdb].[dbo].[sysjobservers] AS r
                GROUP BY r.job_id
            ) AS v ON j.job_id = v.job_id
        WHERE NOT EXISTS
            (
                SELECT 1
                FROM
                    (
                        SELECT
                            w.job_id,
                            w.name,
                            s.command,
                            LEN(SUBSTRING(s.step_name, LEN(N'xmlshred $(Schema):') + 2, 128)) AS kind_length
                        FROM [msdb].[dbo].[sysjobsteps] AS s
                        INNER JOIN [msdb].[dbo].[sysjobs] AS w ON s.job_id = w.job_id
                        WHERE s.subsystem = N'TSQL'
                            AND LEFT(s.step_name, LEN(N'xmlshred $(Schema):')) = N'xmlshred $(Schema):'
                    ) AS q
                INNER JOIN sys.databases AS d
                    ON CHARINDEX(
                        (QUOTENAME(d.name) + N'.' + QUOTENAME(N'$(Schema)') + N'.') COLLATE DATABASE_DEFAULT,
                        q.command COLLATE DATABASE_DEFAULT
                    ) > 0
                WHERE d.database_id <> DB_ID()
                    AND (
                        q.job_id = j.job_id
                        -- Without its kind, a name is the prefix.
                        OR CASE WHEN LEN(q.name) > q.kind_length THEN LEFT(q.name, LEN(q.name) - q.kind_length) END
                        = CASE WHEN LEN(j.name) > LEN(o.kind) THEN LEFT(j.name, LEN(j.name) - LEN(o.kind)) END
                    )
            )
    ) AS a;
GO
