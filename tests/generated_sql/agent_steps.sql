-- Health
IF COALESCE(sys.fn_hadr_is_primary_replica(N'credit'), 1) = 1
BEGIN
    CREATE TABLE #reported
    (
        priority tinyint, finding nvarchar(60), detail nvarchar(1000), why nvarchar(400), fix nvarchar(1000)
    );
    INSERT INTO #reported (priority, finding, detail, why, fix)
    EXEC [credit].[sandbox].[usp_HealthCheck];
    DECLARE @message nvarchar(2000) =
    (
        SELECT TOP (1) CONCAT(r.finding, N': ', r.detail, N'; ', r.why, N'; ', r.fix)
        FROM #reported AS r
        WHERE r.priority = 1
        ORDER BY r.finding
    );
    IF @message IS NOT NULL RAISERROR(N'%s', 16, 1, @message);
END;
GO
-- Prepare
IF COALESCE(sys.fn_hadr_is_primary_replica(N'credit'), 1) = 1 BEGIN EXEC [credit].[sandbox].[usp_EnqueueApps]; EXEC [credit].[sandbox].[usp_ReapExpired]; END;
GO
-- Purge
IF COALESCE(sys.fn_hadr_is_primary_replica(N'credit'), 1) = 1 EXEC [credit].[sandbox].[usp_PurgeLog] @older_than_seconds = 7776000;
GO
-- Reaper
IF COALESCE(sys.fn_hadr_is_primary_replica(N'credit'), 1) = 1 EXEC [credit].[sandbox].[usp_ReapExpired];
GO
