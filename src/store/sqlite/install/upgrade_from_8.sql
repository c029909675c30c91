-- From version 8: a record says how its file was divided. Of records that were loaded before, nobody knows.

-- name: change
ALTER TABLE processing_file ADD COLUMN record_path TEXT;
ALTER TABLE processing_file ADD COLUMN has_envelope INTEGER CHECK (has_envelope IN (0, 1));
