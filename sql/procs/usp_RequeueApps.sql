SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Requeues finished applications, both successful and failed ones. Their rows stay until
            the new attempt replaces them, so every target table of the installed contract must
            have on_existing = "replace".
Parameters: Exactly one of
            @app_ids              a comma-separated list of ids; ids that are not finished are
                                  ignored
            @app_id_start and     an inclusive range of ids
            @app_id_end
            @not_by_contract      32 bytes: every application completed under another contract
            @changed_document     Y: every application whose source document no longer has the
                                  logged hash; reads and hashes every document, and ignores deleted
                                  source rows. Default N
            and optionally
            @canary               at most this many, lowest ids first, 0 or more; default NULL, all
            @requested_by         for the events; default the login
            @Execute              Y: requeue (default); N: only return the applications
Results:    one row per application, in order of id: app_id, was (success, failed), attempts,
            failure_category
Errors:     50001 a parameter is wrong                50002 a transaction is open
            50020 no contract is installed            50030 the source table cannot be read
            50031 a target table does not have on_existing = "replace"
            50033 another retry or requeue did not end within 30 seconds
Called by:  operators; the executable (requeue)
Isolation:  READ COMMITTED, one transaction per 1000 applications. Locks queue, reads log, writes
            event. One retry or requeue runs at a time.
Example:    EXEC [$(Schema)].[usp_RequeueApps] @app_ids = N'101, 102', @Execute = 'N';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RequeueApps]
    @app_ids nvarchar(max) = NULL,
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL,
    @not_by_contract varbinary(64) = NULL,
    @changed_document char(1) = 'N',
    @canary bigint = NULL,
    @requested_by nvarchar(128) = NULL,
    @Execute char(1) = 'Y'
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @bad_entry nvarchar(40);
    DECLARE @installed_hash binary(32);
    DECLARE @table_name nvarchar(128);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_RequeueApps: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        CASE
            WHEN @changed_document NOT IN ('Y', 'N') OR @changed_document IS NULL
                THEN N' @changed_document must be Y or N.'
        END,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        CASE
            WHEN CASE WHEN @app_ids IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @app_id_start IS NOT NULL OR @app_id_end IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @not_by_contract IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @changed_document = 'Y' THEN 1 ELSE 0 END <> 1
                THEN CONCAT(
                    N' Pass exactly one of @app_ids, @app_id_start with @app_id_end,',
                    N' @not_by_contract, @changed_document.'
                )
        END,
        CASE
            WHEN (@app_id_start IS NULL AND @app_id_end IS NOT NULL)
                OR (@app_id_start IS NOT NULL AND @app_id_end IS NULL)
                THEN N' A range needs @app_id_start and @app_id_end.'
            WHEN @app_id_start > @app_id_end
                THEN N' @app_id_start must not be above @app_id_end.'
        END,
        CASE
            WHEN DATALENGTH(@not_by_contract) <> 32
                THEN N' @not_by_contract must be 32 bytes.'
        END,
        CASE
            WHEN @bad_entry IS NOT NULL
                THEN CONCAT(N' @app_ids has an entry that is not an id: ', @bad_entry, N'.')
        END,
        CASE WHEN @canary < 0 THEN N' @canary must be 0 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_RequeueApps:' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = [$(Schema)].[ufn_SourceProblem]();
        THROW 50030, @message, 1;
    END;

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    IF @installed_hash IS NULL
    BEGIN
        THROW 50020, N'No contract is installed: run xmlshred install with one.', 1;
    END;

    SET @table_name = (
        SELECT TOP (1) t.table_name
        FROM [$(Schema)].[processing_contract_table] AS t
        WHERE t.contract_hash = @installed_hash
            AND t.on_existing <> 'replace'
        ORDER BY t.table_ordinal
    );

    IF @table_name IS NOT NULL
    BEGIN
        SET @message = CONCAT(
            N'Table ', @table_name, N' does not have on_existing = "replace" in the installed contract, so finished',
            N' applications cannot be requeued: their rows would be duplicated.'
        );
        THROW 50031, @message, 1;
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
        l.app_id,
        l.status,
        l.attempt,
        0
    FROM [$(Schema)].[processing_log] AS l
    LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON l.app_id = s.app_id AND @changed_document = 'Y'
    WHERE l.is_latest = 1
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
        AND (@app_id_start IS NULL OR l.app_id BETWEEN @app_id_start AND @app_id_end)
        AND (@not_by_contract IS NULL OR l.contract_hash <> @not_by_contract)
        AND (
            @app_ids IS NULL
            OR l.app_id IN (SELECT a.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS a)
        )
        AND (
            @changed_document = 'N'
            OR (
                s.app_id IS NOT NULL
                AND COALESCE(l.source_hash, 0x)
                <> COALESCE(
                    HASHBYTES(
                        'SHA2_256',
                        CASE
                            WHEN @document_type = N'varbinary' THEN CONVERT(varbinary(max), s.[xml])
                            ELSE CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[xml]))
                        END
                    ),
                    0x
                )
            )
        )
    ORDER BY l.app_id
    OPTION (RECOMPILE);

    IF @Execute = 'Y'
    BEGIN
        EXEC [$(Schema)].[usp_Redrive]
            @procedure_name = N'usp_RequeueApps',
            @requested_by = @requested_by;
    END;

    SELECT
        c.app_id,
        c.was,
        c.attempts,
        l.failure_category
    FROM #candidate AS c
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt
    WHERE c.moved = 1
        OR @Execute = 'N'
    ORDER BY c.app_id;
END;
GO
