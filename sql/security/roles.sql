SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
shred_worker    runs the job: may execute the executable's procedures
shred_operator  may execute the procedures for people, and read the views
shred_loader    loads files: may execute the procedures that insert documents into the source table, and take out
                those that nothing was made of
shred_monitor   may read the views, and execute usp_HealthCheck, usp_ExplainApp, usp_ListAppsOfFile and
                usp_GetStatus

No role has a permission on the data of a table: the procedures and views reach it by ownership
chaining, so the schema, the source and the target tables must have one owner.
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

IF DATABASE_PRINCIPAL_ID(N'shred_loader') IS NULL
BEGIN
    CREATE ROLE [shred_loader];
END;
GO
