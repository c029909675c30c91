SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes applications of a claim in one transaction: rows, log and queue change
            together or not at all. Applications that this token has already completed, or that were
            refused under it, stay as they are, so a repeated call is harmless when its reply was
            lost. Not called by hand: usp_CompleteBatch and usp_CompleteApp decide what to do when
            the database rejects rows.

            The rows of an application are those of its last success: a failure deletes nothing. A
            success replaces, skips or collides with the rows of others as the contract says, and
            always replaces those of an earlier success of its own.
Parameters: @claim_token     the claim; it is the fence
            @contract_hash   32 bytes; must be the installed contract's
            @app_id_from     the range of ids of #outcome to complete, both inclusive; default NULL,
            @app_id_to       no limit
            @refusal_number  with a range of one application: do not load it, but log it as failed
            @refusal_message with this error number and message of the database and this target
            @refusal_table   table; default NULL
            @error_number    OUTPUT: the error with which the database rejected the rows, its
            @error_message   OUTPUT  message, and the target table if it is known; NULL unless the
            @error_table     OUTPUT  procedure returns 1 or 2
            Tables of the connection (sql/README.md): reads #outcome, fills #load_app for
            usp_LoadApps, and reads its result from #loaded.
Results:    none. RETURN 0: every requested application is logged or was refused under this token, by
            this call or by an earlier one. RETURN 1: the database rejected the rows because of the
            data; RETURN 2: for an unknown reason (@error_*). Then nothing was written.
Errors:     50002 a transaction is open
            50010 the claim does not hold these applications; nothing was written
            50020 the contract is not the installed one; nothing was written
            50022 usp_LoadApps failed because of the server; nothing was written
            1205, 1222 and other errors of kind busy: still there after five tries
            Any other error of the server is rethrown; nothing was written.
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session,
            throughput. Tries up to five times after an error of kind busy (ufn_RefusalKind).
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ApplyOutcomes]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ApplyOutcomes]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id_from bigint = NULL,
    @app_id_to bigint = NULL,
    @refusal_number int = NULL,
    @refusal_message nvarchar(2048) = NULL,
    @refusal_table nvarchar(128) = NULL,
    @error_number int = NULL OUTPUT,
    @error_message nvarchar(2048) = NULL OUTPUT,
    @error_table nvarchar(128) = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3);
    DECLARE @phase varchar(5);
    DECLARE @tries int = 0;
    DECLARE @held int;
    DECLARE @todo_count int;
    DECLARE @taken_count int;
    DECLARE @installed_hash binary(32);
    DECLARE @installed_name nvarchar(200);
    DECLARE @session_id uniqueidentifier;
    DECLARE @claimed_at datetime2(3);
    DECLARE @load_result int;
    DECLARE @kind varchar(7);
    DECLARE @clears bit;
    DECLARE @table_ordinal int;
    DECLARE @success bigint;
    DECLARE @failed bigint;
    DECLARE @rows_written bigint;
    DECLARE @document_bytes bigint;
    DECLARE @shred_micros bigint;
    DECLARE @refusal_fingerprint char(16);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        claimed_at_utc datetime2(3) NOT NULL
    );
    DECLARE @todo TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        is_success bit NOT NULL
    );
    DECLARE @taken TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        enqueued_at_utc datetime2(3) NOT NULL
    );

    -- One fingerprint per table and error: the message itself names the offending key.
    SET @refusal_fingerprint = LOWER(
        CONVERT(
            char(16),
            SUBSTRING(
                HASHBYTES('SHA2_256', CONCAT(N'constraint_violation ', @refusal_table, N' ', @refusal_number)), 1, 8
            ),
            2
        )
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_ApplyOutcomes: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    WHILE 1 = 1
    BEGIN
        SET @tries += 1;
        SET @error_number = NULL;
        SET @error_message = NULL;
        SET @error_table = NULL;
        SET @table_ordinal = NULL;
        SET @kind = NULL;
        SET @clears = 0;
        SET @load_result = 0;
        DELETE FROM @lease;
        DELETE FROM @todo;
        DELETE FROM @taken;
        DELETE FROM #load_app;
        DELETE FROM #loaded;

        BEGIN TRY
            SET @phase = 'fence';

            BEGIN TRANSACTION;

            -- The fence. The lock on this row keeps out the reaper and every other call with this
            -- token until the end of the transaction.
            UPDATE [$(Schema)].[processing_claim]
            SET lease_expires_at_utc = CASE
                WHEN lease_expires_at_utc > DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
                    THEN lease_expires_at_utc
                ELSE DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
            END
            OUTPUT inserted.session_id, inserted.claimed_at_utc INTO @lease (session_id, claimed_at_utc)
            WHERE claim_token = @claim_token;

            SET @held = @@ROWCOUNT;
            SET @now = SYSUTCDATETIME();

            INSERT INTO @todo (app_id, attempt, is_success)
            SELECT
                o.app_id,
                o.attempt,
                CASE WHEN @refusal_number IS NULL THEN o.is_success ELSE 0 END
            FROM #outcome AS o
            WHERE (@app_id_from IS NULL OR o.app_id >= @app_id_from)
                AND (@app_id_to IS NULL OR o.app_id <= @app_id_to)
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id = o.app_id
                        AND l.attempt = o.attempt
                        AND l.claim_token = @claim_token
                );

            SET @todo_count = @@ROWCOUNT;

            IF @todo_count = 0
            BEGIN
                COMMIT TRANSACTION;
                RETURN 0;
            END;

            DELETE FROM [$(Schema)].[processing_queue]
            OUTPUT deleted.app_id, deleted.attempts, deleted.enqueued_at_utc
            INTO @taken (app_id, attempt, enqueued_at_utc)
            WHERE state = 1
                AND claim_token = @claim_token
                AND app_id IN (SELECT t.app_id FROM @todo AS t)
            OPTION (LOOP JOIN);

            SELECT @taken_count = COUNT(*)
            FROM @todo AS t
            INNER JOIN @taken AS k ON t.app_id = k.app_id AND t.attempt = k.attempt;

            IF @taken_count <> @todo_count
            BEGIN
                -- An earlier call with this token, whose reply was lost, may have refused some.
                DELETE FROM @todo
                WHERE app_id IN
                (
                    SELECT e.app_id
                    FROM [$(Schema)].[processing_event] AS e
                    WHERE e.claim_token = @claim_token
                        AND e.event_type = 'refused'
                );

                SET @todo_count -= @@ROWCOUNT;

                IF @todo_count = 0
                BEGIN
                    COMMIT TRANSACTION;
                    RETURN 0;
                END;
            END;

            IF @held = 0 OR @taken_count <> @todo_count
            BEGIN
                SET @message = CONCAT(
                    N'Claim ', CONVERT(nvarchar(36), @claim_token), N' holds ', @taken_count, N' of ',
                    @todo_count, N' applications to complete: it was reaped or released, and nothing was written.',
                    N' Call usp_GetClaimOutcome to see its outcome, then claim again.'
                );
                THROW 50010, @message, 1;
            END;

            -- The lock is held to the end: a new contract waits for this completion.
            SELECT
                @installed_hash = c.contract_hash,
                @installed_name = CONCAT(
                    c.contract_name, N' of ', CONVERT(nvarchar(19), c.installed_at_utc, 120), N' UTC'
                )
            FROM [$(Schema)].[processing_contract] AS c WITH (REPEATABLEREAD)
            WHERE c.retired_at_utc IS NULL;

            IF @installed_hash IS NULL OR @installed_hash <> @contract_hash
            BEGIN
                SET @message = CONCAT(
                    N'The worker''s contract is not the installed one, ', COALESCE(@installed_name, N'(none)'),
                    N': release the claim and start the worker with the installed contract.'
                );
                THROW 50020, @message, 1;
            END;

            SELECT
                @session_id = l.session_id,
                @claimed_at = l.claimed_at_utc
            FROM @lease AS l;

            SET @phase = 'load';

            -- Rows of an earlier success, where the contract would skip them or collide with them:
            -- the contract that wrote them was another one. usp_LoadApps deletes what #loaded names.
            INSERT INTO #load_app (app_id, clear_only)
            SELECT
                t.app_id,
                1
            FROM @todo AS t
            WHERE t.is_success = 1
                AND t.attempt > 1
                AND EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id = t.app_id
                        AND l.has_rows = 1
                )
                AND EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_contract_table] AS c
                    WHERE c.contract_hash = @contract_hash
                        AND c.on_existing <> 'replace'
                );

            IF @@ROWCOUNT > 0
            BEGIN
                SET @clears = 1;

                INSERT INTO #loaded
                (
                    app_id,
                    table_ordinal,
                    row_count
                )
                SELECT
                    l.app_id,
                    c.table_ordinal,
                    n.row_count
                FROM #load_app AS a
                INNER JOIN [$(Schema)].[processing_log] AS l ON a.app_id = l.app_id
                INNER JOIN [$(Schema)].[processing_log_table] AS n
                    ON l.app_id = n.app_id AND l.attempt = n.attempt
                INNER JOIN [$(Schema)].[processing_contract_table] AS o
                    ON l.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
                INNER JOIN [$(Schema)].[processing_contract_table] AS c
                    ON o.schema_name = c.schema_name AND o.table_name = c.table_name
                WHERE l.has_rows = 1
                    AND c.contract_hash = @contract_hash;

                EXEC @load_result = [$(Schema)].[usp_LoadApps]
                    @table_ordinal = @table_ordinal OUTPUT,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT;
            END;

            IF @load_result = 0
            BEGIN
                IF @clears = 1
                BEGIN
                    DELETE FROM #load_app;
                    DELETE FROM #loaded;
                END;

                INSERT INTO #load_app (app_id, clear_only)
                SELECT
                    t.app_id,
                    0
                FROM @todo AS t
                WHERE t.is_success = 1;

                IF @@ROWCOUNT > 0
                BEGIN
                    EXEC @load_result = [$(Schema)].[usp_LoadApps]
                        @table_ordinal = @table_ordinal OUTPUT,
                        @error_number = @error_number OUTPUT,
                        @error_message = @error_message OUTPUT;
                END;
            END;

            IF @load_result = 0
            BEGIN
                SET @phase = 'log';

                -- A success takes over the rows; a failure leaves them to the attempt that they are of.
                UPDATE [$(Schema)].[processing_log]
                SET
                    is_latest = 0,
                    has_rows = CASE
                        WHEN app_id IN
                            (
                                SELECT s.app_id
                                FROM @todo AS s
                                WHERE s.is_success = 1
                            )
                            THEN 0
                        ELSE has_rows
                    END
                WHERE (is_latest = 1 OR has_rows = 1)
                    AND app_id IN
                    (
                        SELECT t.app_id
                        FROM @todo AS t
                        WHERE t.attempt > 1
                    )
                OPTION (LOOP JOIN);

                INSERT INTO [$(Schema)].[processing_log]
                (
                    app_id,
                    attempt,
                    is_latest,
                    has_rows,
                    status,
                    failure_category,
                    failure_table,
                    failure_column,
                    failure_path,
                    failure_line,
                    failure_column_number,
                    failure_value,
                    failure_reason,
                    fingerprint,
                    error_number,
                    session_id,
                    claim_token,
                    enqueued_at_utc,
                    claimed_at_utc,
                    processed_at_utc,
                    shred_micros,
                    document_bytes,
                    rows_written,
                    source_hash,
                    contract_hash
                )
                SELECT
                    t.app_id,
                    t.attempt,
                    1,
                    t.is_success,
                    CASE t.is_success WHEN 1 THEN 'success' ELSE 'failed' END,
                    CASE
                        WHEN t.is_success = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL THEN 'constraint_violation'
                        ELSE LEFT(o.failure_category, 30)
                    END,
                    CASE
                        WHEN t.is_success = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL THEN @refusal_table
                        ELSE LEFT(o.failure_table, 128)
                    END,
                    CASE
                        WHEN t.is_success = 0 AND @refusal_number IS NULL THEN LEFT(o.failure_column, 128)
                    END,
                    CASE
                        WHEN t.is_success = 0 AND @refusal_number IS NULL THEN LEFT(o.failure_path, 1000)
                    END,
                    CASE WHEN t.is_success = 0 AND @refusal_number IS NULL THEN o.failure_line END,
                    CASE WHEN t.is_success = 0 AND @refusal_number IS NULL THEN o.failure_column_number END,
                    CASE
                        WHEN t.is_success = 0 AND @refusal_number IS NULL THEN LEFT(o.failure_value, 400)
                    END,
                    CASE
                        WHEN t.is_success = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL THEN @refusal_message
                        ELSE LEFT(o.failure_reason, 2048)
                    END,
                    CASE
                        WHEN t.is_success = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL
                            THEN @refusal_fingerprint
                        ELSE LEFT(o.fingerprint, 16)
                    END,
                    @refusal_number,
                    @session_id,
                    @claim_token,
                    k.enqueued_at_utc,
                    @claimed_at,
                    @now,
                    COALESCE(o.shred_micros, 0),
                    COALESCE(o.document_bytes, 0),
                    CASE
                        WHEN t.is_success = 1
                            THEN COALESCE(
                                (
                                    SELECT CONVERT(bigint, SUM(n.row_count))
                                    FROM #loaded AS n
                                    WHERE n.app_id = t.app_id
                                ),
                                0
                            )
                        ELSE 0
                    END,
                    o.source_hash,
                    @contract_hash
                FROM @todo AS t
                INNER JOIN @taken AS k ON t.app_id = k.app_id
                INNER JOIN #outcome AS o ON t.app_id = o.app_id;

                INSERT INTO [$(Schema)].[processing_log_table]
                (
                    app_id,
                    attempt,
                    table_ordinal,
                    row_count
                )
                SELECT
                    n.app_id,
                    t.attempt,
                    n.table_ordinal,
                    SUM(n.row_count)
                FROM #loaded AS n
                INNER JOIN @todo AS t ON n.app_id = t.app_id
                WHERE n.row_count > 0
                GROUP BY
                    n.app_id,
                    t.attempt,
                    n.table_ordinal;

                DELETE FROM [$(Schema)].[processing_claim]
                WHERE claim_token = @claim_token
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.state = 1
                            AND q.claim_token = @claim_token
                    );

                SELECT
                    @success = SUM(CASE t.is_success WHEN 1 THEN 1 ELSE 0 END),
                    @failed = SUM(CASE t.is_success WHEN 1 THEN 0 ELSE 1 END),
                    @document_bytes = SUM(COALESCE(o.document_bytes, 0)),
                    @shred_micros = SUM(COALESCE(o.shred_micros, 0))
                FROM @todo AS t
                INNER JOIN #outcome AS o ON t.app_id = o.app_id;

                SELECT @rows_written = COALESCE(SUM(n.row_count), 0)
                FROM #loaded AS n;

                EXEC [$(Schema)].[usp_RecordThroughput]
                    @session_id = @session_id,
                    @success = @success,
                    @failed = @failed,
                    @rows_written = @rows_written,
                    @document_bytes = @document_bytes,
                    @shred_micros = @shred_micros;

                COMMIT TRANSACTION;
                RETURN 0;
            END;

            ROLLBACK TRANSACTION;

            SET @kind = [$(Schema)].[ufn_RefusalKind](@error_number);
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            SET @error_number = ERROR_NUMBER();
            SET @error_message = ERROR_MESSAGE();
            SET @kind = [$(Schema)].[ufn_RefusalKind](@error_number);

            -- Before the rows are loaded, no document can be the cause. While they are logged, one
            -- may be, but the values that are logged are cut to their columns.
            IF @phase = 'fence' AND @kind <> 'busy'
            BEGIN
                SET @kind = 'server';
            END;

            IF @phase = 'log' AND @kind = 'data'
            BEGIN
                SET @kind = 'unknown';
            END;

            IF (@kind = 'server' AND @phase <> 'load')
                OR (@kind = 'busy' AND @tries >= 5)
            BEGIN
                THROW;
            END;
        END CATCH;

        IF @kind = 'busy' AND @tries < 5
        BEGIN
            CONTINUE;
        END;

        SELECT @error_table = t.table_name
        FROM [$(Schema)].[processing_contract_table] AS t
        WHERE t.contract_hash = @contract_hash
            AND t.table_ordinal = @table_ordinal;

        IF @kind = 'data'
        BEGIN
            RETURN 1;
        END;

        IF @kind = 'unknown'
        BEGIN
            RETURN 2;
        END;

        SET @message = CONCAT(
            N'Loading ', COALESCE(N'table ' + @error_table, N'the target tables'), N' failed with error ',
            @error_number, N', which the documents did not cause: ', @error_message
        );
        THROW 50022, @message, 1;
    END;
END;
GO
