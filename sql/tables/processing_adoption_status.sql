SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
What each status of the adopted log means.

status     as the log has it, without blanks around it and in lower case; empty for NULL
outcome    success, failed, or ignore: a row with it counts as if it did not exist
row_count  rows with it when the adoption began
*/
IF OBJECT_ID(N'[$(Schema)].[processing_adoption_status]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_adoption_status]
    (
        status nvarchar(400) NOT NULL,
        outcome varchar(7) NOT NULL,
        row_count bigint NOT NULL,
        CONSTRAINT PK_processing_adoption_status PRIMARY KEY CLUSTERED (status),
        CONSTRAINT CK_processing_adoption_status_outcome CHECK (outcome IN ('success', 'failed', 'ignore'))
    );
END;
GO
