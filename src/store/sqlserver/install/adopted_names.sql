/* What the log of an earlier system was called, and its constraints, as long as our tables say so. */
SET NOCOUNT ON;

DROP TABLE IF EXISTS #adoption_name;

CREATE TABLE #adoption_name
(
    current_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    original_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL
);

IF EXISTS
(
    SELECT 1
    FROM #xmlshred_name AS n
    WHERE n.kind = 'TABLE'
        AND n.object_name = N'processing_adoption_name'
        AND n.is_ours = 1
        AND n.found_id IS NOT NULL
)
BEGIN
    EXEC (N'INSERT INTO #adoption_name (current_name, original_name)
    SELECT a.current_name, a.original_name
    FROM [$(Schema)].[processing_adoption_name] AS a;');
END;
