SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes one application of a claim, as usp_CompleteBatch does all of #outcome.
Parameters: @claim_token    the claim
            @contract_hash  32 bytes; must be the installed contract's
            @app_id         the application; it must have a row in #outcome
            @max_reaps      number of reaps and refusals alone after which it is quarantined, 1 or
                            more, default 3
Results:    as usp_CompleteBatch, for the one application
Errors:     50001 a parameter or #outcome is wrong, and those of usp_CompleteBatch
Called by:  a program or a person of your own that completes applications one by one. The
            executable calls usp_CompleteBatch
Isolation:  as usp_CompleteBatch
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

    IF @app_id IS NULL
    BEGIN
        THROW 50001, N'usp_CompleteApp: @app_id is missing.', 1;
    END;

    EXEC [$(Schema)].[usp_CompleteBatch]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @max_reaps = @max_reaps,
        @app_id = @app_id;
END;
GO
