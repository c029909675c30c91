SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Adds what #sum holds to processing_outcome and processing_written, and empties it. Runs in its
            caller's transaction, so that the sums match what was committed. For what no session completes,
            and for what a session that ended had added itself.
Parameters: Input table #sum (outcome varchar(30), schema_name nvarchar(128), table_name nvarchar(128),
            amount bigint, document_bytes bigint): with an outcome so many applications, and of queued ones so
            many bytes, otherwise so many rows of the table; what is below 0 is subtracted
Results:    none
Errors:     50033 another call that adds to the same sums did not end within 30 seconds
Called by:  usp_AdoptLog, usp_BackfillApps, usp_DeleteStaleRows, usp_EndSession, usp_EnqueueApps,
            usp_EraseApps, usp_PurgeLog, usp_RecountSums, usp_Redrive, usp_UnloadDocuments
Isolation:  READ COMMITTED, in the caller's transaction. Its calls take turns by an application lock, which
            is kept to the end of the transaction; then locks its own rows of outcome and written, last in
            the lock order. No completion waits for them
Example:    -- Not called by hand. As its callers do:
            INSERT INTO #sum (outcome, amount) VALUES ('success', -1);
            EXEC [$(Schema)].[usp_AddSums];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_AddSums]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @message nvarchar(2048);
    DECLARE @lock_result int;
    DECLARE @no_session uniqueidentifier = '00000000-0000-0000-0000-000000000000';

    IF NOT EXISTS (SELECT 1 FROM #sum)
        RETURN;

    EXEC @lock_result = sys.sp_getapplock
        @Resource = N'xmlshred $(Schema) sums',
        @LockMode = 'Exclusive',
        @LockOwner = 'Transaction',
        @LockTimeout = 30000;

    IF @lock_result < 0
    BEGIN
        SET @message = CONCAT(
            N'usp_AddSums: another call that adds to the sums did not end within 30 seconds (sp_getapplock ',
            @lock_result, N'). Call again.'
        );
        THROW 50033, @message, 1;
    END;

    INSERT INTO [$(Schema)].[processing_outcome]
    (
        session_id,
        outcome,
        applications
    )
    SELECT DISTINCT
        @no_session,
        s.outcome,
        0
    FROM #sum AS s
    WHERE s.outcome IS NOT NULL
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_outcome] AS o
            WHERE o.session_id = @no_session
                AND o.outcome = s.outcome
        );

    UPDATE [$(Schema)].[processing_outcome]
    SET
        applications = o.applications + a.amount,
        document_bytes = o.document_bytes + a.document_bytes
    FROM
        (
            SELECT
                s.outcome,
                SUM(s.amount) AS amount,
                SUM(s.document_bytes) AS document_bytes
            FROM #sum AS s
            WHERE s.outcome IS NOT NULL
            GROUP BY s.outcome
        ) AS a
    INNER JOIN [$(Schema)].[processing_outcome] AS o ON a.outcome = o.outcome
    WHERE o.session_id = @no_session;

    INSERT INTO [$(Schema)].[processing_written]
    (
        session_id,
        schema_name,
        table_name,
        row_count
    )
    SELECT DISTINCT
        @no_session,
        s.schema_name,
        s.table_name,
        0
    FROM #sum AS s
    WHERE s.outcome IS NULL
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_written] AS w
            WHERE w.session_id = @no_session
                AND w.schema_name = s.schema_name
                AND w.table_name = s.table_name
        );

    UPDATE [$(Schema)].[processing_written]
    SET row_count = w.row_count + a.amount
    FROM
        (
            SELECT
                s.schema_name,
                s.table_name,
                SUM(s.amount) AS amount
            FROM #sum AS s
            WHERE s.outcome IS NULL
            GROUP BY
                s.schema_name,
                s.table_name
        ) AS a
    INNER JOIN [$(Schema)].[processing_written] AS w
        ON a.schema_name = w.schema_name AND a.table_name = w.table_name
    WHERE w.session_id = @no_session;

    DELETE FROM #sum;
END;
GO
