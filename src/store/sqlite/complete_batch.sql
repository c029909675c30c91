-- Concludes applications of a claim in one transaction, or returns those that the database refused
-- to the queue. Mirrors usp_CompleteBatch. Order: claim, queue, targets, log.

-- name: hold
-- The fence: no row, no completion. It also extends the lease.
UPDATE processing_claim
SET lease_expires_at_utc = max(lease_expires_at_utc, :now + lease_ms)
WHERE claim_token = :token
RETURNING session_id, claimed_at_utc;

-- name: dequeue
-- The applications of a JSON array, each by its key.
DELETE FROM processing_queue NOT INDEXED
WHERE app_id IN (SELECT value FROM json_each(:app_ids)) AND state = 1 AND claim_token = :token
RETURNING app_id, attempts, enqueued_at_utc;

-- name: logged
-- An earlier conclusion by this token whose answer was lost.
SELECT app_id, attempt, failure_category, rows_per_table
FROM processing_log
WHERE app_id = :app_id AND attempt = :attempt AND claim_token = :token;

-- name: refused
-- An earlier refusal by this token whose answer was lost.
SELECT e.app_id, e.attempt, e.error_number, e.detail,
       coalesce((SELECT q.reaps FROM processing_queue AS q WHERE q.app_id = e.app_id), 0),
       EXISTS (SELECT 1 FROM processing_event AS n
               WHERE n.claim_token = e.claim_token AND n.app_id = e.app_id
                 AND n.event_type = 'quarantined'),
       e.is_counted
FROM processing_event AS e
WHERE e.claim_token = :token AND e.app_id = :app_id AND e.attempt = :attempt
  AND e.event_type = 'refused';

-- name: supersede
-- A success takes over: the rows are no longer those of an earlier attempt.
UPDATE processing_log
SET has_rows = 0
WHERE app_id = :app_id AND has_rows = 1;

-- name: log
-- OR FAIL: an error ends the transaction anyway, so the statement keeps no journal of its own.
INSERT OR FAIL INTO processing_log
    (app_id, attempt, status, has_rows,
     failure_category, failure_table, failure_column, failure_path, failure_path_shape, failure_line,
     failure_column_number, failure_value, failure_reason, fingerprint, error_number,
     session_id, claim_token, enqueued_at_utc, claimed_at_utc, processed_at_utc,
     shred_micros, document_bytes, rows_written, rows_per_table, source_hash, contract_hash)
VALUES
    (:app_id, :attempt, CASE WHEN :failure_category IS NULL THEN 'success' ELSE 'failed' END,
     :failure_category IS NULL,
     :failure_category, :failure_table, :failure_column, :failure_path, :failure_path_shape, :failure_line,
     :failure_column_number, :failure_value, :failure_reason, :fingerprint, :error_number,
     :session, :token, :enqueued_at, :claimed_at, :now,
     :shred_micros, :document_bytes, :rows_written, :rows_per_table, :source_hash, :contract_hash);

-- name: sum_at_once
INSERT INTO processing_sums_at_once (only_row) VALUES (1);

-- name: add_outcome
INSERT INTO processing_outcome (outcome, applications)
VALUES (:outcome, :applications)
ON CONFLICT (outcome) DO UPDATE SET applications = applications + excluded.applications;

-- name: add_written
INSERT INTO processing_written (table_name, row_count)
VALUES (:table_name, :row_count)
ON CONFLICT (table_name) DO UPDATE SET row_count = row_count + excluded.row_count;

-- name: sum_each
DELETE FROM processing_sums_at_once;

-- name: has_success
SELECT 1
FROM processing_throughput
WHERE session_id = :session AND success > 0;

-- name: refuse
-- Back to the queue with the attempt used up, or to quarantine.
UPDATE processing_queue
SET state = CASE WHEN lone_reaps + :alone >= :max_reaps AND :alone THEN 2 ELSE 0 END,
    claim_token = NULL,
    reaps = reaps + 1,
    lone_reaps = lone_reaps + :alone
WHERE app_id = :app_id AND state = 1 AND claim_token = :token AND attempts = :attempt
RETURNING reaps, lone_reaps, state = 2;

-- name: event
INSERT INTO processing_event
    (occurred_at_utc, event_type, app_id, attempt, claim_token, session_id, error_number, is_counted,
     detail)
VALUES
    (:now, :event_type, :app_id, :attempt, :token, :session, :error_number, :is_counted, :detail);

-- name: drop_claim
DELETE FROM processing_claim
WHERE claim_token = :token
  AND NOT EXISTS (SELECT 1
                  FROM processing_queue INDEXED BY processing_queue_claim
                  WHERE state = 1 AND claim_token = :token);
