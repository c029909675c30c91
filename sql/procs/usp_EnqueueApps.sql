SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Adds source applications to the queue that are neither queued nor logged. One caller
            at a time does so; every other caller gets busy, which is not an error.
Parameters: @mode          new: source rows above the watermark less @overlap (default)
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
            50033 the enqueue lock cannot be acquired
Called by:  the executable; the Agent job Prepare; by hand
Isolation:  READ COMMITTED; waits for source rows that other connections are writing, and never
            skips them. One transaction per chunk. Locks the queue, reads the log.
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
    DECLARE @lock_result int;
    DECLARE @highest bigint;
    DECLARE @watermark bigint;
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @last bigint;
    DECLARE @picked int;
    DECLARE @added int;
    DECLARE @tries int = 0;
    DECLARE @apps_added bigint = 0;
    DECLARE @chunk TABLE (app_id bigint NOT NULL PRIMARY KEY);
    DECLARE @inserted TABLE (app_id bigint NOT NULL PRIMARY KEY);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_EnqueueApps: a transaction is open; commit or roll it back, then call again.', 1;
    END;

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
        CASE
            WHEN COALESCE(@chunk_size, 0) NOT BETWEEN 1 AND 4000
                THEN N' @chunk_size must be 1 to 4000.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_EnqueueApps:' + @message;
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

    EXEC @lock_result = sys.sp_getapplock
        @Resource = N'xmlshred $(Schema) enqueue',
        @LockMode = 'Exclusive',
        @LockOwner = 'Session',
        @LockTimeout = 1;

    IF @lock_result = -1
    BEGIN
        SELECT
            'busy' AS enqueue_status,
            @apps_added AS apps_added;

        RETURN;
    END;

    IF @lock_result < 0
    BEGIN
        SET @message = CONCAT(N'sp_getapplock returned ', @lock_result, N' for the enqueue lock: call again.');
        THROW 50033, @message, 1;
    END;

    BEGIN TRY
        SELECT @highest = MAX(s.app_id)
        FROM [$(SourceSchema)].[$(SourceTable)] AS s;

        SELECT @watermark = w.app_id
        FROM [$(Schema)].[processing_watermark] AS w;

        -- Without a watermark nothing was enqueued yet, and new means every source row.
        SET @from = CASE
            WHEN @mode = 'range' THEN @app_id_start
            WHEN @mode = 'new' AND @watermark >= -9223372036854775807 + @overlap THEN @watermark - @overlap
            ELSE CONVERT(bigint, -9223372036854775808)
        END;
        SET @to = CASE WHEN @mode = 'range' AND @app_id_end < @highest THEN @app_id_end ELSE @highest END;

        WHILE @from <= @to
        BEGIN
            DELETE FROM @chunk;

            INSERT INTO @chunk (app_id)
            SELECT TOP (@chunk_size) s.app_id
            FROM [$(SourceSchema)].[$(SourceTable)] AS s
            WHERE s.app_id >= @from
                AND s.app_id <= @to
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = s.app_id
                )
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id = s.app_id
                )
            ORDER BY s.app_id;

            SET @picked = @@ROWCOUNT;

            IF @picked = 0
            BEGIN
                BREAK;
            END;

            BEGIN TRY
                DELETE FROM @inserted;

                BEGIN TRANSACTION;

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
                SELECT
                    s.app_id,
                    0,
                    0,
                    0,
                    0,
                    COALESCE(DATALENGTH(s.[xml]), 0)
                    * CASE WHEN @document_type IN (N'varchar', N'xml') THEN 2 ELSE 1 END,
                    SYSUTCDATETIME()
                FROM @chunk AS c
                INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON c.app_id = s.app_id
                WHERE NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = c.app_id
                );

                SET @added = @@ROWCOUNT;

                -- A separate statement: while the search above ran, an application may have moved
                -- from the queue to the log. This session now holds its key, so the session that
                -- finished it has committed.
                DELETE FROM [$(Schema)].[processing_queue]
                WHERE app_id IN
                (
                    SELECT i.app_id
                    FROM @inserted AS i
                    INNER JOIN [$(Schema)].[processing_log] AS l ON i.app_id = l.app_id
                );

                SET @added -= @@ROWCOUNT;

                COMMIT TRANSACTION;

                SET @apps_added += @added;
                SET @tries = 0;

                SELECT @last = MAX(c.app_id)
                FROM @chunk AS c;

                IF @picked < @chunk_size OR @last >= @to
                BEGIN
                    BREAK;
                END;

                SET @from = @last + 1;
            END TRY
            BEGIN CATCH
                IF XACT_STATE() <> 0
                BEGIN
                    ROLLBACK TRANSACTION;
                END;

                -- A deadlock, or another connection enqueued one of these first: search again.
                IF ERROR_NUMBER() NOT IN (1205, 2601, 2627) OR @tries >= 5
                BEGIN
                    THROW;
                END;

                SET @tries += 1;
            END CATCH;
        END;

        IF @mode <> 'range' AND @highest IS NOT NULL
        BEGIN
            UPDATE [$(Schema)].[processing_watermark]
            SET
                app_id = CASE WHEN app_id > @highest THEN app_id ELSE @highest END,
                moved_at_utc = SYSUTCDATETIME()
            WHERE watermark_id = 1;

            IF @@ROWCOUNT = 0
            BEGIN
                INSERT INTO [$(Schema)].[processing_watermark] (watermark_id, app_id, moved_at_utc)
                VALUES (1, @highest, SYSUTCDATETIME());
            END;
        END;

        EXEC sys.sp_releaseapplock
            @Resource = N'xmlshred $(Schema) enqueue',
            @LockOwner = 'Session';
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        EXEC sys.sp_releaseapplock
            @Resource = N'xmlshred $(Schema) enqueue',
            @LockOwner = 'Session';

        THROW;
    END CATCH;

    SELECT
        'added' AS enqueue_status,
        @apps_added AS apps_added;
END;
GO
