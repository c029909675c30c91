SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per batch that is held now: the lease. The token is the worker's name for the batch and
the fence of everything done under it. The row is the first lock of every procedure that touches
a claimed application, and it is gone when nothing of the batch is left.

lease_ms is the length last asked for; completing extends by it. No index on lease_expires_at_utc:
the table has a row or two per worker, and each renewal would have to maintain it.
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
        CONSTRAINT FK_processing_claim_session
            FOREIGN KEY (session_id)
            REFERENCES [$(Schema)].[processing_session] (session_id),
        CONSTRAINT CK_processing_claim_lease_ms CHECK (lease_ms >= 1),
        CONSTRAINT CK_processing_claim_counts CHECK (app_count >= 0 AND renewals >= 0)
    );
END;
GO
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
