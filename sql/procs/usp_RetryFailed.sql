SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Puts failed or quarantined applications back into the queue, where the next run
            processes them. Resets the reap count of quarantined applications to 0.
Parameters: Exactly one of
            @app_ids           a comma-separated list of ids; ids that are neither failed nor
                               quarantined are ignored
            @failure_category  every application whose last attempt failed with this category, such as
                               bad_value
            @fingerprint       every application whose last attempt failed with this cause, 16
                               hexadecimal digits; vw_FailureFingerprints lists them
            @quarantined       Y: every quarantined application; default N
            @all               Y: every failed or quarantined application; default N
            and optionally
            @canary            at most this many, lowest ids first, 0 or more; default NULL, all
            @requested_by      for the events; default the login
            @Execute           Y: retry (default); N: only return the applications
Results:    one row per application, in order of id: app_id, was (failed, quarantined), attempts,
            failure_category, fingerprint, failure_reason
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50030 the source table cannot be read
            50033 another retry or requeue did not end within 30 seconds
            50034 an earlier log is not completely adopted
Called by:  operators; the executable (retry)
Isolation:  as usp_Redrive, which does it. One retry or requeue runs at a time.
Example:    EXEC [$(Schema)].[usp_RetryFailed] @failure_category = 'bad_value', @Execute = 'N';
            EXEC [$(Schema)].[usp_RetryFailed] @failure_category = 'bad_value', @canary = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RetryFailed]
    @app_ids nvarchar(max) = NULL,
    @failure_category varchar(30) = NULL,
    @fingerprint char(16) = NULL,
    @quarantined char(1) = 'N',
    @all char(1) = 'N',
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

    DECLARE @problem nvarchar(1000) = CONCAT(
        CASE WHEN COALESCE(@quarantined, '') NOT IN ('Y', 'N') THEN N' @quarantined must be Y or N.' END,
        CASE WHEN COALESCE(@all, '') NOT IN ('Y', 'N') THEN N' @all must be Y or N.' END,
        CASE
            WHEN CASE WHEN @app_ids IS NULL THEN 0 ELSE 1 END
                + CASE WHEN @failure_category IS NULL THEN 0 ELSE 1 END
                + CASE WHEN @fingerprint IS NULL THEN 0 ELSE 1 END
                + CASE WHEN @quarantined = 'Y' THEN 1 ELSE 0 END
                + CASE WHEN @all = 'Y' THEN 1 ELSE 0 END <> 1
                THEN N' Pass exactly one of @app_ids, @failure_category, @fingerprint, @quarantined, @all.'
        END
    );

    EXEC [$(Schema)].[usp_Redrive]
        @procedure_name = N'usp_RetryFailed',
        @problem = @problem,
        @app_ids = @app_ids,
        @failure_category = @failure_category,
        @fingerprint = @fingerprint,
        @quarantined = @quarantined,
        @canary = @canary,
        @requested_by = @requested_by,
        @Execute = @Execute;
END;
GO
