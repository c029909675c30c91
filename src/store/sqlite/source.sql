-- The source table, to draft a contract from its documents.

-- name: bounds
SELECT (SELECT min(app_id) FROM app_xml), (SELECT max(app_id) FROM app_xml);

-- name: row_from
SELECT app_id, xml
FROM app_xml
WHERE app_id >= :app_id
ORDER BY app_id
LIMIT 1;
