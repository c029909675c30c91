SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The schema that holds one pipeline: its queue, its log and its procedures.

Its owner is the owner of the source and target tables (usually dbo), so that ownership chaining
lets a role with only EXECUTE permissions run the whole job. Its extended property xmlshred says that
uninstalling may drop it.
*/
IF SCHEMA_ID(N'$(Schema)') IS NULL
BEGIN
    EXEC (N'CREATE SCHEMA [$(Schema)] AUTHORIZATION [dbo];');

    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = N'$(Schema)',
        @level0type = 'SCHEMA',
        @level0name = N'$(Schema)';
END;
GO
