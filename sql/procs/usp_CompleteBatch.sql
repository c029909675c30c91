SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes a batch: writes its rows, log rows and queue rows in one transaction. If the
            database rejects rows, the batch is halved until the bad applications are alone, each
            part in its own transaction, which extends the lease: the good ones are completed. A bad
            one is logged as failed if the data is the cause (ufn_RefusalKind). If the cause is
            unknown, it is refused: nothing is logged, it is ready again with its attempt used up,
            and it is quarantined when that has happened @max_reaps times. The size of the batch does
            not matter. Repeating a call whose reply was lost returns the same outcomes.
Parameters: @claim_token    the claim
            @contract_hash  32 bytes; must be the installed contract's
            @max_reaps      number of reaps and refusals alone after which an application is
                            quarantined, 1 or more, default 3
            Input tables #outcome, with one row per application, and the contract's #stage_*
            tables with their rows: see sql/README.md
Results:    1. one row per application of #outcome, in order of id: app_id, attempt, status
               (success, failed, refused, quarantined), failure_category, failure_reason (of a
               refusal: the database's message), error_number, rows_written, reaps
               reaps is how often the application has been reaped or refused by now; 0 if it is
               logged, or has left the queue since
            2. one row per application and target table that it has rows in: app_id, attempt,
               table_ordinal, row_count
Errors:     50001 a parameter or #outcome is wrong     50002 a transaction is open
            50010 the claim no longer holds an application of #outcome; it was not written
            50020 the contract is not the installed one
            50022 usp_LoadApps failed because of the server, so that every application would fail
            Any other error of the server is rethrown. After an error the claim still holds what
            was not completed.
Called by:  the executable
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session,
            throughput, in one transaction or, after a rejection, in one per part; refusing locks
            claim, queue, event, session. Waits 30 seconds for a lock.
Example:    -- On one connection: sql/session_tables.sql and the contract's #stage_* tables, then
            INSERT INTO #outcome (app_id, attempt, is_success, failure_category, failure_reason)
            VALUES (101, 1, 0, N'bad_value', N'failed by hand');
            EXEC [$(Schema)].[usp_CompleteBatch]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CompleteBatch]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @max_reaps int = 3
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @result int;
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @middle bigint;
    DECLARE @half int;
    DECLARE @is_alone bit;
    DECLARE @error_number int;
    DECLARE @error_message nvarchar(2048);
    DECLARE @error_table nvarchar(128);
    -- Ranges of ids that are still to be completed, the lowest first.
    DECLARE @part TABLE
    (
        app_id_from bigint NOT NULL PRIMARY KEY,
        app_id_to bigint NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_CompleteBatch: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    EXEC [$(Schema)].[usp_CheckOutcomes]
        @caller = N'usp_CompleteBatch',
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @max_reaps = @max_reaps;

    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @error_number = @error_number OUTPUT,
        @error_message = @error_message OUTPUT,
        @error_table = @error_table OUTPUT;

    IF @result <> 0
    BEGIN
        CREATE TABLE #refused
        (
            app_id bigint NOT NULL PRIMARY KEY,
            attempt int NOT NULL,
            error_number int NOT NULL,
            error_message nvarchar(2048) COLLATE DATABASE_DEFAULT NULL,
            error_table nvarchar(128) COLLATE DATABASE_DEFAULT NULL
        );

        SELECT
            @from = MIN(o.app_id),
            @to = MAX(o.app_id)
        FROM #outcome AS o;

        -- Each round begins with the result of completing the part from @from to @to.
        WHILE @from IS NOT NULL
        BEGIN
            IF @result <> 0 AND @from < @to
            BEGIN
                SELECT @half = (COUNT(*) + 1) / 2
                FROM #outcome AS o
                WHERE o.app_id >= @from
                    AND o.app_id <= @to;

                -- The highest id of the lower half.
                SELECT @middle = MAX(h.app_id)
                FROM
                    (
                        SELECT TOP (@half) o.app_id
                        FROM #outcome AS o
                        WHERE o.app_id >= @from
                            AND o.app_id <= @to
                        ORDER BY o.app_id
                    ) AS h;

                INSERT INTO @part (app_id_from, app_id_to)
                SELECT
                    @from,
                    @middle
                UNION ALL
                SELECT
                    MIN(o.app_id),
                    @to
                FROM #outcome AS o
                WHERE o.app_id > @middle;
            END
            ELSE
            BEGIN
                IF @result = 1
                BEGIN
                    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
                        @claim_token = @claim_token,
                        @contract_hash = @contract_hash,
                        @app_id_from = @from,
                        @app_id_to = @from,
                        @refusal_number = @error_number,
                        @refusal_message = @error_message,
                        @refusal_table = @error_table,
                        @error_number = @error_number OUTPUT,
                        @error_message = @error_message OUTPUT,
                        @error_table = @error_table OUTPUT;
                END;

                -- Also an application that cannot even be logged.
                IF @result <> 0
                BEGIN
                    INSERT INTO #refused
                    (
                        app_id,
                        attempt,
                        error_number,
                        error_message,
                        error_table
                    )
                    SELECT
                        o.app_id,
                        o.attempt,
                        @error_number,
                        @error_message,
                        @error_table
                    FROM #outcome AS o
                    WHERE o.app_id = @from;
                END;
            END;

            SET @from = (SELECT MIN(p.app_id_from) FROM @part AS p);

            IF @from IS NOT NULL
            BEGIN
                SET @to = (
                    SELECT p.app_id_to
                    FROM @part AS p
                    WHERE p.app_id_from = @from
                );

                DELETE FROM @part
                WHERE app_id_from = @from;

                EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
                    @claim_token = @claim_token,
                    @contract_hash = @contract_hash,
                    @app_id_from = @from,
                    @app_id_to = @to,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT,
                    @error_table = @error_table OUTPUT;
            END;
        END;

        IF EXISTS (SELECT 1 FROM #refused)
        BEGIN
            -- The applications are the cause if others succeed. Those of an earlier call count, too:
            -- its reply may have been lost.
            SET @is_alone = CASE
                WHEN (SELECT COUNT(*) FROM #refused) = 1 THEN 1
                WHEN EXISTS
                    (
                        SELECT 1
                        FROM #outcome AS o
                        INNER JOIN [$(Schema)].[processing_log] AS l
                            ON o.app_id = l.app_id AND o.attempt = l.attempt
                        WHERE l.claim_token = @claim_token
                            AND l.status = 'success'
                    )
                    THEN 1
                ELSE 0
            END;

            EXEC [$(Schema)].[usp_RefuseApps]
                @claim_token = @claim_token,
                @max_reaps = @max_reaps,
                @is_alone = @is_alone;
        END;
    END;

    EXEC [$(Schema)].[usp_ReportOutcomes] @claim_token = @claim_token;
END;
GO
