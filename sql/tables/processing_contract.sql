SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Every contract that was ever installed. The installed one is the only row whose retired_at_utc is NULL:
usp_InstallContract is serialised.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_contract]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_contract]
    (
        contract_hash binary(32) NOT NULL,
        contract_name nvarchar(128) NOT NULL,
        contract_text nvarchar(max) NULL,
        installed_at_utc datetime2(3) NOT NULL,
        installed_by nvarchar(128) NOT NULL,
        retired_at_utc datetime2(3) NULL,
        CONSTRAINT PK_processing_contract PRIMARY KEY CLUSTERED (contract_hash)
    );
END;
GO
