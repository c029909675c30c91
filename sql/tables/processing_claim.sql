SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per claim: a batch that a worker holds, with its lease. The worker generates the token; it
is the fence of everything done under it. Every procedure that changes a claimed application locks
this row first. The row is deleted when the claim holds no application any more.

lease_ms   the latest requested length; completing extends the lease by it
app_count  the applications that were claimed

No index on lease_expires_at_utc: the table has a few rows per worker, and each renewal would have to
maintain the index. No foreign key to processing_session: a claim would wait for a completion of its
session. usp_ClaimBatch checks it.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_claim]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_claim]
    (
        claim_token uniqueidentifier NOT NULL,
        session_id uniqueidentifier NOT NULL,
        claimed_at_utc datetime2(3) NOT NULL,
        lease_ms int NOT NULL,
        lease_expires_at_utc datetime2(3) NOT NULL,
        app_count int NOT NULL,
        renewals int NOT NULL,
        CONSTRAINT PK_processing_claim PRIMARY KEY CLUSTERED (claim_token)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT CK_processing_claim_lease_ms CHECK (lease_ms >= 1),
        CONSTRAINT CK_processing_claim_counts CHECK (app_count >= 0 AND renewals >= 0)
    );
END;
GO
-- SET (LOCK_ESCALATION ...) is unknown to sqlfluff, and there is no other way to set it.
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_claim]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_claim] SET (LOCK_ESCALATION = DISABLE);
END;
GO
