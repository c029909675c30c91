SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
How many applications that are not in the queue have which outcome, and how many are in the queue, so that nobody
counts log or queue: the sum over all rows of an outcome, of which single ones may be below 0. What changes log or
queue changes it in the same transaction. The last one in the lock order, with processing_written.

session_id     the session that completed them, so that completions do not wait for one row; all zeros for
               sessions that ended, and for what no session completes (usp_AddSums)
outcome        success, or the failure_category; queued: in the queue, with or without an earlier outcome
document_bytes size of the documents of those that are queued; 0 for every outcome
*/
IF OBJECT_ID(N'[$(Schema)].[processing_outcome]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_outcome]
    (
        session_id uniqueidentifier NOT NULL,
        outcome varchar(30) NOT NULL,
        applications bigint NOT NULL,
        document_bytes bigint NOT NULL CONSTRAINT DF_processing_outcome_document_bytes DEFAULT (0),
        CONSTRAINT PK_processing_outcome PRIMARY KEY CLUSTERED (session_id, outcome)
    );
END;
GO
