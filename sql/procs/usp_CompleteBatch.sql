SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Completes a batch: writes its rows, log rows and queue rows in one transaction. If the
            database refuses that, the batch is halved until the applications that it refuses are
            alone, each part in its own transaction: the others are completed. One is logged as
            failed if the data is the cause (ufn_RefusalKind). Otherwise it is refused: nothing is
            logged, and it is ready again behind the others, with its attempt used up. A refusal
            counts towards quarantine, unless the error is the server's and the session has not
            completed any application successfully: then the application may be innocent. Repeating
            a call whose reply was lost returns the same outcomes.
Parameters: @claim_token    the claim
            @contract_hash  32 bytes; must be the installed contract's
            @max_reaps      number of reaps and refusals alone after which an application is
                            quarantined, 1 or more, default 3
            @app_id         complete this application of #outcome only; default NULL, all of them
            Input tables #outcome, with one row per application, and the contract's #stage_*
            tables with their rows: see sql/README.md
Results:    1. one row per application of #outcome, in order of id: the columns of ufn_ClaimOutcome
            2. one row per application and target table that it has rows in: app_id, attempt,
               table_ordinal, row_count
Errors:     50001 a parameter or #outcome is wrong     50002 a transaction is open
            50010 the claim no longer holds an application of #outcome; it was not written
            50020 the contract is not the installed one
            1205, 1222 and other errors of kind busy: another connection holds a lock; call again
            Any other error of the server is rethrown. After an error the claim still holds what
            was not completed.
Called by:  the executable; usp_CompleteApp
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session,
            throughput in one transaction, or after a refusal in one per part; then, for what was
            refused, claim, queue, event, session. Waits 30 seconds for a lock.
Example:    -- On one connection: sql/session_tables.sql and the contract's #stage_* tables, then
            INSERT INTO #outcome (app_id, attempt, is_success, failure_category, failure_reason)
            VALUES (101, 1, 0, N'bad_value', N'failed by hand');
            EXEC [$(Schema)].[usp_CompleteBatch]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CompleteBatch]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @max_reaps int = 3,
    @app_id bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @message nvarchar(2048), @session_id uniqueidentifier;
    DECLARE @outcomes int, @apps int, @incomplete int, @requested int, @to_refuse int = 0, @returned int;
    DECLARE @result int, @error_number int, @error_message nvarchar(2048), @error_table nvarchar(128);
    DECLARE @from bigint, @to bigint, @is_divided bit = 0;
    -- Ranges of ids that are still to be completed.
    DECLARE @part TABLE (app_id_from bigint NOT NULL PRIMARY KEY, app_id_to bigint NOT NULL);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_CompleteBatch: a transaction is open; commit or roll it back, then call again.', 1;

    IF OBJECT_ID(N'tempdb..#outcome') IS NOT NULL
        AND OBJECT_ID(N'tempdb..#load_app') IS NOT NULL
        AND OBJECT_ID(N'tempdb..#clear_app') IS NOT NULL
        AND OBJECT_ID(N'tempdb..#loaded') IS NOT NULL
    BEGIN
        SELECT
            @outcomes = COUNT(*),
            @apps = COUNT(DISTINCT o.app_id),
            @incomplete = SUM(
                CASE
                    WHEN o.app_id IS NULL
                        OR COALESCE(o.attempt, 0) < 1
                        OR o.is_success IS NULL
                        OR (o.is_success = 0 AND COALESCE(o.failure_category, N'') = N'')
                        OR (o.is_success = 1 AND o.failure_category IS NOT NULL)
                        OR DATALENGTH(o.source_hash) <> 32
                        THEN 1
                    ELSE 0
                END
            ),
            @requested = SUM(CASE WHEN o.app_id = @app_id THEN 1 ELSE 0 END),
            @from = MIN(CASE WHEN @app_id IS NULL OR o.app_id = @app_id THEN o.app_id END),
            @to = MAX(CASE WHEN @app_id IS NULL OR o.app_id = @app_id THEN o.app_id END)
        FROM #outcome AS o;
    END;

    SET @message = CONCAT(
        CASE WHEN @claim_token IS NULL THEN N' @claim_token is missing.' END,
        CASE WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32 THEN N' @contract_hash must be 32 bytes.' END,
        CASE WHEN COALESCE(@max_reaps, 0) < 1 THEN N' @max_reaps must be 1 or more.' END,
        CASE
            WHEN @outcomes IS NULL
                THEN N' #outcome, #load_app, #clear_app or #loaded is missing: run sql/session_tables.sql on this'
                    + N' connection first.'
            WHEN @outcomes > 4000
                THEN N' #outcome has more than 4000 rows.'
        END,
        CASE
            WHEN @incomplete > 0
                THEN CONCAT(
                    N' ', @incomplete, N' rows of #outcome lack app_id, attempt (1 or more), is_success, the',
                    N' failure_category of a failure, or have that of a success, or a source_hash that is not 32 bytes.'
                )
            WHEN @apps <> @outcomes
                THEN N' #outcome has a duplicate app_id.'
        END,
        CASE
            WHEN @app_id IS NOT NULL AND COALESCE(@requested, 0) = 0
                THEN CONCAT(N' @app_id ', @app_id, N' has no row in #outcome.')
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_CompleteBatch:' + @message;
        THROW 50001, @message, 1;
    END;

    WHILE @from IS NOT NULL
    BEGIN
        EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
            @claim_token = @claim_token,
            @contract_hash = @contract_hash,
            @app_id_from = @from,
            @app_id_to = @to,
            @error_number = @error_number OUTPUT,
            @error_message = @error_message OUTPUT,
            @error_table = @error_table OUTPUT;

        -- Seldom: the database refuses it.
        IF @result <> 0
        BEGIN
            SET @is_divided = 1;

            IF @from < @to
            BEGIN
                INSERT INTO @part (app_id_from, app_id_to)
                SELECT
                    MIN(h.app_id),
                    MAX(h.app_id)
                FROM
                    (
                        SELECT
                            o.app_id,
                            NTILE(2) OVER (ORDER BY o.app_id) AS half
                        FROM #outcome AS o
                        WHERE o.app_id >= @from
                            AND o.app_id <= @to
                    ) AS h
                GROUP BY h.half;
            END
            ELSE IF @result = 1
            BEGIN
                -- The data is the cause: the next round logs a failure. One fingerprint per table,
                -- error and constraint. The message names the constraint, and then the key in brackets. The
                -- errors of triggers share numbers: their messages tell them apart.
                UPDATE #outcome
                SET
                    is_success = 0,
                    failure_category = N'constraint_violation',
                    failure_table = @error_table,
                    failure_reason = @error_message,
                    fingerprint = LOWER(
                        CONVERT(
                            varchar(16),
                            SUBSTRING(
                                HASHBYTES(
                                    'SHA2_256',
                                    CONCAT(
                                        N'constraint_violation ',
                                        @error_table,
                                        N' ',
                                        @error_number,
                                        CASE
                                            WHEN @error_number IN (515, 547, 2601, 2627)
                                                THEN LEFT(@error_message, CHARINDEX(N'(', @error_message + N'('))
                                            WHEN @error_number >= 50000
                                                THEN [$(Schema)].[ufn_MessageTemplate](@error_message)
                                        END
                                    )
                                ),
                                1,
                                8
                            ),
                            2
                        )
                    ),
                    error_number = @error_number
                WHERE app_id = @from;

                INSERT INTO @part (app_id_from, app_id_to)
                VALUES (@from, @from);
            END
            ELSE
            BEGIN
                IF @to_refuse = 0
                BEGIN
                    -- What the database refuses.
                    CREATE TABLE #returned
                    (
                        app_id bigint NOT NULL PRIMARY KEY,
                        attempt int NOT NULL,
                        is_lone bit NOT NULL,
                        is_counted bit NULL,
                        error_number int NULL,
                        detail nvarchar(400) COLLATE DATABASE_DEFAULT NULL
                    );
                END;

                SET @to_refuse += 1;

                INSERT INTO #returned
                (
                    app_id,
                    attempt,
                    is_lone,
                    is_counted,
                    error_number,
                    detail
                )
                SELECT
                    o.app_id,
                    o.attempt,
                    0,
                    CASE [$(Schema)].[ufn_RefusalKind](@error_number) WHEN 'server' THEN 0 ELSE 1 END,
                    @error_number,
                    LEFT(CONCAT(N'table ' + @error_table + N': ', @error_message), 400)
                FROM #outcome AS o
                WHERE o.app_id = @from;
            END;
        END;

        SET @from = NULL;

        -- Seldom: the parts of what was refused.
        IF @is_divided = 1
        BEGIN
            SELECT TOP (1)
                @from = p.app_id_from,
                @to = p.app_id_to
            FROM @part AS p
            ORDER BY p.app_id_from;

            DELETE FROM @part
            WHERE app_id_from = @from;
        END;
    END;

    -- Seldom: the database has refused some.
    IF @to_refuse > 0
    BEGIN
        BEGIN TRY
            BEGIN TRANSACTION;

            UPDATE [$(Schema)].[processing_claim]
            SET lease_expires_at_utc = CASE
                WHEN lease_expires_at_utc > DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
                    THEN lease_expires_at_utc
                ELSE DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
            END
            WHERE claim_token = @claim_token;

            SELECT @session_id = c.session_id
            FROM [$(Schema)].[processing_claim] AS c
            WHERE c.claim_token = @claim_token;

            -- A number of the server counts if the server has taken anything from this session. One that
            -- is refused by itself, or where others succeeded, is the cause. Otherwise the cause may be
            -- another, and each counts as in a claim whose worker died.
            UPDATE #returned
            SET is_counted = 1
            WHERE EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_throughput] AS t
                WHERE t.session_id = @session_id
                    AND t.success > 0
            );

            UPDATE #returned
            SET is_lone = 1
            WHERE is_counted = 1
                AND (
                    @to_refuse = 1
                    OR EXISTS
                    (
                        SELECT 1
                        FROM #outcome AS o
                        INNER JOIN [$(Schema)].[ufn_ClaimOutcome](@claim_token) AS c
                            ON o.app_id = c.app_id AND o.attempt = c.attempt
                        WHERE c.outcome = 'success'
                    )
                );

            EXEC [$(Schema)].[usp_ReturnApps]
                @claim_token = @claim_token,
                @session_id = @session_id,
                @event_type = 'refused',
                @max_reaps = @max_reaps,
                @returned = @returned OUTPUT;

            IF @returned <> @to_refuse
            BEGIN
                SET @message = CONCAT(
                    N'Claim ', CONVERT(nvarchar(36), @claim_token), N' no longer holds ', @to_refuse,
                    N' applications that the database refused: it was reaped or released. Call',
                    N' usp_GetClaimOutcome to see its outcome, then claim again.'
                );
                THROW 50010, @message, 1;
            END;

            DELETE FROM [$(Schema)].[processing_claim]
            WHERE claim_token = @claim_token
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.state = 1
                        AND q.claim_token = @claim_token
                );

            UPDATE [$(Schema)].[processing_session]
            SET
                refused = refused + @to_refuse,
                last_seen_at_utc = SYSUTCDATETIME()
            WHERE session_id = @session_id;

            COMMIT TRANSACTION;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            THROW;
        END CATCH;
    END;

    SELECT
        c.app_id,
        c.attempt,
        c.outcome,
        c.failure_category,
        c.failure_reason,
        c.error_number,
        c.rows_written,
        c.reaps,
        c.is_counted
    FROM #outcome AS o
    INNER JOIN [$(Schema)].[ufn_ClaimOutcome](@claim_token) AS c ON o.app_id = c.app_id AND o.attempt = c.attempt
    WHERE @app_id IS NULL
        OR o.app_id = @app_id
    ORDER BY c.app_id;

    SELECT
        n.app_id,
        n.attempt,
        n.table_ordinal,
        n.row_count
    FROM #outcome AS o
    INNER JOIN [$(Schema)].[processing_log] AS l ON o.app_id = l.app_id AND o.attempt = l.attempt
    INNER JOIN [$(Schema)].[processing_log_table] AS n ON l.app_id = n.app_id AND l.attempt = n.attempt
    WHERE l.claim_token = @claim_token
        AND (@app_id IS NULL OR o.app_id = @app_id)
    ORDER BY
        n.app_id,
        n.table_ordinal;
END;
GO
