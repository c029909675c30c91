SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Gives finished applications what is missing in the target tables: inserts the staged rows whose
            key the application does not have (without a key: where it has no row in that table), and
            fills columns that are NULL in its rows with the staged values. Existing values stay as they are.

            Of an application that gets something, a new attempt takes over the rows in the log: with
            the installed contract, the time of the attempt that it completes, whose contract is kept in
            base_contract_hash, and as many rows per table as both wrote. The log of an adopted
            application stays as it is. An event backfilled says who gave it how much.
Parameters: @contract_hash  32 bytes; must be the installed contract's
            @insert_rows    Y: insert rows and fill columns (default); N: only fill columns
            @requested_by   for the events; default the login
            @Execute        Y: backfill (default); N: only count what would be inserted and filled
            Tables of the connection (sql/README.md): reads #outcome (app_id, attempt, source_hash,
            shred_micros, document_bytes) and #stage_*, which the executable fills with what it shredded
            again; fills #load_app
Results:    one row per application, target table and column with something missing, in order of id and of
            loading: app_id, table_name, column_name (NULL: whole rows), item_count, refusal (why the
            application got nothing). The others are NULL if nothing of the application is missing
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50020 the contract is not the installed one
            50022 it failed because of the server; earlier applications are done
            50034 an earlier log is not completely adopted
            50035 is the refusal of an application, and not raised
            50033 another call that adds to the sums did not end within 30 seconds, after five tries; likewise
            1205, 1222 and other errors of kind busy, after five tries; likewise
Called by:  the executable (backfill)
Isolation:  READ COMMITTED, one transaction per application. Locks queue, the contract (shared),
            targets, log, event, sums (usp_AddSums).
Example:    -- Not called by hand. As the executable does, after it has filled the stage:
            EXEC [$(Schema)].[usp_BackfillApps]
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000,
                @Execute = 'N';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_BackfillApps]
    @contract_hash varbinary(64),
    @insert_rows char(1) = 'Y',
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

    DECLARE @adopted uniqueidentifier = '00000000-0000-0000-0000-000000000000';
    DECLARE @no_claim uniqueidentifier = @adopted;
    DECLARE @backfill_id uniqueidentifier = NEWID();
    DECLARE @message nvarchar(2048), @tries int = 0, @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @app_id bigint, @state tinyint, @attempt int, @session_id uniqueidentifier, @refusal nvarchar(2048);
    DECLARE @rows bigint, @values bigint, @now datetime2(3);
    DECLARE @result int, @table_ordinal int, @error_number int, @error_message nvarchar(2048), @kind varchar(7);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_BackfillApps: a transaction is open; commit or roll it back, then call again.', 1;

    SET @message = CONCAT(
        CASE WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32 THEN N' @contract_hash must be 32 bytes.' END,
        CASE WHEN COALESCE(@insert_rows, '') NOT IN ('Y', 'N') THEN N' @insert_rows must be Y or N.' END,
        CASE WHEN COALESCE(@Execute, '') NOT IN ('Y', 'N') THEN N' @Execute must be Y or N.' END,
        CASE
            WHEN OBJECT_ID(N'tempdb..#outcome') IS NULL OR OBJECT_ID(N'tempdb..#load_app') IS NULL
                THEN N' The connection lacks the tables of sql/session_tables.sql.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_BackfillApps:' + @message;
        THROW 50001, @message, 1;
    END;

    EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @contract_hash;
    EXEC [$(Schema)].[usp_CheckAdoption];

    CREATE TABLE #backfill
    (
        app_id bigint NOT NULL PRIMARY KEY,
        refusal nvarchar(2048) COLLATE DATABASE_DEFAULT NULL
    );

    CREATE TABLE #backfilled
    (
        app_id bigint NOT NULL,
        table_ordinal int NOT NULL,
        column_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        item_count bigint NOT NULL
    );

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    INSERT INTO #backfill (app_id)
    SELECT DISTINCT o.app_id
    FROM #outcome AS o
    WHERE o.is_success = 1;

    SET @app_id = (SELECT MIN(b.app_id) FROM #backfill AS b);

    WHILE @app_id IS NOT NULL
    BEGIN
        SET @tries += 1;
        SET @kind = NULL;
        SET @state = NULL;
        SET @attempt = NULL;
        SET @session_id = NULL;
        SET @refusal = NULL;
        SET @error_number = NULL;
        SET @error_message = NULL;
        DELETE FROM #load_app;

        DELETE FROM #backfilled
        WHERE app_id = @app_id;

        BEGIN TRY
            BEGIN TRANSACTION;

            -- HOLDLOCK on the queue: nobody requeues the application meanwhile, and a second backfill waits.
            SELECT @state = q.state
            FROM [$(Schema)].[processing_queue] AS q WITH (UPDLOCK, HOLDLOCK)
            WHERE q.app_id = @app_id;

            EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @contract_hash;

            SELECT
                @attempt = l.attempt,
                @session_id = l.session_id
            FROM [$(Schema)].[processing_log] AS l
            INNER JOIN #outcome AS o ON l.app_id = o.app_id AND l.attempt = o.attempt
            WHERE l.app_id = @app_id
                AND l.is_latest = 1
                AND l.status = 'success'
                AND (l.has_rows = 1 OR l.session_id = @adopted)
                AND (l.source_hash IS NULL OR l.source_hash = o.source_hash);

            SET @refusal = CASE
                WHEN @state IS NOT NULL THEN N'it is in the queue: a worker processes it with the installed contract'
                WHEN @attempt IS NULL
                    THEN N'attempt, rows or document are no longer those that were shredded; backfill it again'
            END;

            IF @refusal IS NULL
            BEGIN
                INSERT INTO #load_app (app_id)
                VALUES (@app_id);

                EXEC @result = [$(Schema)].[usp_BackfillRows]
                    @insert_rows = @insert_rows,
                    @Execute = @Execute,
                    @table_ordinal = @table_ordinal OUTPUT,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT;

                IF @result <> 0
                BEGIN
                    SET @message = CONCAT(
                        N'Backfilling application ', @app_id, N' failed with error ', @error_number, N': ',
                        @error_message
                    );
                    THROW 50022, @message, 1;
                END;
            END;

            UPDATE #backfill
            SET refusal = @refusal
            WHERE app_id = @app_id;

            SELECT
                @rows = SUM(CASE WHEN b.column_name IS NULL THEN b.item_count END),
                @values = SUM(CASE WHEN b.column_name IS NULL THEN NULL ELSE b.item_count END)
            FROM #backfilled AS b
            WHERE b.app_id = @app_id;

            IF @Execute = 'Y' AND COALESCE(@rows, @values) IS NOT NULL
            BEGIN
                SET @now = SYSUTCDATETIME();

                IF @session_id <> @adopted
                BEGIN
                    INSERT INTO #sum (schema_name, table_name, amount)
                    SELECT
                        w.schema_name,
                        w.table_name,
                        -w.row_count
                    FROM [$(Schema)].[ufn_RowsWritten](@app_id) AS w;

                    UPDATE [$(Schema)].[processing_log]
                    SET
                        is_latest = 0,
                        has_rows = 0
                    WHERE app_id = @app_id
                        AND attempt = @attempt
                        AND is_latest = 1
                        AND has_rows = 1;

                    IF @@ROWCOUNT <> 1
                    BEGIN
                        THROW 50035, N'another call has changed the application meanwhile; backfill it again', 1;
                    END;

                    -- Rows that somebody deleted are back: they count once, so no more than there are. RECOMPILE:
                    -- the plan is one for this id, which seeks in each table.
                    INSERT INTO [$(Schema)].[processing_log_table]
                    (
                        app_id,
                        attempt,
                        table_ordinal,
                        row_count
                    )
                    SELECT
                        @app_id,
                        @attempt + 1,
                        w.table_ordinal,
                        CASE
                            WHEN w.added > 0 AND w.logged + w.added > w.actual THEN w.actual
                            ELSE w.logged + w.added
                        END
                    FROM
                        (
                            SELECT
                                u.table_ordinal,
                                SUM(u.logged) AS logged,
                                SUM(u.added) AS added,
                                SUM(u.actual) AS actual
                            FROM
                                (
                                    SELECT
                                        c.table_ordinal,
                                        n.row_count AS logged,
                                        CONVERT(bigint, 0) AS added,
                                        CONVERT(bigint, 0) AS actual
                                    FROM [$(Schema)].[processing_log] AS l
                                    INNER JOIN [$(Schema)].[processing_log_table] AS n
                                        ON l.app_id = n.app_id AND l.attempt = n.attempt
                                    INNER JOIN [$(Schema)].[processing_contract_table] AS o
                                        ON l.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
                                    INNER JOIN [$(Schema)].[processing_contract_table] AS c
                                        ON o.schema_name = c.schema_name AND o.table_name = c.table_name
                                    WHERE l.app_id = @app_id
                                        AND l.attempt = @attempt
                                        AND c.contract_hash = @contract_hash
                                    UNION ALL
                                    SELECT
                                        b.table_ordinal,
                                        CONVERT(bigint, 0) AS logged,
                                        b.item_count AS added,
                                        CONVERT(bigint, 0) AS actual
                                    FROM #backfilled AS b
                                    WHERE b.app_id = @app_id
                                        AND b.column_name IS NULL
                                    UNION ALL
                                    SELECT
                                        r.table_ordinal,
                                        CONVERT(bigint, 0) AS logged,
                                        CONVERT(bigint, 0) AS added,
                                        CONVERT(bigint, 1) AS actual
                                    FROM [$(Schema)].[vw_TargetRows] AS r
                                    WHERE r.app_id = @app_id
                                ) AS u
                            GROUP BY u.table_ordinal
                        ) AS w
                    WHERE w.logged + w.added > 0
                    OPTION (RECOMPILE);

                    -- The time is that of the earlier attempt, with which its document was shredded again.
                    INSERT INTO [$(Schema)].[processing_log]
                    (
                        app_id,
                        attempt,
                        is_latest,
                        has_rows,
                        status,
                        session_id,
                        claim_token,
                        enqueued_at_utc,
                        claimed_at_utc,
                        processed_at_utc,
                        shred_micros,
                        document_bytes,
                        rows_written,
                        source_hash,
                        contract_hash,
                        base_contract_hash
                    )
                    SELECT
                        l.app_id,
                        l.attempt + 1,
                        1,
                        1,
                        'success',
                        @backfill_id,
                        @no_claim,
                        l.enqueued_at_utc,
                        l.claimed_at_utc,
                        @now,
                        COALESCE(o.shred_micros, 0),
                        COALESCE(o.document_bytes, 0),
                        COALESCE(
                            (
                                SELECT SUM(n.row_count)
                                FROM [$(Schema)].[processing_log_table] AS n
                                WHERE n.app_id = @app_id
                                    AND n.attempt = @attempt + 1
                            ),
                            0
                        ),
                        l.source_hash,
                        @contract_hash,
                        COALESCE(l.base_contract_hash, l.contract_hash)
                    FROM [$(Schema)].[processing_log] AS l
                    INNER JOIN #outcome AS o ON l.app_id = o.app_id
                    WHERE l.app_id = @app_id
                        AND l.attempt = @attempt;

                    INSERT INTO #sum (schema_name, table_name, amount)
                    SELECT
                        w.schema_name,
                        w.table_name,
                        w.row_count
                    FROM [$(Schema)].[ufn_RowsWritten](@app_id) AS w;
                END;

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at_utc,
                    event_type,
                    app_id,
                    attempt,
                    login_name,
                    detail
                )
                VALUES
                (
                    @now,
                    'backfilled',
                    @app_id,
                    CASE WHEN @session_id = @adopted THEN @attempt ELSE @attempt + 1 END,
                    ORIGINAL_LOGIN(),
                    CONCAT(
                        N'usp_BackfillApps by ', COALESCE(@requested_by, ORIGINAL_LOGIN()), N': ',
                        COALESCE(@rows, 0), CASE @rows WHEN 1 THEN N' row, ' ELSE N' rows, ' END,
                        COALESCE(@values, 0), CASE @values WHEN 1 THEN N' value' ELSE N' values' END
                    )
                );

                EXEC [$(Schema)].[usp_AddSums];
            END;

            COMMIT TRANSACTION;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            -- Of usp_BackfillRows where it returned one; otherwise of what has just failed. 50033 is of usp_AddSums:
            -- of a trigger, it would be 50022 here.
            SET @kind = CASE
                WHEN ERROR_NUMBER() = 50033 THEN 'busy'
                ELSE [$(Schema)].[ufn_RefusalKind](COALESCE(@error_number, ERROR_NUMBER()))
            END;

            IF @kind = 'server' OR ERROR_NUMBER() = 50020 OR (@kind = 'busy' AND @tries >= 5) THROW;

            DELETE FROM #backfilled
            WHERE app_id = @app_id;

            UPDATE #backfill
            SET refusal = COALESCE(@error_message, ERROR_MESSAGE())
            WHERE app_id = @app_id
                AND @kind <> 'busy';
        END CATCH;

        IF @kind = 'busy' CONTINUE;

        SET @tries = 0;
        SET @app_id = (
            SELECT MIN(b.app_id)
            FROM #backfill AS b
            WHERE b.app_id > @app_id
        );
        EXEC [$(Schema)].[usp_ReportProgress] N'usp_BackfillApps', @reported_at OUTPUT;
    END;

    SELECT
        b.app_id,
        t.table_name,
        i.column_name,
        i.item_count,
        b.refusal
    FROM #backfill AS b
    LEFT OUTER JOIN #backfilled AS i ON b.app_id = i.app_id
    LEFT OUTER JOIN [$(Schema)].[processing_contract_table] AS t
        ON i.table_ordinal = t.table_ordinal AND t.contract_hash = @contract_hash
    ORDER BY
        b.app_id,
        i.table_ordinal,
        i.column_name;
END;
GO
