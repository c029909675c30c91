SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The watermark of usp_EnqueueApps, the highest source id that it has read: one row, or none before
the first run. Written under the enqueue lock only, and not by an enqueue of a range, which does not
read the ids below it.

full_at_utc       end of the last run with @mode = 'full'; NULL before the first one
full_apps_missed  number of applications that this run added below the ids that new reads again:
                  without it they would never have been queued
*/
IF OBJECT_ID(N'[$(Schema)].[processing_watermark]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_watermark]
    (
        watermark_id tinyint NOT NULL,
        app_id bigint NOT NULL,
        moved_at_utc datetime2(3) NOT NULL,
        full_at_utc datetime2(3) NULL,
        full_apps_missed bigint NULL,
        CONSTRAINT PK_processing_watermark PRIMARY KEY CLUSTERED (watermark_id),
        CONSTRAINT CK_processing_watermark_one_row CHECK (watermark_id = 1)
    );
END;
GO
