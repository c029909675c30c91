SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Removes the jobs of one pipeline from SQL Server Agent, after variables.sqlcmd. Returns one row
per action that it took, or with Execute N would take: action, job_name, detail. One transaction: if
anything fails, nothing is changed.

Removes what create_jobs.sql created: steps named "xmlshred <Schema>: <what>" of jobs that begin with
JobPrefix, the jobs that have no other step, and its schedules, if no job uses them any more. A job that
has other steps keeps them; other schedules, operators, proxies and the category stay. So do the jobs of a
pipeline in a schema of the same name in another database: T-SQL jobs call their database by name, and
Worker jobs are of the pipeline whose T-SQL jobs have their prefix. Jobs of this pipeline with another
prefix are named, and stay.
*/
SET NOCOUNT ON;
SET XACT_ABORT ON;

-- Each is one longer than what fits, so that a longer value is refused instead of cut. LEN does not count
-- blanks at the end.
DECLARE @schema_name nvarchar(109) = N'$(Schema)';
DECLARE @prefix nvarchar(101) = N'$(JobPrefix)';
DECLARE @execute nvarchar(2) = N'$(Execute)';

DECLARE @message nvarchar(2048);
DECLARE @return_code int = 0;
DECLARE @marker nvarchar(150) = CONCAT(N'xmlshred ', @schema_name, N': ');
DECLARE @pipeline nvarchar(300) = QUOTENAME(DB_NAME()) + N'.' + QUOTENAME(@schema_name);
DECLARE @job_id uniqueidentifier;
DECLARE @job_name nvarchar(128);
DECLARE @step_id int;
DECLARE @schedule_id int;

-- An earlier run on this connection may have failed and left these tables.
DROP TABLE IF EXISTS #ours;
DROP TABLE IF EXISTS #others;
DROP TABLE IF EXISTS #action;

CREATE TABLE #ours
(
    job_id uniqueidentifier NOT NULL PRIMARY KEY,
    job_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    -- What comes before the kind, as in "xmlshred - "; empty if the job was renamed.
    name_before nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    step_id int NOT NULL,
    other_steps int NOT NULL
);

CREATE TABLE #others
(
    job_id uniqueidentifier NOT NULL,
    name_before nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    database_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL
);

CREATE TABLE #action
(
    action_id int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    action nvarchar(40) COLLATE DATABASE_DEFAULT NOT NULL,
    job_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    detail nvarchar(max) COLLATE DATABASE_DEFAULT NULL
);

SET @message = CONCAT(
    CASE WHEN LEN(@schema_name + N'.') - 1 > 108 THEN N' Schema has more than 108 characters.' END,
    CASE WHEN LEN(@prefix + N'.') - 1 > 100 THEN N' JobPrefix has more than 100 characters.' END,
    CASE WHEN COALESCE(@execute, N'') NOT IN (N'Y', N'N') THEN N' Execute must be Y or N.' END
);

IF @message <> N''
BEGIN
    SET @message = N'Nothing was changed:' + @message;
    THROW 50001, @message, 1;
END;

INSERT INTO #ours
(
    job_id,
    job_name,
    name_before,
    step_id,
    other_steps
)
SELECT
    j.job_id,
    j.name,
    COALESCE(
        MIN(CASE
            WHEN LEFT(s.step_name, LEN(@marker) + 1) = @marker
                AND LOWER(j.name) LIKE N'%' + SUBSTRING(s.step_name, LEN(@marker) + 2, 128)
                AND LEN(j.name) > LEN(SUBSTRING(s.step_name, LEN(@marker) + 2, 128))
                THEN LEFT(
                    j.name,
                    CASE
                        WHEN LEN(j.name) > LEN(SUBSTRING(s.step_name, LEN(@marker) + 2, 128))
                            THEN LEN(j.name) - LEN(SUBSTRING(s.step_name, LEN(@marker) + 2, 128))
                        ELSE 0
                    END
                )
        END),
        N''
    ),
    MIN(CASE WHEN LEFT(s.step_name, LEN(@marker) + 1) = @marker THEN s.step_id END),
    SUM(CASE WHEN LEFT(s.step_name, LEN(@marker) + 1) = @marker THEN 0 ELSE 1 END)
FROM [msdb].[dbo].[sysjobs] AS j
INNER JOIN [msdb].[dbo].[sysjobsteps] AS s ON j.job_id = s.job_id
WHERE LEFT(j.name, LEN(@prefix + N'.') - 1) = @prefix
GROUP BY
    j.job_id,
    j.name
HAVING MIN(CASE WHEN LEFT(s.step_name, LEN(@marker) + 1) = @marker THEN s.step_id END) IS NOT NULL;

-- Two databases may have a pipeline in a schema of the same name, and one prefix may begin with the other.
INSERT INTO #others (job_id, name_before, database_name)
SELECT
    o.job_id,
    o.name_before,
    d.name
FROM #ours AS o
INNER JOIN [msdb].[dbo].[sysjobsteps] AS s ON o.job_id = s.job_id AND o.step_id = s.step_id
INNER JOIN sys.databases AS d
    ON CHARINDEX(
        (QUOTENAME(d.name) + N'.' + QUOTENAME(@schema_name) + N'.') COLLATE DATABASE_DEFAULT,
        s.command COLLATE DATABASE_DEFAULT
    ) > 0
WHERE s.subsystem = N'TSQL'
    AND d.database_id <> DB_ID();

SELECT TOP (1) @message = CONCAT(
    N'Nothing was changed: job ', o.job_name, N' is of the pipeline in database ', x.database_name,
    N': run the script there, or name another JobPrefix.'
)
FROM #ours AS o
INNER JOIN #others AS x ON o.job_id = x.job_id
ORDER BY o.job_name ASC;

DELETE FROM #ours
WHERE job_id IN (SELECT x.job_id FROM #others AS x)
    OR name_before IN
    (
        SELECT x.name_before
        FROM #others AS x
        WHERE x.name_before <> N''
    );

IF @message <> N'' AND NOT EXISTS (SELECT 1 FROM #ours)
BEGIN
    THROW 50001, @message, 1;
END;

BEGIN TRY
    BEGIN TRANSACTION;

    SET @job_name = (SELECT MIN(o.job_name) FROM #ours AS o);

    WHILE @job_name IS NOT NULL
    BEGIN
        SELECT
            @job_id = o.job_id,
            @step_id = o.step_id
        FROM #ours AS o
        WHERE o.job_name = @job_name;

        SET @schedule_id = NULL;

        SELECT @schedule_id = MIN(s.schedule_id)
        FROM [msdb].[dbo].[sysschedules] AS s
        INNER JOIN [msdb].[dbo].[sysjobschedules] AS a ON s.schedule_id = a.schedule_id
        WHERE a.job_id = @job_id
            AND s.name = @job_name;

        IF EXISTS
        (
            SELECT 1
            FROM #ours AS o
            WHERE o.job_id = @job_id
                AND o.other_steps > 0
        )
        BEGIN
            INSERT INTO #action (action, job_name, detail)
            VALUES (N'delete step', @job_name, N'the job has other steps, and stays');

            IF @execute = N'Y'
            BEGIN
                EXEC @return_code = [msdb].[dbo].[sp_delete_jobstep]
                    @job_id = @job_id,
                    @step_id = @step_id;
            END;
        END
        ELSE
        BEGIN
            INSERT INTO #action (action, job_name, detail)
            VALUES (N'delete job', @job_name, NULL);

            IF @execute = N'Y'
            BEGIN
                EXEC @return_code = [msdb].[dbo].[sp_delete_job]
                    @job_id = @job_id,
                    @delete_unused_schedule = 0;
            END;

            IF @return_code = 0
                AND @schedule_id IS NOT NULL
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [msdb].[dbo].[sysjobschedules] AS a
                    WHERE a.schedule_id = @schedule_id
                        AND a.job_id <> @job_id
                )
            BEGIN
                INSERT INTO #action (action, job_name, detail)
                VALUES (N'delete schedule', @job_name, NULL);

                IF @execute = N'Y'
                BEGIN
                    EXEC @return_code = [msdb].[dbo].[sp_delete_schedule]
                        @schedule_id = @schedule_id;
                END;
            END;
        END;

        IF @return_code <> 0
        BEGIN
            SET @message = CONCAT(
                N'Nothing was changed: job ', @job_name, N' could not be removed; Agent''s message is above.'
            );
            THROW 50000, @message, 1;
        END;

        SET @job_name = (
            SELECT MIN(o.job_name)
            FROM #ours AS o
            WHERE o.job_name > @job_name
        );
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

-- Such as those that an earlier version created, whose prefix was another one.
INSERT INTO #action (action, job_name, detail)
SELECT
    N'left alone',
    j.name,
    N'it is of this pipeline and has another prefix: remove it with the JobPrefix with which its name begins'
FROM [msdb].[dbo].[sysjobs] AS j
INNER JOIN [msdb].[dbo].[sysjobsteps] AS s ON j.job_id = s.job_id
WHERE LEFT(s.step_name, LEN(@marker) + 1) = @marker
    AND s.subsystem = N'TSQL'
    AND CHARINDEX(@pipeline + N'.', s.command) > 0
    AND LEFT(j.name, LEN(@prefix + N'.') - 1) <> @prefix;

SELECT
    a.action,
    a.job_name,
    a.detail
FROM #action AS a
ORDER BY a.action_id;

DROP TABLE #ours;
DROP TABLE #others;
DROP TABLE #action;
GO
