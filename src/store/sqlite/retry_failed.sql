-- Lists the failed or quarantined applications to retry. Mirrors usp_RetryFailed.

-- name: app_ids
SELECT app_id, was, attempts, failure_category
FROM vw_unsuccessful
WHERE app_id IN (SELECT value FROM json_each(:app_ids)) AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: category
SELECT app_id, was, attempts, failure_category
FROM vw_unsuccessful
WHERE was = 'failed' AND failure_category = :category AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: fingerprint
SELECT app_id, was, attempts, failure_category
FROM vw_unsuccessful
WHERE was = 'failed' AND fingerprint = :fingerprint AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: quarantined
SELECT app_id, was, attempts, failure_category
FROM vw_unsuccessful
WHERE was = 'quarantined' AND app_id > :after
ORDER BY app_id
LIMIT :limit;

-- name: all
SELECT app_id, was, attempts, failure_category
FROM vw_unsuccessful
WHERE app_id > :after
ORDER BY app_id
LIMIT :limit;
