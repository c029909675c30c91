-- From version 8: a record says how its file was divided. Of records that were loaded before, nobody knows.
-- No load counts as one that replaced a document. Completions add to the sums themselves.
-- What version 9 lacks, too, follows.

-- name: change
ALTER TABLE processing_file ADD COLUMN record_path TEXT;
ALTER TABLE processing_file ADD COLUMN has_envelope INTEGER CHECK (has_envelope IN (0, 1));
ALTER TABLE processing_file ADD COLUMN has_replaced INTEGER NOT NULL DEFAULT 0 CHECK (has_replaced IN (0, 1));
DROP TRIGGER processing_log_counted;
DROP TRIGGER processing_log_wrote;
DROP TRIGGER processing_queue_uncounted;
