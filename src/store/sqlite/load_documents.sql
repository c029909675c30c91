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
SELECT max(app_id)
FROM app_xml;

-- name: exists
SELECT EXISTS (SELECT 1 FROM app_xml WHERE app_id = :app_id);
