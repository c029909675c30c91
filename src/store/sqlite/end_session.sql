-- Records that a session ended; the first exit status stays. Mirrors usp_EndSession.

-- name: end
UPDATE processing_session
SET ended_at = coalesce(ended_at, :now),
    exit_status = coalesce(exit_status, :exit_status),
    last_seen_at = :now
WHERE session_id = :session;
