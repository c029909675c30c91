-- Adds to the counts of a session, in total and in this minute. Mirrors usp_RecordThroughput.

-- name: minute
INSERT INTO processing_throughput
    (session_id, minute_utc, claimed, success, failed, released,
     rows_written, document_bytes, shred_micros)
VALUES
    (:session, :now / 60000 * 60000, :claimed, :success, :failed, :released,
     :rows_written, :document_bytes, :shred_micros)
ON CONFLICT (session_id, minute_utc) DO UPDATE
SET claimed = claimed + excluded.claimed,
    success = success + excluded.success,
    failed = failed + excluded.failed,
    released = released + excluded.released,
    rows_written = rows_written + excluded.rows_written,
    document_bytes = document_bytes + excluded.document_bytes,
    shred_micros = shred_micros + excluded.shred_micros;

-- name: share
-- The share of the queue that the session claims from.
UPDATE processing_session
SET instance_id = :instance_id,
    instance_count = :instance_count,
    app_id_start = :app_id_start,
    app_id_end = :app_id_end
WHERE session_id = :session
  AND (instance_id, instance_count, app_id_start, app_id_end)
      IS NOT (:instance_id, :instance_count, :app_id_start, :app_id_end);

-- name: totals
UPDATE processing_session
SET claimed = claimed + :claimed,
    success = success + :success,
    failed = failed + :failed,
    released = released + :released,
    refused = refused + :refused,
    last_seen_at_utc = :now
WHERE session_id = :session;
