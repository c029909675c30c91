
DECLARE @at int = 0;
DECLARE @statement nvarchar(max);
DECLARE @message nvarchar(2048);

IF EXISTS (SELECT 1 FROM @obstacle AS b)
BEGIN
    /* All of them for sqlcmd and SSMS: a message has room for one. */
    SELECT
        w.table_name,
        w.column_name,
        h.old_type,
        h.new_type,
        b.reason AS refused_because,
        b.next_step
    FROM @obstacle AS b
    INNER JOIN @change AS h ON h.ordinal = b.ordinal
    INNER JOIN @wanted AS w ON w.ordinal = b.ordinal
    ORDER BY b.obstacle_id;

    SELECT TOP (1)
        @message = CONCAT(
            N'the column ', QUOTENAME(w.table_name), N'.', QUOTENAME(w.column_name), N' needs ', h.new_type,
            N', but ', b.reason, N'; ', b.next_step
        )
    FROM @obstacle AS b
    INNER JOIN @change AS h ON h.ordinal = b.ordinal
    INNER JOIN @wanted AS w ON w.ordinal = b.ordinal
    ORDER BY b.obstacle_id;

    IF @@TRANCOUNT > 0
    BEGIN
        ROLLBACK TRANSACTION;
    END;

    THROW 50045, @message, 1;
END;

/* A change waits for the work on its table, and what comes later waits for the change: not for long. */
