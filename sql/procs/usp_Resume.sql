SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Ends a pause: usp_ClaimBatch returns batches again. Resuming when claiming is not paused
            changes nothing.
Parameters: @requested_by  the person; default the login
Results:    one row: resume_status (resumed, not_paused), and of the pause that ended paused_at_utc,
            paused_by, reason, which are NULL when claiming was not paused
Errors:     50002 a transaction is open
            50033 another pause or resume did not end within 10 seconds
Called by:  operators; the executable (resume)
Isolation:  READ COMMITTED, one transaction under an application lock. Writes processing_pause,
            which no other procedure locks.
Example:    EXEC [$(Schema)].[usp_Resume];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Resume]
    @requested_by nvarchar(128) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @message nvarchar(2048);
    DECLARE @lock_result int;
    DECLARE @pause_id int;
    DECLARE @paused_at datetime2(3);
    DECLARE @paused_by nvarchar(128);
    DECLARE @reason nvarchar(400);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_Resume: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        EXEC @lock_result = sys.sp_getapplock
            @Resource = N'xmlshred $(Schema) pause',
            @LockMode = 'Exclusive',
            @LockOwner = 'Transaction',
            @LockTimeout = 10000;

        IF @lock_result < 0
        BEGIN
            SET @message = CONCAT(
                N'usp_Resume: another pause or resume did not end within 10 seconds (sp_getapplock ',
                @lock_result, N'). Call again.'
            );
            THROW 50033, @message, 1;
        END;

        SELECT
            @pause_id = p.pause_id,
            @paused_at = p.paused_at_utc,
            @paused_by = p.paused_by,
            @reason = p.reason
        FROM [$(Schema)].[processing_pause] AS p
        WHERE p.resumed_at_utc IS NULL;

        UPDATE [$(Schema)].[processing_pause]
        SET
            resumed_at_utc = SYSUTCDATETIME(),
            resumed_by = COALESCE(@requested_by, ORIGINAL_LOGIN())
        WHERE pause_id = @pause_id;

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
        CASE WHEN @pause_id IS NULL THEN 'not_paused' ELSE 'resumed' END AS resume_status,
        @paused_at AS paused_at_utc,
        @paused_by AS paused_by,
        @reason AS reason;
END;
GO
