SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Deletes old history: superseded attempts, events, ended sessions and their throughput.
            The last attempt of an application is never deleted, because without it usp_EnqueueApps
            treats the application as new; nor, while its source row exists, the attempt that its
            rows are of (processing_log.has_rows).
Parameters: @older_than_seconds  minimum age, 0 or more, default 7776000 (90 days)
            @chunk_size          rows per transaction, 1 to 4000, default 1000
            @Execute             Y: do it (default); N: only count
            @Help                1: only describe the parameters; default 0
Results:    one row: attempts_purged, events_purged, sessions_purged
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the Agent job Purge; the executable (purge); by hand
Isolation:  READ COMMITTED, one transaction per chunk. Locks log, reads the ids of the source for the
            attempts with rows; then event; then session.
Example:    EXEC [$(Schema)].[usp_PurgeLog] @older_than_seconds = 2592000, @Execute = 'N';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_PurgeLog]
    @older_than_seconds int = 7776000,
    @chunk_size int = 1000,
    @Execute char(1) = 'Y',
    @Help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @before datetime2(3);
    DECLARE @purged int;
    DECLARE @attempts_purged bigint = 0;
    DECLARE @events_purged bigint = 0;
    DECLARE @sessions_purged bigint = 0;
    DECLARE @attempt TABLE
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        PRIMARY KEY (app_id, attempt)
    );
    DECLARE @event TABLE (event_id bigint NOT NULL PRIMARY KEY);
    DECLARE @session TABLE (session_id uniqueidentifier NOT NULL PRIMARY KEY);

    IF @Help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@older_than_seconds', N'minimum age of deleted rows; default 7776000, 90 days'),
                (2, N'@chunk_size', N'rows per transaction, 1 to 4000; default 1000'),
                (3, N'@Execute', N'N: only count; default Y'),
                (4, N'results', N'attempts_purged, events_purged, sessions_purged')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_PurgeLog: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE
            WHEN COALESCE(@older_than_seconds, -1) < 0
                THEN N' @older_than_seconds must be 0 or more.'
        END,
        CASE
            WHEN COALESCE(@chunk_size, 0) NOT BETWEEN 1 AND 4000
                THEN CONCAT(
                    N' @chunk_size must be 1 to 4000, not ',
                    COALESCE(CONVERT(nvarchar(11), @chunk_size), N'NULL'), N'.'
                )
        END,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_PurgeLog:' + @message;
        THROW 50001, @message, 1;
    END;

    SET @before = DATEADD(SECOND, -@older_than_seconds, SYSUTCDATETIME());

    IF @Execute = 'N'
    BEGIN
        SELECT @attempts_purged = COUNT_BIG(*)
        FROM [$(Schema)].[processing_log] AS l
        WHERE l.is_latest = 0
            AND l.processed_at_utc < @before
            AND (
                l.has_rows = 0
                OR NOT EXISTS
                (
                    SELECT 1
                    FROM [$(SourceSchema)].[$(SourceTable)] AS s
                    WHERE s.app_id = l.app_id
                )
            );

        SELECT @events_purged = COUNT_BIG(*)
        FROM [$(Schema)].[processing_event] AS e
        WHERE e.occurred_at_utc < @before;

        SELECT @sessions_purged = COUNT_BIG(*)
        FROM [$(Schema)].[processing_session] AS s
        WHERE s.ended_at_utc < @before
            AND NOT EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_claim] AS c
                WHERE c.session_id = s.session_id
            );

        SELECT
            @attempts_purged AS attempts_purged,
            @events_purged AS events_purged,
            @sessions_purged AS sessions_purged;

        RETURN;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        BEGIN TRY
            DELETE FROM @attempt;

            BEGIN TRANSACTION;

            INSERT INTO @attempt (app_id, attempt)
            SELECT TOP (@chunk_size)
                l.app_id,
                l.attempt
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.is_latest = 0
                AND l.processed_at_utc < @before
                AND (
                    l.has_rows = 0
                    OR NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(SourceSchema)].[$(SourceTable)] AS s
                        WHERE s.app_id = l.app_id
                    )
                );

            DELETE FROM [$(Schema)].[processing_log_table]
            WHERE EXISTS
            (
                SELECT 1
                FROM @attempt AS a
                WHERE a.app_id = [processing_log_table].app_id
                    AND a.attempt = [processing_log_table].attempt
            );

            DELETE FROM [$(Schema)].[processing_log]
            WHERE is_latest = 0
                AND EXISTS
                (
                    SELECT 1
                    FROM @attempt AS a
                    WHERE a.app_id = [processing_log].app_id
                        AND a.attempt = [processing_log].attempt
                );

            SET @purged = @@ROWCOUNT;

            COMMIT TRANSACTION;

            SET @attempts_purged += @purged;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            THROW;
        END CATCH;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        DELETE FROM @event;

        -- Events are written in order of time, so the oldest have the lowest ids.
        INSERT INTO @event (event_id)
        SELECT o.event_id
        FROM
            (
                SELECT TOP (@chunk_size)
                    e.event_id,
                    e.occurred_at_utc
                FROM [$(Schema)].[processing_event] AS e
                ORDER BY e.event_id
            ) AS o
        WHERE o.occurred_at_utc < @before;

        DELETE FROM [$(Schema)].[processing_event]
        WHERE event_id IN (SELECT e.event_id FROM @event AS e);

        SET @purged = @@ROWCOUNT;
        SET @events_purged += @purged;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        DELETE TOP (@chunk_size) FROM [$(Schema)].[processing_throughput]
        WHERE minute_utc < @before;

        SET @purged = @@ROWCOUNT;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        BEGIN TRY
            DELETE FROM @session;

            BEGIN TRANSACTION;

            INSERT INTO @session (session_id)
            SELECT TOP (@chunk_size) s.session_id
            FROM [$(Schema)].[processing_session] AS s WITH (UPDLOCK)
            WHERE s.ended_at_utc < @before
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_claim] AS c
                    WHERE c.session_id = s.session_id
                );

            DELETE FROM [$(Schema)].[processing_throughput]
            WHERE session_id IN (SELECT s.session_id FROM @session AS s);

            DELETE FROM [$(Schema)].[processing_session]
            WHERE session_id IN (SELECT s.session_id FROM @session AS s);

            SET @purged = @@ROWCOUNT;

            COMMIT TRANSACTION;

            SET @sessions_purged += @purged;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            THROW;
        END CATCH;
    END;

    SELECT
        @attempts_purged AS attempts_purged,
        @events_purged AS events_purged,
        @sessions_purged AS sessions_purged;
END;
GO
