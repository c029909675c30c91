SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns what became of each application of a claim, by its token: for a worker that lost
            the reply of a completion. Waits for a completion of the claim that is still running on
            a lost connection.
Parameters: @claim_token  the claim
Results:    1. one row per application, in order of id: the columns of ufn_ClaimOutcome; outcome is
               held where the claim still holds it
               No rows: the claim was reaped or released, or never existed.
            2. one row per application and target table that it has rows in: app_id, attempt,
               table_ordinal, row_count
Errors:     50001 a parameter is wrong   50002 a transaction is open
            1222 a completion of the claim is still running: call again
Called by:  the executable; by hand
Isolation:  READ COMMITTED. Locks claim (update), reads queue, log and event.
Example:    EXEC [$(Schema)].[usp_GetClaimOutcome]
                @claim_token = '00000000-0000-0000-0000-00000000000a';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetClaimOutcome]
    @claim_token uniqueidentifier
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @held_token uniqueidentifier;
    DECLARE @held TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL
    );

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_GetClaimOutcome: a transaction is open; commit or roll it back, then call again.', 1;

    IF @claim_token IS NULL
    BEGIN
        THROW 50001, N'usp_GetClaimOutcome: @claim_token is missing.', 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        -- A completion of this claim locks its row until it commits: after this statement, held
        -- and logged applications agree.
        SELECT @held_token = c.claim_token
        FROM [$(Schema)].[processing_claim] AS c WITH (UPDLOCK, READCOMMITTEDLOCK)
        WHERE c.claim_token = @claim_token;

        INSERT INTO @held (app_id, attempt)
        SELECT
            q.app_id,
            q.attempts
        FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
        WHERE q.state = 1
            AND q.claim_token = @held_token;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

        THROW;
    END CATCH;

    SELECT
        c.app_id,
        c.attempt,
        c.outcome,
        c.failure_category,
        c.failure_reason,
        c.error_number,
        c.rows_written,
        c.reaps,
        c.is_counted
    FROM [$(Schema)].[ufn_ClaimOutcome](@claim_token) AS c
    UNION ALL
    SELECT
        h.app_id,
        h.attempt,
        'held' AS outcome,
        NULL AS failure_category,
        NULL AS failure_reason,
        NULL AS error_number,
        0 AS rows_written,
        0 AS reaps,
        NULL AS is_counted
    FROM @held AS h
    ORDER BY app_id;

    SELECT
        n.app_id,
        n.attempt,
        n.table_ordinal,
        n.row_count
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log_table] AS n ON l.app_id = n.app_id AND l.attempt = n.attempt
    WHERE l.claim_token = @claim_token
    ORDER BY
        n.app_id,
        n.table_ordinal;
END;
GO
