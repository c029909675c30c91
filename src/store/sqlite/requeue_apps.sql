-- Lists the finished applications to requeue. Mirrors usp_RequeueApps.

-- name: app_ids
SELECT app_id, status, attempt, failure_category
FROM vw_concluded
WHERE app_id IN (SELECT value FROM json_each(:app_ids)) AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: range
SELECT app_id, status, attempt, failure_category
FROM vw_concluded
WHERE app_id BETWEEN :start AND :end AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: older_contract
SELECT app_id, status, attempt, failure_category
FROM vw_concluded
WHERE coalesce(base_contract_hash, contract_hash) <> :contract_hash AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: changed_document
-- A deleted source row is not a changed document: the rows made from it stay.
SELECT c.app_id, c.status, c.attempt, c.failure_category
FROM vw_concluded AS c
INNER JOIN app_xml AS x ON x.app_id = c.app_id
WHERE c.source_hash IS NOT sha256(x.xml) AND c.app_id > :after
ORDER BY c.app_id
LIMIT :limit;
