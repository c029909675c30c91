SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Says of documents that may be loaded what the source table has that each resembles. A document of which
            the source row was deleted does not count.
Parameters: none; the caller's temp table #document has the documents, see sql/README.md
Results:    one row per document, in order of ordinal:
            ordinal
            same_app_id     from this place, with this number and content
            last_app_id     from this place, with this number: the last one
            moved_app_id    from this place, with another number and this content
            copy_app_id     from another place, with this name and content; of a record, from a file of this name,
                            with any number
            copy_path       its path
            under_id        of a document with an id: same (the source table has the same file under it), other
                            (it has another document, or the log knows the id), or NULL
Errors:     none
Called by:  the executable (load), before it loads
Isolation:  READ COMMITTED; reads by key, and waits for what another load inserts
Example:    called by xmlshred load
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_FindDocuments]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @place TABLE
    (
        ordinal int NOT NULL PRIMARY KEY,
        same_app_id bigint NULL,
        last_app_id bigint NULL
    );
    DECLARE @moved TABLE (ordinal int NOT NULL PRIMARY KEY, app_id bigint NOT NULL);
    DECLARE @copy TABLE (ordinal int NOT NULL PRIMARY KEY, app_id bigint NOT NULL);

    INSERT INTO @place (ordinal, same_app_id, last_app_id)
    SELECT
        d.ordinal,
        MAX(CASE WHEN f.source_hash = CONVERT(binary(32), d.source_hash) THEN f.app_id END),
        MAX(f.app_id)
    FROM #document AS d
    INNER JOIN [$(Schema)].[processing_file] AS f
        ON d.place_id = f.place_id AND d.record_number = f.record_number
    INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON f.app_id = s.[$(SourceIdColumn)]
    GROUP BY d.ordinal;

    INSERT INTO @moved (ordinal, app_id)
    SELECT
        d.ordinal,
        MIN(f.app_id)
    FROM #document AS d
    INNER JOIN [$(Schema)].[processing_file] AS f
        ON d.place_id = f.place_id AND f.source_hash = CONVERT(binary(32), d.source_hash)
    INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON f.app_id = s.[$(SourceIdColumn)]
    WHERE d.record_number > 0
        AND f.record_number > 0
        AND d.record_number <> f.record_number
    GROUP BY d.ordinal;

    INSERT INTO @copy (ordinal, app_id)
    SELECT
        d.ordinal,
        MIN(f.app_id)
    FROM #document AS d
    INNER JOIN [$(Schema)].[processing_file] AS f
        ON d.file_name = f.file_name AND f.source_hash = CONVERT(binary(32), d.source_hash)
    INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON f.app_id = s.[$(SourceIdColumn)]
    WHERE d.record_number = 0
        AND d.place_id <> f.place_id
    GROUP BY d.ordinal;

    INSERT INTO @copy (ordinal, app_id)
    SELECT
        d.ordinal,
        MIN(f.app_id)
    FROM #document AS d
    INNER JOIN [$(Schema)].[processing_file] AS f ON f.source_hash = CONVERT(binary(32), d.source_hash)
    INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON f.app_id = s.[$(SourceIdColumn)]
    WHERE d.record_number > 0
        AND f.record_number > 0
        AND d.place_id <> f.place_id
        -- The name of the file, which # and the number follow.
        AND CASE
            WHEN d.record_number > 0
                THEN LEFT(d.file_name, LEN(d.file_name) - LEN(CONVERT(varchar(20), d.record_number)) - 1)
        END = CASE
            WHEN f.record_number > 0
                THEN LEFT(f.file_name, LEN(f.file_name) - LEN(CONVERT(varchar(20), f.record_number)) - 1)
        END
    GROUP BY d.ordinal;

    SELECT
        d.ordinal,
        p.same_app_id,
        p.last_app_id,
        CASE WHEN p.same_app_id IS NULL THEN m.app_id END AS moved_app_id,
        CASE WHEN p.same_app_id IS NULL THEN c.app_id END AS copy_app_id,
        k.file_path AS copy_path,
        CASE
            WHEN s.[$(SourceIdColumn)] IS NULL AND l.app_id IS NULL THEN NULL
            WHEN s.[$(SourceIdColumn)] IS NOT NULL AND f.source_hash = CONVERT(binary(32), d.source_hash) THEN 'same'
            ELSE 'other'
        END AS under_id
    FROM #document AS d
    LEFT OUTER JOIN @place AS p ON d.ordinal = p.ordinal
    LEFT OUTER JOIN @moved AS m ON d.ordinal = m.ordinal
    LEFT OUTER JOIN @copy AS c ON d.ordinal = c.ordinal
    LEFT OUTER JOIN [$(Schema)].[processing_file] AS k ON c.app_id = k.app_id
    LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON d.app_id = s.[$(SourceIdColumn)]
    LEFT OUTER JOIN [$(Schema)].[processing_file] AS f ON d.app_id = f.app_id
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON d.app_id = l.app_id AND l.attempt = 1
    ORDER BY d.ordinal ASC;
END;
GO
