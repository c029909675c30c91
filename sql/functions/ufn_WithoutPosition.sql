SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns a path without its first position: /a[2]/b[3] becomes /a/b[3]. An inline function,
            which costs what the expression would.
Parameters: @path  the path; one without a position, or NULL, is returned as it is
Results:    one row: path
Errors:     none
Called by:  vw_FailureFingerprints
Isolation:  reads no table
Example:    SELECT w.path FROM [$(Schema)].[ufn_WithoutPosition](N'/a[2]/b[3]') AS w;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_WithoutPosition](@path nvarchar(1000))
RETURNS TABLE -- noqa: CP05
AS
RETURN
(
    -- STUFF returns NULL when there is nothing to remove.
    SELECT COALESCE(
        STUFF(@path, CHARINDEX(N'[', @path), CHARINDEX(N']', @path) - CHARINDEX(N'[', @path) + 1, N''),
        @path
    ) AS path
);
GO
