SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes a batch: writes its rows, log rows and queue rows in one transaction. If the
            database rejects rows because of the data, each application gets its own transaction,
            so that only the bad ones fail; they are logged with the database's own message.
            Repeating a call whose reply was lost returns the logged outcomes.
Parameters: @claim_token    the claim
            @contract_hash  32 bytes; must be the installed contract's
            Input tables #outcome, with one row per application, and the contract's #stage_*
            tables with their rows: see sql/README.md
Results:    1. one row per application of #outcome, in order of id: app_id, attempt, status
               (success, failed), failure_category, failure_reason, error_number, rows_written
            2. one row per application and target table that it has rows in: app_id, attempt,
               table_ordinal, row_count
Errors:     50001 a parameter or #outcome is wrong     50002 a transaction is open
            50010 the claim no longer holds an application of #outcome; it was not written
            50020 the contract is not the installed one
            50021 the database rejected every application, more than one, with the same error
                  number, so the documents are not the cause. Nothing was logged; the claim is
                  still held.
            50022 usp_LoadApps failed, and not because of the data
            Any other error of the database is rethrown. The claim still holds what was not
            completed.
Called by:  the executable
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session,
            throughput, in one transaction or, after a rejection, in one per application. Waits 30
            seconds for a lock.
Example:    -- On one connection: sql/session_tables.sql and the contract's #stage_* tables, then
            INSERT INTO #outcome (app_id, attempt, is_success, failure_category, failure_reason)
            VALUES (101, 1, 0, N'bad_value', N'failed by hand');
            EXEC [$(Schema)].[usp_CompleteBatch]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CompleteBatch]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @message nvarchar(2048);
    DECLARE @result int;
    DECLARE @app_id bigint;
    DECLARE @outcome_count int;
    DECLARE @refused_count int;
    DECLARE @error_number int;
    DECLARE @error_message nvarchar(2048);
    DECLARE @error_table nvarchar(128);
    DECLARE @refused TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        error_number int NOT NULL,
        error_message nvarchar(2048) NULL,
        error_table nvarchar(128) NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_CompleteBatch: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    EXEC [$(Schema)].[usp_CheckOutcomes]
        @caller = N'usp_CompleteBatch',
        @claim_token = @claim_token,
        @contract_hash = @contract_hash;

    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash;

    IF @result = 1
    BEGIN
        -- Rejected applications are logged only after all were tried: if every one is rejected,
        -- the documents are not the cause and nothing may be logged.
        SET @app_id = (SELECT MIN(o.app_id) FROM #outcome AS o);

        WHILE @app_id IS NOT NULL
        BEGIN
            EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @app_id = @app_id,
                @error_number = @error_number OUTPUT,
                @error_message = @error_message OUTPUT,
                @error_table = @error_table OUTPUT;

            IF @result = 1
            BEGIN
                INSERT INTO @refused
                (
                    app_id,
                    error_number,
                    error_message,
                    error_table
                )
                VALUES
                (
                    @app_id,
                    @error_number,
                    @error_message,
                    @error_table
                );
            END;

            SET @app_id = (
                SELECT MIN(o.app_id)
                FROM #outcome AS o
                WHERE o.app_id > @app_id
            );
        END;

        SET @outcome_count = (SELECT COUNT(*) FROM #outcome);

        SELECT
            @refused_count = COUNT(*),
            @error_number = MIN(r.error_number),
            @error_message = MIN(r.error_message)
        FROM @refused AS r
        HAVING MIN(r.error_number) = MAX(r.error_number);

        IF @refused_count > 1 AND @refused_count = @outcome_count
        BEGIN
            SET @message = CONCAT(
                N'Every application of the batch (', @refused_count, N') failed with the same error ',
                @error_number, N': ', @error_message
            );
            THROW 50021, @message, 1;
        END;

        SET @app_id = (SELECT MIN(r.app_id) FROM @refused AS r);

        WHILE @app_id IS NOT NULL
        BEGIN
            SELECT
                @error_number = r.error_number,
                @error_message = r.error_message,
                @error_table = r.error_table
            FROM @refused AS r
            WHERE r.app_id = @app_id;

            EXEC [$(Schema)].[usp_ApplyRefusal]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @app_id = @app_id,
                @error_number = @error_number,
                @error_message = @error_message,
                @error_table = @error_table;

            SET @app_id = (
                SELECT MIN(r.app_id)
                FROM @refused AS r
                WHERE r.app_id > @app_id
            );
        END;
    END;

    EXEC [$(Schema)].[usp_ReportOutcomes] @claim_token = @claim_token;
END;
GO
