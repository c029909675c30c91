SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Records that a worker process began. Starting a session twice is one session.
Parameters: @session_id       made by the worker, new for each run
            @worker_name      1 to 128 characters
            @host_name        1 to 128 characters
            @process_id       0 or more
            @program_version  1 to 50 characters
            @contract_hash    32 bytes: the contract that the worker has
            @agent_job        SQL Server Agent job, where one started it; default NULL
            @agent_step       its step; default NULL
            @client_unix_ms   the worker's clock, milliseconds since 1970-01-01 UTC, to tell a
                              skewed one; default NULL
Results:    session_id, started_at_utc, server_time: the session and the database's clock (UTC)
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the executable, once per run
Isolation:  READ COMMITTED. Locks the session row.
Example:    DECLARE @session uniqueidentifier = NEWID();
            EXEC [$(Schema)].[usp_StartSession]
                @session_id = @session,
                @worker_name = N'by hand',
                @host_name = N'SERVER1',
                @process_id = 4711,
                @program_version = N'0.1.0',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_StartSession]
    @session_id uniqueidentifier,
    @worker_name nvarchar(128),
    @host_name nvarchar(128),
    @process_id bigint,
    @program_version nvarchar(50),
    @contract_hash varbinary(64),
    @agent_job nvarchar(128) = NULL,
    @agent_step nvarchar(128) = NULL,
    @client_unix_ms bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @message nvarchar(2048);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_StartSession: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE WHEN @session_id IS NULL THEN N' @session_id is missing.' END,
        CASE WHEN COALESCE(@worker_name, N'') = N'' THEN N' @worker_name is missing.' END,
        CASE WHEN COALESCE(@host_name, N'') = N'' THEN N' @host_name is missing.' END,
        CASE WHEN COALESCE(@process_id, -1) < 0 THEN N' @process_id must be 0 or more.' END,
        CASE WHEN COALESCE(@program_version, N'') = N'' THEN N' @program_version is missing.' END,
        CASE
            WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32
                THEN N' @contract_hash must be 32 bytes.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_StartSession:' + @message;
        THROW 50001, @message, 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        UPDATE [$(Schema)].[processing_session]
        SET last_seen_at_utc = @now
        WHERE session_id = @session_id;

        IF @@ROWCOUNT = 0
        BEGIN
            INSERT INTO [$(Schema)].[processing_session]
            (
                session_id,
                worker_name,
                host_name,
                process_id,
                program_version,
                contract_hash,
                agent_job,
                agent_step,
                login_name,
                clock_skew_ms,
                started_at_utc,
                last_seen_at_utc
            )
            VALUES
            (
                @session_id,
                @worker_name,
                @host_name,
                @process_id,
                @program_version,
                @contract_hash,
                @agent_job,
                @agent_step,
                ORIGINAL_LOGIN(),
                @client_unix_ms - DATEDIFF_BIG(MILLISECOND, '19700101', @now),
                @now,
                @now
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

    SELECT
        s.session_id,
        s.started_at_utc,
        @now AS server_time
    FROM [$(Schema)].[processing_session] AS s
    WHERE s.session_id = @session_id;
END;
GO
