SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the outcomes logged under a token, and the refusals under it: the result of the
            completing procedures.
Parameters: @claim_token  the claim
            @app_id       one application of #outcome; default NULL, all of them
            Input table #outcome
Results:    the two of usp_CompleteBatch
Errors:     none
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  READ COMMITTED; reads the log by key, and the events of the claim
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
        u.app_id,
        u.attempt,
        u.status,
        u.failure_category,
        u.failure_reason,
        u.error_number,
        u.rows_written,
        u.reaps
    FROM
        (
            SELECT
                l.app_id,
                l.attempt,
                l.status,
                l.failure_category,
                l.failure_reason,
                l.error_number,
                l.rows_written,
                0 AS reaps
            FROM #outcome AS o
            INNER JOIN [$(Schema)].[processing_log] AS l ON o.app_id = l.app_id AND o.attempt = l.attempt
            WHERE l.claim_token = @claim_token
                AND (@app_id IS NULL OR l.app_id = @app_id)
            UNION ALL
            SELECT
                e.app_id,
                e.attempt,
                CASE
                    WHEN EXISTS
                        (
                            SELECT 1
                            FROM [$(Schema)].[processing_event] AS k
                            WHERE k.claim_token = @claim_token
                                AND k.event_type = 'quarantined'
                                AND k.app_id = e.app_id
                        )
                        THEN 'quarantined'
                    ELSE 'refused'
                END AS status,
                NULL AS failure_category,
                e.detail AS failure_reason,
                e.error_number,
                0 AS rows_written,
                COALESCE(
                    (
                        SELECT q.reaps
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.app_id = e.app_id
                    ),
                    0
                ) AS reaps
            FROM #outcome AS o
            INNER JOIN [$(Schema)].[processing_event] AS e ON o.app_id = e.app_id AND o.attempt = e.attempt
            WHERE e.claim_token = @claim_token
                AND e.event_type = 'refused'
                AND (@app_id IS NULL OR e.app_id = @app_id)
        ) AS u
    ORDER BY u.app_id;

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
