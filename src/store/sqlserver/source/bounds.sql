-- The lowest and the highest id, each by a seek; both NULL in an empty table.
SELECT
    (
        SELECT CONVERT(bigint, MIN(s.[$(SourceIdColumn)]))
        FROM [$(SourceSchema)].[$(SourceTable)] AS s
    ) AS lowest,
    (
        SELECT CONVERT(bigint, MAX(s.[$(SourceIdColumn)]))
        FROM [$(SourceSchema)].[$(SourceTable)] AS s
    ) AS highest;
