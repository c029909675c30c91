SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Says whether any document was loaded from the place of a file, or from a file of its name, so that
            the many records of a new file need not be looked for one by one.
Parameters: @place_id   the place of the file
            @file_name  its name, at most 400 characters
Results:    one row: is_known
Errors:     50001 a parameter is wrong
Called by:  the executable (load --each)
Isolation:  READ COMMITTED; reads by key
Example:    EXEC [$(Schema)].[usp_FindFile] @place_id = 1, @file_name = N'big.xml';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_FindFile]
    @place_id bigint,
    @file_name nvarchar(400)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    -- Three times the name, and #%: a pattern that is cut off finds nothing.
    DECLARE @records nvarchar(1210) = REPLACE(REPLACE(REPLACE(@file_name, N'[', N'[[]'), N'%', N'[%]'), N'_', N'[_]')
        + N'#%';

    IF @place_id IS NULL OR @file_name IS NULL
        THROW 50001, N'usp_FindFile: @place_id and @file_name must not be NULL.', 1;

    SELECT
        CONVERT(
            bit,
            CASE
                WHEN EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_file] AS f
                        WHERE f.place_id = @place_id
                    )
                    THEN 1
                WHEN EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_file] AS f
                        WHERE f.file_name LIKE @records
                    )
                    THEN 1
                ELSE 0
            END
        ) AS is_known;
END;
GO
