SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks, application by application, that every source row is queued or logged and that
            the target tables hold exactly the rows that the log records.
Parameters: @examples  number of differing applications to list per subject, 0 to 1000, default
                       10
Results:    1. one row per subject (source rows, then the target tables in load order): subject,
               expected, actual, difference, differing_apps, stale, not_ours. All is well if
               difference and differing_apps are 0. stale: how many of the expected rows are of
               applications whose last attempt failed, so that they are of an earlier attempt.
               not_ours: rows, not in actual, of ids that are not in source, queue or log, which
               another program wrote, or of adopted outcomes, which the earlier system wrote. Both
               are NULL for the source
            2. examples: subject, app_id, expected, actual, rows_of_attempt, last_attempt. For the
               source, expected is 1 if the source row exists and actual is 1 if the application is
               queued or logged; for a target table they are numbers of rows, and rows_of_attempt is
               the attempt that the log says they are of, NULL if none
Errors:     50001 a parameter is wrong
Called by:  operators
Isolation:  READ COMMITTED; reads the ids of source, queue, log and target tables once each: run it
            after a run. Applications that workers complete in the meantime may show as differences.
Example:    EXEC [$(Schema)].[usp_Reconcile];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Reconcile]
    @examples int = 10
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @ordinal int = -1;

    CREATE TABLE #reconciled
    (
        ordinal int NOT NULL PRIMARY KEY,
        subject nvarchar(257) NOT NULL,
        expected bigint NULL,
        actual bigint NULL,
        differing_apps bigint NULL,
        stale bigint NULL,
        not_ours bigint NULL
    );

    CREATE TABLE #written
    (
        app_id bigint NOT NULL PRIMARY KEY,
        expected bigint NOT NULL,
        actual bigint NOT NULL,
        stale bigint NOT NULL,
        is_ours bit NOT NULL DEFAULT (1)
    );

    CREATE TABLE #example
    (
        ordinal int NOT NULL,
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
        t.table_ordinal,
        t.schema_name + N'.' + t.table_name
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    WHERE c.retired_at_utc IS NULL;

    WHILE @ordinal IS NOT NULL
    BEGIN
        DELETE FROM #written;

        IF @ordinal = -1
        BEGIN
            INSERT INTO #written (app_id, expected, actual, stale)
            SELECT
                u.app_id,
                MAX(u.expected),
                MAX(u.actual),
                0
            FROM
                (
                    SELECT
                        CONVERT(bigint, s.[$(SourceIdColumn)]) AS app_id,
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
                        -- The earlier system's log may know applications whose documents are gone.
                        AND (
                            l.session_id <> '00000000-0000-0000-0000-000000000000'
                            OR EXISTS
                            (
                                SELECT 1
                                FROM [$(SourceSchema)].[$(SourceTable)] AS x
                                WHERE x.[$(SourceIdColumn)] = l.app_id
                            )
                        )
                ) AS u
            GROUP BY u.app_id;
        END
        ELSE
        BEGIN
            -- RECOMPILE: only the part of the view with this table is read.
            INSERT INTO #written (app_id, expected, actual, stale)
            SELECT
                u.app_id,
                SUM(u.expected),
                SUM(u.actual),
                SUM(u.stale)
            FROM
                (
                    SELECT
                        l.app_id,
                        n.row_count AS expected,
                        CONVERT(bigint, 0) AS actual,
                        CASE WHEN l.is_latest = 1 THEN CONVERT(bigint, 0) ELSE n.row_count END AS stale
                    FROM #reconciled AS r
                    INNER JOIN [$(Schema)].[processing_contract_table] AS t
                        ON r.subject = t.schema_name + N'.' + t.table_name
                    INNER JOIN [$(Schema)].[processing_log_table] AS n ON t.table_ordinal = n.table_ordinal
                    INNER JOIN [$(Schema)].[processing_log] AS l
                        ON n.app_id = l.app_id AND n.attempt = l.attempt AND t.contract_hash = l.contract_hash
                    WHERE r.ordinal = @ordinal
                        AND l.has_rows = 1
                    UNION ALL
                    SELECT
                        r.app_id,
                        CONVERT(bigint, 0) AS expected,
                        CONVERT(bigint, 1) AS actual,
                        CONVERT(bigint, 0) AS stale
                    FROM [$(Schema)].[vw_TargetRows] AS r
                    WHERE r.table_ordinal = @ordinal
                        AND r.app_id IS NOT NULL
                ) AS u
            GROUP BY u.app_id
            OPTION (RECOMPILE);

            UPDATE #written
            SET is_ours = 0
            WHERE expected = 0
                AND (
                    (
                        app_id IN
                        (
                            SELECT k.app_id
                            FROM [$(Schema)].[processing_log] AS k
                            WHERE k.session_id = '00000000-0000-0000-0000-000000000000'
                        )
                        AND app_id NOT IN
                        (
                            SELECT h.app_id
                            FROM [$(Schema)].[processing_log] AS h
                            WHERE h.has_rows = 1
                        )
                    )
                    OR (
                        app_id NOT IN (SELECT l.app_id FROM [$(Schema)].[processing_log] AS l)
                        AND app_id NOT IN (SELECT q.app_id FROM [$(Schema)].[processing_queue] AS q)
                        AND app_id NOT IN (SELECT s.[$(SourceIdColumn)] FROM [$(SourceSchema)].[$(SourceTable)] AS s)
                    )
                );
        END;

        UPDATE #reconciled
        SET
            expected = w.expected,
            actual = w.actual,
            differing_apps = w.differing_apps,
            stale = CASE WHEN @ordinal >= 0 THEN w.stale END,
            not_ours = CASE WHEN @ordinal >= 0 THEN w.not_ours END
        FROM #reconciled AS r
        CROSS JOIN
            (
                SELECT
                    COALESCE(SUM(o.expected), 0) AS expected,
                    COALESCE(SUM(CASE WHEN o.is_ours = 1 THEN o.actual END), 0) AS actual,
                    COUNT_BIG(CASE WHEN o.is_ours = 1 AND o.expected <> o.actual THEN 1 END) AS differing_apps,
                    COALESCE(SUM(o.stale), 0) AS stale,
                    COALESCE(SUM(CASE WHEN o.is_ours = 0 THEN o.actual END), 0) AS not_ours
                FROM #written AS o
            ) AS w
        WHERE r.ordinal = @ordinal;

        INSERT INTO #example (ordinal, app_id, expected, actual)
        SELECT TOP (@examples)
            @ordinal,
            w.app_id,
            w.expected,
            w.actual
        FROM #written AS w
        WHERE w.is_ours = 1
            AND w.expected <> w.actual
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
        r.stale,
        r.not_ours
    FROM #reconciled AS r
    ORDER BY r.ordinal;

    SELECT
        r.subject,
        e.app_id,
        e.expected,
        e.actual,
        k.attempt AS rows_of_attempt,
        l.attempt AS last_attempt
    FROM #example AS e
    INNER JOIN #reconciled AS r ON e.ordinal = r.ordinal
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON e.app_id = l.app_id AND l.is_latest = 1
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS k ON e.app_id = k.app_id AND k.has_rows = 1
    ORDER BY
        e.ordinal,
        e.app_id;
END;
GO
