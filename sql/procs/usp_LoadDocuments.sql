SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Inserts documents of files into the source table, each unless the table has it, with what is kept of
            their files. All in one transaction, so that a repetition adds nothing twice.
Parameters: @replace  Y: a document with an id that is in use replaces the one under it; N (default): then nothing
                      is loaded
            @again    Y: documents that were loaded before are loaded once more; default N
            @first_app_id
                      an application that an earlier call of the same load inserted: these get the same time, so
                      that a load is taken back as a whole; default NULL
            The caller's temp table #document has the documents, see sql/README.md. A document without an id gets
            the next one after the highest that the source table, the watermark and the log have, or, if the
            column is an IDENTITY, the one that the table generates.
Results:    one row per document, in order of ordinal: ordinal; app_id; fate: loaded, already (the source table has
            it), or refused (its id is in use: nothing was loaded); is_behind: 1 if enqueueing finds its id only with
            @mode = 'full', because it is below the watermark
Errors:     50001 a parameter is wrong          50002 a transaction is open
            50030 the source table cannot be read
            50033 another load or unload did not end within 30 seconds
            50036 the source table cannot be filled, see usp_CheckLoad; or the ids that the table would give are not
            to be had: a DEFAULT makes them, or the log knows them
            50037 a document does not fit the column: the message names its file
Called by:  the executable (load)
Isolation:  READ COMMITTED. One load at a time holds the application lock of loading; for an id, the end of the
            source table's index is locked until the commit. Lock order: the source table, processing_file.
            EXECUTE AS OWNER: SET IDENTITY_INSERT needs ALTER on the table.
Example:    called by xmlshred load
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_LoadDocuments]
    @replace char(1) = 'N',
    @again char(1) = 'N',
    @first_app_id bigint = NULL
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @message nvarchar(2048);
    DECLARE @loaded_at datetime2(3);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @is_identity bit;
    DECLARE @highest bigint;
    DECLARE @logged bigint;
    DECLARE @watermark bigint;
    DECLARE @lock_result int;
    DECLARE @refused int;
    DECLARE @file_path nvarchar(1000);
    DECLARE @fate TABLE
    (
        ordinal int NOT NULL PRIMARY KEY,
        app_id bigint NULL,
        fate varchar(8) NOT NULL,
        is_new bit NOT NULL
    );
    DECLARE @given TABLE (ordinal int NOT NULL PRIMARY KEY, app_id bigint NOT NULL);
    DECLARE @generated TABLE (app_id bigint NOT NULL PRIMARY KEY);

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_LoadDocuments: a transaction is open; commit or roll it back, then call again.', 1;

    IF COALESCE(@replace, '') NOT IN ('Y', 'N') OR COALESCE(@again, '') NOT IN ('Y', 'N')
        THROW 50001, N'usp_LoadDocuments: @replace and @again must be Y or N.', 1;

    IF @document_type IS NULL
    BEGIN
        SET @message = [$(Schema)].[ufn_SourceProblem]();
        THROW 50030, @message, 1;
    END;

    SET @message = [$(Schema)].[ufn_LoadProblem]();

    IF @message IS NOT NULL
    BEGIN
        THROW 50036, @message, 1;
    END;

    SELECT @is_identity = c.is_identity
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
        AND c.name = N'$(SourceIdColumn)';

    IF @document_type = N'xml'
    BEGIN
        SET @file_path = (
            SELECT TOP (1) d.file_path
            FROM #document AS d
            WHERE d.document IS NOT NULL
                AND TRY_CONVERT(xml, d.document, 1) IS NULL
            ORDER BY d.ordinal ASC
        );
        SET @message = CONCAT(
            @file_path, N' is not well-formed, or has a DOCTYPE: the xml column $(SourceDocumentColumn) takes neither;',
            N' correct or omit it'
        );
    END;

    IF @file_path IS NOT NULL
        THROW 50037, @message, 1;

    -- Ids of a sequence are not paired with the documents in any order that is promised.
    IF @is_identity = 0
        AND EXISTS
        (
            SELECT 1
            FROM #document AS d
            WHERE d.app_id IS NULL
        )
        AND EXISTS
        (
            SELECT 1
            FROM sys.columns AS c
            WHERE c.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
                AND c.name = N'$(SourceIdColumn)'
                AND c.default_object_id <> 0
        )
    BEGIN
        SET @message = CONCAT(
            N'the ids of [$(SourceSchema)].[$(SourceTable)] come from a DEFAULT of $(SourceIdColumn), and a load would',
            N' take others: add --app-id-from digits, or --app-id-from key'
        );
        THROW 50036, @message, 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        EXEC @lock_result = sys.sp_getapplock
            @Resource = N'xmlshred $(Schema) load',
            @LockMode = 'Exclusive',
            @LockOwner = 'Transaction',
            @LockTimeout = 30000;

        IF @lock_result < 0
        BEGIN
            SET @message = CONCAT(N'sp_getapplock returned ', @lock_result, N' for the load lock: call again.');
            THROW 50033, @message, 1;
        END;

        SET @loaded_at = COALESCE(
            (
                SELECT f.loaded_at_utc
                FROM [$(Schema)].[processing_file] AS f
                WHERE f.app_id = @first_app_id
            ),
            SYSUTCDATETIME()
        );

        -- Without an id, the file decides: the last document of its place, if it has this content.
        INSERT INTO @fate (ordinal, app_id, fate, is_new)
        SELECT
            d.ordinal,
            CASE
                WHEN @again = 'N'
                    AND MAX(CASE WHEN f.source_hash = CONVERT(binary(32), d.source_hash) THEN s.[$(SourceIdColumn)] END)
                    = MAX(s.[$(SourceIdColumn)])
                    THEN MAX(s.[$(SourceIdColumn)])
            END,
            CASE
                WHEN @again = 'N'
                    AND MAX(CASE WHEN f.source_hash = CONVERT(binary(32), d.source_hash) THEN s.[$(SourceIdColumn)] END)
                    = MAX(s.[$(SourceIdColumn)])
                    THEN 'already'
                ELSE 'loaded'
            END,
            1
        FROM #document AS d
        LEFT OUTER JOIN [$(Schema)].[processing_file] AS f
            ON d.place_id = f.place_id
                AND d.record_number = f.record_number
                AND (
                    d.record_path IS NULL
                    OR f.record_path IS NULL
                    OR (d.record_path = f.record_path AND d.has_envelope = f.has_envelope)
                )
        LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK)
            ON f.app_id = s.[$(SourceIdColumn)]
        WHERE d.app_id IS NULL
        GROUP BY d.ordinal;

        -- With one, what is under it, unless another program has changed that.
        INSERT INTO @fate (ordinal, app_id, fate, is_new)
        SELECT
            d.ordinal,
            d.app_id,
            CASE
                WHEN s.[$(SourceIdColumn)] IS NULL AND l.app_id IS NULL THEN 'loaded'
                WHEN s.[$(SourceIdColumn)] IS NOT NULL
                    AND f.source_hash = CONVERT(binary(32), d.source_hash)
                    AND @again = 'N'
                    AND (
                        f.stored_hash IS NULL
                        OR f.stored_hash = [$(Schema)].[ufn_DocumentHash](d.app_id, @document_type)
                    )
                    THEN 'already'
                WHEN @replace = 'Y' THEN 'loaded'
                ELSE 'refused'
            END,
            CASE WHEN s.[$(SourceIdColumn)] IS NULL THEN 1 ELSE 0 END
        FROM #document AS d
        LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s WITH (UPDLOCK, HOLDLOCK)
            ON d.app_id = s.[$(SourceIdColumn)]
        LEFT OUTER JOIN [$(Schema)].[processing_file] AS f ON d.app_id = f.app_id
        LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON d.app_id = l.app_id AND l.is_latest = 1
        WHERE d.app_id IS NOT NULL;

        SET @refused = (
            SELECT COUNT(*)
            FROM @fate AS t
            WHERE t.fate = 'refused'
        );

        IF @refused > 0
        BEGIN
            ROLLBACK TRANSACTION;
        END
        ELSE
        BEGIN
            SET @watermark = (
                SELECT MAX(w.app_id)
                FROM [$(Schema)].[processing_watermark] AS w
            );

            IF @is_identity = 1
            BEGIN
                -- With ORDER BY, the ids ascend as the documents do.
                INSERT INTO [$(SourceSchema)].[$(SourceTable)] ([$(SourceDocumentColumn)])
                OUTPUT inserted.[$(SourceIdColumn)] INTO @generated (app_id)
                SELECT d.stored_document
                FROM @fate AS t
                INNER JOIN #document AS d ON t.ordinal = d.ordinal
                WHERE t.fate = 'loaded'
                    AND t.app_id IS NULL
                ORDER BY t.ordinal ASC;

                WITH numbered AS (
                    SELECT
                        t.ordinal,
                        ROW_NUMBER() OVER (ORDER BY t.ordinal ASC) AS place
                    FROM @fate AS t
                    WHERE t.fate = 'loaded'
                        AND t.app_id IS NULL
                ),

                generated AS (
                    SELECT
                        g.app_id,
                        ROW_NUMBER() OVER (ORDER BY g.app_id ASC) AS place
                    FROM @generated AS g
                )

                INSERT INTO @given (ordinal, app_id)
                SELECT
                    n.ordinal,
                    g.app_id
                FROM numbered AS n
                INNER JOIN generated AS g ON n.place = g.place;

                -- A table that was emptied generates ids of finished applications, and nothing would enqueue them.
                SET @logged = (
                    SELECT MIN(g.app_id)
                    FROM @generated AS g
                    INNER JOIN [$(Schema)].[processing_log] AS l ON g.app_id = l.app_id AND l.is_latest = 1
                );

                IF @logged IS NOT NULL
                BEGIN
                    SET @message = CONCAT(
                        N'[$(SourceSchema)].[$(SourceTable)] generated the id ', @logged,
                        N', which the log knows already: run DBCC CHECKIDENT'
                        + N' (N''[$(SourceSchema)].[$(SourceTable)]'', RESEED, ',
                        (
                            SELECT MAX(l.app_id)
                            FROM [$(Schema)].[processing_log] AS l
                        ),
                        N'), then load again'
                    );
                    THROW 50036, @message, 1;
                END;
            END
            ELSE
            BEGIN
                -- Nobody else inserts behind it before the commit.
                SET @highest = (
                    SELECT MAX(s.[$(SourceIdColumn)])
                    FROM [$(SourceSchema)].[$(SourceTable)] AS s WITH (UPDLOCK, HOLDLOCK)
                );

                SET @logged = (
                    SELECT MAX(l.app_id)
                    FROM [$(Schema)].[processing_log] AS l
                );
                SET @highest = CASE WHEN @highest > 0 THEN @highest ELSE 0 END;
                SET @highest = CASE WHEN @watermark > @highest THEN @watermark ELSE @highest END;
                SET @highest = CASE WHEN @logged > @highest THEN @logged ELSE @highest END;

                INSERT INTO @given (ordinal, app_id)
                SELECT
                    t.ordinal,
                    @highest + ROW_NUMBER() OVER (ORDER BY t.ordinal ASC)
                FROM @fate AS t
                WHERE t.fate = 'loaded'
                    AND t.app_id IS NULL;
            END;

            UPDATE [$(SourceSchema)].[$(SourceTable)]
            SET [$(SourceDocumentColumn)] = (
                SELECT d.stored_document
                FROM @fate AS t
                INNER JOIN #document AS d ON t.ordinal = d.ordinal
                WHERE d.app_id = [$(SourceTable)].[$(SourceIdColumn)]
                    AND t.fate = 'loaded'
            )
            WHERE [$(SourceIdColumn)] IN
                (
                    SELECT d.app_id
                    FROM @fate AS t
                    INNER JOIN #document AS d ON t.ordinal = d.ordinal
                    WHERE t.fate = 'loaded'
                        AND t.is_new = 0
                        AND d.app_id IS NOT NULL
                );

            -- What the table has not generated already.
            IF EXISTS
                (
                    SELECT 1
                    FROM @fate AS t
                    WHERE t.fate = 'loaded'
                        AND t.is_new = 1
                        AND (t.app_id IS NOT NULL OR @is_identity = 0)
                )
            BEGIN
                IF @is_identity = 1
                BEGIN
                    SET IDENTITY_INSERT [$(SourceSchema)].[$(SourceTable)] ON;
                END;

                INSERT INTO [$(SourceSchema)].[$(SourceTable)]
                (
                    [$(SourceIdColumn)],
                    [$(SourceDocumentColumn)]
                )
                SELECT
                    COALESCE(t.app_id, i.app_id),
                    d.stored_document
                FROM @fate AS t
                INNER JOIN #document AS d ON t.ordinal = d.ordinal
                LEFT OUTER JOIN @given AS i ON t.ordinal = i.ordinal
                WHERE t.fate = 'loaded'
                    AND t.is_new = 1
                    AND (t.app_id IS NOT NULL OR @is_identity = 0);

                IF @is_identity = 1
                BEGIN
                    SET IDENTITY_INSERT [$(SourceSchema)].[$(SourceTable)] OFF;
                END;
            END;

            IF @document_type = N'varchar'
            BEGIN
                -- Characters that the column's code page does not have are question marks now.
                SET @file_path = (
                    SELECT TOP (1) d.file_path
                    FROM @fate AS t
                    INNER JOIN #document AS d ON t.ordinal = d.ordinal
                    LEFT OUTER JOIN @given AS i ON t.ordinal = i.ordinal
                    INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s
                        ON COALESCE(t.app_id, i.app_id) = s.[$(SourceIdColumn)]
                    WHERE t.fate = 'loaded'
                        AND CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[$(SourceDocumentColumn)]))
                        <> CONVERT(varbinary(max), CONVERT(nvarchar(max), d.document))
                    ORDER BY t.ordinal ASC
                );

                IF @file_path IS NOT NULL
                BEGIN
                    SET @message = CONCAT(
                        @file_path, N' has characters that the varchar column $(SourceDocumentColumn) does not have;',
                        N' change it to nvarchar(max)'
                    );
                    THROW 50037, @message, 1;
                END;
            END;

            -- Of a document that was deleted or replaced there may be a row.
            DELETE FROM [$(Schema)].[processing_file]
            WHERE app_id IN
            (
                SELECT COALESCE(t.app_id, i.app_id)
                FROM @fate AS t
                LEFT OUTER JOIN @given AS i ON t.ordinal = i.ordinal
                WHERE t.fate = 'loaded'
            );

            INSERT INTO [$(Schema)].[processing_file]
            (
                app_id,
                file_path,
                file_name,
                place_id,
                record_number,
                record_path,
                has_envelope,
                document_bytes,
                source_hash,
                stored_hash,
                has_replaced,
                loaded_at_utc,
                login_name
            )
            SELECT
                COALESCE(t.app_id, i.app_id),
                d.file_path,
                d.file_name,
                d.place_id,
                d.record_number,
                d.record_path,
                d.has_envelope,
                d.document_bytes,
                CONVERT(binary(32), d.source_hash),
                [$(Schema)].[ufn_DocumentHash](COALESCE(t.app_id, i.app_id), @document_type),
                CASE t.is_new WHEN 1 THEN 0 ELSE 1 END,
                @loaded_at,
                ORIGINAL_LOGIN()
            FROM @fate AS t
            INNER JOIN #document AS d ON t.ordinal = d.ordinal
            LEFT OUTER JOIN @given AS i ON t.ordinal = i.ordinal
            WHERE t.fate = 'loaded';

            COMMIT TRANSACTION;
        END;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        THROW;
    END CATCH;

    SELECT
        t.ordinal,
        COALESCE(t.app_id, i.app_id) AS app_id,
        t.fate,
        CONVERT(
            bit,
            CASE
                WHEN t.fate = 'loaded' AND t.is_new = 1 AND COALESCE(t.app_id, i.app_id) < @watermark - 10000 THEN 1
                ELSE 0
            END
        ) AS is_behind
    FROM @fate AS t
    LEFT OUTER JOIN @given AS i ON t.ordinal = i.ordinal
    ORDER BY t.ordinal ASC;
END;
GO
