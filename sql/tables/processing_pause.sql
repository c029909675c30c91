SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Every pause of claiming, with the person and the reason. Claiming is paused while a row has no resumed_at_utc;
there is at most one such row, because usp_Pause locks the whole table. It stays small, because each
claim reads it.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_pause]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_pause]
    (
        pause_id int IDENTITY (1, 1) NOT NULL,
        paused_at_utc datetime2(3) NOT NULL,
        paused_by nvarchar(128) NOT NULL,
        reason nvarchar(400) NOT NULL,
        resumed_at_utc datetime2(3) NULL,
        resumed_by nvarchar(128) NULL,
        CONSTRAINT PK_processing_pause PRIMARY KEY CLUSTERED (pause_id),
        CONSTRAINT CK_processing_pause_resumed
            CHECK ((resumed_at_utc IS NULL AND resumed_by IS NULL)
                OR (resumed_at_utc IS NOT NULL AND resumed_by IS NOT NULL))
    );
END;
GO
