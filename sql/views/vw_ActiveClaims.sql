SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which worker holds which claim, and which leases are about to expire?
Columns:    worker_name, host_name, process_id, app_count (unfinished; without those that a completion
            has locked, so 0 while all are completed), claimed_at_utc, age_seconds, lease_expires_at_utc,
            remaining_seconds (negative: the lease has expired), renewals, claim_token, session_id
Cost:       one row per batch in flight. Reads claims and sessions WITH (NOLOCK), and the queue past
            locked rows: it must show the claim of a completion that hangs, and not wait for it
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_ActiveClaims]
AS
SELECT
    s.worker_name,
    s.host_name,
    s.process_id,
    (
        SELECT COUNT_BIG(*)
        FROM [$(Schema)].[processing_queue] AS q WITH (READPAST, READCOMMITTEDLOCK)
        WHERE q.state = 1
            AND q.claim_token = c.claim_token
    ) AS app_count,
    c.claimed_at_utc,
    DATEDIFF_BIG(MILLISECOND, c.claimed_at_utc, SYSUTCDATETIME()) / 1000 AS age_seconds,
    c.lease_expires_at_utc,
    CONVERT(
        bigint,
        FLOOR(DATEDIFF_BIG(MILLISECOND, SYSUTCDATETIME(), c.lease_expires_at_utc) / 1000.0)
    ) AS remaining_seconds,
    c.renewals,
    c.claim_token,
    c.session_id
FROM [$(Schema)].[processing_claim] AS c WITH (NOLOCK)
INNER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON c.session_id = s.session_id;
GO
