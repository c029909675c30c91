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

-- name: add_file
INSERT OR REPLACE INTO app_xml_file
    (app_id, file_path, file_name, document_bytes, source_hash, loaded_at_utc)
VALUES (:app_id, :file_path, :file_name, :document_bytes, :source_hash, :now);

-- name: is_loaded
-- A load may bring several files of one name and content; it compares with those of loads before.
SELECT EXISTS (SELECT 1
               FROM app_xml_file
               WHERE file_name = :file_name AND source_hash = :source_hash
                 AND app_id <= :highest);

-- name: last_of_file
SELECT app_id
FROM app_xml_file
WHERE file_path = :file_path AND app_id <= :highest
ORDER BY app_id DESC
LIMIT 1;

-- name: has_content
-- Documents that did not come from a file have only their bytes.
SELECT coalesce((SELECT f.source_hash FROM app_xml_file AS f WHERE f.app_id = x.app_id),
                sha256(x.xml)) IS :source_hash
FROM app_xml AS x
WHERE x.app_id = :app_id;
