-- Records that a session ended; the first exit status stays. Mirrors usp_EndSession.

-- name: end
UPDATE processing_session
SET ended_at_utc = coalesce(ended_at_utc, :now),
    exit_status = coalesce(exit_status, :exit_status),
    last_seen_at_utc = :now
WHERE session_id = :session;
