SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
shred_worker    runs the job: the executable's procedures, and the definition (not the data) of
                source and target tables, because the catalog shows a caller only what it may see
shred_operator  the procedures a person calls
shred_monitor   the views

None of them has a permission on the data of any table: ownership chaining reaches it through the
procedures and views, so the schema, the source and the target tables must have one owner. The
target tables' VIEW DEFINITION is granted where they are created, with usp_LoadApps.
*/
IF DATABASE_PRINCIPAL_ID(N'shred_worker') IS NULL
BEGIN
    CREATE ROLE [shred_worker];
END;

IF DATABASE_PRINCIPAL_ID(N'shred_operator') IS NULL
BEGIN
    CREATE ROLE [shred_operator];
END;

IF DATABASE_PRINCIPAL_ID(N'shred_monitor') IS NULL
BEGIN
    CREATE ROLE [shred_monitor];
END;
GO
