SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes the applications of a range of ids in one transaction: rows, log and queue
            change together or not at all. Applications that were completed or refused under this
            token stay as they are, so a repeated call is harmless when its reply was lost.

            The rows of an application are those of its last success: a failure deletes nothing. A
            success replaces, skips or collides with the rows of others as the contract says, and
            always replaces those of an earlier success of its own.
Parameters: @claim_token     the claim; it is the fence
            @contract_hash   32 bytes; must be the installed contract's
            @app_id_from     the range of ids of #outcome, both inclusive
            @app_id_to
            @error_number    OUTPUT: the error with which the database refused it, its message, and
            @error_message   OUTPUT  the target table if it is known; NULL if it returns 0
            @error_table     OUTPUT
            Tables of the connection (sql/README.md): reads #outcome; fills #load_app and #clear_app
            for usp_LoadApps, and reads its result from #loaded.
Results:    none. RETURN 0: every application of the range is logged or was refused under this token.
            Otherwise nothing was written, and the database refused the range; RETURN 1: the data is
            the cause; RETURN 2: it is not, or not known to be.
Errors:     50002 a transaction is open
            50010 the claim does not hold these applications; nothing was written
            50020 the contract is not the installed one; nothing was written
            1222, after five tries also 1205 and other errors of kind busy; nothing was written
            Any other error before a row is loaded is rethrown; nothing was written.
Called by:  usp_CompleteBatch
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session,
            throughput, and of outcome and written the rows of its session only.
Example:    -- Not called by hand. As its caller does:
            EXEC [$(Schema)].[usp_ApplyOutcomes]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @app_id_from = @from,
                @app_id_to = @to;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ApplyOutcomes]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id_from bigint,
    @app_id_to bigint,
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
    DECLARE @lease_count int;
    DECLARE @todo_count int;
    DECLARE @taken_count int;
    DECLARE @retried int;
    DECLARE @outcomes int;
    DECLARE @tables int;
    DECLARE @session_id uniqueidentifier;
    DECLARE @claimed_at datetime2(3);
    DECLARE @load_result int;
    DECLARE @kind varchar(7);
    DECLARE @table_ordinal int;
    DECLARE @success bigint;
    DECLARE @failed bigint;
    DECLARE @rows_written bigint;
    DECLARE @document_bytes bigint;
    DECLARE @shred_micros bigint;
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        claimed_at_utc datetime2(3) NOT NULL
    );
    DECLARE @taken TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        document_bytes bigint NOT NULL,
        enqueued_at_utc datetime2(3) NOT NULL
    );
    DECLARE @written TABLE
    (
        schema_name nvarchar(128) NOT NULL,
        table_name nvarchar(128) NOT NULL,
        row_count bigint NOT NULL
    );
    DECLARE @replaced TABLE
    (
        schema_name nvarchar(128) NOT NULL,
        table_name nvarchar(128) NOT NULL,
        row_count bigint NOT NULL
    );

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_ApplyOutcomes: a transaction is open; commit or roll it back, then call again.', 1;

    WHILE 1 = 1
    BEGIN
        SET @tries += 1;
        SET @error_number = NULL;
        SET @error_message = NULL;
        SET @error_table = NULL;
        SET @table_ordinal = NULL;
        SET @load_result = 0;
        DELETE FROM #load_app;
        DELETE FROM #clear_app;
        DELETE FROM #loaded;

        -- Seldom: what the try before left.
        IF @tries > 1
        BEGIN
            DELETE FROM @lease;
            DELETE FROM @taken;
            DELETE FROM @written;
            DELETE FROM @replaced;
        END;

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

            SET @lease_count = @@ROWCOUNT;
            SET @now = SYSUTCDATETIME();

            -- What the claim still holds of the range. The rest is not here: what an earlier call with this
            -- token has logged has left the queue, and what it has refused is there without the token.
            DELETE FROM [$(Schema)].[processing_queue]
            OUTPUT
                deleted.app_id,
                deleted.attempts,
                deleted.document_bytes,
                deleted.enqueued_at_utc
            INTO @taken (app_id, attempt, document_bytes, enqueued_at_utc)
            FROM #outcome AS o
            INNER LOOP JOIN [$(Schema)].[processing_queue] AS q WITH (FORCESEEK)
                ON o.app_id = q.app_id AND o.attempt = q.attempts
            WHERE o.app_id >= @app_id_from
                AND o.app_id <= @app_id_to
                AND q.state = 1
                AND q.claim_token = @claim_token;

            SET @taken_count = @@ROWCOUNT;

            SELECT
                @todo_count = (
                    SELECT COUNT(*)
                    FROM #outcome AS r
                    WHERE r.app_id >= @app_id_from
                        AND r.app_id <= @app_id_to
                ),
                @session_id = (SELECT l.session_id FROM @lease AS l),
                @claimed_at = (SELECT l.claimed_at_utc FROM @lease AS l),
                @retried = SUM(CASE WHEN k.attempt > 1 THEN 1 ELSE 0 END),
                @success = SUM(CASE o.is_success WHEN 1 THEN 1 ELSE 0 END),
                @failed = SUM(CASE o.is_success WHEN 1 THEN 0 ELSE 1 END),
                @outcomes = COUNT(DISTINCT COALESCE(o.failure_category, N'success')),
                @document_bytes = SUM(COALESCE(o.document_bytes, 0)),
                @shred_micros = SUM(COALESCE(o.shred_micros, 0))
            FROM #outcome AS o
            INNER LOOP JOIN @taken AS k ON o.app_id = k.app_id;

            -- Seldom: an earlier call with this token did some, or the claim holds them no longer.
            IF @taken_count < @todo_count
            BEGIN
                SET @todo_count -= (
                    SELECT COUNT(*)
                    FROM #outcome AS o
                    INNER JOIN [$(Schema)].[ufn_ClaimOutcome](@claim_token) AS c
                        ON o.app_id = c.app_id AND o.attempt = c.attempt
                    WHERE o.app_id >= @app_id_from
                        AND o.app_id <= @app_id_to
                );
            END;

            IF @todo_count = 0
            BEGIN
                COMMIT TRANSACTION;
                RETURN 0;
            END;

            IF @taken_count <> @todo_count OR @lease_count = 0
            BEGIN
                SET @message = CONCAT(
                    N'Claim ', CONVERT(nvarchar(36), @claim_token), N' holds ', @taken_count, N' of ',
                    @todo_count, N' applications to complete: it was reaped or released, and nothing was written.',
                    N' Call usp_GetClaimOutcome to see its outcome, then claim again.'
                );
                THROW 50010, @message, 1;
            END;

            -- The lock is held to the end: a new contract waits for this completion.
            EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @contract_hash;

            INSERT INTO #load_app (app_id)
            SELECT o.app_id
            FROM #outcome AS o
            INNER LOOP JOIN @taken AS k ON o.app_id = k.app_id
            WHERE o.is_success = 1;

            IF @@ROWCOUNT > 0
            BEGIN
                SET @phase = 'load';

                -- Seldom: a retry or a requeue.
                IF @retried > 0
                BEGIN
                    -- Rows of an earlier success, where the contract would skip them or collide with
                    -- them: it may have been another contract that wrote them.
                    INSERT INTO #clear_app (table_ordinal, app_id)
                    SELECT
                        c.table_ordinal,
                        k.app_id
                    FROM @taken AS k
                    INNER LOOP JOIN #load_app AS a ON k.app_id = a.app_id
                    INNER LOOP JOIN [$(Schema)].[processing_log] AS l WITH (FORCESEEK) ON a.app_id = l.app_id
                    INNER LOOP JOIN [$(Schema)].[processing_log_table] AS n WITH (FORCESEEK)
                        ON l.app_id = n.app_id AND l.attempt = n.attempt
                    INNER LOOP JOIN [$(Schema)].[processing_contract_table] AS o
                        ON l.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
                    INNER LOOP JOIN [$(Schema)].[processing_contract_table] AS c
                        ON o.schema_name = c.schema_name AND o.table_name = c.table_name
                    WHERE k.attempt > 1
                        AND l.has_rows = 1
                        AND c.contract_hash = @contract_hash;

                    INSERT INTO @replaced (schema_name, table_name, row_count)
                    SELECT
                        o.schema_name,
                        o.table_name,
                        n.row_count
                    FROM @taken AS k
                    INNER LOOP JOIN #load_app AS a ON k.app_id = a.app_id
                    INNER LOOP JOIN [$(Schema)].[processing_log] AS l WITH (FORCESEEK) ON a.app_id = l.app_id
                    INNER LOOP JOIN [$(Schema)].[processing_log_table] AS n WITH (FORCESEEK)
                        ON l.app_id = n.app_id AND l.attempt = n.attempt
                    INNER LOOP JOIN [$(Schema)].[processing_contract_table] AS o
                        ON l.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
                    WHERE k.attempt > 1
                        AND l.has_rows = 1;
                END;

                EXEC @load_result = [$(Schema)].[usp_LoadApps]
                    @table_ordinal = @table_ordinal OUTPUT,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT;
            END;

            IF @load_result = 0
            BEGIN
                SET @phase = 'log';

                -- Seldom: a success takes over the rows; a failure leaves them to the attempt that they are of.
                IF @retried > 0
                BEGIN
                    UPDATE [$(Schema)].[processing_log]
                    SET
                        is_latest = 0,
                        has_rows = CASE WHEN a.app_id IS NULL THEN l.has_rows ELSE 0 END
                    FROM @taken AS k
                    LEFT OUTER LOOP JOIN #load_app AS a ON k.app_id = a.app_id
                    INNER LOOP JOIN [$(Schema)].[processing_log] AS l WITH (FORCESEEK) ON k.app_id = l.app_id
                    WHERE k.attempt > 1
                        AND (l.is_latest = 1 OR l.has_rows = 1);
                END;

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
                    failure_path_shape,
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
                    o.app_id,
                    o.attempt,
                    1,
                    o.is_success,
                    CASE o.is_success WHEN 1 THEN 'success' ELSE 'failed' END,
                    o.failure_category,
                    o.failure_table,
                    o.failure_column,
                    o.failure_path,
                    o.failure_path_shape,
                    o.failure_line,
                    o.failure_column_number,
                    o.failure_value,
                    LEFT(o.failure_reason, 2048),
                    o.fingerprint,
                    o.error_number,
                    @session_id,
                    @claim_token,
                    k.enqueued_at_utc,
                    @claimed_at,
                    @now,
                    COALESCE(o.shred_micros, 0),
                    COALESCE(o.document_bytes, 0),
                    COALESCE(
                        (
                            SELECT SUM(n.row_count)
                            FROM #loaded AS n
                            WHERE n.app_id = o.app_id
                        ),
                        0
                    ),
                    o.source_hash,
                    @contract_hash
                FROM #outcome AS o
                INNER LOOP JOIN @taken AS k ON o.app_id = k.app_id;

                INSERT INTO [$(Schema)].[processing_log_table]
                (
                    app_id,
                    attempt,
                    table_ordinal,
                    row_count
                )
                SELECT
                    n.app_id,
                    k.attempt,
                    n.table_ordinal,
                    n.row_count
                FROM #loaded AS n
                INNER LOOP JOIN @taken AS k ON n.app_id = k.app_id
                WHERE n.row_count > 0;

                DELETE FROM [$(Schema)].[processing_claim]
                WHERE claim_token = @claim_token
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.state = 1
                            AND q.claim_token = @claim_token
                    );

                SELECT @rows_written = COALESCE(SUM(n.row_count), 0)
                FROM #loaded AS n;

                EXEC [$(Schema)].[usp_RecordThroughput]
                    @session_id = @session_id,
                    @success = @success,
                    @failed = @failed,
                    @rows_written = @rows_written,
                    @document_bytes = @document_bytes,
                    @shred_micros = @shred_micros;

                -- The lock on the session row keeps out every other completion of the session. What has an
                -- outcome now is not queued any more.
                UPDATE [$(Schema)].[processing_outcome]
                SET
                    applications = c.applications + a.applications,
                    document_bytes = c.document_bytes + a.document_bytes
                FROM
                    (
                        SELECT
                            CONVERT(varchar(30), COALESCE(o.failure_category, N'success')) AS outcome,
                            COUNT_BIG(*) AS applications,
                            CONVERT(bigint, 0) AS document_bytes
                        FROM #outcome AS o
                        INNER LOOP JOIN @taken AS k ON o.app_id = k.app_id
                        GROUP BY CONVERT(varchar(30), COALESCE(o.failure_category, N'success'))
                        UNION ALL
                        SELECT
                            'queued' AS outcome,
                            -COUNT_BIG(*) AS applications,
                            -SUM(t.document_bytes) AS document_bytes
                        FROM @taken AS t
                    ) AS a
                INNER LOOP JOIN [$(Schema)].[processing_outcome] AS c WITH (FORCESEEK)
                    ON c.session_id = @session_id AND a.outcome = c.outcome;

                -- Seldom: the first of its kind in a session.
                IF @@ROWCOUNT < @outcomes + 1
                BEGIN
                    INSERT INTO [$(Schema)].[processing_outcome]
                    (
                        session_id,
                        outcome,
                        applications,
                        document_bytes
                    )
                    SELECT
                        @session_id,
                        a.outcome,
                        a.applications,
                        a.document_bytes
                    FROM
                        (
                            SELECT
                                CONVERT(varchar(30), COALESCE(o.failure_category, N'success')) AS outcome,
                                COUNT_BIG(*) AS applications,
                                CONVERT(bigint, 0) AS document_bytes
                            FROM #outcome AS o
                            INNER LOOP JOIN @taken AS k ON o.app_id = k.app_id
                            GROUP BY CONVERT(varchar(30), COALESCE(o.failure_category, N'success'))
                            UNION ALL
                            SELECT
                                'queued' AS outcome,
                                -COUNT_BIG(*) AS applications,
                                -SUM(t.document_bytes) AS document_bytes
                            FROM @taken AS t
                        ) AS a
                    WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [$(Schema)].[processing_outcome] AS c
                            WHERE c.session_id = @session_id
                                AND c.outcome = a.outcome
                        );
                END;

                IF @rows_written > 0 OR @retried > 0
                BEGIN
                    INSERT INTO @written (schema_name, table_name, row_count)
                    SELECT
                        u.schema_name,
                        u.table_name,
                        SUM(u.row_count)
                    FROM
                        (
                            SELECT
                                c.schema_name,
                                c.table_name,
                                n.row_count
                            FROM #loaded AS n
                            INNER JOIN [$(Schema)].[processing_contract_table] AS c
                                ON n.table_ordinal = c.table_ordinal
                            WHERE c.contract_hash = @contract_hash
                            UNION ALL
                            SELECT
                                r.schema_name,
                                r.table_name,
                                -r.row_count
                            FROM @replaced AS r
                        ) AS u
                    GROUP BY
                        u.schema_name,
                        u.table_name;

                    SET @tables = @@ROWCOUNT;

                    UPDATE [$(Schema)].[processing_written]
                    SET row_count = w.row_count + a.row_count
                    FROM @written AS a
                    INNER LOOP JOIN [$(Schema)].[processing_written] AS w WITH (FORCESEEK)
                        ON w.session_id = @session_id
                            AND a.schema_name = w.schema_name
                            AND a.table_name = w.table_name;

                    -- Seldom: the first rows of a table in a session.
                    IF @@ROWCOUNT < @tables
                    BEGIN
                        INSERT INTO [$(Schema)].[processing_written]
                        (
                            session_id,
                            schema_name,
                            table_name,
                            row_count
                        )
                        SELECT
                            @session_id,
                            a.schema_name,
                            a.table_name,
                            a.row_count
                        FROM @written AS a
                        WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [$(Schema)].[processing_written] AS w
                            WHERE w.session_id = @session_id
                                AND w.schema_name = a.schema_name
                                AND w.table_name = a.table_name
                        );
                    END;
                END;

                COMMIT TRANSACTION;
                RETURN 0;
            END;

            ROLLBACK TRANSACTION;

            -- Seldom: the database has refused it.
            SET @kind = [$(Schema)].[ufn_RefusalKind](@error_number);
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            SET @error_number = ERROR_NUMBER();
            SET @error_message = ERROR_MESSAGE();
            SET @kind = [$(Schema)].[ufn_RefusalKind](@error_number);

            -- Before a row is loaded, no document can be the cause. A lock timeout has already waited.
            IF (@phase = 'fence' AND @kind <> 'busy')
                OR (@kind = 'busy' AND (@tries >= 5 OR @error_number = 1222))
            BEGIN
                THROW;
            END;
        END CATCH;

        -- Seldom: as above.
        IF @kind <> 'busy'
        BEGIN
            SELECT @error_table = t.table_name
            FROM [$(Schema)].[processing_contract_table] AS t
            WHERE t.contract_hash = @contract_hash
                AND t.table_ordinal = @table_ordinal;

            -- The values that are logged fit their columns, so a failure could not be logged either.
            RETURN CASE WHEN @kind = 'data' AND @phase = 'load' THEN 1 ELSE 2 END;
        END;
    END;
END;
GO
