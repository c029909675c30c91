/*
Takes over the log of an earlier system: checks it and what its statuses mean and, where it has the name of
our log, gives it another one. #adoption and the other temp tables say what is to be recorded of it; they are
empty where it is adopted already.
*/
SET NOCOUNT ON;

DROP TABLE IF EXISTS #adoption;
DROP TABLE IF EXISTS #adoption_answer;
DROP TABLE IF EXISTS #adoption_status;
DROP TABLE IF EXISTS #adoption_name;

CREATE TABLE #adoption
(
    legacy_schema nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    legacy_table nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    rows_without_id bigint NOT NULL
);

CREATE TABLE #adoption_answer
(
    status nvarchar(400) COLLATE DATABASE_DEFAULT NOT NULL,
    outcome varchar(7) COLLATE DATABASE_DEFAULT NOT NULL
);

CREATE TABLE #adoption_status
(
    status nvarchar(400) COLLATE DATABASE_DEFAULT NOT NULL PRIMARY KEY,
    outcome varchar(7) COLLATE DATABASE_DEFAULT NULL,
    row_count bigint NOT NULL
);

CREATE TABLE #adoption_name
(
    current_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    original_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL
);

$(Answers)
DECLARE @schema nvarchar(128) = $(LogSchema);
DECLARE @table nvarchar(128) = $(LogTable);
DECLARE @log nvarchar(300);
DECLARE @log_id int;
DECLARE @is_adopted bit = 0;
DECLARE @is_complete bit = 0;
DECLARE @is_renamed bit = 0;
DECLARE @is_used bit = 0;
DECLARE @problem nvarchar(1600) = N'';
DECLARE @message nvarchar(2048);
DECLARE @status nvarchar(400);
DECLARE @statement nvarchar(max);
DECLARE @name nvarchar(128);
DECLARE @new_name nvarchar(128);
DECLARE @rows_without_id bigint;
DECLARE @lock_result int;

/* The name of our log means that one only as long as it is not ours. */
IF OBJECT_ID(N'[$(Schema)].[processing_adoption]', N'U') IS NOT NULL
BEGIN
    SELECT
        @is_adopted = 1,
        @is_complete = CASE WHEN a.completed_at_utc IS NULL THEN 0 ELSE 1 END,
        @problem =
            CASE
                WHEN @schema = N'$(Schema)' AND @table = N'processing_log' THEN N''
                WHEN @schema = a.legacy_schema AND @table = a.legacy_table THEN N''
                ELSE CONCAT(N' another log is adopted already, ', a.legacy_schema, N'.', a.legacy_table, N',')
            END,
        @schema = a.legacy_schema,
        @table = a.legacy_table
    FROM [$(Schema)].[processing_adoption] AS a;
END;

SET @log = QUOTENAME(@schema) + N'.' + QUOTENAME(@table);
SET @log_id = OBJECT_ID(@log, N'U');
SET @is_renamed =
    CASE WHEN @is_adopted = 0 AND @schema = N'$(Schema)' AND @table = N'processing_log' THEN 1 ELSE 0 END;

IF @is_adopted = 0 AND OBJECT_ID(N'[$(Schema)].[processing_queue]', N'U') IS NOT NULL
BEGIN
    /* Nothing is enqueued until the adoption is registered, and then only after it is complete. */
    EXEC @lock_result = sys.sp_getapplock
        @Resource = N'xmlshred $(Schema) enqueue',
        @LockMode = 'Exclusive',
        @LockOwner = 'Transaction',
        @LockTimeout = 60000;

    IF @lock_result < 0
    BEGIN
        ROLLBACK TRANSACTION;
        THROW 50033, N'Applications are being enqueued: wait for it, then install again.', 1;
    END;

    SELECT @is_used = 1
    WHERE EXISTS (SELECT 1 FROM [$(Schema)].[processing_queue] AS q);

    IF @is_renamed = 0
    BEGIN
        SELECT @is_used = 1
        WHERE EXISTS (SELECT 1 FROM [$(Schema)].[processing_log] AS l);
    END;
END;

SET @problem = CONCAT(
    @problem,
    CASE WHEN @log_id IS NULL THEN N' there is no such table,' END,
    CASE
        WHEN @is_renamed = 1
            AND EXISTS
            (
                SELECT 1
                FROM #xmlshred_name AS n
                WHERE n.kind = 'TABLE'
                    AND n.object_name = N'processing_log'
                    AND n.is_ours = 1
                    AND n.found_id IS NOT NULL
            )
            THEN N' it is the log of this pipeline and not of an earlier system,'
    END,
    CASE WHEN @is_used = 1 THEN N' applications are already in the queue or the log of schema $(Schema),' END
);

IF @log_id IS NOT NULL
BEGIN
    SELECT
        @problem = CONCAT(
            @problem,
            CASE
                WHEN MAX(CASE c.name WHEN N'app_id' THEN 1 END) IS NULL THEN N' it has no column app_id,'
                WHEN MAX(CASE WHEN c.name = N'app_id'
                        AND TYPE_NAME(c.system_type_id) IN (N'bigint', N'int', N'smallint', N'tinyint') THEN 1 END) IS NULL
                    THEN N' its app_id is not bigint, int, smallint or tinyint,'
            END,
            CASE WHEN MAX(CASE c.name WHEN N'status' THEN 1 END) IS NULL THEN N' it has no column status,' END,
            CASE
                WHEN MAX(CASE c.name WHEN N'processing_time' THEN 1 END) IS NULL
                    THEN N' it has no column processing_time,'
            END
        )
    FROM sys.columns AS c
    WHERE c.object_id = @log_id;

    IF NOT EXISTS
    (
        SELECT 1
        FROM sys.indexes AS i
        INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
        WHERE i.object_id = @log_id
            AND i.type IN (1, 2)
            AND i.is_disabled = 0
            AND i.has_filter = 0
            AND k.key_ordinal = 1
            AND COL_NAME(k.object_id, k.column_id) = N'app_id'
    )
    BEGIN
        SET @problem = CONCAT(
            @problem, N' it has no index that begins with app_id, such as CREATE INDEX IX_', @table, N'_app_id ON ',
            @log, N' (app_id),'
        );
    END;
END;

IF @problem <> N''
BEGIN
    IF @@TRANCOUNT > 0
    BEGIN
        ROLLBACK TRANSACTION;
    END;

    SET @message = CONCAT(
        N'The log ', @log, N' cannot be adopted:', LEFT(@problem, LEN(@problem) - 1),
        CASE
            WHEN @is_used = 1
                THEN N'; install into another schema, or remove this pipeline first with xmlshred uninstall --all'
            ELSE N'; correct this, or name the log with --adopt-log SCHEMA.TABLE'
        END
    );
    THROW 50043, @message, 1;
END;

IF @is_complete = 0
BEGIN
    SET @statement = CONCAT(
        N'INSERT INTO #adoption_status (status, row_count)
        SELECT n.status, COUNT_BIG(*)
        FROM
            (
                SELECT
                    LOWER(LTRIM(RTRIM(COALESCE(CONVERT(nvarchar(400), l.[status]), N''''))))
                        COLLATE DATABASE_DEFAULT AS status
                FROM ', @log, N' AS l
                WHERE l.app_id IS NOT NULL
            ) AS n
        GROUP BY n.status;

        SELECT @rows_without_id = COUNT_BIG(*)
        FROM ', @log, N' AS l
        WHERE l.app_id IS NULL;'
    );

    EXEC sys.sp_executesql @statement, N'@rows_without_id bigint OUTPUT', @rows_without_id = @rows_without_id OUTPUT;

    UPDATE #adoption_status
    SET outcome = COALESCE(
        (SELECT MAX(a.outcome) FROM #adoption_answer AS a WHERE a.status = #adoption_status.status),
        CASE WHEN status IN (N'success', N'failed') THEN status END
    );

    /* The whole list for sqlcmd and SSMS: a message has room for 2,048 characters. */
    IF EXISTS (SELECT 1 FROM #adoption_status AS s WHERE s.outcome IS NULL)
    BEGIN
        SELECT
            s.status AS unknown_status,
            s.row_count
        FROM #adoption_status AS s
        WHERE s.outcome IS NULL
        ORDER BY s.status;

        SET @status = (SELECT MIN(s.status) FROM #adoption_status AS s WHERE s.outcome IS NULL);

        SET @message = CONCAT(N'The log ', @log, N' has statuses whose meaning is not known:');

        WHILE @status IS NOT NULL AND LEN(@message) < 1200
        BEGIN
            SELECT @message = CONCAT(
                @message, N' "', s.status, N'" in ', s.row_count, CASE s.row_count WHEN 1 THEN N' row,' ELSE N' rows,' END
            )
            FROM #adoption_status AS s
            WHERE s.status = @status;

            SET @status =
            (
                SELECT MIN(s.status)
                FROM #adoption_status AS s
                WHERE s.outcome IS NULL
                    AND s.status > @status
            );
        END;

        SET @status = (SELECT MIN(s.status) FROM #adoption_status AS s WHERE s.outcome IS NULL);

        IF @@TRANCOUNT > 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        SET @message = CONCAT(
            LEFT(@message, LEN(@message) - 1), N'; say of each what it means, such as --adopt-status "', @status,
            N'=failed", where success, failed and ignore (as if the row did not exist) are possible'
        );
        THROW 50044, @message, 1;
    END;
END;

IF @is_renamed = 1
BEGIN
    SET @table = CONCAT(
        N'processing_log_legacy_',
        YEAR(SYSUTCDATETIME()) * 10000 + MONTH(SYSUTCDATETIME()) * 100 + DAY(SYSUTCDATETIME())
    );

    IF OBJECT_ID(N'[$(Schema)].' + QUOTENAME(@table)) IS NOT NULL
    BEGIN
        ROLLBACK TRANSACTION;
        SET @message = CONCAT(
            N'The log ', @log, N' cannot be adopted: the name that it is to have, ', @table, N', is taken; rename that table'
        );
        THROW 50043, @message, 1;
    END;

    INSERT INTO #adoption_name (current_name, original_name)
    VALUES (@table, N'processing_log');

    EXEC sys.sp_rename @objname = @log, @newname = @table, @objtype = 'OBJECT';

    /* Names of constraints are unique in a schema, and the installation needs some. */
    SET @name = N'';

    WHILE @name IS NOT NULL
    BEGIN
        SET @name =
        (
            SELECT MIN(o.name)
            FROM sys.objects AS o
            WHERE o.parent_object_id = @log_id
                AND o.name > @name
                AND o.name IN
                (
                    SELECT n.object_name
                    FROM #xmlshred_name AS n
                    WHERE n.kind = 'CONSTRAINT'
                )
        );

        IF @name IS NOT NULL
        BEGIN
            SET @statement = N'[$(Schema)].' + QUOTENAME(@name);
            SET @new_name = CONCAT(LEFT(@name, 112), N'_legacy_', RIGHT(@table, 8));

            INSERT INTO #adoption_name (current_name, original_name)
            VALUES (@new_name, @name);

            EXEC sys.sp_rename @objname = @statement, @newname = @new_name, @objtype = 'OBJECT';
        END;
    END;
END;

IF @is_adopted = 0
BEGIN
    INSERT INTO #adoption (legacy_schema, legacy_table, rows_without_id)
    VALUES (@schema, @table, @rows_without_id);
END;
