/* Nothing of others is changed: one refusal lists all of it. */
IF EXISTS (SELECT 1 FROM #xmlshred_name AS n WHERE n.is_in_the_way = 1)
BEGIN
    DECLARE @ordinal int = 0;
    DECLARE @shown nvarchar(600) = N'';
    DECLARE @message nvarchar(max) = N'';
    DECLARE @thrown nvarchar(2048);

    WHILE @ordinal IS NOT NULL
    BEGIN
        SET @message = CONCAT(@message, N', ' + NULLIF(@shown, N''));
        SET @ordinal =
        (
            SELECT MIN(n.ordinal)
            FROM #xmlshred_name AS n
            WHERE n.is_in_the_way = 1
                AND n.ordinal > @ordinal
        );
        SET @shown =
        (
            SELECT n.shown
            FROM #xmlshred_name AS n
            WHERE n.ordinal = @ordinal
        );
    END;

    /* The whole list for sqlcmd and SSMS: a message has room for 2,048 characters. */
    SELECT n.shown AS not_created_by_xmlshred
    FROM #xmlshred_name AS n
    WHERE n.is_in_the_way = 1
    ORDER BY n.ordinal;

    SET @message = STUFF(@message, 1, 2, N'');
    SET @thrown = CONCAT(
        N'xmlshred did not create what has these names, which it needs: ',
        CASE WHEN LEN(@message) > 1600 THEN LEFT(@message, 1600) + N', ...' ELSE @message END,
        N'; install into another schema, or rename these objects',
        (
            SELECT MAX(N', or take over the log of an earlier system with install --adopt-log')
            FROM #xmlshred_name AS n
            WHERE n.is_in_the_way = 1
                AND n.kind = 'TABLE'
                AND n.object_name = N'processing_log'
                AND n.found_kind = N'table'
        )
    );

    IF @@TRANCOUNT > 0
    BEGIN
        ROLLBACK TRANSACTION;
    END;

    THROW 50042, @thrown, 1;
END;
