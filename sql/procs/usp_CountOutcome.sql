SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Adds to the number of applications that are not in the queue and have an outcome. Runs in its
            caller's transaction, so that the numbers match what was committed.
Parameters: @session_id    the session, or an id that no other call has
            @outcome       success, or a failure_category
            @applications  how many; below 0 to subtract; NULL and 0 change nothing
Results:    none
Errors:     none of its own
Called by:  usp_ApplyOutcomes, usp_Redrive, usp_EraseApps, usp_PurgeLog, usp_AdoptLog
Isolation:  READ COMMITTED, in the caller's transaction. Locks one row of outcomes, last in the lock order.
            No two calls at a time have the same @session_id: a completion holds the row of its session
Example:    EXEC [$(Schema)].[usp_CountOutcome] @session_id = @session_id, @outcome = 'success', @applications = 25;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CountOutcome]
    @session_id uniqueidentifier,
    @outcome varchar(30),
    @applications bigint
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    IF COALESCE(@applications, 0) = 0
        RETURN;

    UPDATE [$(Schema)].[processing_outcome]
    SET applications = applications + @applications
    WHERE session_id = @session_id
        AND outcome = @outcome;

    IF @@ROWCOUNT = 0
    BEGIN
        INSERT INTO [$(Schema)].[processing_outcome]
        (
            session_id,
            outcome,
            applications
        )
        VALUES
        (
            @session_id,
            @outcome,
            @applications
        );
    END;
END;
GO
