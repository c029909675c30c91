SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Counts the outcomes of a log that was written before they were counted. Nothing is completed or redriven
meanwhile: the locks are held to the end of the installation.
*/
INSERT INTO [$(Schema)].[processing_outcome]
(
    session_id,
    outcome,
    applications
)
SELECT
    '00000000-0000-0000-0000-000000000000',
    COALESCE(l.failure_category, 'success'),
    COUNT_BIG(*)
FROM [$(Schema)].[processing_log] AS l WITH (TABLOCKX, HOLDLOCK)
WHERE l.is_latest = 1
    AND NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_queue] AS q WITH (TABLOCKX, HOLDLOCK)
        WHERE q.app_id = l.app_id
    )
GROUP BY COALESCE(l.failure_category, 'success');
GO
