SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Makes a contract the installed one. Call it in the transaction that also creates the
            contract's usp_LoadApps, and call it first: a running completion locks the contract's
            row until it commits, so it never calls a new usp_LoadApps. Installing the installed
            contract again changes nothing.
Parameters: @contract_hash  32 bytes
            @contract_name  1 to 128 characters
            @contract_text  the contract file, or NULL
            Input table #contract_table (table_ordinal int, schema_name nvarchar(128),
            table_name nvarchar(128), on_existing varchar(7)): the
            target tables in load order, ordinals from 0 without a gap.
Results:    none
Errors:     50001 a parameter or #contract_table is wrong
Called by:  xmlshred install
Isolation:  READ COMMITTED, in the caller's transaction or its own. Locks the contracts.
Example:    -- As xmlshred install does, after CREATE TABLE #contract_table
            INSERT INTO #contract_table
            VALUES (0, N'sandbox', N'app_base', 'fail');
            EXEC [$(Schema)].[usp_InstallContract]
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000,
                @contract_name = N'credit-card';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_InstallContract]
    @contract_hash varbinary(64),
    @contract_name nvarchar(128),
    @contract_text nvarchar(max) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @message nvarchar(2048);
    DECLARE @targets int;
    DECLARE @distinct_targets int;
    DECLARE @last_ordinal int;

    IF OBJECT_ID(N'tempdb..#contract_table') IS NOT NULL
    BEGIN
        SELECT
            @targets = COUNT(*),
            @distinct_targets = COUNT(DISTINCT t.table_ordinal),
            @last_ordinal = MAX(t.table_ordinal)
        FROM #contract_table AS t;
    END;

    SET @message = CONCAT(
        CASE WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32 THEN N' @contract_hash must be 32 bytes.' END,
        CASE WHEN COALESCE(@contract_name, N'') = N'' THEN N' @contract_name is missing.' END,
        CASE
            WHEN @targets IS NULL
                THEN N' #contract_table is missing: create it and list the target tables in load order.'
            WHEN @targets = 0 OR @distinct_targets <> @targets OR @last_ordinal <> @targets - 1
                THEN N' #contract_table must list at least one table, with ordinals from 0 without a gap.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_InstallContract:' + @message;
        THROW 50001, @message, 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        UPDATE [$(Schema)].[processing_contract]
        SET retired_at_utc = @now
        WHERE retired_at_utc IS NULL
            AND contract_hash <> @contract_hash;

        UPDATE [$(Schema)].[processing_contract]
        SET
            installed_at_utc = @now,
            installed_by = ORIGINAL_LOGIN(),
            retired_at_utc = NULL
        WHERE contract_hash = @contract_hash
            AND retired_at_utc IS NOT NULL;

        IF NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_contract] AS c
            WHERE c.contract_hash = @contract_hash
        )
        BEGIN
            INSERT INTO [$(Schema)].[processing_contract]
            (
                contract_hash,
                contract_name,
                contract_text,
                installed_at_utc,
                installed_by
            )
            VALUES (@contract_hash, @contract_name, @contract_text, @now, ORIGINAL_LOGIN());

            INSERT INTO [$(Schema)].[processing_contract_table]
            (
                contract_hash,
                table_ordinal,
                schema_name,
                table_name,
                on_existing
            )
            SELECT
                @contract_hash,
                t.table_ordinal,
                t.schema_name,
                t.table_name,
                t.on_existing
            FROM #contract_table AS t;
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

        THROW;
    END CATCH;
END;
GO
