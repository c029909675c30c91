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

    IF @@TRANCOUNT > 0
        THROW 50002, N'a transaction is open', 1;

    BEGIN TRY
        BEGIN TRANSACTION;

        EXEC [$(Schema)].[usp_AddSums];

        UPDATE [$(Schema)].[processing_adoption]
        SET next_app_id = @app_id;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;

        THROW;
    END CATCH;
END;
GO
