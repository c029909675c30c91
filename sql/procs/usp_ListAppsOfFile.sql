SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Lists the applications whose documents were loaded from files with a name, in any folder.
Parameters: @file_name  the name, the last part of the path: order-1.xml; of a record day.xml#2
Results:    one row per application, in order of id: app_id, file_path (as it was given to load),
            loaded_at_utc
Errors:     50001 a parameter is wrong
Called by:  operators; the executable (explain)
Isolation:  READ COMMITTED; seeks the name in processing_file
Example:    EXEC [$(Schema)].[usp_ListAppsOfFile] @file_name = N'order-1.xml';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ListAppsOfFile]
    @file_name nvarchar(400) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    IF @file_name IS NULL
    BEGIN
        THROW 50001, N'usp_ListAppsOfFile: @file_name is missing.', 1;
    END;

    SELECT
        f.app_id,
        f.file_path,
        f.loaded_at_utc
    FROM [$(Schema)].[processing_file] AS f
    WHERE f.file_name = @file_name
    ORDER BY f.app_id;
END;
GO
