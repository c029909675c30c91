-- Applications that the log knows as a success, or with a source row and rows in the target tables, by page.
-- Mirrors usp_ListWritten: a page that is not full has all of the source that is left.

-- name: written
WITH sourced AS MATERIALIZED (
    SELECT a.app_id, l.attempt, l.claimed_at_utc, l.source_hash,
           coalesce(l.base_contract_hash, l.contract_hash) AS contract_hash
    FROM app_xml AS a
    LEFT JOIN processing_log AS l ON l.app_id = a.app_id AND l.has_rows = 1
    WHERE a.app_id >= :from
      AND (l.app_id IS NOT NULL
           OR (:unlogged AND EXISTS (SELECT 1 FROM vw_TargetRows AS r WHERE r.app_id = a.app_id)))
    ORDER BY a.app_id
    LIMIT :size
),
gone AS (
    SELECT l.app_id, l.attempt, l.claimed_at_utc, l.source_hash,
           coalesce(l.base_contract_hash, l.contract_hash) AS contract_hash
    FROM processing_log AS l
    WHERE l.has_rows = 1 AND l.app_id >= :from
      AND l.app_id <= (SELECT iif(count(*) < :size, 9223372036854775807, max(app_id)) FROM sourced)
      AND NOT EXISTS (SELECT 1 FROM app_xml AS a WHERE a.app_id = l.app_id)
    ORDER BY l.app_id
    LIMIT :size
)
SELECT app_id, attempt, claimed_at_utc, source_hash, contract_hash FROM sourced
UNION ALL
SELECT app_id, attempt, claimed_at_utc, source_hash, contract_hash FROM gone
ORDER BY app_id
LIMIT :size;

-- name: written_of
SELECT i.value AS app_id, l.attempt, l.claimed_at_utc, l.source_hash,
       coalesce(l.base_contract_hash, l.contract_hash) AS contract_hash
FROM json_each(:app_ids) AS i
LEFT JOIN processing_log AS l ON l.app_id = i.value AND l.has_rows = 1
WHERE i.value >= :from
  AND (l.app_id IS NOT NULL
       OR (:unlogged
           AND EXISTS (SELECT 1 FROM app_xml AS a WHERE a.app_id = i.value)
           AND EXISTS (SELECT 1 FROM vw_TargetRows AS r WHERE r.app_id = i.value)))
ORDER BY i.value
LIMIT :size;
