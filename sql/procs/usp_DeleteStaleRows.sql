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
Called by:  operators; the executable (delete-stale-rows)
Isolation:  READ COMMITTED, one transaction per application. Locks queue, the contract (shared),
            targets, log, event. Skips an application that is queued or completed in the meantime.
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

    DECLARE @message nvarchar(2048);
    DECLARE @bad_entry nvarchar(40);
    DECLARE @installed_hash binary(32);
    DECLARE @app_id bigint;
    DECLARE @attempt int;
    DECLARE @failed_attempt int;
    DECLARE @is_stale bit;
    DECLARE @result int;
    DECLARE @tries int = 0;
    DECLARE @kind varchar(7);
    DECLARE @table_ordinal int;
    DECLARE @error_number int;
    DECLARE @error_message nvarchar(2048);
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_DeleteStaleRows: a transaction is open; commit or roll it back, then call again.', 1;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        CASE
            WHEN @bad_entry IS NOT NULL
                THEN CONCAT(N' @app_ids has an entry that is not an id: ', @bad_entry, N'.')
        END,
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

    IF @installed_hash IS NULL
    BEGIN
        THROW 50020, N'No contract is installed: run xmlshred install with one.', 1;
    END;

    CREATE TABLE #stale
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        failed_attempt int NOT NULL,
        is_done bit NOT NULL,
        refusal nvarchar(2048) COLLATE DATABASE_DEFAULT NULL
    );

    INSERT INTO #stale
    (
        app_id,
        attempt,
        failed_attempt,
        is_done
    )
    SELECT TOP (COALESCE(@canary, 9223372036854775807))
        l.app_id,
        k.attempt,
        l.attempt AS failed_attempt,
        0
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log] AS k ON l.app_id = k.app_id
    WHERE l.is_latest = 1
        AND l.status = 'failed'
        AND k.has_rows = 1
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
        AND (
            @app_ids IS NULL
            OR l.app_id IN (SELECT a.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS a)
        )
    ORDER BY l.app_id
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

        CREATE TABLE #loaded
        (
            app_id bigint NOT NULL,
            table_ordinal int NOT NULL,
            row_count bigint NOT NULL
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
        SET @result = 0;
        SET @is_stale = 0;
        SET @error_number = NULL;
        SET @error_message = NULL;
        DELETE FROM #load_app;
        DELETE FROM #clear_app;
        DELETE FROM #loaded;

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
                    FROM [$(Schema)].[processing_log] AS l
                    INNER JOIN [$(Schema)].[processing_log] AS k ON l.app_id = k.app_id
                    WHERE l.app_id = @app_id
                        AND l.attempt = @failed_attempt
                        AND l.is_latest = 1
                        AND k.attempt = @attempt
                        AND k.has_rows = 1
                );
            END;

            -- The lock is held to the end: a new contract waits.
            IF NOT EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_contract] AS c WITH (REPEATABLEREAD)
                WHERE c.contract_hash = @installed_hash
                    AND c.retired_at_utc IS NULL
            )
            BEGIN
                THROW 50020, N'usp_DeleteStaleRows: another contract was installed meanwhile; call again.', 1;
            END;

            IF @is_stale = 1
            BEGIN
                INSERT INTO #loaded (app_id, table_ordinal, row_count)
                SELECT
                    @app_id,
                    c.table_ordinal,
                    n.row_count
                FROM [$(Schema)].[processing_log] AS k
                INNER JOIN [$(Schema)].[processing_log_table] AS n
                    ON k.app_id = n.app_id AND k.attempt = n.attempt
                INNER JOIN [$(Schema)].[processing_contract_table] AS o
                    ON k.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
                INNER JOIN [$(Schema)].[processing_contract_table] AS c
                    ON o.schema_name = c.schema_name AND o.table_name = c.table_name
                WHERE k.app_id = @app_id
                    AND k.attempt = @attempt
                    AND c.contract_hash = @installed_hash;

                INSERT INTO #clear_app (table_ordinal, app_id)
                SELECT
                    n.table_ordinal,
                    n.app_id
                FROM #loaded AS n;

                EXEC @result = [$(Schema)].[usp_LoadApps]
                    @table_ordinal = @table_ordinal OUTPUT,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT;
            END;

            IF @is_stale = 1 AND @result = 0
            BEGIN
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
                        COALESCE(SUM(n.row_count), 0),
                        CASE WHEN SUM(n.row_count) = 1 THEN N' row' ELSE N' rows' END, N' of attempt ', @attempt
                    )
                FROM #loaded AS n;
            END;

            IF @result = 0
            BEGIN
                COMMIT TRANSACTION;
            END
            ELSE
            BEGIN
                ROLLBACK TRANSACTION;

                SET @kind = [$(Schema)].[ufn_RefusalKind](@error_number);
            END;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            SET @error_number = ERROR_NUMBER();
            SET @error_message = ERROR_MESSAGE();
            SET @kind = [$(Schema)].[ufn_RefusalKind](@error_number);

            IF @kind = 'server' OR @error_number = 50020 OR (@kind = 'busy' AND @tries >= 5)
            BEGIN
                THROW;
            END;
        END CATCH;

        IF @kind = 'busy' AND @tries < 5
        BEGIN
            CONTINUE;
        END;

        IF @kind IN ('server', 'busy')
        BEGIN
            SET @message = CONCAT(
                N'Deleting the rows of application ', @app_id, N' failed with error ', @error_number, N': ',
                @error_message
            );
            THROW 50022, @message, 1;
        END;

        UPDATE #stale
        SET
            is_done = CASE WHEN @is_stale = 1 THEN 1 ELSE 0 END,
            refusal = CASE WHEN @kind IS NOT NULL THEN @error_message END
        WHERE app_id = @app_id;

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
        l.failure_category,
        w.table_name,
        w.row_count,
        s.refusal
    FROM #stale AS s
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON s.app_id = l.app_id AND s.failed_attempt = l.attempt
    OUTER APPLY
        (
            SELECT
                c.table_ordinal,
                c.table_name,
                n.row_count
            FROM [$(Schema)].[processing_log] AS k
            INNER JOIN [$(Schema)].[processing_log_table] AS n ON k.app_id = n.app_id AND k.attempt = n.attempt
            INNER JOIN [$(Schema)].[processing_contract_table] AS o
                ON k.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
            INNER JOIN [$(Schema)].[processing_contract_table] AS c
                ON o.schema_name = c.schema_name AND o.table_name = c.table_name
            WHERE k.app_id = s.app_id
                AND k.attempt = s.attempt
                AND c.contract_hash = @installed_hash
        ) AS w
    WHERE s.is_done = 1
        OR @Execute = 'N'
    ORDER BY
        s.app_id,
        w.table_ordinal;
END;
GO
