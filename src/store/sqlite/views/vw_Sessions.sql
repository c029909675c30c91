-- Which workers run or ran, how many applications did they process, and which are silent? A file has no
-- logins, and its clock is the worker's: login_name and clock_skew_ms are NULL.
CREATE VIEW vw_Sessions AS
SELECT CASE
           WHEN s.ended_at_utc IS NOT NULL THEN 'ended'
           WHEN EXISTS (SELECT 1 FROM processing_claim AS c WHERE c.session_id = s.session_id)
               THEN 'working'
           WHEN s.last_seen_at_utc >= CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) - 600000 THEN 'idle'
           ELSE 'silent'
       END AS state,
       s.worker_name, s.host_name, s.process_id, s.started_at_utc, s.last_seen_at_utc,
       CASE WHEN s.ended_at_utc IS NULL
            THEN (CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) - s.last_seen_at_utc) / 1000
       END AS silent_seconds,
       s.ended_at_utc, s.exit_status, s.claimed, s.success, s.failed, s.released, s.reaped, s.refused,
       s.claimed - s.success - s.failed - s.released - s.reaped - s.refused AS holds,
       s.program_version, s.agent_job, s.agent_step, NULL AS clock_skew_ms, NULL AS login_name,
       s.contract_hash, s.session_id
FROM processing_session AS s;
