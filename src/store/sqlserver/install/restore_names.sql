/* The log of an earlier system is called as before, and its constraints too. */
SET NOCOUNT ON;

DECLARE @current nvarchar(300);
DECLARE @current_name nvarchar(128) = N'';
DECLARE @original_name nvarchar(128);

WHILE @current_name IS NOT NULL
BEGIN
    SET @current_name =
    (
        SELECT MIN(n.current_name)
        FROM #adoption_name AS n
        WHERE n.current_name > @current_name
            AND OBJECT_ID(N'[$(Schema)].' + QUOTENAME(n.current_name)) IS NOT NULL
    );

    IF @current_name IS NOT NULL
    BEGIN
        SET @current = N'[$(Schema)].' + QUOTENAME(@current_name);
        SET @original_name = (SELECT n.original_name FROM #adoption_name AS n WHERE n.current_name = @current_name);

        EXEC sys.sp_rename @objname = @current, @newname = @original_name, @objtype = 'OBJECT';
    END;
END;
