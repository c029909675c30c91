SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes one application of a claim: its rows, log row and queue row change together
            or not at all. If the database rejects the rows because of the data, the application is
            logged as failed with the database's message; if the cause is unknown, it is refused:
            ready again, or quarantined. usp_CompleteBatch does the same for all of #outcome.
Parameters: @claim_token    the claim
            @contract_hash  32 bytes; must be the installed contract's
            @app_id         the application; it must have a row in #outcome
            @max_reaps      number of reaps and refusals alone after which it is quarantined, 1 or
                            more, default 3
            Input tables #outcome and #stage_*: see sql/README.md
Results:    as usp_CompleteBatch, for the one application
Errors:     50001 a parameter or #outcome is wrong     50002 a transaction is open
            50010 the claim no longer holds the application; nothing was written
            50020 the contract is not the installed one
            50022 usp_LoadApps failed because of the server
Called by:  nothing in xmlshred: a program or a person of your own that completes applications one
            by one. The executable calls usp_CompleteBatch
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session,
            throughput; refusing locks claim, queue, event, session. Waits 30 seconds for a lock.
Example:    -- On one connection: sql/session_tables.sql and the contract's #stage_* tables, then
            INSERT INTO #outcome (app_id, attempt, is_success, failure_category, failure_reason)
            VALUES (101, 1, 0, N'bad_value', N'failed by hand');
            EXEC [$(Schema)].[usp_CompleteApp]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000,
                @app_id = 101;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CompleteApp]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id bigint,
    @max_reaps int = 3
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @result int;
    DECLARE @error_number int;
    DECLARE @error_message nvarchar(2048);
    DECLARE @error_table nvarchar(128);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_CompleteApp: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    EXEC [$(Schema)].[usp_CheckOutcomes]
        @caller = N'usp_CompleteApp',
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @max_reaps = @max_reaps,
        @is_one = 1,
        @app_id = @app_id;

    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @app_id_from = @app_id,
        @app_id_to = @app_id,
        @error_number = @error_number OUTPUT,
        @error_message = @error_message OUTPUT,
        @error_table = @error_table OUTPUT;

    IF @result = 1
    BEGIN
        EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
            @claim_token = @claim_token,
            @contract_hash = @contract_hash,
            @app_id_from = @app_id,
            @app_id_to = @app_id,
            @refusal_number = @error_number,
            @refusal_message = @error_message,
            @refusal_table = @error_table,
            @error_number = @error_number OUTPUT,
            @error_message = @error_message OUTPUT,
            @error_table = @error_table OUTPUT;
    END;

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
        WHERE o.app_id = @app_id;

        EXEC [$(Schema)].[usp_RefuseApps]
            @claim_token = @claim_token,
            @max_reaps = @max_reaps,
            @is_alone = 1;
    END;

    EXEC [$(Schema)].[usp_ReportOutcomes]
        @claim_token = @claim_token,
        @app_id = @app_id;
END;
GO
