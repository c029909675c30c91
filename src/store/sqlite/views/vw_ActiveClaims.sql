-- Which worker holds which claim, and which leases are about to expire? remaining_seconds is negative if
-- the lease has expired.
CREATE VIEW vw_ActiveClaims AS
SELECT s.worker_name,
       s.host_name,
       s.process_id,
       (SELECT count(*)
        FROM processing_queue AS q
        WHERE q.state = 1 AND q.claim_token = c.claim_token) AS app_count,
       c.claimed_at_utc,
       (n.now - c.claimed_at_utc) / 1000 AS age_seconds,
       c.lease_expires_at_utc,
       -- Rounded down.
       (c.lease_expires_at_utc - n.now
           - ((c.lease_expires_at_utc - n.now) % 1000 + 1000) % 1000) / 1000 AS remaining_seconds,
       c.renewals,
       c.claim_token,
       c.session_id
FROM (SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) AS now) AS n
CROSS JOIN processing_claim AS c
INNER JOIN processing_session AS s ON s.session_id = c.session_id;
