SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
shred_worker    runs the job: may execute the executable's procedures, and see the definition (not
                the data) of source and target tables, because the catalog hides other tables
shred_operator  may execute the procedures for people
shred_monitor   may read the views

No role has a permission on the data of a table: the procedures and views reach it by ownership
chaining, so the schema, the source and the target tables must have one owner. VIEW DEFINITION on
the target tables is granted where they are created, with usp_LoadApps.
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
