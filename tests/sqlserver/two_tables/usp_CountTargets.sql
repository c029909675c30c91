SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Counts the rows of the target tables of contract two-tables. Generated from the
            contract.
Parameters: none; table of the caller #target_count
Results:    none; fills #target_count (table_ordinal int, row_count bigint)
Errors:     none
Called by:  usp_GetStatus
Isolation:  READ COMMITTED
Example:    not called by hand
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CountTargets]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    INSERT INTO #target_count (table_ordinal, row_count)
    SELECT
        0,
        COUNT_BIG(*)
    FROM [$(Schema)].[app_base];

    INSERT INTO #target_count (table_ordinal, row_count)
    SELECT
        1,
        COUNT_BIG(*)
    FROM [$(Schema)].[app_contact];
END;
GO
