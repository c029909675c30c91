SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Lists the causes of failure, those with the most applications first, and the values that
            each failed on.
Parameters: @since_seconds  only failures that were completed within so many seconds before now, 0 or more;
                            default NULL, all
            @causes         at most this many causes, 1 to 10000, default 20
            @values         at most this many values of each cause, 0 to 100, default 5
Results:    1. one row per cause: applications, failure_category, failure_table, failure_column,
               path_shape, error_number, first_at_utc, last_at_utc, example_app_id, example_reason,
               fingerprint, all_causes (how many there are, also those that are not listed),
               all_applications
            2. one row per value, of each cause the most frequent first: fingerprint, failure_value,
               applications
Errors:     50001 a parameter is wrong
Called by:  the executable (failures, status --watch, doctor, report); by hand
Isolation:  READ COMMITTED; reads the failed part of IX_processing_log_latest, and the log rows of
            the listed causes. READ UNCOMMITTED while READ_COMMITTED_SNAPSHOT is off, so that it does
            not wait for a completion that hangs
Example:    EXEC [$(Schema)].[usp_ListCauses] @causes = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ListCauses]
    @since_seconds int = NULL,
    @causes int = 20,
    @values int = 5
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    IF @since_seconds < 0
    BEGIN
        THROW 50001, N'usp_ListCauses: @since_seconds must be 0 or more.', 1;
    END;

    IF COALESCE(@causes, 0) NOT BETWEEN 1 AND 10000
    BEGIN
        THROW 50001, N'usp_ListCauses: @causes must be 1 to 10000.', 1;
    END;

    IF COALESCE(@values, -1) NOT BETWEEN 0 AND 100
    BEGIN
        THROW 50001, N'usp_ListCauses: @values must be 0 to 100.', 1;
    END;

    -- Counts that wait for a completion that hangs would hide it.
    IF (
            SELECT d.is_read_committed_snapshot_on
            FROM sys.databases AS d
            WHERE d.name = DB_NAME()
        ) = 0
        SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;

    CREATE TABLE #cause
    (
        applications bigint NOT NULL,
        failure_category varchar(30) COLLATE DATABASE_DEFAULT NOT NULL,
        failure_table nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        failure_column nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
        path_shape nvarchar(1000) COLLATE DATABASE_DEFAULT NULL,
        error_number int NULL,
        first_at_utc datetime2(3) NOT NULL,
        last_at_utc datetime2(3) NOT NULL,
        example_app_id bigint NOT NULL,
        example_reason nvarchar(2048) COLLATE DATABASE_DEFAULT NULL,
        fingerprint char(16) COLLATE DATABASE_DEFAULT NULL
    );

    INSERT INTO #cause
        (
            applications,
            failure_category,
            failure_table,
            failure_column,
            path_shape,
            error_number,
            first_at_utc,
            last_at_utc,
            example_app_id,
            example_reason,
            fingerprint
        )
    SELECT
        f.applications,
        f.failure_category,
        f.failure_table,
        f.failure_column,
        f.path_shape,
        f.error_number,
        f.first_at_utc,
        f.last_at_utc,
        f.example_app_id,
        f.example_reason,
        f.fingerprint
    FROM [$(Schema)].[ufn_FailureCauses](@since_seconds) AS f
    OPTION (RECOMPILE);

    DECLARE
        @all_causes bigint,
        @all_applications bigint;

    SELECT
        @all_causes = COUNT_BIG(*),
        @all_applications = COALESCE(SUM(c.applications), 0)
    FROM #cause AS c;

    DELETE FROM #cause
    WHERE example_app_id NOT IN
        (
            SELECT TOP (@causes) k.example_app_id
            FROM #cause AS k
            ORDER BY
                k.applications DESC,
                k.example_app_id ASC
        );

    SELECT
        c.applications,
        c.failure_category,
        c.failure_table,
        c.failure_column,
        c.path_shape,
        c.error_number,
        c.first_at_utc,
        c.last_at_utc,
        c.example_app_id,
        c.example_reason,
        c.fingerprint,
        @all_causes AS all_causes,
        @all_applications AS all_applications
    FROM #cause AS c
    ORDER BY
        c.applications DESC,
        c.example_app_id ASC;

    SELECT
        v.fingerprint,
        v.failure_value,
        v.applications
    FROM
        (
            SELECT
                c.fingerprint,
                l.failure_value,
                COUNT_BIG(*) AS applications,
                ROW_NUMBER() OVER (
                    PARTITION BY c.fingerprint
                    ORDER BY COUNT_BIG(*) DESC, l.failure_value ASC
                ) AS place
            FROM #cause AS c
            INNER JOIN [$(Schema)].[ufn_FailedApps](@since_seconds) AS l
                ON c.failure_category = l.failure_category AND c.fingerprint = l.fingerprint
            WHERE l.failure_value IS NOT NULL
                AND @values > 0
            GROUP BY
                c.fingerprint,
                l.failure_value
        ) AS v
    WHERE v.place <= @values
    ORDER BY
        v.fingerprint,
        v.place
    OPTION (RECOMPILE);
END;
GO
