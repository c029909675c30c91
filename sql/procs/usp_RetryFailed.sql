SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Puts failed or quarantined applications back into the queue, where the next run
            processes them. Resets the reap count of quarantined applications to 0.
Parameters: Exactly one of
            @app_ids           a comma-separated list of ids; ids that are neither failed nor
                               quarantined are ignored
            @failure_category  every application whose last attempt failed with this category, such as
                               bad_value
            @fingerprint       every application whose last attempt failed with this cause, 16
                               hexadecimal digits
            @quarantined       Y: every quarantined application; default N
            @all               Y: every failed or quarantined application; default N
            and optionally
            @canary            at most this many, lowest ids first, 0 or more; default NULL, all
            @requested_by      for the events; default the login
            @Execute           Y: retry (default); N: only return the applications
            @Help              1: only describe the parameters; default 0
Results:    one row per application, in order of id: app_id, was (failed, quarantined), attempts,
            failure_category, fingerprint, failure_reason
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50033 another retry or requeue did not end within 30 seconds
Called by:  operators; the executable (retry)
Isolation:  READ COMMITTED, one transaction per 1000 applications. Locks queue, reads log, writes
            event. One retry or requeue runs at a time.
Example:    EXEC [$(Schema)].[usp_RetryFailed] @failure_category = 'bad_value', @Execute = 'N';
            EXEC [$(Schema)].[usp_RetryFailed] @failure_category = 'bad_value', @canary = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RetryFailed]
    @app_ids nvarchar(max) = NULL,
    @failure_category varchar(30) = NULL,
    @fingerprint char(16) = NULL,
    @quarantined char(1) = 'N',
    @all char(1) = 'N',
    @canary bigint = NULL,
    @requested_by nvarchar(128) = NULL,
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
    DECLARE @bad_entry nvarchar(40);

    IF @Help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'exactly one of', N'@app_ids, @failure_category, @fingerprint, @quarantined, @all'),
                (2, N'@app_ids', N'a comma-separated list of ids'),
                (3, N'@failure_category', N'all whose last attempt failed with this category, such as bad_value'),
                (4, N'@fingerprint', N'every application that failed with this cause; see vw_FailureFingerprints'),
                (5, N'@quarantined', N'Y: every quarantined application; default N'),
                (6, N'@all', N'Y: every failed or quarantined application; default N'),
                (7, N'@canary', N'at most this many, lowest ids first, to see their outcome before retrying the rest'),
                (8, N'@requested_by', N'for the events; default the login'),
                (9, N'@Execute', N'N: only return the applications; default Y'),
                (10, N'results', N'app_id, was, attempts, failure_category, fingerprint, failure_reason')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_RetryFailed: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        CASE
            WHEN @quarantined NOT IN ('Y', 'N') OR @quarantined IS NULL
                THEN N' @quarantined must be Y or N.'
        END,
        CASE WHEN @all NOT IN ('Y', 'N') OR @all IS NULL THEN N' @all must be Y or N.' END,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        CASE
            WHEN CASE WHEN @app_ids IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @failure_category IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @fingerprint IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @quarantined = 'Y' THEN 1 ELSE 0 END
                + CASE WHEN @all = 'Y' THEN 1 ELSE 0 END <> 1
                THEN N' Pass exactly one of @app_ids, @failure_category, @fingerprint, @quarantined, @all.'
        END,
        CASE
            WHEN @bad_entry IS NOT NULL
                THEN CONCAT(N' @app_ids has an entry that is not an id: ', @bad_entry, N'.')
        END,
        CASE WHEN @canary < 0 THEN N' @canary must be 0 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_RetryFailed:' + @message;
        THROW 50001, @message, 1;
    END;

    CREATE TABLE #candidate
    (
        app_id bigint NOT NULL PRIMARY KEY,
        was varchar(11) NOT NULL,
        attempts int NOT NULL,
        moved bit NOT NULL
    );

    INSERT INTO #candidate
    (
        app_id,
        was,
        attempts,
        moved
    )
    SELECT TOP (COALESCE(@canary, 9223372036854775807))
        u.app_id,
        u.was,
        u.attempts,
        0
    FROM
        (
            SELECT
                l.app_id,
                'failed' AS was,
                l.attempt AS attempts
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.is_latest = 1
                AND l.status = 'failed'
                AND @quarantined = 'N'
                AND (@failure_category IS NULL OR l.failure_category = @failure_category)
                AND (@fingerprint IS NULL OR l.fingerprint = @fingerprint)
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = l.app_id
                )
            UNION ALL
            SELECT
                q.app_id,
                'quarantined' AS was,
                q.attempts
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.state = 2
                AND @failure_category IS NULL
                AND @fingerprint IS NULL
        ) AS u
    WHERE @app_ids IS NULL
        OR u.app_id IN (SELECT a.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS a)
    ORDER BY u.app_id
    OPTION (RECOMPILE);

    IF @Execute = 'Y'
    BEGIN
        EXEC [$(Schema)].[usp_Redrive]
            @procedure_name = N'usp_RetryFailed',
            @requested_by = @requested_by;
    END;

    SELECT
        c.app_id,
        c.was,
        c.attempts,
        l.failure_category,
        l.fingerprint,
        l.failure_reason
    FROM #candidate AS c
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt
    WHERE c.moved = 1
        OR @Execute = 'N'
    ORDER BY c.app_id;
END;
GO
