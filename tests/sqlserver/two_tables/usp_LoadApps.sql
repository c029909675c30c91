SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Moves the staged rows of contract two-tables into its target tables. Generated from
            the contract: change the contract, not this.
Parameters: @table_ordinal  OUTPUT: the table that was being written
            @error_number   OUTPUT: what the database refused it with
            @error_message  OUTPUT
            Tables of the connection #load_app and #stage_*
Results:    RETURN 0: loaded, counted in #loaded. RETURN 1: refused, see the parameters.
Errors:     what ends the transaction inside a trigger is passed on
Called by:  usp_ApplyOutcomes
Isolation:  READ COMMITTED, in the caller's transaction. Locks the target tables: to remove rows,
            children first; to insert, parents first.
Example:    not called by hand
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_LoadApps]
    @table_ordinal int OUTPUT,
    @error_number int OUTPUT,
    @error_message nvarchar(2048) OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @row int;
    DECLARE @last_row int;
    DECLARE @deleted int;

    BEGIN TRY
        -- Rows that are there already: children first.
        SET @table_ordinal = 1;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [$(Schema)].[app_contact]
            WHERE [app_id] IN (SELECT a.app_id FROM #load_app AS a)
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        SET @table_ordinal = 0;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [$(Schema)].[app_base]
            WHERE [app_id] IN (SELECT a.app_id FROM #load_app AS a)
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- The new rows: parents first.
        SET @table_ordinal = 0;
        SET @row = 0;
        SET @last_row = (SELECT MAX(s.__row) FROM #stage_app_base AS s);

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [$(Schema)].[app_base]
            (
                [app_id],
                [received],
                [income]
            )
            SELECT
                CONVERT(int, s.[app_id]),
                CONVERT(datetime2(3), s.[received]),
                CONVERT(decimal(12, 2), s.[income])
            FROM #load_app AS a
            INNER JOIN #stage_app_base AS s ON a.app_id = s.__app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded
        (
            app_id,
            table_ordinal,
            row_count
        )
        SELECT
            s.__app_id,
            0,
            COUNT_BIG(*)
        FROM #load_app AS a
        INNER JOIN #stage_app_base AS s ON a.app_id = s.__app_id
        WHERE a.clear_only = 0
        GROUP BY s.__app_id;

        SET @table_ordinal = 1;
        SET @row = 0;
        SET @last_row = (SELECT MAX(s.__row) FROM #stage_app_contact AS s);

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [$(Schema)].[app_contact]
            (
                [con_id],
                [app_id],
                [first_name]
            )
            SELECT
                CONVERT(int, s.[con_id]),
                CONVERT(int, s.[app_id]),
                CONVERT(nvarchar(50), s.[first_name])
            FROM #load_app AS a
            INNER JOIN #stage_app_contact AS s ON a.app_id = s.__app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded
        (
            app_id,
            table_ordinal,
            row_count
        )
        SELECT
            s.__app_id,
            1,
            COUNT_BIG(*)
        FROM #load_app AS a
        INNER JOIN #stage_app_contact AS s ON a.app_id = s.__app_id
        WHERE a.clear_only = 0
        GROUP BY s.__app_id;
    END TRY
    BEGIN CATCH
        -- A trigger that rolled back left no transaction to return into.
        IF XACT_STATE() = 0
        BEGIN
            THROW;
        END;

        SET @error_number = ERROR_NUMBER();
        SET @error_message = ERROR_MESSAGE();
        RETURN 1;
    END CATCH;

    RETURN 0;
END;
GO
