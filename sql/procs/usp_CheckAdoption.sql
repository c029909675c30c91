SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Refuses a call while the log of an earlier system is not completely adopted: what that system
            finished must not be taken again.
Parameters: none
Results:    none
Errors:     50034 the adoption is not complete
Called by:  usp_EnqueueApps, usp_ClaimBatch, usp_Redrive, usp_EraseApps, usp_UnloadDocuments,
            usp_BackfillApps
Isolation:  READ COMMITTED; reads the one row of processing_adoption, and waits for a chunk that is being
            imported
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_CheckAdoption];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CheckAdoption]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @message nvarchar(2048);

    SELECT @message = CONCAT(
        N'The outcomes of the earlier log ', QUOTENAME(a.legacy_schema), N'.', QUOTENAME(a.legacy_table),
        N' are not all imported yet, ', a.success + a.failed,
        N' so far; run xmlshred install, or EXEC [$(Schema)].[usp_AdoptLog], which continues'
    )
    FROM [$(Schema)].[processing_adoption] AS a
    WHERE a.completed_at_utc IS NULL;

    IF @message IS NOT NULL
    BEGIN
        THROW 50034, @message, 1;
    END;
END;
GO
