SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Refuses a call for a contract that is not the installed one. Until the caller's transaction
            ends, no other contract can be installed.
Parameters: @contract_hash  32 bytes: the caller's contract
Results:    none
Errors:     50020 the contract is not the installed one
Called by:  usp_ClaimBatch, usp_ApplyOutcomes, usp_DeleteStaleRows, usp_EraseApps, usp_BackfillApps,
            usp_RequeueApps
Isolation:  READ COMMITTED; keeps a shared lock on the contract to the end of the transaction
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @contract_hash;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CheckContract]
    @contract_hash varbinary(64)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @message nvarchar(2048) = N'No contract is installed: run xmlshred install with one.';

    IF NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_contract] AS c WITH (REPEATABLEREAD)
        WHERE c.contract_hash = @contract_hash
            AND c.retired_at_utc IS NULL
    )
    BEGIN
        SELECT @message = CONCAT(
            N'The contract of this call is not the installed one, ', c.contract_name, N' of ',
            CONVERT(nvarchar(19), c.installed_at_utc, 120),
            N' UTC: start the worker with the installed contract, or install its own.'
        )
        FROM [$(Schema)].[processing_contract] AS c
        WHERE c.retired_at_utc IS NULL;

        THROW 50020, @message, 1;
    END;
END;
GO
