SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Logs an application as failed when the database has rejected its rows, with the
            database's own message. Deletes the rows of an earlier success; if the database rejects
            that as well, because other rows refer to them, the rows stay and that error is logged.
Parameters: @claim_token     the claim; it is the fence
            @contract_hash   32 bytes; must be the installed contract's
            @app_id          the application, in #outcome
            @error_number    the error with which the database rejected its rows
            @error_message   its message
            @error_table     the target table, or NULL if it is not known
Results:    none
Errors:     as usp_ApplyOutcomes
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  as usp_ApplyOutcomes
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ApplyRefusal]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @app_id = 101,
                @error_number = 2627,
                @error_message = N'Violation of PRIMARY KEY constraint',
                @error_table = N'app_base';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ApplyRefusal]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id bigint,
    @error_number int,
    @error_message nvarchar(2048),
    @error_table nvarchar(128)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @result int;
    DECLARE @clear_number int;
    DECLARE @clear_message nvarchar(2048);
    DECLARE @clear_table nvarchar(128);

    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @app_id = @app_id,
        @refusal_number = @error_number,
        @refusal_message = @error_message,
        @refusal_table = @error_table,
        @error_number = @clear_number OUTPUT,
        @error_message = @clear_message OUTPUT,
        @error_table = @clear_table OUTPUT;

    IF @result = 1
    BEGIN
        EXEC [$(Schema)].[usp_ApplyOutcomes]
            @claim_token = @claim_token,
            @contract_hash = @contract_hash,
            @app_id = @app_id,
            @refusal_number = @clear_number,
            @refusal_message = @clear_message,
            @refusal_table = @clear_table,
            @keep_rows = 1;
    END;
END;
GO
