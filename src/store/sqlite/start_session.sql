-- Records that a session started; repeating it has no further effect. Mirrors usp_StartSession.

-- name: start
INSERT INTO processing_session
    (session_id, worker_name, host_name, process_id, program_version, contract_hash,
     agent_job, agent_step, started_at_utc, last_seen_at_utc)
VALUES
    (:session, :worker_name, :host_name, :process_id, :program_version, :contract_hash,
     :agent_job, :agent_step, :now, :now)
ON CONFLICT (session_id) DO UPDATE
SET last_seen_at_utc = excluded.last_seen_at_utc;
