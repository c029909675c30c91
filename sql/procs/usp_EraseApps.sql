SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Erases applications whose document was withdrawn, or whose person asks to be forgotten: their
            rows in all target tables of the installed contract, also those that other programs wrote, and
            their rows in queue, log and events. One event is left, which says who erased how much, and when.
            The document itself belongs to the source table: delete it there first.
Parameters: @app_ids       a comma-separated list of ids
            @requested_by  for the event; default the login
            @Execute       Y: erase (default); N: only count what would be erased
Results:    one row per application and target table with rows of it, in order of id and of loading:
            app_id, attempts (its rows in the log), table_name, row_count, refusal (why nothing of the
            application is erased; everything is still there). table_name is NULL if no target table
            has a row of it
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50020 no contract is installed
            50022 erasing failed because of the server; earlier applications are done
            50034 an earlier log is not completely adopted: what is erased could be imported again
            50033 another call that adds to the sums did not end within 30 seconds, after five tries; likewise
            1205, 1222 and other errors of kind busy, after five tries; likewise
Called by:  operators; the executable (erase)
Isolation:  READ COMMITTED, one transaction per application. Locks queue, the contract (shared),
            targets, log, event, sums (usp_AddSums).
Example:    EXEC [$(Schema)].[usp_EraseApps] @app_ids = N'101, 102', @Execute = 'N';
            EXEC [$(Schema)].[usp_EraseApps] @app_ids = N'101, 102', @requested_by = N'case 4711';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_EraseApps]
    @app_ids nvarchar(max),
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
    DECLARE @app_id bigint, @attempts bigint, @rows bigint, @refusal nvarchar(2048), @state tinyint;
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @result int, @table_ordinal int, @error_number int, @error_message nvarchar(2048), @kind varchar(7);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_EraseApps: a transaction is open; commit or roll it back, then call again.', 1;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        N' @app_ids has an entry that is not an id: ' + @bad_entry + N'.',
        CASE
            WHEN NOT EXISTS (SELECT 1 FROM [$(Schema)].[ufn_AppIdList](@app_ids))
                THEN N' @app_ids must have an id.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_EraseApps:' + @message;
        THROW 50001, @message, 1;
    END;

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @installed_hash;
    EXEC [$(Schema)].[usp_CheckAdoption];

    CREATE TABLE #erased
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempts bigint NOT NULL,
        refusal nvarchar(2048) COLLATE DATABASE_DEFAULT NULL
    );

    CREATE TABLE #erased_table
    (
        app_id bigint NOT NULL,
        table_ordinal int NOT NULL,
        table_name nvarchar(257) COLLATE DATABASE_DEFAULT NOT NULL,
        row_count bigint NOT NULL,
        PRIMARY KEY (app_id, table_ordinal)
    );

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    INSERT INTO #erased (app_id, attempts)
    SELECT DISTINCT
        l.app_id,
        0
    FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l;

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

    SET @app_id = (SELECT MIN(e.app_id) FROM #erased AS e);

    WHILE @app_id IS NOT NULL
    BEGIN
        SET @tries += 1;
        SET @kind = NULL;
        SET @state = NULL;
        SET @refusal = NULL;
        SET @error_number = NULL;
        SET @error_message = NULL;
        DELETE FROM #load_app;
        DELETE FROM #clear_app;

        DELETE FROM #erased_table
        WHERE app_id = @app_id;

        BEGIN TRY
            BEGIN TRANSACTION;

            -- HOLDLOCK on the queue: nobody enqueues, retries or claims the application meanwhile.
            SELECT @state = q.state
            FROM [$(Schema)].[processing_queue] AS q WITH (UPDLOCK, HOLDLOCK)
            WHERE q.app_id = @app_id;

            EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @installed_hash;

            SET @refusal = CASE
                WHEN @state = 1
                    THEN N'a worker has claimed it; erase it when the claim has ended'
                WHEN EXISTS
                    (
                        SELECT 1
                        FROM [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK)
                        WHERE s.[$(SourceIdColumn)] = @app_id
                    )
                    THEN N'its document is still in [$(SourceSchema)].[$(SourceTable)]: delete it there first, or the'
                        + N' next enqueue of all adds it again'
            END;

            -- A table of an earlier contract, which the installed one does not know.
            SELECT TOP (1) @refusal = COALESCE(
                @refusal,
                CONCAT(
                    N'attempt ', k.attempt, N' also wrote to ', o.schema_name, N'.', o.table_name,
                    N', which is not in the installed contract; install that contract, or delete its rows there,'
                    + N' set has_rows = 0 and run usp_RecountSums'
                )
            )
            FROM [$(Schema)].[processing_log] AS k
            INNER JOIN [$(Schema)].[processing_log_table] AS n ON k.app_id = n.app_id AND k.attempt = n.attempt
            INNER JOIN [$(Schema)].[processing_contract_table] AS o
                ON k.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
            WHERE k.app_id = @app_id
                AND k.has_rows = 1
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_contract_table] AS c
                    WHERE c.contract_hash = @installed_hash
                        AND c.schema_name = o.schema_name
                        AND c.table_name = o.table_name
                )
            ORDER BY k.attempt;

            SET @attempts = (
                SELECT COUNT_BIG(*)
                FROM [$(Schema)].[processing_log] AS l
                WHERE l.app_id = @app_id
            );

            UPDATE #erased
            SET
                attempts = @attempts,
                refusal = @refusal
            WHERE app_id = @app_id;

            -- RECOMPILE: the plan is one for this id, which seeks in each table.
            INSERT INTO #erased_table
            (
                app_id,
                table_ordinal,
                table_name,
                row_count
            )
            SELECT
                r.app_id,
                r.table_ordinal,
                r.table_name,
                COUNT_BIG(*)
            FROM [$(Schema)].[vw_TargetRows] AS r
            WHERE r.app_id = @app_id
            GROUP BY
                r.app_id,
                r.table_ordinal,
                r.table_name
            OPTION (RECOMPILE);

            IF @Execute = 'Y' AND @refusal IS NULL
            BEGIN
                INSERT INTO #clear_app (table_ordinal, app_id)
                SELECT
                    w.table_ordinal,
                    w.app_id
                FROM #erased_table AS w
                WHERE w.app_id = @app_id;

                EXEC @result = [$(Schema)].[usp_LoadApps]
                    @table_ordinal = @table_ordinal OUTPUT,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT;

                IF @result <> 0
                BEGIN
                    SET @message = CONCAT(
                        N'Erasing application ', @app_id, N' failed with error ', @error_number, N': ', @error_message
                    );
                    THROW 50022, @message, 1;
                END;

                INSERT INTO #sum (outcome, amount)
                SELECT
                    COALESCE(l.failure_category, 'success'),
                    -1
                FROM [$(Schema)].[processing_log] AS l
                WHERE l.app_id = @app_id
                    AND l.is_latest = 1
                    AND @state IS NULL;

                INSERT INTO #sum (schema_name, table_name, amount)
                SELECT
                    w.schema_name,
                    w.table_name,
                    -w.row_count
                FROM [$(Schema)].[ufn_RowsWritten](@app_id) AS w;

                DELETE FROM [$(Schema)].[processing_log_table]
                WHERE app_id = @app_id;

                DELETE FROM [$(Schema)].[processing_log]
                WHERE app_id = @app_id;

                DELETE FROM [$(Schema)].[processing_event]
                WHERE app_id = @app_id;

                DELETE FROM [$(Schema)].[processing_queue]
                OUTPUT 'queued', -1, -deleted.document_bytes INTO #sum (outcome, amount, document_bytes)
                WHERE app_id = @app_id;

                DELETE FROM [$(Schema)].[processing_file]
                WHERE app_id = @app_id;

                SET @rows = (
                    SELECT COALESCE(SUM(w.row_count), 0)
                    FROM #erased_table AS w
                    WHERE w.app_id = @app_id
                );

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at_utc,
                    event_type,
                    app_id,
                    login_name,
                    detail
                )
                VALUES
                (
                    SYSUTCDATETIME(),
                    'erased',
                    @app_id,
                    ORIGINAL_LOGIN(),
                    CONCAT(
                        N'usp_EraseApps by ', COALESCE(@requested_by, ORIGINAL_LOGIN()), N': ', @rows,
                        CASE @rows WHEN 1 THEN N' row, ' ELSE N' rows, ' END, @attempts,
                        CASE @attempts WHEN 1 THEN N' attempt' ELSE N' attempts' END
                    )
                );

                EXEC [$(Schema)].[usp_AddSums];
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

            UPDATE #erased
            SET refusal = COALESCE(@error_message, ERROR_MESSAGE())
            WHERE app_id = @app_id
                AND @kind <> 'busy';
        END CATCH;

        IF @kind = 'busy' CONTINUE;

        SET @tries = 0;
        SET @app_id = (
            SELECT MIN(e.app_id)
            FROM #erased AS e
            WHERE e.app_id > @app_id
        );
        EXEC [$(Schema)].[usp_ReportProgress] N'usp_EraseApps', @reported_at OUTPUT;
    END;

    SELECT
        e.app_id,
        e.attempts,
        w.table_name,
        w.row_count,
        e.refusal
    FROM #erased AS e
    LEFT OUTER JOIN #erased_table AS w ON e.app_id = w.app_id
    ORDER BY
        e.app_id,
        w.table_ordinal;
END;
GO
