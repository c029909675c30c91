SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The unfinished applications, and nothing else: completing deletes the row, so the cost of a claim
depends on the unfinished work only.

state           0 ready, 1 claimed, 2 quarantined
attempts        claims so far; the attempt number of the current claim
reaps           number of its claims that were reaped, or in which the database refused it without
                a known cause; decides how small its next batch is
lone_reaps      number of these in which it was alone, or the only one refused; decides quarantine
document_bytes  size of the document as usp_ClaimBatch returns it, measured when it is enqueued

Every index has ALLOW_PAGE_LOCKS = OFF and the table LOCK_ESCALATION = DISABLE, here and on
processing_claim only: readers that skip locked rows (READPAST) need row locks. So the indexes can be
rebuilt, not reorganized. STATISTICS_NORECOMPUTE = ON spares a claim the sampling of a table that is
empty at one time and full at another: every access is a hinted seek.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_queue]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_queue]
    (
        app_id bigint NOT NULL,
        state tinyint NOT NULL,
        claim_token uniqueidentifier NULL,
        attempts int NOT NULL,
        reaps int NOT NULL,
        lone_reaps int NOT NULL,
        document_bytes bigint NOT NULL,
        enqueued_at_utc datetime2(3) NOT NULL,
        CONSTRAINT PK_processing_queue PRIMARY KEY CLUSTERED (app_id)
            WITH (ALLOW_PAGE_LOCKS = OFF, STATISTICS_NORECOMPUTE = ON),
        CONSTRAINT CK_processing_queue_state CHECK (state IN (0, 1, 2)),
        CONSTRAINT CK_processing_queue_claim
            CHECK ((state = 1 AND claim_token IS NOT NULL)
                OR (state <> 1 AND claim_token IS NULL)),
        CONSTRAINT CK_processing_queue_counts
            CHECK (attempts >= 0 AND reaps >= 0 AND lone_reaps >= 0 AND document_bytes >= 0)
    );

    CREATE NONCLUSTERED INDEX IX_processing_queue_claim
        ON [$(Schema)].[processing_queue] (state, claim_token, reaps, app_id)
        INCLUDE (document_bytes)
        WITH (ALLOW_PAGE_LOCKS = OFF, STATISTICS_NORECOMPUTE = ON);
END;
GO
-- SET (LOCK_ESCALATION ...) is unknown to sqlfluff, and there is no other way to set it.
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_queue]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_queue] SET (LOCK_ESCALATION = DISABLE);
END;
GO
