
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
SET LOCK_TIMEOUT 10000;

BEGIN TRY
    WHILE @at IS NOT NULL
    BEGIN
        SET @at =
        (
            SELECT MIN(h.ordinal)
            FROM @change AS h
            WHERE h.ordinal > @at
        );
        SET @statement =
        (
            SELECT h.statement
            FROM @change AS h
            WHERE h.ordinal = @at
        );

        IF @statement IS NOT NULL
        BEGIN
            EXEC (@statement);
        END;
    END;
END TRY
BEGIN CATCH
    SET LOCK_TIMEOUT -1;

    IF ERROR_NUMBER() NOT IN (1205, 1222)
    BEGIN
        THROW;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        ROLLBACK TRANSACTION;
    END;

    SET @message = CONCAT(
        N'other work held the table for 10 seconds, so that this was not executed: ', @statement,
        N' Nothing was changed; pause the workers and install again'
    );
    THROW 50046, @message, 1;
END CATCH;

SET LOCK_TIMEOUT -1;
