-- Lists the causes of failure and the values that each failed on. Mirrors usp_ListCauses.

-- name: causes
SELECT f.fingerprint, f.applications, l.failure_category, l.failure_table, l.failure_column,
       l.failure_path_shape, l.error_number, f.first_at_utc, f.last_at_utc, f.example_app_id,
       l.failure_reason, f.all_causes, f.all_applications
FROM (SELECT fingerprint, count(*) AS applications, min(processed_at_utc) AS first_at_utc,
             max(processed_at_utc) AS last_at_utc, max(app_id) AS example_app_id,
             count(*) OVER () AS all_causes, sum(count(*)) OVER () AS all_applications
      FROM vw_concluded
      WHERE failure_category IS NOT NULL
        AND (:since IS NULL OR processed_at_utc >= :now - :since)
      GROUP BY failure_category, fingerprint) AS f
INNER JOIN vw_concluded AS l ON l.app_id = f.example_app_id
ORDER BY f.applications DESC, f.example_app_id
LIMIT :causes;

-- name: values
SELECT failure_value, count(*) AS applications
FROM vw_concluded
WHERE fingerprint = :fingerprint
  AND failure_category = :category
  AND failure_value IS NOT NULL
  AND (:since IS NULL OR processed_at_utc >= :now - :since)
GROUP BY failure_value
ORDER BY applications DESC, failure_value
LIMIT :values;
