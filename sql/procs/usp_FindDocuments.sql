SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Says of documents that may be loaded what the source table has that each resembles. A document of which
            the source row was deleted does not count. Records that were taken out of a file in another way (with
            another record_path or has_envelope) are others; where these are NULL, they are taken for equal.
Parameters: none; the caller's temp table #document has the documents, see sql/README.md
Results:    one row per document, in order of ordinal:
            ordinal
            same_app_id     from this place, with this number and content, if nothing was loaded with this number
                            afterwards
            earlier_app_id  from this place, with this number and content, if something was
            changed_app_id  from this place, with this number and other content: the last one
            other_app_id    of the first document of a file (number 0 or 1), if nothing from this place has its number:
                            from this place, taken out of the file in another way
            other_record_number, other_record_path, other_has_envelope
                            how that one was taken out of it
            moved_app_id    of a record without an id: from this place, with another number and this content
            copy_app_id     of a document without an id: from another place, with this name and content; of a
                            record, from a file of this name, with any number
            copy_path       its path
            under_id        of a document with an id: same (the source table has the same file under it), other
                            (it has another document, also this file's if another program has changed that, or the
                            log knows the id), or NULL
            is_logged       whether the log knows that id
            is_corrected    whether another program has changed the document under this id, or without an id that of
                            same_app_id, since it was loaded
Errors:     none
Called by:  the executable (load), before it loads
Isolation:  READ COMMITTED; reads by key, and waits for what another load inserts. EXECUTE AS OWNER: the catalog says
            what the source is, and shred_loader sees nothing of it.
Example:    called by xmlshred load
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_FindDocuments]
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @history TABLE (ordinal int NOT NULL PRIMARY KEY, app_id bigint NULL, last_app_id bigint NOT NULL);
    DECLARE @other TABLE (ordinal int NOT NULL PRIMARY KEY, app_id bigint NULL);
    DECLARE @resembling TABLE
    (
        ordinal int NOT NULL PRIMARY KEY,
        moved_app_id bigint NULL,
        copy_app_id bigint NULL
    );

    INSERT INTO @history (ordinal, app_id, last_app_id)
    SELECT
        d.ordinal,
        MAX(CASE WHEN f.source_hash = CONVERT(binary(32), d.source_hash) THEN f.app_id END),
        MAX(f.app_id)
    FROM #document AS d
    INNER JOIN [$(Schema)].[processing_file] AS f
        ON d.place_id = f.place_id AND d.record_number = f.record_number
    INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON f.app_id = s.[$(SourceIdColumn)]
    WHERE d.record_path IS NULL
        OR f.record_path IS NULL
        OR (d.record_path = f.record_path AND d.has_envelope = f.has_envelope)
    GROUP BY d.ordinal;

    -- One of them is enough: the file may have millions of records.
    INSERT INTO @other (ordinal, app_id)
    SELECT
        d.ordinal,
        (
            SELECT TOP (1) f.app_id
            FROM [$(Schema)].[processing_file] AS f
            INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON f.app_id = s.[$(SourceIdColumn)]
            WHERE f.place_id = d.place_id
                AND (
                    (d.record_number = 0 AND f.record_number > 0)
                    OR (d.record_number = 1 AND f.record_number = 0)
                    OR (d.record_number = 1 AND (d.record_path <> f.record_path OR d.has_envelope <> f.has_envelope))
                )
            ORDER BY f.record_number ASC
        )
    FROM #document AS d
    LEFT OUTER JOIN @history AS h ON d.ordinal = h.ordinal
    WHERE d.record_number <= 1
        AND h.ordinal IS NULL;

    -- The others only: a file of equal records that is loaded again would be compared with itself, each record
    -- with each. Each question has an index; whether the source row exists is asked of all answers together.
    WITH asked AS (
        SELECT
            d.ordinal,
            d.app_id,
            d.file_name,
            d.place_id,
            d.record_number,
            d.record_path,
            d.has_envelope,
            CONVERT(binary(32), d.source_hash) AS source_hash
        FROM #document AS d
        LEFT OUTER JOIN @history AS h ON d.ordinal = h.ordinal AND h.app_id = h.last_app_id
        WHERE h.ordinal IS NULL
    ),

    answer AS (
        SELECT
            d.ordinal,
            'moved' AS likeness,
            f.app_id
        FROM asked AS d
        INNER JOIN [$(Schema)].[processing_file] AS f
            ON d.place_id = f.place_id AND d.source_hash = f.source_hash
        WHERE d.app_id IS NULL
            AND d.record_number > 0
            AND f.record_number > 0
            AND d.record_number <> f.record_number
            AND (
                d.record_path IS NULL
                OR f.record_path IS NULL
                OR (d.record_path = f.record_path AND d.has_envelope = f.has_envelope)
            )
        UNION ALL
        SELECT
            d.ordinal,
            'copy' AS likeness,
            f.app_id
        FROM asked AS d
        INNER JOIN [$(Schema)].[processing_file] AS f
            ON d.file_name = f.file_name AND d.source_hash = f.source_hash
        WHERE d.app_id IS NULL
            AND d.record_number = 0
            AND d.place_id <> f.place_id
        UNION ALL
        SELECT
            d.ordinal,
            'copy' AS likeness,
            f.app_id
        FROM asked AS d
        INNER JOIN [$(Schema)].[processing_file] AS f ON d.source_hash = f.source_hash
        WHERE d.app_id IS NULL
            AND d.record_number > 0
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
    )

    INSERT INTO @resembling (ordinal, moved_app_id, copy_app_id)
    SELECT
        a.ordinal,
        MIN(CASE WHEN a.likeness = 'moved' THEN a.app_id END),
        MIN(CASE WHEN a.likeness = 'copy' THEN a.app_id END)
    FROM answer AS a
    INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON a.app_id = s.[$(SourceIdColumn)]
    GROUP BY a.ordinal;

    SELECT
        d.ordinal,
        CASE WHEN h.app_id = h.last_app_id THEN h.app_id END AS same_app_id,
        CASE WHEN h.app_id < h.last_app_id THEN h.app_id END AS earlier_app_id,
        CASE WHEN h.app_id IS NULL OR h.app_id < h.last_app_id THEN h.last_app_id END AS changed_app_id,
        t.app_id AS other_app_id,
        o.record_number AS other_record_number,
        o.record_path AS other_record_path,
        o.has_envelope AS other_has_envelope,
        r.moved_app_id,
        r.copy_app_id,
        c.file_path AS copy_path,
        CASE
            WHEN s.[$(SourceIdColumn)] IS NULL AND l.app_id IS NULL THEN NULL
            WHEN s.[$(SourceIdColumn)] IS NOT NULL
                AND f.source_hash = CONVERT(binary(32), d.source_hash)
                AND (
                    f.stored_hash IS NULL
                    OR f.stored_hash = [$(Schema)].[ufn_DocumentHash](d.app_id, @document_type)
                )
                THEN 'same'
            ELSE 'other'
        END AS under_id,
        CONVERT(bit, CASE WHEN l.app_id IS NULL THEN 0 ELSE 1 END) AS is_logged,
        CONVERT(
            bit,
            CASE
                WHEN EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_file] AS k
                        INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS v ON k.app_id = v.[$(SourceIdColumn)]
                        WHERE k.app_id = COALESCE(d.app_id, CASE WHEN h.app_id = h.last_app_id THEN h.app_id END)
                            AND k.stored_hash <> [$(Schema)].[ufn_DocumentHash](k.app_id, @document_type)
                    )
                    THEN 1
                ELSE 0
            END
        ) AS is_corrected
    FROM #document AS d
    LEFT OUTER JOIN @history AS h ON d.ordinal = h.ordinal
    LEFT OUTER JOIN @resembling AS r ON d.ordinal = r.ordinal
    LEFT OUTER JOIN @other AS t ON d.ordinal = t.ordinal
    LEFT OUTER JOIN [$(Schema)].[processing_file] AS o ON t.app_id = o.app_id
    LEFT OUTER JOIN [$(Schema)].[processing_file] AS c ON r.copy_app_id = c.app_id
    LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON d.app_id = s.[$(SourceIdColumn)]
    LEFT OUTER JOIN [$(Schema)].[processing_file] AS f ON d.app_id = f.app_id
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON d.app_id = l.app_id AND l.is_latest = 1
    ORDER BY d.ordinal ASC;
END;
GO
