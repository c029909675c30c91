SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Lists the applications that the log knows as a success, also those whose source row is gone, a
            page at a time, with the attempt that their rows are of.
Parameters: @app_ids       only these, separated by commas; default NULL, all
            @unlogged      'Y': also those with a source row and rows of which the log knows no success, such
                           as another program writes; default 'N'
            @after_app_id  only ids above this, the last id of the previous page; default NULL
            @page_size     at most this many, 1 to 10000, default 1000
Results:    one row per application, in order of id: app_id, attempt, claimed_at_utc, source_hash,
            contract_hash. The last four are NULL where the log knows no success. Of an adopted success
            contract_hash is 0x00…, and claimed_at_utc is not the time of a claim
Errors:     50001 a parameter is wrong
Called by:  the executable (verify)
Isolation:  READ COMMITTED; reads the source in order of id, seeks the log and, with @unlogged, the
            target tables; then reads the log between the first and the last of these ids
Example:    EXEC [$(Schema)].[usp_ListWritten] @unlogged = 'Y', @page_size = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ListWritten]
    @app_ids nvarchar(max) = NULL,
    @unlogged char(1) = 'N',
    @after_app_id bigint = NULL,
    @page_size int = 1000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @last_app_id bigint;
    DECLARE @written TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NULL,
        claimed_at_utc datetime2(3) NULL,
        source_hash binary(32) NULL,
        contract_hash binary(32) NULL
    );

    IF COALESCE(@page_size, 0) NOT BETWEEN 1 AND 10000
    BEGIN
        THROW 50001, N'usp_ListWritten: @page_size must be 1 to 10000.', 1;
    END;

    IF COALESCE(@unlogged, '') NOT IN ('Y', 'N')
    BEGIN
        THROW 50001, N'usp_ListWritten: @unlogged must be Y or N.', 1;
    END;

    INSERT INTO @written (app_id, attempt, claimed_at_utc, source_hash, contract_hash)
    SELECT TOP (@page_size)
        CONVERT(bigint, s.[$(SourceIdColumn)]) AS app_id,
        l.attempt,
        l.claimed_at_utc,
        l.source_hash,
        COALESCE(l.base_contract_hash, l.contract_hash) AS contract_hash
    FROM [$(SourceSchema)].[$(SourceTable)] AS s
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l
        ON s.[$(SourceIdColumn)] = l.app_id
            AND (l.has_rows = 1 OR (l.is_latest = 1 AND l.status = 'success'))
    WHERE (@after_app_id IS NULL OR s.[$(SourceIdColumn)] > @after_app_id)
        AND
        (
            @app_ids IS NULL
            OR s.[$(SourceIdColumn)] IN (SELECT i.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS i)
        )
        AND
        (
            l.app_id IS NOT NULL
            OR
            (
                @unlogged = 'Y'
                AND EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[vw_TargetRows] AS r
                    WHERE r.app_id = s.[$(SourceIdColumn)]
                )
            )
        )
    ORDER BY s.[$(SourceIdColumn)]
    OPTION (RECOMPILE);

    -- A page that is not full has all of the source that is left.
    SELECT @last_app_id = CASE
        WHEN COUNT(*) < @page_size THEN 9223372036854775807
        ELSE MAX(w.app_id)
    END
    FROM @written AS w;

    INSERT INTO @written (app_id, attempt, claimed_at_utc, source_hash, contract_hash)
    SELECT TOP (@page_size)
        l.app_id,
        l.attempt,
        l.claimed_at_utc,
        l.source_hash,
        COALESCE(l.base_contract_hash, l.contract_hash) AS contract_hash
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.app_id > COALESCE(@after_app_id, -9223372036854775808)
        AND l.app_id <= @last_app_id
        AND
        (
            @app_ids IS NULL
            OR l.app_id IN (SELECT i.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS i)
        )
        AND (l.has_rows = 1 OR (l.is_latest = 1 AND l.status = 'success'))
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(SourceSchema)].[$(SourceTable)] AS s
            WHERE s.[$(SourceIdColumn)] = l.app_id
        )
    ORDER BY l.app_id
    OPTION (RECOMPILE);

    SELECT TOP (@page_size)
        w.app_id,
        w.attempt,
        w.claimed_at_utc,
        w.source_hash,
        w.contract_hash
    FROM @written AS w
    ORDER BY w.app_id;
END;
GO
