-- The tables of the schema @schema, without the source table.
SELECT t.name
FROM sys.tables AS t
WHERE t.schema_id = SCHEMA_ID(@schema)
    AND t.is_ms_shipped = 0
    AND t.object_id <> ISNULL(OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]'), 0)
ORDER BY t.name;
