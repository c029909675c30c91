SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Leases a batch of ready applications to a token and hands out their documents.
            Repeating a token returns the same claim with its lease begun anew, so that a lost
            answer is not a lost claim. Never waits for another claimer, never takes what another
            took, and costs the same however much is queued or done.

            A batch is in order of id, from above @after_app_id and then once from the start. All
            of it was reaped equally often: an application that was reaped n times is handed out
            in batches of @batch_size / 2^n, so that one that kills its workers is soon alone.
Parameters: @claim_token        made by the caller, new for each batch
            @session_id         a started session
            @contract_hash      32 bytes; must be the installed contract's
            @batch_size         at most this many applications, 1 to 4000, default 25
            @max_bytes          at most this many bytes of documents, but always one application;
                                1 or more, default 67108864
            @lease_ms           milliseconds until the claim may be reaped unless it is renewed,
                                1 to 86400000, default 120000
            @instance_id        with @instance_count, the partition app_id % count = id;
            @instance_count     0 to count - 1 of 1 to 10000, default 0 of 1, which is everything
            @app_id_start       smallest id, inclusive; default NULL, no limit
            @app_id_end         largest id, inclusive; default NULL, no limit
            @after_app_id       the last id the caller was handed; default NULL
            @documents_as_text  1: character and xml documents come as document_text; default 0
Results:    1. one row: claim_status, claim_token, claimed_at_utc, lease_expires_at_utc, app_count,
               apps_claimed_elsewhere, paused_at_utc, paused_by, pause_reason
               claimed  here is a batch
               empty    nothing is ready in this share; apps_claimed_elsewhere of it are held
               busy     neighbours hold locks and it is not known: call again with this token
               paused   usp_Pause was called: paused_by and pause_reason say by whom and why
            2. one row per application, in order of id: app_id, attempt, document, document_text,
               document_encoding
               utf16le  document is UTF-16LE without a mark (nvarchar, varchar and xml columns)
               detect   document is the bytes as stored (varbinary columns)
               text     document_text is the document, document is NULL (@documents_as_text = 1)
               Both documents are NULL when the source row is gone or its document is NULL.
Errors:     50001 a parameter is wrong          50002 a transaction is open
            50003 unknown session               50004 the token is another session's
            50020 the contract is not the installed one
            50030 the source table cannot be read
Called by:  the executable
Isolation:  READ COMMITTED, with RCSI on or off. Locks claim, queue, event, session. A lock is
            waited for two seconds, ten times in all, and then the answer is busy. The documents
            are read after the commit, so that a slow reader holds no lock on the queue. A
            partition is read past row by row; a range is a seek.
Example:    EXEC [$(Schema)].[usp_ClaimBatch]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @session_id = '00000000-0000-0000-0000-000000000001',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000,
                @batch_size = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ClaimBatch]
    @claim_token uniqueidentifier,
    @session_id uniqueidentifier,
    @contract_hash varbinary(64),
    @batch_size int = 25,
    @max_bytes bigint = 67108864,
    @lease_ms int = 120000,
    @instance_id int = 0,
    @instance_count int = 1,
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL,
    @after_app_id bigint = NULL,
    @documents_as_text bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 2000;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @installed_hash binary(32);
    DECLARE @installed_name nvarchar(200);
    DECLARE @owner_id uniqueidentifier;
    DECLARE @now datetime2(3);
    DECLARE @claim_status varchar(7) = 'busy';
    DECLARE @claimed_at datetime2(3);
    DECLARE @lease_expires_at datetime2(3);
    DECLARE @app_count int = 0;
    DECLARE @apps_claimed_elsewhere bigint;
    DECLARE @low bigint = COALESCE(@app_id_start, -9223372036854775808);
    DECLARE @high bigint = COALESCE(@app_id_end, 9223372036854775807);
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @level int;
    DECLARE @level_app_id bigint;
    DECLARE @first_app_id bigint;
    DECLARE @reaps int;
    DECLARE @batch_limit int;
    DECLARE @picked_count int;
    DECLARE @ready_app_id bigint;
    DECLARE @tries int = 0;
    DECLARE @paused_at datetime2(3);
    DECLARE @paused_by nvarchar(128);
    DECLARE @pause_reason nvarchar(400);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        claimed_at_utc datetime2(3) NOT NULL,
        lease_expires_at_utc datetime2(3) NOT NULL
    );
    DECLARE @picked TABLE
    (
        pick_order int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
        app_id bigint NOT NULL UNIQUE,
        document_bytes bigint NOT NULL
    );
    DECLARE @claimed TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_ClaimBatch: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE WHEN @claim_token IS NULL THEN N' @claim_token is missing.' END,
        CASE WHEN @session_id IS NULL THEN N' @session_id is missing.' END,
        CASE
            WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32
                THEN N' @contract_hash must be 32 bytes.'
        END,
        CASE
            WHEN COALESCE(@batch_size, 0) NOT BETWEEN 1 AND 4000
                THEN N' @batch_size must be 1 to 4000.'
        END,
        CASE WHEN COALESCE(@max_bytes, 0) < 1 THEN N' @max_bytes must be 1 or more.' END,
        CASE
            WHEN COALESCE(@lease_ms, 0) NOT BETWEEN 1 AND 86400000
                THEN N' @lease_ms must be 1 to 86400000.'
        END,
        CASE
            WHEN COALESCE(@instance_count, 0) NOT BETWEEN 1 AND 10000
                THEN N' @instance_count must be 1 to 10000.'
            WHEN @instance_id IS NULL OR @instance_id NOT BETWEEN 0 AND @instance_count - 1
                THEN N' @instance_id must be 0 to @instance_count - 1.'
        END,
        CASE
            WHEN @app_id_start > @app_id_end
                THEN N' @app_id_start must not be above @app_id_end.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_ClaimBatch:' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = CONCAT(
            N'[$(SourceSchema)].[$(SourceTable)] has no column xml of type nvarchar, varchar, varbinary or xml that',
            N' this login may see: check the name, the type, and that its role has VIEW DEFINITION on the table.'
        );
        THROW 50030, @message, 1;
    END;

    IF NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_session] AS s
        WHERE s.session_id = @session_id
    )
    BEGIN
        SET @message = CONCAT(
            N'Session ', CONVERT(nvarchar(36), @session_id), N' was never started: call usp_StartSession first.'
        );
        THROW 50003, @message, 1;
    END;

    SELECT
        @installed_hash = c.contract_hash,
        @installed_name = CONCAT(c.contract_name, N' of ', CONVERT(nvarchar(19), c.installed_at_utc, 120), N' UTC')
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    IF @installed_hash IS NULL OR @installed_hash <> @contract_hash
    BEGIN
        SET @message = CONCAT(
            N'The worker''s contract is not the installed one, ', COALESCE(@installed_name, N'(none)'),
            N': start the worker with the installed contract, or install its own.'
        );
        THROW 50020, @message, 1;
    END;

    SELECT
        @paused_at = p.paused_at_utc,
        @paused_by = p.paused_by,
        @pause_reason = p.reason
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.resumed_at_utc IS NULL;

    -- A claim that is held already is handed out again all the same: its answer was lost.
    IF @paused_at IS NOT NULL
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_claim] AS c
            WHERE c.claim_token = @claim_token
        )
    BEGIN
        SET @claim_status = 'paused';
    END;

    -- A round ends without an answer only when neighbours were in the way.
    WHILE @claim_status = 'busy' AND @tries < 10
    BEGIN
        SET @tries += 1;
        SET @now = SYSUTCDATETIME();
        DELETE FROM @lease;
        DELETE FROM @picked;
        DELETE FROM @claimed;

        BEGIN TRY
            BEGIN TRANSACTION;

            UPDATE [$(Schema)].[processing_claim]
            SET
                lease_ms = @lease_ms,
                lease_expires_at_utc = DATEADD(MILLISECOND, @lease_ms, @now)
            OUTPUT inserted.session_id, inserted.claimed_at_utc, inserted.lease_expires_at_utc
            INTO @lease (session_id, claimed_at_utc, lease_expires_at_utc)
            WHERE claim_token = @claim_token;

            IF @@ROWCOUNT = 1
            BEGIN
                -- The token has its claim already: an earlier answer was lost.
                SELECT
                    @owner_id = l.session_id,
                    @claimed_at = l.claimed_at_utc,
                    @lease_expires_at = l.lease_expires_at_utc
                FROM @lease AS l;

                IF @owner_id <> @session_id
                BEGIN
                    SET @message = CONCAT(
                        N'Claim ', CONVERT(nvarchar(36), @claim_token), N' belongs to session ',
                        CONVERT(nvarchar(36), @owner_id), N', not to ', CONVERT(nvarchar(36), @session_id),
                        N': make a new token for each claim.'
                    );
                    THROW 50004, @message, 1;
                END;

                INSERT INTO @claimed (app_id, attempt)
                SELECT
                    q.app_id,
                    q.attempts
                FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
                WHERE q.state = 1
                    AND q.claim_token = @claim_token;

                SET @app_count = @@ROWCOUNT;

                COMMIT TRANSACTION;

                SET @claim_status = 'claimed';
                CONTINUE;
            END;

            INSERT INTO [$(Schema)].[processing_claim]
            (
                claim_token,
                session_id,
                claimed_at_utc,
                lease_ms,
                lease_expires_at_utc,
                app_count,
                renewals
            )
            VALUES
            (
                @claim_token,
                @session_id,
                @now,
                @lease_ms,
                DATEADD(MILLISECOND, @lease_ms, @now),
                0,
                0
            );

            SET @reaps = NULL;
            SET @picked_count = 0;
            SET @from = CASE
                WHEN @after_app_id >= @low AND @after_app_id < @high THEN @after_app_id + 1
                ELSE @low
            END;
            SET @to = @high;

            -- First the ids above the last one handed out, then once those up to it.
            WHILE @from IS NOT NULL
            BEGIN
                IF @reaps IS NULL
                BEGIN
                    -- How often was the first ready application reaped? There are few different
                    -- counts of reaps, and each costs two seeks. UPDLOCK, because one that a
                    -- neighbour is picking is not ready.
                    SET @first_app_id = NULL;
                    SET @level = -1;

                    WHILE @level IS NOT NULL
                    BEGIN
                        SET @level = (
                            SELECT MIN(q.reaps)
                            FROM [$(Schema)].[processing_queue] AS q
                                WITH (READPAST, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                            WHERE q.state = 0
                                AND q.claim_token IS NULL
                                AND q.reaps > @level
                        );

                        SET @level_app_id = (
                            SELECT TOP (1) q.app_id
                            FROM [$(Schema)].[processing_queue] AS q
                                WITH (UPDLOCK, READPAST, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                            WHERE q.state = 0
                                AND q.claim_token IS NULL
                                AND q.reaps = @level
                                AND q.app_id >= @from
                                AND q.app_id <= @to
                                AND q.available_at_utc <= @now
                                AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id
                            ORDER BY q.app_id
                        );

                        IF @level_app_id IS NOT NULL
                            AND (@first_app_id IS NULL OR @level_app_id < @first_app_id)
                        BEGIN
                            SET @first_app_id = @level_app_id;
                            SET @reaps = @level;
                        END;
                    END;

                    SET @batch_limit = CASE
                        WHEN @reaps > 12 OR @batch_size < POWER(2, @reaps) THEN 1
                        ELSE @batch_size / POWER(2, @reaps)
                    END;
                END;

                IF @reaps IS NOT NULL
                BEGIN
                    INSERT INTO @picked (app_id, document_bytes)
                    SELECT TOP (@batch_limit - @picked_count)
                        q.app_id,
                        q.document_bytes
                    FROM [$(Schema)].[processing_queue] AS q
                        WITH (UPDLOCK, READPAST, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                    WHERE q.state = 0
                        AND q.claim_token IS NULL
                        AND q.reaps = @reaps
                        AND q.app_id >= @from
                        AND q.app_id <= @to
                        AND q.available_at_utc <= @now
                        AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id
                    ORDER BY q.app_id;

                    SET @picked_count += @@ROWCOUNT;
                END;

                IF @from = @low OR @picked_count >= @batch_limit
                BEGIN
                    BREAK;
                END;

                SET @to = @from - 1;
                SET @from = @low;
            END;

            DELETE FROM @picked
            WHERE pick_order IN
                (
                    SELECT r.pick_order
                    FROM
                        (
                            SELECT
                                p.pick_order,
                                SUM(p.document_bytes) OVER (
                                    ORDER BY p.pick_order
                                    ROWS UNBOUNDED PRECEDING
                                ) AS running_bytes
                            FROM @picked AS p
                        ) AS r
                    WHERE r.running_bytes > @max_bytes
                )
                AND pick_order > (SELECT MIN(p.pick_order) FROM @picked AS p);

            -- What another took meanwhile, on whatever engine, is not ours: the state is checked
            -- again by the statement that changes it, and only what it changed counts.
            UPDATE [$(Schema)].[processing_queue]
            SET
                state = 1,
                claim_token = @claim_token,
                attempts = attempts + 1
            OUTPUT inserted.app_id, inserted.attempts INTO @claimed (app_id, attempt)
            WHERE state = 0
                AND claim_token IS NULL
                AND app_id IN (SELECT p.app_id FROM @picked AS p)
            OPTION (LOOP JOIN);

            SET @app_count = @@ROWCOUNT;

            IF @app_count > 0
            BEGIN
                UPDATE [$(Schema)].[processing_claim]
                SET app_count = @app_count
                WHERE claim_token = @claim_token;

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at_utc,
                    event_type,
                    claim_token,
                    session_id,
                    app_count,
                    login_name
                )
                VALUES
                (
                    @now,
                    'claimed',
                    @claim_token,
                    @session_id,
                    @app_count,
                    ORIGINAL_LOGIN()
                );

                EXEC [$(Schema)].[usp_RecordThroughput]
                    @session_id = @session_id,
                    @claimed = @app_count;

                -- Once per session, as a rule: what vw_PartitionProgress calls its share.
                UPDATE [$(Schema)].[processing_session]
                SET
                    instance_id = @instance_id,
                    instance_count = @instance_count,
                    app_id_start = @app_id_start,
                    app_id_end = @app_id_end
                WHERE session_id = @session_id
                    AND (instance_count IS NULL
                        OR instance_id <> @instance_id
                        OR instance_count <> @instance_count
                        OR COALESCE(app_id_start, @low) <> @low
                        OR COALESCE(app_id_end, @high) <> @high);

                COMMIT TRANSACTION;

                SET @claimed_at = @now;
                SET @lease_expires_at = DATEADD(MILLISECOND, @lease_ms, @now);
                SET @claim_status = 'claimed';
                CONTINUE;
            END;

            ROLLBACK TRANSACTION;

            -- Rows that neighbours merely hold locked are not the end of the work: the same seeks
            -- again, waiting for them.
            SET @ready_app_id = NULL;
            SET @level = -1;

            WHILE @level IS NOT NULL AND @ready_app_id IS NULL
            BEGIN
                SET @level = (
                    SELECT MIN(q.reaps)
                    FROM [$(Schema)].[processing_queue] AS q
                        WITH (READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                    WHERE q.state = 0
                        AND q.claim_token IS NULL
                        AND q.reaps > @level
                );

                SET @ready_app_id = (
                    SELECT TOP (1) q.app_id
                    FROM [$(Schema)].[processing_queue] AS q
                        WITH (UPDLOCK, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                    WHERE q.state = 0
                        AND q.claim_token IS NULL
                        AND q.reaps = @level
                        AND q.app_id >= @low
                        AND q.app_id <= @high
                        AND q.available_at_utc <= @now
                        AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id
                    ORDER BY q.app_id
                );
            END;

            IF @ready_app_id IS NULL
            BEGIN
                SELECT @apps_claimed_elsewhere = COUNT_BIG(*)
                FROM [$(Schema)].[processing_queue] AS q WITH (INDEX (IX_processing_queue_claim))
                WHERE q.state = 1
                    AND q.app_id >= @low
                    AND q.app_id <= @high
                    AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id;

                SET @claim_status = 'empty';
            END;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            -- 2627: this token is being claimed by a call that the client gave up on.
            IF ERROR_NUMBER() NOT IN (1205, 1222, 2627)
            BEGIN
                THROW;
            END;
        END CATCH;
    END;

    SELECT
        @claim_status AS claim_status,
        @claim_token AS claim_token,
        @claimed_at AS claimed_at_utc,
        @lease_expires_at AS lease_expires_at_utc,
        CASE WHEN @claim_status = 'claimed' THEN @app_count ELSE 0 END AS app_count,
        COALESCE(@apps_claimed_elsewhere, 0) AS apps_claimed_elsewhere,
        @paused_at AS paused_at_utc,
        @paused_by AS paused_by,
        @pause_reason AS pause_reason;

    DELETE FROM @claimed
    WHERE @claim_status <> 'claimed';

    SELECT
        c.app_id,
        c.attempt,
        CASE
            WHEN @document_type = N'varbinary'
                THEN CONVERT(varbinary(max), s.[xml])
            WHEN @documents_as_text = 0
                THEN CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[xml]))
        END AS document,
        CASE
            WHEN @document_type <> N'varbinary' AND @documents_as_text = 1
                THEN CONVERT(nvarchar(max), s.[xml])
        END AS document_text,
        CASE
            WHEN @document_type = N'varbinary' THEN 'detect'
            WHEN @documents_as_text = 1 THEN 'text'
            ELSE 'utf16le'
        END AS document_encoding
    FROM @claimed AS c
    LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON c.app_id = s.app_id
    ORDER BY c.app_id
    OPTION (LOOP JOIN);
END;
GO
