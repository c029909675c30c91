SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Pauses claiming: usp_ClaimBatch returns paused, with the person and the reason, instead
            of a batch. Claimed applications are still completed. Pausing twice keeps the first
            pause.
Parameters: @reason        why, 1 to 400 characters; workers and reports show it
            @requested_by  the person; default the login
Results:    one row: pause_status (paused, already_paused), paused_at_utc, paused_by, reason
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50033 another pause or resume did not end within 10 seconds
Called by:  operators; the executable (pause)
Isolation:  READ COMMITTED, one transaction under an application lock. Writes processing_pause,
            which no other procedure locks.
Example:    EXEC [$(Schema)].[usp_Pause] @reason = N'storage is being moved';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Pause]
    @reason nvarchar(400) = NULL,
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
    DECLARE @pause_status varchar(14) = 'already_paused';

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_Pause: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    IF LTRIM(RTRIM(COALESCE(@reason, N''))) = N''
    BEGIN
        THROW 50001, N'usp_Pause: @reason is missing: workers and reports show it while claiming is paused.', 1;
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
                N'usp_Pause: another pause or resume did not end within 10 seconds (sp_getapplock ',
                @lock_result, N'). Call again.'
            );
            THROW 50033, @message, 1;
        END;

        SELECT @pause_id = p.pause_id
        FROM [$(Schema)].[processing_pause] AS p
        WHERE p.resumed_at_utc IS NULL;

        IF @pause_id IS NULL
        BEGIN
            INSERT INTO [$(Schema)].[processing_pause]
            (
                paused_at_utc,
                paused_by,
                reason
            )
            VALUES
            (
                SYSUTCDATETIME(),
                COALESCE(@requested_by, ORIGINAL_LOGIN()),
                @reason
            );

            SET @pause_status = 'paused';
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
        @pause_status AS pause_status,
        p.paused_at_utc,
        p.paused_by,
        p.reason
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.resumed_at_utc IS NULL;
END;
GO
