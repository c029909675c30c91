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
