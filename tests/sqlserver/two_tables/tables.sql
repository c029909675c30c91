SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
A contract of two tables as `xmlshred contract sql` renders one, by hand: what usp_LoadApps
receives, does and answers is described in sql/README.md. The tables' names, the hash and the
on_existing of a real contract differ; the shape does not.
*/
IF OBJECT_ID(N'[$(Schema)].[app_base]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[app_base]
    (
        [app_id] int NOT NULL,
        [received] datetime2(3) NULL,
        [income] decimal(12, 2) NULL,
        CONSTRAINT [PK_app_base] PRIMARY KEY CLUSTERED ([app_id]),
        CONSTRAINT [CK_app_base_income] CHECK ([income] >= 0)
    );
END;

IF OBJECT_ID(N'[$(Schema)].[app_contact]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[app_contact]
    (
        [con_id] int NOT NULL,
        [app_id] int NOT NULL,
        [first_name] nvarchar(50) NULL,
        CONSTRAINT [PK_app_contact] PRIMARY KEY CLUSTERED ([con_id]),
        CONSTRAINT [FK_app_contact_app_base]
            FOREIGN KEY ([app_id])
            REFERENCES [$(Schema)].[app_base] ([app_id])
    );

    CREATE NONCLUSTERED INDEX [IX_app_contact_app_id] ON [$(Schema)].[app_contact] ([app_id]);
END;
GO
CREATE TABLE #contract_table
(
    table_ordinal int NOT NULL,
    schema_name nvarchar(128) NOT NULL,
    table_name nvarchar(128) NOT NULL,
    app_column nvarchar(128) NOT NULL,
    on_existing varchar(7) NOT NULL
);

INSERT INTO #contract_table
(
    table_ordinal,
    schema_name,
    table_name,
    app_column,
    on_existing
)
VALUES
(0, N'$(Schema)', N'app_base', N'app_id', 'replace'),
(1, N'$(Schema)', N'app_contact', N'app_id', 'replace');

EXEC [$(Schema)].[usp_RegisterContract]
    @contract_hash = 0x2222222222222222222222222222222222222222222222222222222222222222,
    @contract_name = N'two-tables';

DROP TABLE #contract_table;
GO
