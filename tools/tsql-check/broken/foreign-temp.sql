SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    An example.
Parameters: none
Results:    none
Errors:     none
Called by:  nobody
Isolation:  READ COMMITTED
Example:    EXEC [$(Schema)].[usp_Example];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Example]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    CREATE TABLE #load_app (app_id bigint NOT NULL PRIMARY KEY);

    -- A worker's table, which a person's connection does not have.
    SELECT a.app_id
    FROM #load_app AS a
    INNER JOIN #stage_orders AS s ON a.app_id = s.__app_id;
END;
GO
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_Example] TO [shred_operator];
GO
