SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the category of a cause of failure, which a fingerprint has one of, so that what looks for
            a fingerprint seeks IX_processing_log_latest, in whose key the category comes first.
Parameters: @fingerprint  16 hexadecimal digits
Results:    the failure_category; an empty text if no latest attempt failed with this fingerprint
Errors:     none
Called by:  usp_ListFailures, usp_Redrive
Isolation:  that of the caller; two seeks of IX_processing_log_latest per category that has failures
Example:    SELECT [$(Schema)].[ufn_CategoryOf]('4f1c2a9be0d37715') AS failure_category;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_CategoryOf](@fingerprint char(16))
RETURNS varchar(30)
AS
BEGIN
    DECLARE @category varchar(30) = '';

    WHILE @category IS NOT NULL
    BEGIN
        SET @category = (
            SELECT MIN(l.failure_category)
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.is_latest = 1
                AND l.status = 'failed'
                AND l.failure_category > @category
        );

        IF EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.is_latest = 1
                AND l.status = 'failed'
                AND l.failure_category = @category
                AND l.fingerprint = @fingerprint
        )
            RETURN @category;
    END;

    RETURN '';
END;
GO
