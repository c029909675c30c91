SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The log of an earlier system whose outcomes usp_AdoptLog imports: one row, or none. While it has no
completed_at_utc, applications are neither enqueued nor claimed nor retried.

legacy_table         its name now; processing_adoption_name has the one that it had
next_app_id          every id below it is imported
success, failed      applications that were imported with this outcome
apps_ignored         applications of which only rows with ignored statuses exist: not imported
rows_superseded      rows that a later one of the same application replaces
rows_ignored         rows with a status that processing_adoption_status ignores
rows_without_id      rows whose app_id is NULL
apps_without_source  imported applications that have no source row
apps_without_time    imported applications whose last row has no processing_time: the time of the adoption
                     stands for it
*/
IF OBJECT_ID(N'[$(Schema)].[processing_adoption]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_adoption]
    (
        adoption_id tinyint NOT NULL,
        legacy_schema nvarchar(128) NOT NULL,
        legacy_table nvarchar(128) NOT NULL,
        next_app_id bigint NOT NULL,
        success bigint NOT NULL,
        failed bigint NOT NULL,
        apps_ignored bigint NOT NULL,
        rows_superseded bigint NOT NULL,
        rows_ignored bigint NOT NULL,
        rows_without_id bigint NOT NULL,
        apps_without_source bigint NOT NULL,
        apps_without_time bigint NOT NULL,
        adopted_by nvarchar(128) NOT NULL,
        started_at_utc datetime2(3) NOT NULL,
        completed_at_utc datetime2(3) NULL,
        CONSTRAINT PK_processing_adoption PRIMARY KEY CLUSTERED (adoption_id),
        CONSTRAINT CK_processing_adoption_one_row CHECK (adoption_id = 1)
    );
END;
GO
