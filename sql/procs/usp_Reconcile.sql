SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks, application by application, that every source row is queued or logged and that
            the target tables hold exactly the rows that the log records.
Parameters: @examples  number of differing applications to list per subject, 0 to 1000, default
                       10
Results:    1. one row per subject (source rows, then the target tables in load order): subject,
               expected, actual, difference, differing_apps, stale. All is well if difference and
               differing_apps are 0. stale: how many of the expected rows are of applications whose
               last attempt failed, so that they are of an earlier attempt; NULL for the source
            2. examples: subject, app_id, expected, actual, rows_of_attempt, last_attempt. For the
               source, expected is 1 if the source row exists and actual is 1 if the application is
               queued or logged; for a target table they are numbers of rows, and rows_of_attempt is
               the attempt that the log says they are of, NULL if none
Errors:     50001 a parameter is wrong
Called by:  operators
Isolation:  READ COMMITTED; reads the ids of source, queue, log and target tables once each: run it
            after a run. Applications that workers complete in the meantime may show as differences.
            EXECUTE AS OWNER: ownership chaining does not reach into the statement that it builds
Example:    EXEC [$(Schema)].[usp_Reconcile];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Reconcile]
    @examples int = 10
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @ordinal int;
    DECLARE @subject nvarchar(257);
    DECLARE @table_name nvarchar(300);
    DECLARE @app_column nvarchar(130);
    DECLARE @statement nvarchar(max);

    CREATE TABLE #reconciled
    (
        ordinal int NOT NULL PRIMARY KEY,
        subject nvarchar(257) NOT NULL,
        expected bigint NULL,
        actual bigint NULL,
        differing_apps bigint NULL,
        stale bigint NULL
    );

    CREATE TABLE #written
    (
        app_id bigint NOT NULL PRIMARY KEY,
        expected bigint NOT NULL,
        actual bigint NOT NULL,
        stale bigint NOT NULL
    );

    CREATE TABLE #example
    (
        ordinal int NOT NULL,
        subject nvarchar(257) NOT NULL,
        app_id bigint NOT NULL,
        expected bigint NOT NULL,
        actual bigint NOT NULL
    );

    IF COALESCE(@examples, -1) NOT BETWEEN 0 AND 1000
    BEGIN
        THROW 50001, N'usp_Reconcile: @examples must be 0 to 1000.', 1;
    END;

    INSERT INTO #reconciled (ordinal, subject)
    VALUES (-1, N'source rows');

    INSERT INTO #reconciled (ordinal, subject)
    SELECT
        MIN(t.table_ordinal),
        t.schema_name + N'.' + t.table_name
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    WHERE c.retired_at_utc IS NULL
    GROUP BY
        t.schema_name,
        t.table_name;

    SET @ordinal = -1;

    WHILE @ordinal IS NOT NULL
    BEGIN
        DELETE FROM #written;

        SET @subject = (
            SELECT r.subject
            FROM #reconciled AS r
            WHERE r.ordinal = @ordinal
        );

        IF @ordinal = -1
        BEGIN
            INSERT INTO #written
            (
                app_id,
                expected,
                actual,
                stale
            )
            SELECT
                u.app_id,
                MAX(u.expected),
                MAX(u.actual),
                0
            FROM
                (
                    SELECT
                        CONVERT(bigint, s.app_id) AS app_id,
                        1 AS expected,
                        0 AS actual
                    FROM [$(SourceSchema)].[$(SourceTable)] AS s
                    UNION ALL
                    SELECT
                        q.app_id,
                        0 AS expected,
                        1 AS actual
                    FROM [$(Schema)].[processing_queue] AS q
                    UNION ALL
                    SELECT
                        l.app_id,
                        0 AS expected,
                        1 AS actual
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.is_latest = 1
                ) AS u
            GROUP BY u.app_id;
        END
        ELSE
        BEGIN
            SELECT
                @table_name = QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name),
                @app_column = QUOTENAME(t.app_column)
            FROM [$(Schema)].[processing_contract] AS c
            INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
            WHERE c.retired_at_utc IS NULL
                AND t.table_ordinal = @ordinal;

            -- The names are the installed contract's, in brackets.
            SET @statement = CONCAT(
                N'INSERT INTO #written (app_id, expected, actual, stale)
                SELECT u.app_id, SUM(u.expected), SUM(u.actual), SUM(u.stale)
                FROM
                    (
                        SELECT l.app_id, r.row_count AS expected, CONVERT(bigint, 0) AS actual,
                            CASE WHEN l.is_latest = 1 THEN CONVERT(bigint, 0) ELSE r.row_count END AS stale
                        FROM [$(Schema)].[processing_log] AS l
                        INNER JOIN [$(Schema)].[processing_log_table] AS r
                            ON l.app_id = r.app_id AND l.attempt = r.attempt
                        INNER JOIN [$(Schema)].[processing_contract_table] AS t
                            ON l.contract_hash = t.contract_hash AND r.table_ordinal = t.table_ordinal
                        WHERE l.has_rows = 1
                            AND QUOTENAME(t.schema_name) + N''.'' + QUOTENAME(t.table_name) = @table_name
                        UNION ALL
                        SELECT CONVERT(bigint, x.', @app_column, N'), CONVERT(bigint, 0), CONVERT(bigint, 1),
                            CONVERT(bigint, 0)
                        FROM ', @table_name, N' AS x
                        WHERE x.', @app_column, N' IS NOT NULL
                    ) AS u
                GROUP BY u.app_id;'
            );

            EXEC sys.sp_executesql
                @statement,
                N'@table_name nvarchar(300)',
                @table_name = @table_name;
        END;

        UPDATE #reconciled
        SET
            expected = (SELECT COALESCE(SUM(w.expected), 0) FROM #written AS w),
            actual = (SELECT COALESCE(SUM(w.actual), 0) FROM #written AS w),
            differing_apps = (
                SELECT COUNT_BIG(*)
                FROM #written AS w
                WHERE w.expected <> w.actual
            ),
            stale = CASE WHEN @ordinal >= 0 THEN (SELECT COALESCE(SUM(w.stale), 0) FROM #written AS w) END
        WHERE ordinal = @ordinal;

        INSERT INTO #example
        (
            ordinal,
            subject,
            app_id,
            expected,
            actual
        )
        SELECT TOP (@examples)
            @ordinal,
            @subject,
            w.app_id,
            w.expected,
            w.actual
        FROM #written AS w
        WHERE w.expected <> w.actual
        ORDER BY w.app_id;

        SET @ordinal = (
            SELECT MIN(r.ordinal)
            FROM #reconciled AS r
            WHERE r.ordinal > @ordinal
        );
    END;

    SELECT
        r.subject,
        r.expected,
        r.actual,
        r.actual - r.expected AS difference,
        r.differing_apps,
        r.stale
    FROM #reconciled AS r
    ORDER BY r.ordinal;

    SELECT
        e.subject,
        e.app_id,
        e.expected,
        e.actual,
        k.attempt AS rows_of_attempt,
        l.attempt AS last_attempt
    FROM #example AS e
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON e.app_id = l.app_id AND l.is_latest = 1
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS k ON e.app_id = k.app_id AND k.has_rows = 1
    ORDER BY
        e.ordinal,
        e.app_id;
END;
GO
