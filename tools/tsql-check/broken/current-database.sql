SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    An example.
Parameters: @app_id  an application
Results:    none
Errors:     50001 something is wrong   50002 a transaction is open
Called by:  nobody
Isolation:  READ COMMITTED
Example:    EXEC [$(Schema)].[usp_Example] @app_id = 1;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Example]
    @app_id bigint
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    SELECT d.name
    FROM sys.databases AS d
    WHERE d.database_id = DB_ID();
END;
GO
