/* Drops what is ours, the last one first. */
SET NOCOUNT ON;

DECLARE @ordinal int = (SELECT MAX(n.ordinal) FROM #xmlshred_name AS n);
DECLARE @drop nvarchar(600);

WHILE @ordinal >= 1
BEGIN
    SET @drop =
    (
        SELECT
            CONCAT(
                N'DROP ', n.kind, N' ', QUOTENAME(n.schema_name), N'.', QUOTENAME(n.object_name), N';'
            )
        FROM #xmlshred_name AS n
        WHERE n.ordinal = @ordinal
            AND n.is_ours = 1
            AND n.found_id IS NOT NULL
            AND n.kind IN ($(Kinds))
    );

    IF @drop IS NOT NULL
    BEGIN
        EXEC (@drop);
    END;

    SET @ordinal = @ordinal - 1;
END;
