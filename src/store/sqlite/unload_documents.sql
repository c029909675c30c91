-- Takes documents back that nothing was made of. Mirrors usp_UnloadDocuments.

-- name: chosen
-- The documents of :app_ids, of files that are one of :patterns, and of files that were loaded since
-- then; each may be NULL. A pattern with folders is for paths with as many, and one without for names. The
-- pattern of a file is for its records, too.
WITH chosen (app_id) AS (
    SELECT value FROM json_each(:app_ids)
    UNION
    SELECT f.app_id
    FROM processing_file AS f
    WHERE EXISTS (SELECT 1
                  FROM (SELECT value AS pattern,
                               length(value) - length(replace(value, '/', '')) AS folders
                        FROM json_each(:patterns)) AS p
                  WHERE CASE p.folders
                            WHEN 0 THEN f.file_name GLOB p.pattern
                                OR (f.record_number > 0 AND f.file_name GLOB p.pattern || '#*')
                            ELSE (replace(f.file_path, '\', '/') GLOB p.pattern
                                  OR (f.record_number > 0
                                      AND replace(f.file_path, '\', '/') GLOB p.pattern || '#*'))
                                AND p.folders = length(f.file_path)
                                    - length(replace(replace(f.file_path, '\', '/'), '/', ''))
                        END)
       OR f.loaded_at_utc >= :since
)
SELECT c.app_id, f.file_path, q.state,
       EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = c.app_id),
       max((SELECT count(*) FROM processing_log AS l WHERE l.app_id = c.app_id),
           coalesce(q.attempts, 0)),
       EXISTS (SELECT 1 FROM processing_log AS l
               WHERE l.app_id = c.app_id AND l.status = 'success'),
       :app_ids IS NULL AND f.has_replaced
FROM chosen AS c
LEFT JOIN processing_file AS f ON f.app_id = c.app_id
LEFT JOIN processing_queue AS q ON q.app_id = c.app_id
ORDER BY c.app_id;
