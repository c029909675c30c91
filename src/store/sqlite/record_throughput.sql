-- Adds to what a session did in this minute. Mirrors usp_RecordThroughput.

-- name: record
INSERT INTO processing_throughput
    (session_id, minute_utc, claimed, succeeded, failed, released,
     rows_written, document_bytes, shred_micros)
VALUES
    (:session, :now / 60000 * 60000, :claimed, :succeeded, :failed, :released,
     :rows_written, :document_bytes, :shred_micros)
ON CONFLICT (session_id, minute_utc) DO UPDATE
SET claimed = claimed + excluded.claimed,
    succeeded = succeeded + excluded.succeeded,
    failed = failed + excluded.failed,
    released = released + excluded.released,
    rows_written = rows_written + excluded.rows_written,
    document_bytes = document_bytes + excluded.document_bytes,
    shred_micros = shred_micros + excluded.shred_micros;

-- name: session
UPDATE processing_session
SET claimed = claimed + :claimed,
    succeeded = succeeded + :succeeded,
    failed = failed + :failed,
    released = released + :released,
    last_seen_at = :now
WHERE session_id = :session;
