SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns the installed contract and the installed version of these objects.
Parameters: none
Results:    one row: schema_version, program_version (both NULL when no installation is recorded),
            contract_hash, contract_name, contract_installed_at_utc (all NULL when no contract is
            installed)
Errors:     none
Called by:  the executable, when it connects
Isolation:  READ COMMITTED
Example:    EXEC [$(Schema)].[usp_GetContract];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetContract]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @schema_version int;
    DECLARE @program_version nvarchar(50);
    DECLARE @contract_hash binary(32);
    DECLARE @contract_name nvarchar(128);
    DECLARE @contract_installed_at datetime2(3);

    SELECT TOP (1)
        @schema_version = i.schema_version,
        @program_version = i.program_version
    FROM [$(Schema)].[processing_install] AS i
    ORDER BY i.install_id DESC;

    SELECT
        @contract_hash = c.contract_hash,
        @contract_name = c.contract_name,
        @contract_installed_at = c.installed_at_utc
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at_utc IS NULL;

    SELECT
        @schema_version AS schema_version,
        @program_version AS program_version,
        @contract_hash AS contract_hash,
        @contract_name AS contract_name,
        @contract_installed_at AS contract_installed_at_utc;
END;
GO
