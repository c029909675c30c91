-- Applications with a source row and rows in the target tables, by page. Mirrors usp_ListWritten.

-- name: written
SELECT a.app_id, l.attempt, l.claimed_at_utc, l.source_hash, l.contract_hash
FROM app_xml AS a
LEFT JOIN processing_log AS l ON l.app_id = a.app_id AND l.has_rows = 1
WHERE a.app_id >= :from
  AND (l.app_id IS NOT NULL
       OR (:unlogged AND EXISTS (SELECT 1 FROM vw_TargetRows AS r WHERE r.app_id = a.app_id)))
ORDER BY a.app_id
LIMIT :size;

-- name: written_of
SELECT a.app_id, l.attempt, l.claimed_at_utc, l.source_hash, l.contract_hash
FROM app_xml AS a
LEFT JOIN processing_log AS l ON l.app_id = a.app_id AND l.has_rows = 1
WHERE a.app_id IN (SELECT value FROM json_each(:app_ids)) AND a.app_id >= :from
  AND (l.app_id IS NOT NULL
       OR (:unlogged AND EXISTS (SELECT 1 FROM vw_TargetRows AS r WHERE r.app_id = a.app_id)))
ORDER BY a.app_id
LIMIT :size;
