SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns how many rows of each target table the attempt wrote that an application's rows are of:
            what processing_written sums.
Parameters: @app_id  the application
Results:    one row per target table that has any: attempt, schema_name, table_name, row_count; none while no
            rows are of an attempt
Errors:     none
Called by:  usp_BackfillApps, usp_DeleteStaleRows, usp_EraseApps, usp_PurgeLog
Isolation:  the caller's; seeks the log and processing_log_table
Example:    SELECT w.attempt, w.schema_name, w.table_name, w.row_count
            FROM [$(Schema)].[ufn_RowsWritten](101) AS w;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_RowsWritten](@app_id bigint)
RETURNS TABLE -- noqa: CP05
AS
RETURN
(
    SELECT
        l.attempt,
        t.schema_name,
        t.table_name,
        n.row_count
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log_table] AS n ON l.app_id = n.app_id AND l.attempt = n.attempt
    INNER JOIN [$(Schema)].[processing_contract_table] AS t
        ON l.contract_hash = t.contract_hash AND n.table_ordinal = t.table_ordinal
    WHERE l.app_id = @app_id
        AND l.has_rows = 1
);
GO
