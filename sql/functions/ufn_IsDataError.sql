SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns whether the data caused an error that was raised while rows were loaded, so
            that only its application fails and the others are completed. The list is closed: any
            other error stops the worker.
Parameters: @error_number  ERROR_NUMBER() of the failed statement
Results:    1 or 0
            220 232 236 244 248 294 8115            a number does not fit its type
            235 241 242 245 293 295 8114 8169       text does not convert to the column's type
            517 535                                 a date leaves its range
            515                                     NULL in a column that does not allow it
            547 550                                 a foreign key, a check, a view's check option
            2601 2627                               a unique index or key
            2628 8152                               text is longer than its column
            3609                                    a trigger rolled back
            8134                                    division by zero in a trigger or computed column
            6900-6999 9400-9499                     an xml column refuses the value
            50000 and from 50100                    a trigger raised its own error
            50001-50099 are this schema's own errors, which data never causes.
Errors:     none
Called by:  usp_ApplyOutcomes
Isolation:  reads no table
Example:    SELECT [$(Schema)].[ufn_IsDataError](2627) AS is_data_error;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_IsDataError](@error_number int)
RETURNS bit
AS
BEGIN
    RETURN CASE
        WHEN @error_number IN
            (
                220, 232, 236, 244, 248, 294, 8115,
                235, 241, 242, 245, 293, 295, 8114, 8169,
                517, 535,
                515,
                547, 550,
                2601, 2627,
                2628, 8152,
                3609,
                8134,
                50000
            )
            THEN 1
        WHEN @error_number BETWEEN 6900 AND 6999 THEN 1
        WHEN @error_number BETWEEN 9400 AND 9499 THEN 1
        WHEN @error_number >= 50100 THEN 1
        ELSE 0
    END;
END;
GO
