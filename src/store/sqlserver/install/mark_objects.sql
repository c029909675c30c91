/* What this installation created is ours from now on. */
SET NOCOUNT ON;

DECLARE @ordinal int = (SELECT MAX(n.ordinal) FROM #xmlshred_name AS n);
DECLARE @kind varchar(10);
DECLARE @object_name nvarchar(128);

/* What existed before has its mark. */
UPDATE #xmlshred_name
SET found_id = OBJECT_ID(QUOTENAME(schema_name) + N'.' + QUOTENAME(object_name)),
    is_ours = 0
WHERE kind IN ('TABLE', 'VIEW', 'FUNCTION', 'PROCEDURE');

UPDATE #xmlshred_name
SET is_ours = 1
FROM sys.extended_properties AS p
WHERE p.class = 1
    AND p.major_id = found_id
    AND p.minor_id = 0
    AND p.name = N'xmlshred';

WHILE @ordinal >= 1
BEGIN
    SET @kind = NULL;

    SELECT
        @kind = n.kind,
        @object_name = n.object_name
    FROM #xmlshred_name AS n
    WHERE n.ordinal = @ordinal
        AND n.kind IN ('TABLE', 'VIEW', 'FUNCTION', 'PROCEDURE')
        AND n.found_id IS NOT NULL
        AND n.is_ours = 0;

    IF @kind IS NOT NULL
    BEGIN
        EXEC sys.sp_addextendedproperty
            @name = N'xmlshred',
            @value = N'$(Schema)',
            @level0type = 'SCHEMA',
            @level0name = N'$(Schema)',
            @level1type = @kind,
            @level1name = @object_name;
    END;

    SET @ordinal = @ordinal - 1;
END;

DROP TABLE #xmlshred_name;
