-- Pauses claiming, and ends a pause. Mirrors usp_Pause and usp_Resume.

-- name: in_force
SELECT paused_at, paused_by, reason
FROM processing_pause
WHERE resumed_at IS NULL;

-- name: pause
INSERT INTO processing_pause (paused_at, paused_by, reason)
VALUES (:now, :by, :reason);

-- name: resume
UPDATE processing_pause
SET resumed_at = :now,
    resumed_by = :by
WHERE resumed_at IS NULL;
