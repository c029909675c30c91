-- Concludes applications of a claim in one transaction. Mirrors usp_CompleteBatch. Order: claim,
-- queue, targets, log.

-- name: hold
-- The fence: no row, no completion. It also extends the lease.
UPDATE processing_claim
SET lease_expires_at_utc = max(lease_expires_at_utc, :now + lease_ms)
WHERE claim_token = :token
RETURNING session_id, claimed_at_utc;

-- name: dequeue
DELETE FROM processing_queue
WHERE app_id = :app_id AND state = 1 AND claim_token = :token AND attempts = :attempt
RETURNING enqueued_at_utc;

-- name: logged
-- An earlier conclusion by this token whose answer was lost.
SELECT app_id, attempt, failure_category, rows_per_table
FROM processing_log
WHERE app_id = :app_id AND attempt = :attempt AND claim_token = :token;

-- name: last_status
SELECT status
FROM processing_log
WHERE app_id = :app_id
ORDER BY attempt DESC
LIMIT 1;

-- name: log
INSERT INTO processing_log
    (app_id, attempt, status,
     failure_category, failure_table, failure_column, failure_path, failure_line,
     failure_column_number, failure_value, failure_reason, fingerprint, error_number,
     session_id, claim_token, enqueued_at_utc, claimed_at_utc, processed_at_utc,
     shred_micros, document_bytes, rows_written, rows_per_table, source_hash, contract_hash)
VALUES
    (:app_id, :attempt, CASE WHEN :failure_category IS NULL THEN 'success' ELSE 'failed' END,
     :failure_category, :failure_table, :failure_column, :failure_path, :failure_line,
     :failure_column_number, :failure_value, :failure_reason, :fingerprint, :error_number,
     :session, :token, :enqueued_at, :claimed_at, :now,
     :shred_micros, :document_bytes, :rows_written, :rows_per_table, :source_hash, :contract_hash);

-- name: drop_claim
DELETE FROM processing_claim
WHERE claim_token = :token
  AND NOT EXISTS (SELECT 1
                  FROM processing_queue INDEXED BY processing_queue_claim
                  WHERE state = 1 AND claim_token = :token);
