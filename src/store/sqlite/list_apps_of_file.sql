-- Mirrors usp_ListAppsOfFile.

-- name: of_file
SELECT app_id, file_path
FROM processing_file
WHERE file_name = :name
ORDER BY app_id;
