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
Called by:  operators; the executable (pause)
Isolation:  READ COMMITTED, one statement. Writes processing_pause, which no other procedure locks.
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

    DECLARE @started_id int;

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_Pause: a transaction is open; commit or roll it back, then call again.', 1;

    IF LTRIM(RTRIM(COALESCE(@reason, N''))) = N''
    BEGIN
        THROW 50001, N'usp_Pause: @reason is missing: workers and reports show it while claiming is paused.', 1;
    END;

    -- The lock on all of the small table makes a second pause wait for the first, and find it.
    INSERT INTO [$(Schema)].[processing_pause] (paused_at_utc, paused_by, reason)
    SELECT
        SYSUTCDATETIME(),
        COALESCE(@requested_by, ORIGINAL_LOGIN()),
        @reason
    WHERE NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_pause] AS p WITH (UPDLOCK, HOLDLOCK)
            WHERE p.resumed_at_utc IS NULL
        );

    SET @started_id = CASE @@ROWCOUNT WHEN 1 THEN SCOPE_IDENTITY() END;

    -- By its number: by now it may have ended, and the next one may have started.
    SELECT
        CASE WHEN @started_id IS NULL THEN 'already_paused' ELSE 'paused' END AS pause_status,
        p.paused_at_utc,
        p.paused_by,
        p.reason
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.pause_id = COALESCE(@started_id, (SELECT MAX(k.pause_id) FROM [$(Schema)].[processing_pause] AS k));
END;
GO
