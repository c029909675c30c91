SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per run of a worker process. ended_at_utc stays NULL for a process that was killed. claimed =
success + failed + released + reaped + refused + the applications that it holds now. The row is also
the lock under which the session's minutes in processing_throughput are written, and the last one in
the lock order.

clock_skew_ms  the worker's clock minus the database's clock at the start; only a warning depends on it
ended_at_utc   NULL for a process that runs or was killed
refused        applications that the database refused for an unknown reason
instance_id    with instance_count, app_id_start and app_id_end the worker's share of the queue, NULL
               until its first claim
*/
IF OBJECT_ID(N'[$(Schema)].[processing_session]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_session]
    (
        session_id uniqueidentifier NOT NULL,
        worker_name nvarchar(128) NOT NULL,
        host_name nvarchar(128) NOT NULL,
        process_id bigint NOT NULL,
        program_version nvarchar(50) NOT NULL,
        contract_hash binary(32) NOT NULL,
        agent_job nvarchar(128) NULL,
        agent_step nvarchar(128) NULL,
        login_name nvarchar(128) NOT NULL,
        clock_skew_ms bigint NULL,
        instance_id int NULL,
        instance_count int NULL,
        app_id_start bigint NULL,
        app_id_end bigint NULL,
        started_at_utc datetime2(3) NOT NULL,
        last_seen_at_utc datetime2(3) NOT NULL,
        ended_at_utc datetime2(3) NULL,
        exit_status int NULL,
        claimed bigint NOT NULL CONSTRAINT DF_processing_session_claimed DEFAULT (0),
        success bigint NOT NULL CONSTRAINT DF_processing_session_success DEFAULT (0),
        failed bigint NOT NULL CONSTRAINT DF_processing_session_failed DEFAULT (0),
        released bigint NOT NULL CONSTRAINT DF_processing_session_released DEFAULT (0),
        reaped bigint NOT NULL CONSTRAINT DF_processing_session_reaped DEFAULT (0),
        refused bigint NOT NULL CONSTRAINT DF_processing_session_refused DEFAULT (0),
        CONSTRAINT PK_processing_session PRIMARY KEY CLUSTERED (session_id),
        CONSTRAINT CK_processing_session_ended
            CHECK ((ended_at_utc IS NULL AND exit_status IS NULL)
                OR (ended_at_utc IS NOT NULL AND exit_status IS NOT NULL))
    );

    CREATE NONCLUSTERED INDEX IX_processing_session_started
        ON [$(Schema)].[processing_session] (started_at_utc);
END;
GO
