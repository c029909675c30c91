/* The schema too, where the installation created it and nothing is left in it. */
IF EXISTS
(
    SELECT 1
    FROM sys.extended_properties AS p
    WHERE p.class = 3
        AND p.major_id = SCHEMA_ID(N'$(Schema)')
        AND p.name = N'xmlshred'
)
    AND NOT EXISTS (SELECT 1 FROM sys.objects AS o WHERE o.schema_id = SCHEMA_ID(N'$(Schema)'))
    AND NOT EXISTS (SELECT 1 FROM sys.types AS t WHERE t.schema_id = SCHEMA_ID(N'$(Schema)'))
    AND NOT EXISTS
    (
        SELECT 1
        FROM sys.xml_schema_collections AS x
        WHERE x.schema_id = SCHEMA_ID(N'$(Schema)')
    )
BEGIN
    EXEC (N'DROP SCHEMA [$(Schema)];');
END;
