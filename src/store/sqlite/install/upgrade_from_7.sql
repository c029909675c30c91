-- From version 7: the latest attempt of an application is marked as on SQL Server, sessions have their share of
-- the queue, files have a place, and nothing counts the log any more. Between the two parts, everything
-- is created that a new store has and this one lacks. The sums that version 9 lacks, too, are filled behind.

-- name: change
DROP TRIGGER IF EXISTS app_xml_new;
DROP TRIGGER IF EXISTS app_xml_changed;
DROP TRIGGER IF EXISTS app_xml_deleted;
DROP INDEX IF EXISTS app_xml_file_name;
DROP INDEX IF EXISTS app_xml_file_path;
DROP INDEX IF EXISTS processing_log_category;
DROP INDEX IF EXISTS processing_log_fingerprint;
DROP VIEW IF EXISTS vw_FailureFingerprints;
DROP VIEW IF EXISTS vw_stale;
DROP VIEW IF EXISTS vw_unsuccessful;
DROP VIEW IF EXISTS vw_concluded;
ALTER TABLE processing_log ADD COLUMN is_latest INTEGER NOT NULL DEFAULT 1 CHECK (is_latest IN (0, 1));
UPDATE processing_log
SET is_latest = 0
WHERE EXISTS (SELECT 1 FROM processing_log AS n
              WHERE n.app_id = processing_log.app_id AND n.attempt > processing_log.attempt);
ALTER TABLE processing_enqueue ADD COLUMN documents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processing_enqueue ADD COLUMN orphans INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processing_enqueue ADD COLUMN replaced INTEGER;
ALTER TABLE processing_session ADD COLUMN instance_id INTEGER;
ALTER TABLE processing_session ADD COLUMN instance_count INTEGER;
ALTER TABLE processing_session ADD COLUMN app_id_start INTEGER;
ALTER TABLE processing_session ADD COLUMN app_id_end INTEGER;

-- name: fill
-- Where the files were is not known: loading finds them by their paths, and then gives them their places.
INSERT INTO processing_file
    (app_id, file_path, file_name, place_id, record_number, document_bytes, source_hash, loaded_at_utc)
SELECT app_id, file_path, file_name, 0, 0, document_bytes, source_hash, loaded_at_utc
FROM app_xml_file;
DROP TABLE app_xml_file;
INSERT INTO processing_outcome (outcome, applications)
SELECT coalesce(failure_category, 'success'), count(*)
FROM vw_concluded
GROUP BY failure_category;
INSERT INTO processing_written (table_name, row_count)
SELECT t.key, sum(t.value)
FROM processing_log AS l, json_each(l.rows_per_table) AS t
WHERE l.has_rows = 1
GROUP BY t.key;
-- What version 7 has lost, too: enqueueing finds it.
UPDATE processing_enqueue
SET lowest_new = (SELECT x.app_id
                  FROM app_xml AS x INDEXED BY app_xml_id
                  WHERE NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
                    AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id)
                  ORDER BY x.app_id
                  LIMIT 1);
