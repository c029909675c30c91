SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the outcome of each application of a claim, by its token: for a worker that
            lost the reply of a completion. Waits for a completion of the claim that is still
            running on a lost connection.
Parameters: @claim_token  the claim
Results:    1. one row per application, in order of id: app_id, attempt, outcome (held, success,
               failed, refused, quarantined), failure_category, failure_reason (of a refusal: the
               database's message), error_number, rows_written, reaps (of a refusal: how often the
               application has been reaped or refused by now; 0 if it has left the queue since)
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
    BEGIN
        THROW 50002, N'usp_GetClaimOutcome: a transaction is open; commit or roll it back, then call again.', 1;
    END;

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
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        THROW;
    END CATCH;

    SELECT
        h.app_id,
        h.attempt,
        'held' AS outcome,
        CONVERT(varchar(30), NULL) AS failure_category,
        CONVERT(nvarchar(2048), NULL) AS failure_reason,
        CONVERT(int, NULL) AS error_number,
        CONVERT(bigint, 0) AS rows_written,
        0 AS reaps
    FROM @held AS h
    UNION ALL
    SELECT
        l.app_id,
        l.attempt,
        l.status,
        l.failure_category,
        l.failure_reason,
        l.error_number,
        l.rows_written,
        0 AS reaps
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.claim_token = @claim_token
    UNION ALL
    SELECT
        e.app_id,
        e.attempt,
        CASE
            WHEN EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_event] AS k
                    WHERE k.claim_token = @claim_token
                        AND k.event_type = 'quarantined'
                        AND k.app_id = e.app_id
                )
                THEN 'quarantined'
            ELSE 'refused'
        END AS outcome,
        NULL AS failure_category,
        e.detail AS failure_reason,
        e.error_number,
        0 AS rows_written,
        COALESCE(
            (
                SELECT q.reaps
                FROM [$(Schema)].[processing_queue] AS q
                WHERE q.app_id = e.app_id
            ),
            0
        ) AS reaps
    FROM [$(Schema)].[processing_event] AS e
    WHERE e.claim_token = @claim_token
        AND e.event_type = 'refused'
    ORDER BY app_id;

    SELECT
        r.app_id,
        r.attempt,
        r.table_ordinal,
        r.row_count
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log_table] AS r ON l.app_id = r.app_id AND l.attempt = r.attempt
    WHERE l.claim_token = @claim_token
    ORDER BY
        r.app_id,
        r.table_ordinal;
END;
GO
