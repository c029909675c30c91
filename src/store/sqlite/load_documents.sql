-- Loads documents into the source table. On SQL Server its owner does that.

-- name: insert
INSERT INTO app_xml (app_id, xml)
VALUES (:app_id, :xml)
ON CONFLICT (app_id) DO NOTHING;

-- name: replace
INSERT INTO app_xml (app_id, xml)
VALUES (:app_id, :xml)
ON CONFLICT (app_id) DO UPDATE
SET xml = excluded.xml;

-- name: last_app_id
SELECT highest
FROM processing_enqueue;

-- name: exists
-- In the log, too: what is loaded under such an id is not new, and would not be enqueued.
SELECT EXISTS (SELECT 1 FROM app_xml WHERE app_id = :app_id)
    OR EXISTS (SELECT 1 FROM processing_log WHERE app_id = :app_id);

-- name: is_stored
SELECT EXISTS (SELECT 1 FROM app_xml WHERE app_id = :app_id);

-- name: logged
SELECT EXISTS (SELECT 1 FROM processing_log WHERE app_id = :app_id);

-- name: add_file
INSERT OR REPLACE INTO processing_file
    (app_id, file_path, file_name, place_id, record_number, record_path, has_envelope, document_bytes,
     source_hash, loaded_at_utc, has_replaced)
VALUES
    (:app_id, :file_path, :file_name, :place_id, :record_number, :record_path, :has_envelope, :document_bytes,
     :source_hash, :now, :has_replaced);

-- name: knows_file
-- The names of a file's records begin with its own and #; $ comes after #.
SELECT EXISTS (SELECT 1 FROM processing_file WHERE place_id = :place_id)
    OR EXISTS (SELECT 1
               FROM processing_file
               WHERE file_name = :file_name
                  OR (file_name >= :file_name || '#' AND file_name < :file_name || '$'));

-- name: same
-- What was loaded last from this place under this number with this content. Version 7 did not record the
-- places, and compared the paths. Where it is not known how a file was divided, it was divided in the same way.
SELECT max(app_id)
FROM (SELECT app_id
      FROM processing_file
      WHERE place_id = :place_id AND record_number = :record_number AND source_hash = :source_hash
          AND coalesce(record_path = :record_path AND has_envelope = :has_envelope, 1)
      UNION ALL
      SELECT app_id
      FROM processing_file
      WHERE place_id = 0 AND file_path = :file_path AND +record_number = :record_number
          AND +source_hash = :source_hash);

-- name: last
-- What was loaded last from this place under this number.
SELECT max(app_id)
FROM (SELECT app_id
      FROM processing_file
      WHERE place_id = :place_id AND record_number = :record_number
          AND coalesce(record_path = :record_path AND has_envelope = :has_envelope, 1)
      UNION ALL
      SELECT app_id
      FROM processing_file
      WHERE place_id = 0 AND file_path = :file_path AND +record_number = :record_number);

-- name: other_way
-- What is divided in another way is found at the lowest number, or something divided in the same way is. Version 7
-- divided no file.
SELECT app_id, record_number = 0, record_path, has_envelope
FROM processing_file
WHERE place_id = :place_id
    AND record_number = (SELECT min(record_number) FROM processing_file WHERE place_id = :place_id)
    AND ((record_number = 0) <> (:record_number = 0)
         OR coalesce(record_path <> :record_path OR has_envelope <> :has_envelope, 0))
UNION ALL
SELECT app_id, 1, NULL, NULL
FROM processing_file
WHERE place_id = 0 AND file_path = :whole_path AND :record_number > 0
LIMIT 1;

-- name: take_place
UPDATE processing_file
SET place_id = :place_id
WHERE place_id = 0 AND file_path = :file_path AND +record_number = :record_number;

-- name: moved
-- By the other index, every record of the file would be read.
SELECT app_id
FROM processing_file INDEXED BY processing_file_hash
WHERE place_id = :place_id AND source_hash = :source_hash AND record_number > 0
    AND record_number <> :record_number
    AND coalesce(record_path = :record_path AND has_envelope = :has_envelope, 1)
LIMIT 1;

-- name: copy
SELECT app_id, file_path
FROM processing_file
WHERE file_name = :file_name AND source_hash = :source_hash AND place_id <> :place_id
LIMIT 1;

-- name: copied_record
-- A record of a file of this name, under any number.
SELECT app_id, file_path
FROM processing_file
WHERE source_hash = :source_hash AND record_number > 0 AND place_id <> :place_id
    AND substr(file_name, 1, length(file_name) - length(record_number) - 1) COLLATE NOCASE
        = substr(:file_name, 1, length(:file_name) - length(:record_number) - 1)
LIMIT 1;

-- name: has_content
-- Documents that did not come from a file have only their bytes.
SELECT coalesce((SELECT f.source_hash FROM processing_file AS f WHERE f.app_id = x.app_id),
                sha256(x.xml)) IS :source_hash
FROM app_xml AS x
WHERE x.app_id = :app_id;
