-- Applications whose last attempt succeeded, by page. Mirrors usp_ListFinished.

-- name: finished
SELECT l.app_id, l.attempt, l.claimed_at_utc, l.source_hash,
       coalesce(l.base_contract_hash, l.contract_hash)
FROM vw_concluded AS l
WHERE l.status = 'success' AND l.app_id >= :from
  AND (:app_ids IS NULL OR l.app_id IN (SELECT value FROM json_each(:app_ids)))
  AND (:fingerprint IS NULL
       OR EXISTS (SELECT 1 FROM processing_log AS f
                  WHERE f.app_id = l.app_id AND f.fingerprint = :fingerprint))
ORDER BY l.app_id
LIMIT :size;
