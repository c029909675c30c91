SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the kind of an error that the database raised while an application's rows were
            loaded, which decides what happens to the application. The only list of its kind: what is
            on none of the lists is unknown.
Parameters: @error_number  ERROR_NUMBER() of the failed statement
Results:    data     a value of the document is the cause, by the nature of the error: the application
                     is logged as failed
            busy     another connection holds a lock, or the server asks for the statement again: the
                     transaction is repeated
            server   the server, the database, the permissions or the tables are the cause: the
                     application is refused, which counts only if others succeed
            unknown  any other error: the application is refused
            Except for busy, a batch is halved until what the database refuses is alone.

            data:
            220 232 234 236 237 244 248 294 8115    a number does not fit its type
            235 241 242 245 293 295 296 298 8114
            8169 8170 9803 9807                     text does not convert to the column's type
            517 535                                 a date leaves its range
            511 1946                                a row or an index key is too long
            515                                     NULL in a column that does not allow it
            547 550                                 a foreign key, a check, a view's check option
            2601 2627                               a unique index or key
            2628 8152                               text is longer than its column
            3609                                    a trigger rolled back
            6335 6359 6365 6900-6999 9400-9499      an xml column refuses the value
            8134 3623                               division by zero, or a function outside its domain,
                                                    in a trigger, a check or a computed column
            13608 13609                             a trigger or a check reads JSON that is none
            from 50000                              a trigger raised its own error. Nothing that
                                                    loads rows raises an error of this schema
            busy:
            1205 1222                               deadlock, lock timeout
            3960 41301 41302 41305 41325 41839      snapshot and memory-optimised tables: update
                                                    conflict, validation, dependency
            601 8628                                data moved, optimising took too long: the server's
                                                    message asks to run it again
            server:
            1101 1105 1121 9002 3958 3959 3966 3967
            40544 40549-40553                       no space in the database, the log, the version
                                                    store; the quotas of Azure SQL
            701 802 1204 8645 8651 41805 41822
            41823 41840                             no memory, no locks, no quota of memory
            229 230 262 297 300 916 1088 15151
            15247                                   no permission
            195 201 206 207 208 213 257 271 273 544
            545 911 1934 1935 2715 2801 2812 4104
            4121 4413 4502 8101 8102 8106 8144 8145
            8146 8197                               an object, a column or an index is missing or not as
                                                    the contract says; SET options of an index
            7202 7303 7391 8501                     a trigger needs a server or MSDTC that is not there
            652 924 927 942 945 952 976 978 983 3906
            3908 6005 9001                          the database or a filegroup is read-only, offline,
                                                    a secondary, or shutting down
            211 602 605 644 682 823-825 7105 8646   corruption
Errors:     none
Called by:  usp_CompleteBatch, usp_ApplyOutcomes, usp_LoadApps, usp_DeleteStaleRows,
            usp_EraseApps, usp_BackfillApps
Isolation:  reads no table
Example:    SELECT [$(Schema)].[ufn_RefusalKind](2627) AS refusal_kind;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_RefusalKind](@error_number int)
RETURNS varchar(7)
AS
BEGIN
    RETURN CASE
        WHEN @error_number IN
            (
                220, 232, 234, 236, 237, 244, 248, 294, 8115,
                235, 241, 242, 245, 293, 295, 296, 298, 8114, 8169, 8170, 9803, 9807,
                517, 535,
                511, 1946,
                515,
                547, 550,
                2601, 2627,
                2628, 8152,
                3609,
                6335, 6359, 6365,
                3623, 8134,
                13608, 13609
            )
            OR @error_number BETWEEN 6900 AND 6999
            OR @error_number BETWEEN 9400 AND 9499
            OR @error_number >= 50000
            THEN 'data'
        WHEN @error_number IN
            (
                1205, 1222,
                3960, 41301, 41302, 41305, 41325, 41839,
                601, 8628
            )
            THEN 'busy'
        WHEN @error_number IN
            (
                1101, 1105, 1121, 3958, 3959, 3966, 3967, 9002, 40544,
                701, 802, 1204, 8645, 8651, 41805, 41822, 41823, 41840,
                229, 230, 262, 297, 300, 916, 1088, 15151, 15247,
                195, 201, 206, 207, 208, 213, 257, 271, 273, 544, 545, 911, 1934, 1935, 2715, 2801, 2812,
                4104, 4121, 4413, 4502, 8101, 8102, 8106, 8144, 8145, 8146, 8197,
                7202, 7303, 7391, 8501,
                652, 924, 927, 942, 945, 952, 976, 978, 983, 3906, 3908, 6005, 9001,
                211, 602, 605, 644, 682, 7105, 8646
            )
            OR @error_number BETWEEN 823 AND 825
            OR @error_number BETWEEN 40549 AND 40553
            THEN 'server'
        ELSE 'unknown'
    END;
END;
GO
