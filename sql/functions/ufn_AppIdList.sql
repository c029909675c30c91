SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the application ids of a comma-separated list. Ignores blanks and line breaks
            around an id, and empty entries.
Parameters: @app_ids  the list, such as N'101, 102'; NULL returns no rows
Results:    entry    the text between two commas
            app_id   its value; NULL when it is not a whole number that fits bigint
Errors:     none
Called by:  usp_RetryFailed, usp_RequeueApps, usp_DeleteStaleRows, usp_EraseApps, usp_UnloadDocuments,
            usp_ListWritten, usp_ListFinished
Isolation:  reads no table
Example:    SELECT l.app_id FROM [$(Schema)].[ufn_AppIdList](N'101, 102') AS l;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_AppIdList](@app_ids nvarchar(max))
RETURNS @list TABLE
(
    entry nvarchar(40) NOT NULL,
    app_id bigint NULL
)
AS
BEGIN
    DECLARE @length bigint = LEN(@app_ids);
    DECLARE @position bigint = 1;
    DECLARE @comma bigint;
    DECLARE @entry nvarchar(40);

    WHILE @position <= @length
    BEGIN
        SET @comma = CHARINDEX(N',', @app_ids, @position);

        IF @comma = 0
        BEGIN
            SET @comma = @length + 1;
        END;

        SET @entry = LEFT(SUBSTRING(@app_ids, @position, @comma - @position), 40);
        SET @entry = LTRIM(RTRIM(
            REPLACE(REPLACE(REPLACE(@entry, NCHAR(13), N' '), NCHAR(10), N' '), NCHAR(9), N' ')
        ));

        IF @entry <> N''
        BEGIN
            INSERT INTO @list (entry, app_id)
            VALUES (@entry, TRY_CONVERT(bigint, @entry));
        END;

        SET @position = @comma + 1;
    END;

    RETURN;
END;
GO
