SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Takes documents out of the source table that nothing was made of: that are not queued, wait in the
            queue, are quarantined, or failed in all of their attempts, with what queue, log and events have of
            them. Their files can be loaded again. All in one transaction. Of documents that were attempted, one
            event is left, which says who unloaded them, and when.
Parameters: one of the first three:
            @app_ids               a comma-separated list of ids, also of documents that other programs inserted
            @files                 patterns of LIKE, one per line. With / between folders, or \, a pattern is for
                                   paths, as they were given to load, with as many folders; without, for names,
                                   the last parts of paths. Large and small letters are different. The pattern of
                                   a file is for its records, too
            @loaded_since_seconds  documents of the loads that started so many seconds before now, or later
            @requested_by          for the events; default the login
            @Execute               Y: unload (default); N: only return what would be unloaded
Results:    one row per chosen document, in order of id: app_id; file_path (NULL: no load inserted it);
            attempts; fate:
            unloaded  it is, or with @Execute = 'N' would be
            written   it stays: an attempt succeeded, so that rows were made of it. To remove both, delete the
                      document from the source table, then call usp_EraseApps
            claimed   it stays: a worker has claimed it
            changed   it stays: it was chosen by its file, and is not what was loaded from that any more. Not known of
                      text and xml that were loaded before stored_hash was kept
            replaced  it stays: it was chosen by its file, and the load replaced a document of its application,
                      which unloading does not bring back
            absent    the source table has no document with this id. Of documents that were chosen by their files,
                      those that were deleted from it are not returned
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50030 the source table cannot be read
            50033 a load, an enqueue, a retry, a requeue or another change of the sums did not end within 30
            seconds
            50034 an earlier log is not completely adopted: what that system made of a document is unknown
            50036 the source is a view
            547 and other errors of the source table: another table refers to a document, for example
Called by:  the executable (unload); by hand
Isolation:  READ COMMITTED. Holds the application locks of loading, enqueueing and retrying: nothing is added to
            the queue or found as loaded meanwhile. Locks queue, the source table, log, event,
            processing_file, sums (usp_AddSums); claims skip what it holds. EXECUTE AS OWNER: the catalog says
            what the source is, and shred_loader sees nothing of it.
Example:    EXEC [$(Schema)].[usp_UnloadDocuments] @loaded_since_seconds = 1800, @Execute = 'N';
            EXEC [$(Schema)].[usp_UnloadDocuments] @files = N'orders/%.xml';
            EXEC [$(Schema)].[usp_UnloadDocuments] @app_ids = N'17, 18';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_UnloadDocuments]
    @app_ids nvarchar(max) = NULL,
    @files nvarchar(max) = NULL,
    @loaded_since_seconds int = NULL,
    @requested_by nvarchar(128) = NULL,
    @Execute char(1) = 'Y'
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048), @bad_entry nvarchar(40), @lock_result int;
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @length bigint, @position bigint = 1, @end bigint, @pattern nvarchar(max);
    DECLARE @from bigint, @to bigint;
    DECLARE @queued TABLE (app_id bigint NOT NULL PRIMARY KEY, state tinyint NOT NULL, attempts int NOT NULL);
    DECLARE @logged TABLE (app_id bigint NOT NULL PRIMARY KEY, attempts bigint NOT NULL, successes bigint NOT NULL);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_UnloadDocuments: a transaction is open; commit or roll it back, then call again.', 1;

    CREATE TABLE #pattern
    (
        pattern nvarchar(4000) COLLATE DATABASE_DEFAULT NOT NULL,
        name_pattern nvarchar(4000) COLLATE DATABASE_DEFAULT NOT NULL,
        folders int NOT NULL,
        of_records bit NOT NULL
    );

    CREATE TABLE #chosen
    (
        app_id bigint NOT NULL PRIMARY KEY,
        file_path nvarchar(1000) COLLATE DATABASE_DEFAULT NULL,
        is_named bit NOT NULL,
        stored_hash binary(32) NULL,
        has_replaced bit NULL
    );

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    CREATE TABLE #fate
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempts bigint NOT NULL,
        fate varchar(8) COLLATE DATABASE_DEFAULT NOT NULL
    );

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    -- LEN leaves out blanks at the end.
    SET @files = REPLACE(REPLACE(@files, NCHAR(13), N''), N'\', N'/');
    SET @length = LEN(@files + N'.') - 1;

    WHILE @position <= @length AND @message IS NULL
    BEGIN
        SET @end = CHARINDEX(NCHAR(10), @files, @position);
        SET @end = CASE @end WHEN 0 THEN @length + 1 ELSE @end END;
        SET @pattern = SUBSTRING(@files, @position, @end - @position);
        SET @position = @end + 1;

        IF LEN(@pattern + N'.') > 3990
        BEGIN
            SET @message = N' @files has a pattern of more than 3989 characters.';
        END
        ELSE IF @pattern <> N''
        BEGIN
            INSERT INTO #pattern
            (
                pattern,
                name_pattern,
                folders,
                of_records
            )
            SELECT
                @pattern + r.suffix,
                RIGHT(@pattern, CHARINDEX(N'/', REVERSE(@pattern) + N'/') - 1) + r.suffix,
                LEN(@pattern + N'.') - LEN(REPLACE(@pattern, N'/', N'') + N'.'),
                r.of_records
            FROM (VALUES (N'', 0), (N'#%', 1)) AS r(suffix, of_records);
        END;
    END;

    SET @message = CONCAT(
        @message,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        N' @app_ids has an entry that is not an id: ' + @bad_entry + N'.',
        CASE WHEN @loaded_since_seconds < 0 THEN N' @loaded_since_seconds must be 0 or more.' END,
        CASE
            WHEN CASE WHEN @app_ids IS NULL THEN 0 ELSE 1 END
                + CASE WHEN @files IS NULL THEN 0 ELSE 1 END
                + CASE WHEN @loaded_since_seconds IS NULL THEN 0 ELSE 1 END <> 1
                THEN N' One of @app_ids, @files and @loaded_since_seconds must be given.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_UnloadDocuments:' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = [$(Schema)].[ufn_SourceProblem]();
        THROW 50030, @message, 1;
    END;

    IF OBJECTPROPERTY(OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]'), 'IsUserTable') = 0
    BEGIN
        SET @message = N'[$(SourceSchema)].[$(SourceTable)] is a view: delete the documents from the table that it'
            + N' reads';
        THROW 50036, @message, 1;
    END;

    BEGIN TRY
        IF @Execute = 'Y'
        BEGIN
            BEGIN TRANSACTION;

            EXEC @lock_result = sys.sp_getapplock
                @Resource = N'xmlshred $(Schema) load',
                @LockMode = 'Exclusive',
                @LockOwner = 'Transaction',
                @LockTimeout = 30000;

            -- Nobody enqueues what it reads here before the rows are gone,
            IF @lock_result >= 0
                EXEC @lock_result = sys.sp_getapplock
                    @Resource = N'xmlshred $(Schema) enqueue',
                    @LockMode = 'Exclusive',
                    @LockOwner = 'Transaction',
                    @LockTimeout = 30000;

            -- and nobody retries it.
            IF @lock_result >= 0
                EXEC @lock_result = sys.sp_getapplock
                    @Resource = N'xmlshred $(Schema) redrive',
                    @LockMode = 'Exclusive',
                    @LockOwner = 'Transaction',
                    @LockTimeout = 30000;

            IF @lock_result < 0
            BEGIN
                SET @message = CONCAT(
                    N'usp_UnloadDocuments: a load, an enqueue, a retry or a requeue did not end within 30 seconds'
                    + N' (sp_getapplock ', @lock_result, N'). Nothing was unloaded; call again.'
                );
                THROW 50033, @message, 1;
            END;
        END;

        EXEC [$(Schema)].[usp_CheckAdoption];

        INSERT INTO #chosen (app_id, file_path, is_named)
        SELECT DISTINCT
            l.app_id,
            f.file_path,
            1
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        LEFT OUTER JOIN [$(Schema)].[processing_file] AS f ON l.app_id = f.app_id;

        IF @loaded_since_seconds IS NOT NULL
        BEGIN
            INSERT INTO #chosen
            (
                app_id,
                file_path,
                is_named,
                stored_hash,
                has_replaced
            )
            SELECT
                f.app_id,
                f.file_path,
                0,
                f.stored_hash,
                f.has_replaced
            FROM [$(Schema)].[processing_file] AS f
            WHERE f.loaded_at_utc >= DATEADD(SECOND, -@loaded_since_seconds, SYSUTCDATETIME());
        END;

        -- The name in the column's collation is found by the index. A pattern with as many folders as the path
        -- has no % that goes over one.
        INSERT INTO #chosen
        (
            app_id,
            file_path,
            is_named,
            stored_hash,
            has_replaced
        )
        SELECT DISTINCT
            f.app_id,
            f.file_path,
            0,
            f.stored_hash,
            f.has_replaced
        FROM #pattern AS p
        INNER JOIN [$(Schema)].[processing_file] AS f ON f.file_name LIKE p.name_pattern
        WHERE f.file_name COLLATE Latin1_General_100_BIN2 LIKE p.name_pattern -- noqa: CP02
            AND (p.of_records = 0 OR f.record_number > 0)
            AND (
                p.folders = 0
                OR (
                    REPLACE(f.file_path, N'\', N'/') COLLATE Latin1_General_100_BIN2 LIKE p.pattern -- noqa: CP02
                    AND LEN(f.file_path + N'.') - LEN(REPLACE(REPLACE(f.file_path, N'\', N''), N'/', N'') + N'.')
                    = p.folders
                )
            );

        SET @from = (SELECT MIN(c.app_id) FROM #chosen AS c);

        WHILE @from IS NOT NULL
        BEGIN
            SET @to = (
                SELECT MAX(k.app_id)
                FROM
                    (
                        SELECT TOP (4000) c.app_id
                        FROM #chosen AS c
                        WHERE c.app_id >= @from
                        ORDER BY c.app_id
                    ) AS k
            );
            DELETE FROM @queued;
            DELETE FROM @logged;

            -- From here on claims skip these, and completions of these wait.
            INSERT INTO @queued (app_id, state, attempts)
            SELECT
                q.app_id,
                q.state,
                q.attempts
            FROM #chosen AS c
            INNER LOOP JOIN [$(Schema)].[processing_queue] AS q WITH (UPDLOCK, FORCESEEK) ON c.app_id = q.app_id
            WHERE c.app_id >= @from
                AND c.app_id <= @to;

            -- Read after that: a completion that has ended meanwhile is seen.
            INSERT INTO @logged (app_id, attempts, successes)
            SELECT
                l.app_id,
                COUNT_BIG(*),
                SUM(CASE l.status WHEN 'success' THEN 1 ELSE 0 END)
            FROM #chosen AS c
            INNER LOOP JOIN [$(Schema)].[processing_log] AS l WITH (FORCESEEK) ON c.app_id = l.app_id
            WHERE c.app_id >= @from
                AND c.app_id <= @to
            GROUP BY l.app_id;

            INSERT INTO #fate (app_id, attempts, fate)
            SELECT
                c.app_id,
                CASE WHEN q.attempts > COALESCE(l.attempts, 0) THEN q.attempts ELSE COALESCE(l.attempts, 0) END,
                CASE
                    WHEN s.[$(SourceIdColumn)] IS NULL THEN 'absent'
                    WHEN l.successes > 0 THEN 'written'
                    WHEN q.state = 1 THEN 'claimed'
                    WHEN c.stored_hash <> [$(Schema)].[ufn_DocumentHash](c.app_id, @document_type) THEN 'changed'
                    WHEN c.has_replaced = 1 THEN 'replaced'
                    ELSE 'unloaded'
                END
            FROM #chosen AS c
            LEFT OUTER LOOP JOIN [$(SourceSchema)].[$(SourceTable)] AS s WITH (UPDLOCK)
                ON c.app_id = s.[$(SourceIdColumn)]
            LEFT OUTER LOOP JOIN @queued AS q ON c.app_id = q.app_id
            LEFT OUTER LOOP JOIN @logged AS l ON c.app_id = l.app_id
            WHERE c.app_id >= @from
                AND c.app_id <= @to;

            IF @Execute = 'Y'
            BEGIN
                -- Compiled when it runs, because of the temp table: installing does not ask whether rows can be
                -- deleted from a source that is a view.
                DELETE FROM [$(SourceSchema)].[$(SourceTable)]
                WHERE [$(SourceIdColumn)] IN
                (
                    SELECT t.app_id
                    FROM #fate AS t
                    WHERE t.fate = 'unloaded'
                        AND t.app_id >= @from
                        AND t.app_id <= @to
                );

                DELETE FROM [$(Schema)].[processing_queue]
                OUTPUT 'queued', -1, -deleted.document_bytes INTO #sum (outcome, amount, document_bytes)
                WHERE app_id IN
                (
                    SELECT t.app_id
                    FROM #fate AS t
                    WHERE t.fate = 'unloaded'
                        AND t.app_id >= @from
                        AND t.app_id <= @to
                );

                -- What was in the queue had no outcome.
                INSERT INTO #sum (outcome, amount)
                SELECT
                    l.failure_category,
                    -COUNT_BIG(*)
                FROM #fate AS t
                INNER LOOP JOIN [$(Schema)].[processing_log] AS l WITH (FORCESEEK) ON t.app_id = l.app_id
                WHERE t.fate = 'unloaded'
                    AND t.app_id >= @from
                    AND t.app_id <= @to
                    AND t.app_id NOT IN (SELECT q.app_id FROM @queued AS q)
                    AND l.is_latest = 1
                GROUP BY l.failure_category;

                -- An attempt that failed has no rows in processing_log_table.
                DELETE FROM [$(Schema)].[processing_log]
                WHERE app_id IN
                (
                    SELECT t.app_id
                    FROM #fate AS t
                    WHERE t.fate = 'unloaded'
                        AND t.app_id >= @from
                        AND t.app_id <= @to
                );

                DELETE FROM [$(Schema)].[processing_event]
                WHERE app_id IN
                (
                    SELECT t.app_id
                    FROM #fate AS t
                    WHERE t.fate = 'unloaded'
                        AND t.app_id >= @from
                        AND t.app_id <= @to
                );

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at_utc,
                    event_type,
                    app_id,
                    login_name,
                    detail
                )
                SELECT
                    SYSUTCDATETIME(),
                    'erased',
                    t.app_id,
                    ORIGINAL_LOGIN(),
                    CONCAT(
                        N'usp_UnloadDocuments by ', COALESCE(@requested_by, ORIGINAL_LOGIN()), N': unloaded, ',
                        t.attempts,
                        CASE t.attempts WHEN 1 THEN N' attempt' ELSE N' attempts' END
                    )
                FROM #fate AS t
                WHERE t.fate = 'unloaded'
                    AND t.attempts > 0
                    AND t.app_id >= @from
                    AND t.app_id <= @to;

                DELETE FROM [$(Schema)].[processing_file]
                WHERE app_id IN
                (
                    SELECT t.app_id
                    FROM #fate AS t
                    WHERE t.fate = 'unloaded'
                        AND t.app_id >= @from
                        AND t.app_id <= @to
                );
            END;

            SET @from = (
                SELECT MIN(c.app_id)
                FROM #chosen AS c
                WHERE c.app_id > @to
            );
            EXEC [$(Schema)].[usp_ReportProgress] N'usp_UnloadDocuments', @reported_at OUTPUT;
        END;

        IF @Execute = 'Y'
        BEGIN
            -- Once, at the end: nothing is locked after the sums.
            EXEC [$(Schema)].[usp_AddSums];

            COMMIT TRANSACTION;
        END;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        THROW;
    END CATCH;

    SELECT
        c.app_id,
        c.file_path,
        t.attempts,
        t.fate
    FROM #chosen AS c
    INNER JOIN #fate AS t ON c.app_id = t.app_id
    WHERE t.fate <> 'absent'
        OR c.is_named = 1
    ORDER BY c.app_id;
END;
GO
