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
            @not_by_contract      32 bytes: every application completed under another contract, but not
                                  by the earlier system, whose outcomes were adopted
            @changed_document     Y: every application whose source document no longer has the
                                  logged hash; reads and hashes every document, and ignores deleted
                                  source rows and adopted outcomes, which have no hash. Default N
            and optionally
            @canary               at most this many, lowest ids first, 0 or more; default NULL, all
            @requested_by         for the events; default the login
            @Execute              Y: requeue (default); N: only return the applications
Results:    one row per application, in order of id: app_id, was (success, failed), attempts,
            failure_category, fingerprint, failure_reason
Errors:     50001 a parameter is wrong                50002 a transaction is open
            50020 no contract is installed            50030 the source table cannot be read
            50031 a target table does not have on_existing = "replace"
            50033 another retry or requeue did not end within 30 seconds
            50034 an earlier log is not completely adopted
Called by:  operators; the executable (requeue)
Isolation:  as usp_Redrive, which does it. One retry or requeue runs at a time.
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

    DECLARE @message nvarchar(2048), @installed_hash binary(32), @table_name nvarchar(128);
    DECLARE @problem nvarchar(1000) = CONCAT(
        CASE WHEN COALESCE(@changed_document, '') NOT IN ('Y', 'N') THEN N' @changed_document must be Y or N.' END,
        CASE
            WHEN CASE WHEN @app_ids IS NULL THEN 0 ELSE 1 END
                + CASE WHEN COALESCE(@app_id_start, @app_id_end) IS NULL THEN 0 ELSE 1 END
                + CASE WHEN @not_by_contract IS NULL THEN 0 ELSE 1 END
                + CASE WHEN @changed_document = 'Y' THEN 1 ELSE 0 END <> 1
                THEN CONCAT(
                    N' Pass exactly one of @app_ids, @app_id_start with @app_id_end, @not_by_contract,',
                    N' @changed_document.'
                )
        END,
        CASE
            WHEN (@app_id_start IS NULL AND @app_id_end IS NOT NULL)
                OR (@app_id_start IS NOT NULL AND @app_id_end IS NULL)
                THEN N' A range needs @app_id_start and @app_id_end.'
            WHEN @app_id_start > @app_id_end
                THEN N' @app_id_start must not be above @app_id_end.'
        END,
        CASE WHEN DATALENGTH(@not_by_contract) <> 32 THEN N' @not_by_contract must be 32 bytes.' END
    );

    IF @@TRANCOUNT > 0
        THROW 50002, N'usp_RequeueApps: a transaction is open; commit or roll it back, then call again.', 1;

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    IF @problem = N''
    BEGIN
        EXEC [$(Schema)].[usp_CheckContract] @contract_hash = @installed_hash;
    END;

    SET @table_name = (
        SELECT TOP (1) t.table_name
        FROM [$(Schema)].[processing_contract_table] AS t
        WHERE t.contract_hash = @installed_hash
            AND t.on_existing <> 'replace'
        ORDER BY t.table_ordinal
    );

    IF @table_name IS NOT NULL AND @problem = N''
    BEGIN
        SET @message = CONCAT(
            N'Table ', @table_name, N' does not have on_existing = "replace" in the installed contract, so finished',
            N' applications cannot be requeued: their rows would be duplicated.'
        );
        THROW 50031, @message, 1;
    END;

    EXEC [$(Schema)].[usp_Redrive]
        @procedure_name = N'usp_RequeueApps',
        @problem = @problem,
        @app_ids = @app_ids,
        @app_id_start = @app_id_start,
        @app_id_end = @app_id_end,
        @not_by_contract = @not_by_contract,
        @changed_document = @changed_document,
        @canary = @canary,
        @requested_by = @requested_by,
        @Execute = @Execute;
END;
GO
