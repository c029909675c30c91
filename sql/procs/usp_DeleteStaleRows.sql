SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Deletes the rows of applications whose last attempt failed after an earlier success, and
            that are not queued. A failure deletes nothing, so these applications still have the rows
            of that success; this is the only way to remove them. Rows of other writers are never
            deleted: only those in the tables to which the earlier success wrote.
Parameters: @app_ids       a comma-separated list of ids; ids without stale rows are ignored; default
                           NULL, every application with stale rows
            @canary        at most this many, lowest ids first, 0 or more; default NULL, all
            @requested_by  for the events; default the login
            @Execute       Y: delete (default); N: only return what would be deleted
Results:    one row per application and target table of the installed contract to which the earlier
            success wrote, in order of id and of loading: app_id, attempt (that success),
            failed_attempt (the last one), failure_category (of that), table_name, row_count, refusal
            (the database's message, if it did not let the rows be deleted; they are all still
            there). table_name is NULL if the success wrote no rows
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50020 no contract is installed
            50022 deleting failed because of the server; earlier applications are done
            50033 another call that adds to the sums did not end within 30 seconds, after five tries; likewise
            1205, 1222 and other errors of kind busy, after five tries; likewise
Called by:  operators; the executable (delete-stale-rows)
Isolation:  READ COMMITTED, one transaction per application. Locks queue, the contract (shared),
            targets, log, event, sums (usp_AddSums). Skips an application that is queued or completed in the meantime.
Example:    EXEC [$(Schema)].[usp_DeleteStaleRows] @Execute = 'N';
            EXEC [$(Schema)].[usp_DeleteStaleRows] @app_ids = N'101, 102';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_DeleteStaleRows]
    @app_ids nvarchar(max) = NULL,
    @canary bigint = NULL,
    @requested_by nvarchar(128) = NULL,
    @Execute char(1) = 'Y'
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048), @bad_entry nvarchar(40), @installed_hash binary(32), @tries int = 0;
    DECLARE @app_id bigint, @attempt int, @failed_attempt int, @is_stale bit;
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @result int, @table_ordinal int, @error_number int, @error_message nvarchar(2048), @kind varchar(7);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_DeleteStaleRows: a transaction is open; commit or roll it back, then call again.', 1;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        N' @app_ids has an entry that is not an id: ' + @bad_entry + N'.',
        CASE WHEN @canary < 0 THEN N' @canary must be 0 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_DeleteStaleRows:' + @message;
        THROW 50001, @message, 1;
    END;

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @installed_hash;

    CREATE TABLE #stale
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        failed_attempt int NOT NULL,
        failure_category varchar(30) COLLATE DATABASE_DEFAULT NULL,
        is_done bit NOT NULL,
        refusal nvarchar(2048) COLLATE DATABASE_DEFAULT NULL
    );

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    INSERT INTO #stale
    (
        app_id,
        attempt,
        failed_attempt,
        failure_category,
        is_done
    )
    SELECT TOP (COALESCE(@canary, 9223372036854775807))
        s.app_id,
        s.attempt,
        s.failed_attempt,
        s.failure_category,
        0
    FROM [$(Schema)].[ufn_StaleApps]() AS s
    WHERE @app_ids IS NULL
        OR s.app_id IN (SELECT a.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS a)
    ORDER BY s.app_id
    OPTION (RECOMPILE);

    -- Their rows, by the log: in the tables of the installed contract, which may be another contract's.
    CREATE TABLE #stale_table
    (
        app_id bigint NOT NULL,
        table_ordinal int NOT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
        row_count bigint NOT NULL,
        PRIMARY KEY (app_id, table_ordinal)
    );

    INSERT INTO #stale_table
    (
        app_id,
        table_ordinal,
        table_name,
        row_count
    )
    SELECT
        s.app_id,
        c.table_ordinal,
        c.table_name,
        n.row_count
    FROM #stale AS s
    INNER JOIN [$(Schema)].[processing_log] AS k ON s.app_id = k.app_id AND s.attempt = k.attempt
    INNER JOIN [$(Schema)].[processing_log_table] AS n ON k.app_id = n.app_id AND k.attempt = n.attempt
    INNER JOIN [$(Schema)].[processing_contract_table] AS o
        ON k.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
    INNER JOIN [$(Schema)].[processing_contract_table] AS c
        ON o.schema_name = c.schema_name AND o.table_name = c.table_name
    WHERE c.contract_hash = @installed_hash
    OPTION (RECOMPILE);

    -- The connection of a worker has these tables already (sql/session_tables.sql).
    IF OBJECT_ID(N'tempdb..#clear_app') IS NULL
    BEGIN
        CREATE TABLE #load_app (app_id bigint NOT NULL PRIMARY KEY);

        CREATE TABLE #clear_app
        (
            table_ordinal int NOT NULL,
            app_id bigint NOT NULL,
            PRIMARY KEY (table_ordinal, app_id)
        );
    END;

    IF @Execute = 'Y'
    BEGIN
        SET @app_id = (SELECT MIN(s.app_id) FROM #stale AS s);
    END;

    WHILE @app_id IS NOT NULL
    BEGIN
        SET @tries += 1;
        SET @kind = NULL;
        SET @is_stale = 0;
        SET @error_number = NULL;
        SET @error_message = NULL;
        DELETE FROM #load_app;
        DELETE FROM #clear_app;

        SELECT
            @attempt = s.attempt,
            @failed_attempt = s.failed_attempt
        FROM #stale AS s
        WHERE s.app_id = @app_id;

        BEGIN TRY
            BEGIN TRANSACTION;

            -- HOLDLOCK on the queue: nobody retries the application until its rows are gone. The
            -- log is read after that, so a completion that ended in the meantime is seen.
            IF NOT EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_queue] AS q WITH (UPDLOCK, HOLDLOCK)
                WHERE q.app_id = @app_id
            )
            BEGIN
                SET @is_stale = (
                    SELECT COUNT(*)
                    FROM [$(Schema)].[ufn_StaleApps]() AS s
                    WHERE s.app_id = @app_id
                        AND s.attempt = @attempt
                        AND s.failed_attempt = @failed_attempt
                );
            END;

            EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @installed_hash;

            IF @is_stale = 1
            BEGIN
                INSERT INTO #clear_app (table_ordinal, app_id)
                SELECT
                    w.table_ordinal,
                    w.app_id
                FROM #stale_table AS w
                WHERE w.app_id = @app_id;

                SET @result = 0;

                -- There are none where the installed contract has none of its tables.
                IF EXISTS (SELECT 1 FROM #clear_app)
                BEGIN
                    EXEC @result = [$(Schema)].[usp_LoadApps]
                        @table_ordinal = @table_ordinal OUTPUT,
                        @error_number = @error_number OUTPUT,
                        @error_message = @error_message OUTPUT;
                END;

                IF @result <> 0
                BEGIN
                    SET @message = CONCAT(
                        N'Deleting the rows of application ', @app_id, N' failed with error ', @error_number, N': ',
                        @error_message
                    );
                    THROW 50022, @message, 1;
                END;

                INSERT INTO #sum (schema_name, table_name, amount)
                SELECT
                    w.schema_name,
                    w.table_name,
                    -w.row_count
                FROM [$(Schema)].[ufn_RowsWritten](@app_id) AS w;

                UPDATE [$(Schema)].[processing_log]
                SET has_rows = 0
                WHERE app_id = @app_id
                    AND attempt = @attempt;

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at_utc,
                    event_type,
                    app_id,
                    attempt,
                    login_name,
                    detail
                )
                SELECT
                    SYSUTCDATETIME(),
                    'rows_deleted',
                    @app_id,
                    @attempt,
                    ORIGINAL_LOGIN(),
                    CONCAT(
                        N'usp_DeleteStaleRows by ', COALESCE(@requested_by, ORIGINAL_LOGIN()), N': ',
                        COALESCE(SUM(w.row_count), 0),
                        CASE WHEN SUM(w.row_count) = 1 THEN N' row' ELSE N' rows' END, N' of attempt ', @attempt
                    )
                FROM #stale_table AS w
                WHERE w.app_id = @app_id;

                EXEC [$(Schema)].[usp_AddSums];

                UPDATE #stale
                SET is_done = 1
                WHERE app_id = @app_id;
            END;

            COMMIT TRANSACTION;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            -- Of usp_LoadApps where it returned one; otherwise of what has just failed. 50033 is of usp_AddSums:
            -- of a trigger, it would be 50022 here.
            SET @kind = CASE
                WHEN ERROR_NUMBER() = 50033 THEN 'busy'
                ELSE [$(Schema)].[ufn_RefusalKind](COALESCE(@error_number, ERROR_NUMBER()))
            END;

            IF @kind = 'server' OR ERROR_NUMBER() = 50020 OR (@kind = 'busy' AND @tries >= 5) THROW;

            UPDATE #stale
            SET refusal = COALESCE(@error_message, ERROR_MESSAGE())
            WHERE app_id = @app_id
                AND @kind <> 'busy';
        END CATCH;

        IF @kind = 'busy' CONTINUE;

        SET @tries = 0;
        SET @app_id = (
            SELECT MIN(s.app_id)
            FROM #stale AS s
            WHERE s.app_id > @app_id
        );
        EXEC [$(Schema)].[usp_ReportProgress] N'usp_DeleteStaleRows', @reported_at OUTPUT;
    END;

    SELECT
        s.app_id,
        s.attempt,
        s.failed_attempt,
        s.failure_category,
        w.table_name,
        w.row_count,
        s.refusal
    FROM #stale AS s
    LEFT OUTER JOIN #stale_table AS w ON s.app_id = w.app_id
    WHERE s.is_done = 1
        OR s.refusal IS NOT NULL
        OR @Execute = 'N'
    ORDER BY
        s.app_id,
        w.table_ordinal;
END;
GO
