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

    SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;

    SELECT q.app_id
    FROM [$(Schema)].[processing_queue] AS q
    WHERE q.app_id = @app_id;
END;
GO
