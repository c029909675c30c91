-- Health
IF CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Status')) = N'ONLINE'
    AND CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'credit', N'Updateability')) = N'READ_WRITE'
BEGIN
    DECLARE @message nvarchar(2000);
    CREATE TABLE #reported
    (
        priority tinyint, finding nvarchar(60), detail nvarchar(1000), why nvarchar(400), fix nvarchar(1000),
        docs_page nvarchar(100)
    );
    INSERT INTO #reported (priority, finding, detail, why, fix, docs_page)
    EXEC [credit].[sandbox].[usp_HealthCheck];
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
    -- On Sundays: 1900 began on a Monday.
    IF DATEDIFF(DAY, '19000101', SYSDATETIME()) % 7 = 6 EXEC [credit].[sandbox].[usp_RecountSums];
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
