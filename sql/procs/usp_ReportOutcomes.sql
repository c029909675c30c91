SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the outcomes logged under a token: the result of the completing procedures.
Parameters: @claim_token  the claim
            @app_id       one application of #outcome; default NULL, all of them
            Input table #outcome
Results:    the two of usp_CompleteBatch
Errors:     none
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  READ COMMITTED; reads the log by key
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ReportOutcomes]
                @claim_token = @claim_token;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReportOutcomes]
    @claim_token uniqueidentifier,
    @app_id bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    SELECT
        l.app_id,
        l.attempt,
        l.status,
        l.failure_category,
        l.failure_reason,
        l.error_number,
        l.rows_written
    FROM #outcome AS o
    INNER JOIN [$(Schema)].[processing_log] AS l ON o.app_id = l.app_id AND o.attempt = l.attempt
    WHERE l.claim_token = @claim_token
        AND (@app_id IS NULL OR l.app_id = @app_id)
    ORDER BY l.app_id;

    SELECT
        r.app_id,
        r.attempt,
        r.table_ordinal,
        r.row_count
    FROM #outcome AS o
    INNER JOIN [$(Schema)].[processing_log] AS l ON o.app_id = l.app_id AND o.attempt = l.attempt
    INNER JOIN [$(Schema)].[processing_log_table] AS r ON l.app_id = r.app_id AND l.attempt = r.attempt
    WHERE l.claim_token = @claim_token
        AND (@app_id IS NULL OR l.app_id = @app_id)
    ORDER BY
        r.app_id,
        r.table_ordinal;
END;
GO
