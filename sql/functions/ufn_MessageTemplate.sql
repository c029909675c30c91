SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the message of a trigger without what differs from row to row, so that errors with one
            cause have one fingerprint. What is between quotes (' " `) is left out, and each number and
            each GUID is a #. A quote or a digit inside a word is a part of the word. Every text function gets
            a binary collation: that of the database may count pairs of UTF-16 as one, or take other
            characters for a quote.
Parameters: @message  ERROR_MESSAGE() of an error of a trigger
Results:    the template, such as: order # of '' is not open
Errors:     none
Called by:  usp_CompleteBatch
Isolation:  reads no table
Example:    SELECT [$(Schema)].[ufn_MessageTemplate](N'order 7 of ''Smith'' is not open') AS template;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_MessageTemplate](@message nvarchar(2048))
RETURNS nvarchar(2048)
AS
BEGIN
    DECLARE @template nvarchar(2048) = N'';
    DECLARE @at int = 1;
    DECLARE @length int = LEN((@message + N'.') COLLATE Latin1_General_BIN2) - 1;
    DECLARE @is_word bit = 0;
    -- One unit of UTF-16, or a pair where the engine counts pairs in spite of the collation.
    DECLARE @character nvarchar(2);
    DECLARE @code int;
    DECLARE @close int;

    WHILE @at <= @length
    BEGIN
        SET @character = SUBSTRING(@message COLLATE Latin1_General_BIN2, @at, 1);
        SET @code = UNICODE(@character);
        SET @close = 0;

        IF @is_word = 0 AND @code IN (34, 39, 96)
        BEGIN
            SET @close = CHARINDEX(
                @character COLLATE Latin1_General_BIN2, @message COLLATE Latin1_General_BIN2, @at + 1
            );
        END;

        IF @close > 0
        BEGIN
            SET @template = CONCAT(@template, @character, @character);
            SET @at = @close + 1;
        END
        ELSE IF @is_word = 0
            AND SUBSTRING(@message COLLATE Latin1_General_BIN2, @at, 36)
                LIKE N'________-____-____-____-____________'
            AND TRY_CONVERT(uniqueidentifier, SUBSTRING(@message COLLATE Latin1_General_BIN2, @at, 36)) IS NOT NULL
        BEGIN
            SET @template = CONCAT(@template, N'#');
            SET @at = @at + 36;
        END
        ELSE IF @is_word = 0 AND @code BETWEEN 48 AND 57
        BEGIN
            SET @template = CONCAT(@template, N'#');

            WHILE UNICODE(SUBSTRING(@message COLLATE Latin1_General_BIN2, @at, 1)) BETWEEN 48 AND 57
            BEGIN
                SET @at = @at + 1;
            END;
        END
        ELSE
        BEGIN
            SET @template = CONCAT(@template, @character);
            SET @is_word = CASE
                WHEN @code BETWEEN 48 AND 57 OR @code BETWEEN 65 AND 90 OR @code BETWEEN 97 AND 122
                    OR @code = 95 OR @code >= 192 THEN 1
                ELSE 0
            END;
            SET @at = @at + 1;
        END;
    END;

    RETURN @template;
END;
GO
