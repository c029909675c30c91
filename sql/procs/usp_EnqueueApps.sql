SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Adds source applications to the queue that are neither queued nor logged. One caller
            at a time does so; every other caller gets busy, which is not an error.
Parameters: @mode          new: source rows above the watermark less @overlap (default); requires
                           ids that ascend
                           full: every source row; nightly, and after restoring old source rows
                           range: every source row from @app_id_start to @app_id_end
            @app_id_start  smallest id of a range, inclusive; default NULL
            @app_id_end    largest id of a range, inclusive; default NULL
            @overlap       number of ids below the watermark that new reads again, because ids
                           commit out of order; 0 or more, default 10000
            @chunk_size    applications per transaction, 1 to 4000, default 4000
Results:    one row: enqueue_status (added, busy), apps_added
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50030 the source table cannot be read
            50033 the enqueue lock cannot be acquired, or another change of the sums did not end within 30 seconds
            50034 an earlier log is not completely adopted
Called by:  the executable; the Agent jobs Prepare and Full; by hand
Isolation:  READ COMMITTED. One transaction per chunk, which owns the enqueue lock: a call that is
            cancelled leaves no lock behind. Locks the queue, reads the log, sums (usp_AddSums). Reads the source
            under locks, also with READ_COMMITTED_SNAPSHOT on: waits for rows that other
            connections are writing, because new never returns to a row that it did not see.
Example:    EXEC [$(Schema)].[usp_EnqueueApps];
            EXEC [$(Schema)].[usp_EnqueueApps] @mode = 'full';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_EnqueueApps]
    @mode varchar(5) = 'new',
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL,
    @overlap bigint = 10000,
    @chunk_size int = 4000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @lowest bigint = -9223372036854775808;
    DECLARE @highest bigint;
    DECLARE @watermark bigint;
    DECLARE @new_from bigint;
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @last bigint;
    DECLARE @lock_result int;
    DECLARE @picked int;
    DECLARE @added int;
    DECLARE @added_bytes bigint;
    DECLARE @missed int;
    DECLARE @apps_added bigint = 0;
    DECLARE @apps_missed bigint = 0;
    DECLARE @is_done bit = 0;
    DECLARE @tries int = 0;
    DECLARE @reported_at datetime2(3) = SYSUTCDATETIME();
    DECLARE @inserted TABLE (app_id bigint NOT NULL PRIMARY KEY);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_EnqueueApps: a transaction is open; commit or roll it back, then call again.', 1;

    SET @message = CONCAT(
        CASE
            WHEN COALESCE(@mode, '') NOT IN ('new', 'full', 'range')
                THEN N' @mode must be new, full or range.'
            WHEN @mode = 'range' AND (@app_id_start IS NULL OR @app_id_end IS NULL)
                THEN N' @mode range needs @app_id_start and @app_id_end.'
            WHEN @mode = 'range' AND @app_id_start > @app_id_end
                THEN N' @app_id_start must not be above @app_id_end.'
            WHEN @mode <> 'range' AND (@app_id_start IS NOT NULL OR @app_id_end IS NOT NULL)
                THEN N' @app_id_start and @app_id_end belong to @mode range.'
        END,
        CASE WHEN COALESCE(@overlap, -1) < 0 THEN N' @overlap must be 0 or more.' END,
        CASE WHEN COALESCE(@chunk_size, 0) NOT BETWEEN 1 AND 4000 THEN N' @chunk_size must be 1 to 4000.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_EnqueueApps:' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = [$(Schema)].[ufn_SourceProblem]();
        THROW 50030, @message, 1;
    END;

    CREATE TABLE #sum
    (
        outcome varchar(30) COLLATE DATABASE_DEFAULT NULL,
        schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        amount bigint NOT NULL,
        document_bytes bigint NOT NULL DEFAULT (0)
    );

    SELECT @highest = MAX(s.[$(SourceIdColumn)])
    FROM [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK);

    SELECT @watermark = w.app_id
    FROM [$(Schema)].[processing_watermark] AS w;

    -- Without a watermark nothing was enqueued yet, and new means every source row.
    SET @new_from = CASE WHEN @watermark > @lowest + @overlap THEN @watermark - @overlap ELSE @lowest END;
    SET @from = CASE @mode WHEN 'range' THEN @app_id_start WHEN 'new' THEN @new_from ELSE @lowest END;
    SET @to = CASE WHEN @mode = 'range' AND @app_id_end < @highest THEN @app_id_end ELSE @highest END;

    WHILE @is_done = 0
    BEGIN
        BEGIN TRY
            DELETE FROM @inserted;

            BEGIN TRANSACTION;

            EXEC @lock_result = sys.sp_getapplock
                @Resource = N'xmlshred $(Schema) enqueue',
                @LockMode = 'Exclusive',
                @LockOwner = 'Transaction',
                @LockTimeout = 0;

            IF @lock_result = -1
            BEGIN
                ROLLBACK TRANSACTION;
                BREAK;
            END;

            IF @lock_result < 0
            BEGIN
                SET @message = CONCAT(N'sp_getapplock returned ', @lock_result, N' for the enqueue lock: call again.');
                THROW 50033, @message, 1;
            END;

            -- Under the lock, which install --adopt-log holds while it registers a log.
            EXEC [$(Schema)].[usp_CheckAdoption];

            INSERT INTO [$(Schema)].[processing_queue]
            (
                app_id,
                state,
                attempts,
                reaps,
                lone_reaps,
                document_bytes,
                enqueued_at_utc
            )
            OUTPUT inserted.app_id INTO @inserted (app_id)
            SELECT TOP (@chunk_size)
                s.[$(SourceIdColumn)],
                0,
                0,
                0,
                0,
                COALESCE(DATALENGTH(s.[$(SourceDocumentColumn)]), 0)
                * CASE WHEN @document_type IN (N'varchar', N'xml') THEN 2 ELSE 1 END,
                SYSUTCDATETIME()
            FROM [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK)
            WHERE s.[$(SourceIdColumn)] >= @from
                AND s.[$(SourceIdColumn)] <= @to
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = s.[$(SourceIdColumn)]
                )
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id = s.[$(SourceIdColumn)]
                )
            ORDER BY s.[$(SourceIdColumn)];

            SET @picked = @@ROWCOUNT;
            SET @last = (SELECT MAX(i.app_id) FROM @inserted AS i);

            -- A separate statement: while the one above ran, an application may have moved from the
            -- queue to the log. This session now holds its key, so the session that finished it has
            -- committed.
            DELETE FROM [$(Schema)].[processing_queue]
            WHERE app_id IN
            (
                SELECT i.app_id
                FROM @inserted AS i
                INNER JOIN [$(Schema)].[processing_log] AS l ON i.app_id = l.app_id
            );

            SELECT
                @added = COUNT(*),
                @added_bytes = COALESCE(SUM(q.document_bytes), 0),
                @missed = COALESCE(SUM(CASE WHEN i.app_id < @new_from THEN 1 ELSE 0 END), 0)
            FROM @inserted AS i
            INNER JOIN [$(Schema)].[processing_queue] AS q ON i.app_id = q.app_id;

            IF @picked < @chunk_size OR @last >= @to
            BEGIN
                SET @is_done = 1;
            END;

            IF @is_done = 1 AND @mode <> 'range' AND @highest IS NOT NULL
            BEGIN
                IF @watermark IS NULL
                BEGIN
                    INSERT INTO [$(Schema)].[processing_watermark]
                    (
                        watermark_id,
                        app_id,
                        moved_at_utc
                    )
                    SELECT
                        1,
                        @highest,
                        SYSUTCDATETIME()
                    WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [$(Schema)].[processing_watermark] AS w
                            WHERE w.watermark_id = 1
                        );
                END;

                UPDATE [$(Schema)].[processing_watermark]
                SET
                    app_id = CASE WHEN app_id > @highest THEN app_id ELSE @highest END,
                    moved_at_utc = SYSUTCDATETIME(),
                    full_at_utc = CASE WHEN @mode = 'full' THEN SYSUTCDATETIME() ELSE full_at_utc END,
                    full_apps_missed = CASE WHEN @mode = 'full' THEN @apps_missed + @missed ELSE full_apps_missed END
                WHERE watermark_id = 1;
            END;

            INSERT INTO #sum (outcome, amount, document_bytes)
            SELECT
                'queued',
                @added,
                @added_bytes
            WHERE @added > 0;

            EXEC [$(Schema)].[usp_AddSums];

            COMMIT TRANSACTION;

            SET @apps_added += @added;
            SET @apps_missed += @missed;
            EXEC [$(Schema)].[usp_ReportProgress] N'usp_EnqueueApps', @reported_at OUTPUT, @apps_added;
            SET @tries = 0;
            SET @from = CASE WHEN @is_done = 0 THEN @last + 1 END;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

            -- A deadlock, or a retry put one of these into the queue first: search again.
            IF ERROR_NUMBER() NOT IN (1205, 2601, 2627) OR @tries >= 5 THROW;

            SET @is_done = 0;
            SET @tries += 1;
        END CATCH;
    END;

    SELECT
        CASE WHEN @is_done = 1 THEN 'added' ELSE 'busy' END AS enqueue_status,
        @apps_added AS apps_added;
END;
GO
