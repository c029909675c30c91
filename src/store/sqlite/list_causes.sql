-- Lists the causes of failure and the values that each failed on. Mirrors usp_ListCauses.

-- name: causes
-- The view is here with the time that is asked for.
SELECT fingerprint, applications, failure_category, failure_table, failure_column, path_shape, error_number,
       first_at_utc, last_at_utc, example_app_id, example_reason, count(*) OVER (),
       sum(applications) OVER ()
FROM vw_FailureFingerprints
ORDER BY applications DESC, example_app_id
LIMIT :causes;

-- name: values
SELECT failure_value, count(*) AS applications
FROM vw_concluded
WHERE fingerprint = :fingerprint
  AND failure_category IS NOT NULL
  AND failure_value IS NOT NULL
  AND processed_at_utc >= :since
GROUP BY failure_value
ORDER BY applications DESC, failure_value
LIMIT :values;
