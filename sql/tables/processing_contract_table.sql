SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The target tables of each contract in load order: table_ordinal 0 is loaded first, and a table
comes after every table it references. on_existing is what
happens to existing rows of an application: fail, skip or replace.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_contract_table]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_contract_table]
    (
        contract_hash binary(32) NOT NULL,
        table_ordinal int NOT NULL,
        schema_name nvarchar(128) NOT NULL,
        table_name nvarchar(128) NOT NULL,
        on_existing varchar(7) NOT NULL,
        CONSTRAINT PK_processing_contract_table
            PRIMARY KEY CLUSTERED (contract_hash, table_ordinal),
        CONSTRAINT FK_processing_contract_table_contract
            FOREIGN KEY (contract_hash)
            REFERENCES [$(Schema)].[processing_contract] (contract_hash),
        CONSTRAINT CK_processing_contract_table_ordinal CHECK (table_ordinal >= 0),
        CONSTRAINT CK_processing_contract_table_on_existing
            CHECK (on_existing IN ('fail', 'skip', 'replace'))
    );
END;
GO
