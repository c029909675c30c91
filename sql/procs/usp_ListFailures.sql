SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Lists the applications whose latest attempt failed and that are not in the queue, a
            page at a time, with the details of each failure.
Parameters: @failure_category  only this category; default NULL, all
            @fingerprint       only this cause, 16 hexadecimal digits; default NULL, all
            @since_seconds     only those that were completed within so many seconds before now, 0 or more;
                               default NULL, all
            @after_app_id      only ids above this, the last id of the previous page; default NULL
            @page_size         at most this many, 1 to 10000, default 1000
Results:    one row per application, in order of id: app_id, attempt, failure_category,
            failure_table, failure_column, failure_path, failure_line, failure_column_number,
            failure_value, failure_reason, fingerprint, error_number, processed_at_utc, worker_name,
            document_bytes, source_hash, contract_hash, rows_of_attempt (the earlier success that
            its rows in the target tables are of; NULL if it has none)
Errors:     50001 a parameter is wrong
Called by:  the executable (export-failed); by hand
Isolation:  READ COMMITTED; seeks the failed part of IX_processing_log_latest: with a fingerprint, only its
            entries above @after_app_id, which are in order of id; otherwise those of the category, or all,
            and sorts them. READ UNCOMMITTED while READ_COMMITTED_SNAPSHOT is off, so that it does not wait
            for a completion that hangs: it may then list what is rolled back
Example:    EXEC [$(Schema)].[usp_ListFailures] @failure_category = 'bad_value', @page_size = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ListFailures]
    @failure_category varchar(30) = NULL,
    @fingerprint char(16) = NULL,
    @since_seconds int = NULL,
    @after_app_id bigint = NULL,
    @page_size int = 1000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    IF @since_seconds < 0
    BEGIN
        THROW 50001, N'usp_ListFailures: @since_seconds must be 0 or more.', 1;
    END;

    IF COALESCE(@page_size, 0) NOT BETWEEN 1 AND 10000
    BEGIN
        THROW 50001, N'usp_ListFailures: @page_size must be 1 to 10000.', 1;
    END;

    -- A list that waits for a completion that hangs would hide it.
    IF (
            SELECT d.is_read_committed_snapshot_on
            FROM sys.databases AS d
            WHERE d.name = DB_NAME()
        ) = 0
        SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;

    -- The category makes a seek of it, in order of id.
    IF @fingerprint IS NOT NULL AND @failure_category IS NULL
        SET @failure_category = [$(Schema)].[ufn_CategoryOf](@fingerprint);

    SELECT TOP (@page_size)
        l.app_id,
        l.attempt,
        l.failure_category,
        l.failure_table,
        l.failure_column,
        l.failure_path,
        l.failure_line,
        l.failure_column_number,
        l.failure_value,
        l.failure_reason,
        CONVERT(char(16), l.fingerprint) AS fingerprint,
        l.error_number,
        l.processed_at_utc,
        s.worker_name,
        l.document_bytes,
        l.source_hash,
        l.contract_hash,
        (
            SELECT k.attempt
            FROM [$(Schema)].[processing_log] AS k
            WHERE k.app_id = l.app_id
                AND k.has_rows = 1
        ) AS rows_of_attempt
    FROM [$(Schema)].[ufn_FailedApps](@since_seconds) AS l
    LEFT OUTER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON l.session_id = s.session_id
    WHERE (@failure_category IS NULL OR l.failure_category = @failure_category)
        AND (@fingerprint IS NULL OR l.fingerprint = @fingerprint)
        AND (@after_app_id IS NULL OR l.app_id > @after_app_id)
    ORDER BY l.app_id
    OPTION (RECOMPILE);
END;
GO
