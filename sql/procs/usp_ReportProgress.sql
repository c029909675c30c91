SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Sends the client of a call that works in chunks a message, at most every 30 seconds. SSMS and
            the history of a job show it; the executable gives up a call whose server sends nothing for
            --answer-timeout.
Parameters: @procedure_name  the procedure that is working
            @reported_at     time of the last message, at first the start of the call
            @done            what it has done so far: applications or rows; default NULL, not shown
Results:    none; @reported_at
Errors:     none of its own
Called by:  usp_EnqueueApps, usp_ReapExpired, usp_Redrive, usp_PurgeLog, usp_DeleteStaleRows,
            usp_EraseApps, usp_UnloadDocuments, usp_BackfillApps
Isolation:  READ COMMITTED; touches no table
Example:    DECLARE @reported_at datetime2(3) = '20000101';
            EXEC [$(Schema)].[usp_ReportProgress] N'usp_PurgeLog', @reported_at OUTPUT, 1000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReportProgress]
    @procedure_name nvarchar(128),
    @reported_at datetime2(3) OUTPUT,
    @done bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @message nvarchar(200) = CONCAT(
        @procedure_name, N' is working', N': ' + CONVERT(nvarchar(20), @done) + N' done'
    );

    IF DATEDIFF(SECOND, @reported_at, @now) >= 30
    BEGIN
        SET @reported_at = @now;
        RAISERROR (@message, 10, 1) WITH NOWAIT;
    END;
END;
GO
