SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Adds to the counts of a session, in total and for the current minute, and records that
            the session was seen, and the share of the queue that it claims from. Runs in its caller's
            transaction, so that the counts match what was committed.
Parameters: @session_id      a started session
            @claimed         applications claimed, 0 or more, default 0
            @success         of these, logged as success, default 0
            @failed          of these, logged as failed, default 0
            @released        of these, released, default 0
            @rows_written    rows written to target tables, default 0
            @document_bytes  bytes of the completed documents, default 0
            @shred_micros    microseconds spent on shredding them, default 0
            @instance_id, @instance_count, @app_id_start, @app_id_end
                             as in usp_ClaimBatch; without @instance_count, the share stays as it was
Results:    none
Errors:     none of its own
Called by:  usp_ClaimBatch, usp_ApplyOutcomes, usp_ReleaseClaim
Isolation:  READ COMMITTED, in the caller's transaction. Locks the session row, then its minute.
            Both are last in the lock order. The session row is what keeps two connections of
            one session from adding the same minute.
Example:    EXEC [$(Schema)].[usp_RecordThroughput] @session_id = @session_id, @claimed = 25;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RecordThroughput]
    @session_id uniqueidentifier,
    @claimed bigint = 0,
    @success bigint = 0,
    @failed bigint = 0,
    @released bigint = 0,
    @rows_written bigint = 0,
    @document_bytes bigint = 0,
    @shred_micros bigint = 0,
    @instance_id int = NULL,
    @instance_count int = NULL,
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @minute_utc datetime2(0) = DATEADD(MINUTE, DATEDIFF(MINUTE, '20000101', @now), '20000101');

    UPDATE [$(Schema)].[processing_session]
    SET
        last_seen_at_utc = @now,
        claimed = claimed + @claimed,
        success = success + @success,
        failed = failed + @failed,
        released = released + @released,
        instance_id = COALESCE(@instance_id, instance_id),
        instance_count = COALESCE(@instance_count, instance_count),
        app_id_start = CASE WHEN @instance_count IS NULL THEN app_id_start ELSE @app_id_start END,
        app_id_end = CASE WHEN @instance_count IS NULL THEN app_id_end ELSE @app_id_end END
    WHERE session_id = @session_id;

    UPDATE [$(Schema)].[processing_throughput]
    SET
        claimed = claimed + @claimed,
        success = success + @success,
        failed = failed + @failed,
        released = released + @released,
        rows_written = rows_written + @rows_written,
        document_bytes = document_bytes + @document_bytes,
        shred_micros = shred_micros + @shred_micros
    WHERE session_id = @session_id
        AND minute_utc = @minute_utc;

    -- Seldom: the first of a minute.
    IF @@ROWCOUNT = 0
    BEGIN
        INSERT INTO [$(Schema)].[processing_throughput]
        (
            session_id,
            minute_utc,
            claimed,
            success,
            failed,
            released,
            rows_written,
            document_bytes,
            shred_micros
        )
        VALUES
        (
            @session_id,
            @minute_utc,
            @claimed,
            @success,
            @failed,
            @released,
            @rows_written,
            @document_bytes,
            @shred_micros
        );
    END;
END;
GO
