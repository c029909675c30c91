-- Gives finished applications what is missing in the target tables. Mirrors usp_BackfillApps; the
-- statements on the target tables come from the contract.

-- name: queued
SELECT 1
FROM processing_queue
WHERE app_id = :app_id;

-- name: finished
-- The attempt that the rows are of, if it still is the last one and of this document.
SELECT rows_per_table
FROM vw_concluded
WHERE app_id = :app_id AND attempt = :attempt AND has_rows = 1
  AND (source_hash IS NULL OR source_hash = :source_hash);

-- name: supersede
UPDATE processing_log
SET has_rows = 0
WHERE app_id = :app_id AND attempt = :attempt;

-- name: log
-- The time is that of the earlier attempt, with which its document was shredded again.
INSERT INTO processing_log
    (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
     processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, source_hash,
     contract_hash, base_contract_hash)
SELECT app_id, attempt + 1, 'success', 1, :backfill, :no_claim, enqueued_at_utc, claimed_at_utc,
       :now, :shred_micros, :document_bytes, :rows_written, :rows_per_table, source_hash,
       :contract_hash, coalesce(base_contract_hash, contract_hash)
FROM processing_log
WHERE app_id = :app_id AND attempt = :attempt;

-- name: event
INSERT INTO processing_event (occurred_at_utc, event_type, app_id, attempt, detail)
VALUES (:now, 'backfilled', :app_id, :attempt + 1, :detail);
