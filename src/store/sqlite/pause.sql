-- Pauses claiming. Mirrors usp_Pause.

-- name: in_force
SELECT paused_at_utc, paused_by, reason
FROM processing_pause
WHERE resumed_at_utc IS NULL;

-- name: pause
INSERT INTO processing_pause (paused_at_utc, paused_by, reason)
VALUES (:now, :by, :reason);
