SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks the parameters and #outcome of usp_CompleteBatch and usp_CompleteApp before
            anything changes, and reports all mistakes at once.
Parameters: @caller         the calling procedure, for the message
            @claim_token    must not be NULL
            @contract_hash  must be 32 bytes
            @is_one         1: the caller completes one application; default 0
            @app_id         that application, which must be in #outcome; default NULL
            @max_reaps      must be 1 or more
            Input table #outcome
Results:    none
Errors:     50001 a parameter or #outcome is wrong
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  READ COMMITTED; reads #outcome only
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_CheckOutcomes]
                @caller = N'usp_CompleteBatch',
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @max_reaps = 3;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CheckOutcomes]
    @caller nvarchar(128),
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @max_reaps int,
    @is_one bit = 0,
    @app_id bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @message nvarchar(2048);
    DECLARE @outcomes int;
    DECLARE @apps int;
    DECLARE @incomplete int;
    DECLARE @requested int;

    IF OBJECT_ID(N'tempdb..#outcome') IS NOT NULL
        AND OBJECT_ID(N'tempdb..#load_app') IS NOT NULL
        AND OBJECT_ID(N'tempdb..#loaded') IS NOT NULL
    BEGIN
        SELECT
            @outcomes = COUNT(*),
            @apps = COUNT(DISTINCT o.app_id),
            @incomplete = SUM(
                CASE
                    WHEN o.app_id IS NULL
                        OR COALESCE(o.attempt, 0) < 1
                        OR o.is_success IS NULL
                        OR (o.is_success = 0 AND COALESCE(o.failure_category, N'') = N'')
                        OR DATALENGTH(o.source_hash) <> 32
                        THEN 1
                    ELSE 0
                END
            ),
            @requested = SUM(CASE WHEN o.app_id = @app_id THEN 1 ELSE 0 END)
        FROM #outcome AS o;
    END;

    SET @message = CONCAT(
        CASE WHEN @claim_token IS NULL THEN N' @claim_token is missing.' END,
        CASE
            WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32
                THEN N' @contract_hash must be 32 bytes.'
        END,
        CASE WHEN COALESCE(@max_reaps, 0) < 1 THEN N' @max_reaps must be 1 or more.' END,
        CASE
            WHEN @outcomes IS NULL
                THEN N' #outcome, #load_app or #loaded is missing: run sql/session_tables.sql on this connection first.'
            WHEN @outcomes > 4000
                THEN N' #outcome has more than 4000 rows.'
        END,
        CASE
            WHEN @incomplete > 0
                THEN CONCAT(
                    N' ', @incomplete, N' rows of #outcome lack app_id, attempt (1 or more), is_success, the',
                    N' failure_category of a failure, or have a source_hash that is not 32 bytes.'
                )
            WHEN @apps <> @outcomes
                THEN N' #outcome has a duplicate app_id.'
        END,
        CASE
            WHEN @is_one = 1 AND COALESCE(@requested, 0) = 0
                THEN CONCAT(
                    N' @app_id ', COALESCE(CONVERT(nvarchar(20), @app_id), N'NULL'), N' has no row in #outcome.'
                )
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = @caller + N':' + @message;
        THROW 50001, @message, 1;
    END;
END;
GO
