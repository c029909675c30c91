-- Health
IF CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Status')) = N'ONLINE'
    AND CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Updateability')) = N'READ_WRITE'
BEGIN
    DECLARE @message nvarchar(2000);
    CREATE TABLE #reported
    (
        priority tinyint, finding nvarchar(60), detail nvarchar(1000), why nvarchar(400), fix nvarchar(1000)
    );
    BEGIN TRY
        INSERT INTO #reported (priority, finding, detail, why, fix)
        EXEC [credit].[sandbox].[usp_HealthCheck];
    END TRY
    BEGIN CATCH
        -- A lock that it waited for too long: nothing is known to be wrong. The next run looks again.
        IF ERROR_NUMBER() <> 1222
        BEGIN
            THROW;
        END;
        PRINT CONCAT(N'usp_HealthCheck did not finish: ', ERROR_MESSAGE());
    END CATCH;
    SELECT TOP (1) @message = CONCAT(r.finding, N': ', r.detail, N'; ', r.why, N'; ', r.fix)
    FROM #reported AS r
    WHERE r.priority = 1
    ORDER BY r.finding;
    IF @message IS NOT NULL RAISERROR(N'%s', 16, 1, @message);
END;
GO
-- Nightly
IF CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Status')) = N'ONLINE'
    AND CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Updateability')) = N'READ_WRITE'
BEGIN
    EXEC [credit].[sandbox].[usp_EnqueueApps] @mode = 'full';
    EXEC [credit].[sandbox].[usp_PurgeLog] @older_than_seconds = 7776000;
END;
GO
-- Prepare
IF CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Status')) = N'ONLINE'
    AND CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Updateability')) = N'READ_WRITE'
BEGIN
    EXEC [credit].[sandbox].[usp_ReapExpired];
    EXEC [credit].[sandbox].[usp_EnqueueApps];
END;
GO
