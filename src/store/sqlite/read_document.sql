-- One source document. Mirrors usp_ReadDocument.

-- name: document
SELECT xml
FROM app_xml
WHERE app_id = :app_id;
