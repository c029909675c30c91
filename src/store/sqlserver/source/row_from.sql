-- The row with the id @app_id, or with the next one.
SELECT TOP (1)
    CONVERT(bigint, s.[$(SourceIdColumn)]) AS app_id,
    s.[$(SourceDocumentColumn)] AS document
FROM [$(SourceSchema)].[$(SourceTable)] AS s
WHERE s.[$(SourceIdColumn)] >= @app_id
ORDER BY s.[$(SourceIdColumn)];
