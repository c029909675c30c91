SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Lists the finished applications, whose last attempt succeeded and that are not in the queue, a
            page at a time.
Parameters: @app_ids       only these, separated by commas; default NULL, all
            @fingerprint   only those of which an earlier attempt failed with this cause, 16 hexadecimal
                           digits, if the log still has that attempt; default NULL, all
            @after_app_id  only ids above this, the last id of the previous page; default NULL
            @page_size     at most this many, 1 to 10000, default 1000
Results:    one row per application, in order of id: app_id, attempt, claimed_at_utc, source_hash,
            contract_hash. Of an adopted success contract_hash is 0x00..., and claimed_at_utc is not
            the time of a claim
Errors:     50001 a parameter is wrong
Called by:  the executable (backfill)
Isolation:  READ COMMITTED; reads the log in order of id, and seeks the queue
Example:    EXEC [$(Schema)].[usp_ListFinished] @page_size = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ListFinished]
    @app_ids nvarchar(max) = NULL,
    @fingerprint char(16) = NULL,
    @after_app_id bigint = NULL,
    @page_size int = 1000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    IF COALESCE(@page_size, 0) NOT BETWEEN 1 AND 10000
    BEGIN
        THROW 50001, N'usp_ListFinished: @page_size must be 1 to 10000.', 1;
    END;

    SELECT TOP (@page_size)
        l.app_id,
        l.attempt,
        l.claimed_at_utc,
        l.source_hash,
        COALESCE(l.base_contract_hash, l.contract_hash) AS contract_hash
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.is_latest = 1
        AND l.status = 'success'
        AND (@after_app_id IS NULL OR l.app_id > @after_app_id)
        AND (
            @app_ids IS NULL
            OR l.app_id IN (SELECT i.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS i)
        )
        AND (
            @fingerprint IS NULL
            OR EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_log] AS f
                WHERE f.app_id = l.app_id
                    AND f.fingerprint = @fingerprint
            )
        )
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
    ORDER BY l.app_id
    OPTION (RECOMPILE);
END;
GO
