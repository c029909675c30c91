-- Ends a pause. Mirrors usp_Resume.

-- name: resume
UPDATE processing_pause
SET resumed_at_utc = :now,
    resumed_by = :by
WHERE resumed_at_utc IS NULL;
