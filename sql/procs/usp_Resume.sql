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
Called by:  operators; the executable (resume)
Isolation:  READ COMMITTED, one statement. Writes processing_pause, which no other procedure locks.
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

    DECLARE @ended TABLE
    (
        paused_at_utc datetime2(3) NOT NULL,
        paused_by nvarchar(128) NOT NULL,
        reason nvarchar(400) NOT NULL
    );

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_Resume: a transaction is open; commit or roll it back, then call again.', 1;

    UPDATE [$(Schema)].[processing_pause]
    SET
        resumed_at_utc = SYSUTCDATETIME(),
        resumed_by = COALESCE(@requested_by, ORIGINAL_LOGIN())
    OUTPUT inserted.paused_at_utc, inserted.paused_by, inserted.reason
    INTO @ended (paused_at_utc, paused_by, reason)
    WHERE resumed_at_utc IS NULL;

    SELECT
        CASE WHEN e.paused_at_utc IS NULL THEN 'not_paused' ELSE 'resumed' END AS resume_status,
        e.paused_at_utc,
        e.paused_by,
        e.reason
    FROM (VALUES (1)) AS o(ordinal)
    LEFT OUTER JOIN @ended AS e ON o.ordinal = 1;
END;
GO
