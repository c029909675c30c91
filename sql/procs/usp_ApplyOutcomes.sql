SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes applications of a claim in one transaction: rows, log and queue change
            together or not at all. Applications that this token has already completed stay as
            they are, so a repeated call is harmless when its reply was lost. Not called by hand:
            usp_CompleteBatch and usp_CompleteApp decide what to do when the database rejects
            rows.
Parameters: @claim_token     the claim; it is the fence
            @contract_hash   32 bytes; must be the installed contract's
            @app_id          one application of #outcome; default NULL, all of them
            @refusal_number  with @app_id: do not load the application, but log it as failed with
            @refusal_message this error number and message of the database and this target table;
            @refusal_table   default NULL
            @keep_rows       1: keep the rows of an earlier success, because the database does not
                             let them be deleted; default 0
            @error_number    OUTPUT: the error with which the database rejected the rows, its
            @error_message   OUTPUT  message, and the target table if it is known; NULL unless the
            @error_table     OUTPUT  procedure returns 1
            Tables of the connection (sql/README.md): reads #outcome, fills #load_app for
            usp_LoadApps, and reads its result from #loaded.
Results:    none. RETURN 0: every requested application is logged under this token, by this call
            or by an earlier one. RETURN 1: the database rejected the rows because of the data
            (@error_*), and nothing was written.
Errors:     50002 a transaction is open
            50010 the claim does not hold these applications; nothing was written
            50020 the contract is not the installed one; nothing was written
            50022 usp_LoadApps failed, and not because of the data; nothing was written
            Any other error of the database is rethrown; nothing was written.
Called by:  usp_CompleteBatch, usp_CompleteApp, usp_ApplyRefusal
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session,
            throughput. Tries up to five times after a deadlock or a lock timeout.
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ApplyOutcomes]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ApplyOutcomes]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id bigint = NULL,
    @refusal_number int = NULL,
    @refusal_message nvarchar(2048) = NULL,
    @refusal_table nvarchar(128) = NULL,
    @keep_rows bit = 0,
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
    DECLARE @is_data_error bit;
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
            WHERE (@app_id IS NULL OR o.app_id = @app_id)
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

            -- An application that fails after an earlier success loses its rows: rows exist if and
            -- only if the latest log row is a success.
            INSERT INTO #load_app (app_id, clear_only)
            SELECT
                t.app_id,
                1 - t.is_success
            FROM @todo AS t
            WHERE t.is_success = 1
                OR (
                    @keep_rows = 0
                    AND EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = t.app_id
                            AND l.is_latest = 1
                            AND l.status = 'success'
                    )
                );

            IF @@ROWCOUNT > 0
            BEGIN
                SET @phase = 'load';

                EXEC @load_result = [$(Schema)].[usp_LoadApps]
                    @table_ordinal = @table_ordinal OUTPUT,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT;
            END;

            IF @load_result = 0
            BEGIN
                SET @phase = 'log';

                UPDATE [$(Schema)].[processing_log]
                SET is_latest = 0
                WHERE is_latest = 1
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
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            SET @error_number = ERROR_NUMBER();
            SET @error_message = ERROR_MESSAGE();

            SET @is_data_error = CASE
                WHEN @phase = 'load' THEN [$(Schema)].[ufn_IsDataError](@error_number)
                ELSE 0
            END;

            IF @is_data_error = 0
                AND (@error_number NOT IN (1205, 1222) OR @tries >= 5)
            BEGIN
                THROW;
            END;
        END CATCH;

        IF @error_number IN (1205, 1222) AND @tries < 5
        BEGIN
            CONTINUE;
        END;

        SELECT @error_table = t.table_name
        FROM [$(Schema)].[processing_contract_table] AS t
        WHERE t.contract_hash = @contract_hash
            AND t.table_ordinal = @table_ordinal;

        IF [$(Schema)].[ufn_IsDataError](@error_number) = 1
        BEGIN
            RETURN 1;
        END;

        SET @message = CONCAT(
            N'Loading ', COALESCE(N'table ' + @error_table, N'the target tables'), N' failed with error ',
            @error_number, N', which the documents did not cause: ', @error_message
        );
        THROW 50022, @message, 1;
    END;
END;
GO
