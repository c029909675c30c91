SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which workers run or ran, how many applications did they process, and which are silent?
            Order by started_at_utc DESC.
Columns:    state (working: holds a claim; idle: holds no claim, and was seen within ten minutes;
            silent: neither, so it waits for work or was killed; ended), worker_name, host_name,
            process_id, started_at_utc, last_seen_at_utc, silent_seconds, ended_at_utc, exit_status,
            claimed, success, failed, released, reaped, refused, holds (unfinished applications),
            program_version, agent_job, agent_step, clock_skew_ms, login_name, contract_hash,
            session_id
Cost:       a query with TOP and ORDER BY started_at_utc DESC reads that many sessions from the end of
            IX_processing_session_started, and the few claims of each. Does not read the log:
            sessions have their own counts. Both WITH (NOLOCK): it must show the worker whose completion
            hangs, and not wait for it
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Sessions]
AS
SELECT
    CASE
        WHEN s.ended_at_utc IS NOT NULL THEN 'ended'
        WHEN c.claims > 0 THEN 'working'
        WHEN s.last_seen_at_utc >= DATEADD(MINUTE, -10, SYSUTCDATETIME()) THEN 'idle'
        ELSE 'silent'
    END AS state,
    s.worker_name,
    s.host_name,
    s.process_id,
    s.started_at_utc,
    s.last_seen_at_utc,
    CASE
        WHEN s.ended_at_utc IS NULL THEN DATEDIFF_BIG(SECOND, s.last_seen_at_utc, SYSUTCDATETIME())
    END AS silent_seconds,
    s.ended_at_utc,
    s.exit_status,
    s.claimed,
    s.success,
    s.failed,
    s.released,
    s.reaped,
    s.refused,
    s.claimed - s.success - s.failed - s.released - s.reaped - s.refused AS holds,
    s.program_version,
    s.agent_job,
    s.agent_step,
    s.clock_skew_ms,
    s.login_name,
    s.contract_hash,
    s.session_id
FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
OUTER APPLY
    (
        SELECT COUNT_BIG(*) AS claims
        FROM [$(Schema)].[processing_claim] AS k WITH (NOLOCK)
        WHERE k.session_id = s.session_id
    ) AS c;
GO
