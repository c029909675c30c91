SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The schema that holds one pipeline: its queue, its log and its procedures.

It is owned by whoever owns the source and target tables (dbo, as a rule), so that ownership
chaining lets a role with nothing but EXECUTE run the whole job.
*/
IF SCHEMA_ID(N'$(Schema)') IS NULL
BEGIN
    EXEC (N'CREATE SCHEMA [$(Schema)] AUTHORIZATION [dbo];');
END;
GO
