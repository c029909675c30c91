SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    The path of a failure without its positions: the same for every application that has the
            failure in another row. A fingerprint is made of it.
Parameters: @path  such as /a/b[2]/@c
Results:    /a/b/@c; NULL of NULL
Errors:     none
Called by:  vw_FailureFingerprints, once per fingerprint
Isolation:  reads no table
Example:    SELECT [$(Schema)].[ufn_PathShape](N'/a/b[2]/@c') AS path_shape;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_PathShape](@path nvarchar(1000))
RETURNS nvarchar(1000)
AS
BEGIN
    DECLARE @start int = CHARINDEX(N'[', @path);
    DECLARE @end int = CHARINDEX(N']', @path, @start);

    WHILE @start > 0 AND @end > @start
    BEGIN
        SET @path = STUFF(@path, @start, @end - @start + 1, N'');
        SET @start = CHARINDEX(N'[', @path);
        SET @end = CHARINDEX(N']', @path, @start);
    END;

    RETURN @path;
END;
GO
