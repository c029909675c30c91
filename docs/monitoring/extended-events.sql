/*
What the pipeline of xmlshred costs and waits for, recorded by SQL Server: procedures and statements that take
long, errors by procedure, blocking, deadlocks and cancelled calls. Runs apart from xmlshred, which needs none
of it.

Replace credit by the name of the database, in all places. Needs ALTER ANY EVENT SESSION (sysadmin has it); reading
needs VIEW SERVER STATE. Keeps at most 5 files of 20 MB in the folder of the error log. On Azure SQL Database, write
ON DATABASE for ON SERVER, and a ring_buffer target for the file (docs/monitoring.md).

1. Create the session. Running this part again replaces it.
*/
IF EXISTS
(
    SELECT 1
    FROM sys.server_event_sessions AS s
    WHERE s.name = N'xmlshred'
)
    DROP EVENT SESSION [xmlshred] ON SERVER;
GO
CREATE EVENT SESSION [xmlshred] ON SERVER
-- Procedures that take more than a second (durations are microseconds).
ADD EVENT sqlserver.module_end
(
    SET collect_statement = (0)
    ACTION (sqlserver.client_app_name, sqlserver.client_hostname, sqlserver.session_id, sqlserver.username)
    WHERE sqlserver.database_name = N'credit'
        AND duration >= 1000000
        AND sqlserver.like_i_sql_unicode_string(object_name, N'usp[_]%')
),
-- Their statements that take more than a second, and who waits for what shows in the next two.
ADD EVENT sqlserver.sp_statement_completed
(
    SET collect_object_name = (1), collect_statement = (1)
    ACTION (sqlserver.client_app_name, sqlserver.client_hostname, sqlserver.session_id, sqlserver.username)
    WHERE sqlserver.database_name = N'credit'
        AND duration >= 1000000
),
-- A wait for a lock that lasts: only if the server reports blocked processes (step 2).
ADD EVENT sqlserver.blocked_process_report
(
    WHERE database_name = N'credit'
),
ADD EVENT sqlserver.xml_deadlock_report,
-- Errors with the procedure that raised them: 1222 is a lock timeout, 50000 and above are xmlshred's.
ADD EVENT sqlserver.error_reported
(
    ACTION
    (
        sqlserver.client_app_name,
        sqlserver.client_hostname,
        sqlserver.session_id,
        sqlserver.tsql_frame,
        sqlserver.username
    )
    WHERE sqlserver.database_name = N'credit'
        AND severity >= 11
),
-- A client that gave up: Stop in SSMS, or a command timeout.
ADD EVENT sqlserver.attention
(
    ACTION (sqlserver.client_app_name, sqlserver.client_hostname, sqlserver.session_id, sqlserver.sql_text)
    WHERE sqlserver.database_name = N'credit'
)
ADD TARGET package0.event_file
(
    SET filename = N'xmlshred.xel', max_file_size = (20), max_rollover_files = (5)
)
WITH
(
    MAX_MEMORY = 4096 KB,
    EVENT_RETENTION_MODE = ALLOW_SINGLE_EVENT_LOSS,
    MAX_DISPATCH_LATENCY = 10 SECONDS,
    STARTUP_STATE = OFF
);
GO
/*
2. Start it; STATE = STOP stops it, and DROP EVENT SESSION [xmlshred] ON SERVER removes it. The files stay until you
delete them.
*/
ALTER EVENT SESSION [xmlshred] ON SERVER STATE = START;
GO
-- 0: the server reports no blocked process. To report those that wait for 10 seconds, for all databases:
-- EXEC sys.sp_configure N'show advanced options', 1; RECONFIGURE;
-- EXEC sys.sp_configure N'blocked process threshold (s)', 10; RECONFIGURE;
SELECT
    c.name,
    c.value_in_use
FROM sys.configurations AS c
WHERE c.name = N'blocked process threshold (s)';
GO
/*
3. Read it, newest first. object_name of an error is the procedure or trigger that raised it, as long as its plan is
in the cache; detail has the report of a deadlock or of a blocked process: click it in SSMS.
*/
WITH recorded AS
(
    SELECT
        f.object_name AS event_name,
        CONVERT(xml, f.event_data) AS x
    FROM sys.fn_xe_file_target_read_file(N'xmlshred*.xel', NULL, NULL, NULL) AS f
)
SELECT TOP (1000)
    r.x.value('(event/@timestamp)[1]', 'datetime2(3)') AS at_utc,
    r.event_name,
    COALESCE(
        NULLIF(r.x.value('(event/data[@name="object_name"]/value)[1]', 'nvarchar(257)'), N''),
        OBJECT_NAME(h.objectid, h.dbid)
    ) AS object_name,
    r.x.value('(event/data[@name="duration"]/value)[1]', 'bigint') / 1000 AS duration_ms,
    r.x.value('(event/data[@name="error_number"]/value)[1]', 'int') AS error_number,
    COALESCE(
        r.x.value('(event/data[@name="message"]/value)[1]', 'nvarchar(2048)'),
        r.x.value('(event/data[@name="statement"]/value)[1]', 'nvarchar(max)'),
        r.x.value('(event/action[@name="sql_text"]/value)[1]', 'nvarchar(max)')
    ) AS message,
    COALESCE(
        r.x.query('(event/data[@name="xml_report"]/value/*)[1]'),
        r.x.query('(event/data[@name="blocked_process"]/value/*)[1]')
    ) AS detail,
    r.x.value('(event/action[@name="client_app_name"]/value)[1]', 'nvarchar(128)') AS client_app_name,
    r.x.value('(event/action[@name="client_hostname"]/value)[1]', 'nvarchar(128)') AS client_hostname,
    r.x.value('(event/action[@name="username"]/value)[1]', 'nvarchar(128)') AS login_name,
    r.x.value('(event/action[@name="session_id"]/value)[1]', 'int') AS session_id
FROM recorded AS r
OUTER APPLY sys.dm_exec_sql_text(
    CONVERT(
        varbinary(64),
        r.x.value('(event/action[@name="tsql_frame"]/value/frame/@handle)[1]', 'varchar(200)'),
        1
    )
) AS h
ORDER BY at_utc DESC;
GO
