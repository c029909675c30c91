SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Records that a worker process ended. The first exit status is kept. Claims that the
            session still holds do not change: usp_ReleaseClaim releases them, or the reaper reaps
            them. What it added to processing_outcome and processing_written goes over to the rows of no
            session, so that there are few of them.
Parameters: @session_id   a started session
            @exit_status  0 to 255, as the process reports it
Results:    none
Errors:     50001 a parameter is wrong   50002 a transaction is open   50003 unknown session
            50033 another call that adds to the sums did not end within 30 seconds; the end is recorded
Called by:  the executable, once per run
Isolation:  READ COMMITTED. Locks the session row; then, in a second transaction, sums (usp_AddSums).
Example:    EXEC [$(Schema)].[usp_EndSession]
                @session_id = '00000000-0000-0000-0000-000000000001',
                @exit_status = 0;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_EndSession]
    @session_id uniqueidentifier,
    @exit_status int
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
        THROW 50002, N'usp_EndSession: a transaction is open; commit or roll it back, then call again.', 1;

    SET @message = CONCAT(
        CASE WHEN @session_id IS NULL THEN N' @session_id is missing.' END,
        CASE WHEN COALESCE(@exit_status, -1) NOT BETWEEN 0 AND 255 THEN N' @exit_status must be 0 to 255.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_EndSession:' + @message;
        THROW 50001, @message, 1;
    END;

    UPDATE [$(Schema)].[processing_session]
    SET
        last_seen_at_utc = @now,
        ended_at_utc = COALESCE(ended_at_utc, @now),
        exit_status = COALESCE(exit_status, @exit_status)
    WHERE session_id = @session_id;

    IF @@ROWCOUNT = 0
    BEGIN
        SET @message = N'Session ' + CONVERT(nvarchar(36), @session_id)
            + N' does not exist: call usp_StartSession first.';
        THROW 50003, @message, 1;
    END;

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    BEGIN TRY
        BEGIN TRANSACTION;

        DELETE FROM [$(Schema)].[processing_outcome]
        OUTPUT deleted.outcome, deleted.applications, deleted.document_bytes
        INTO #sum (outcome, amount, document_bytes)
        WHERE session_id = @session_id;

        DELETE FROM [$(Schema)].[processing_written]
        OUTPUT deleted.schema_name, deleted.table_name, deleted.row_count INTO #sum (schema_name, table_name, amount)
        WHERE session_id = @session_id;

        EXEC [$(Schema)].[usp_AddSums];

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        THROW;
    END CATCH;
END;
GO
