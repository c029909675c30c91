-- The causes of failure, each with the applications whose last attempt failed with it. A fingerprint has one
-- category. list_causes.sql replaces the number by a time.
CREATE VIEW vw_FailureFingerprints AS
SELECT f.applications, l.failure_category, l.failure_table, l.failure_column,
       coalesce(l.failure_path_shape, l.failure_path) AS path_shape, l.error_number, f.first_at_utc,
       f.last_at_utc, f.example_app_id, l.failure_value AS example_value,
       l.failure_reason AS example_reason, l.failure_path AS example_path, f.fingerprint
FROM (SELECT fingerprint, count(*) AS applications, min(processed_at_utc) AS first_at_utc,
             max(processed_at_utc) AS last_at_utc, max(app_id) AS example_app_id
      FROM vw_concluded
      WHERE failure_category IS NOT NULL
        AND processed_at_utc >= -9223372036854775807
      GROUP BY fingerprint) AS f
INNER JOIN processing_log AS l ON l.app_id = f.example_app_id AND l.is_latest = 1;
