-- One application's life. Mirrors usp_ExplainApp.

-- name: life
WITH claim (token, attempt) AS (
    SELECT claim_token, max(attempt)
    FROM (SELECT claim_token, attempt FROM processing_log WHERE app_id = :app_id
          UNION ALL
          SELECT claim_token, attempt FROM processing_event
          WHERE app_id = :app_id AND claim_token IS NOT NULL
          UNION ALL
          SELECT claim_token, attempts FROM processing_queue
          WHERE app_id = :app_id AND claim_token IS NOT NULL)
    GROUP BY claim_token
),
life (at, ordinal, event, attempt, session_id, detail, token) AS (
    SELECT enqueued_at_utc, 0, 'enqueued', NULL, NULL,
           'a document of ' || document_bytes || ' bytes', NULL
    FROM (SELECT enqueued_at_utc, document_bytes FROM processing_log WHERE app_id = :app_id
          UNION ALL
          SELECT enqueued_at_utc, document_bytes FROM processing_queue WHERE app_id = :app_id
          ORDER BY enqueued_at_utc
          LIMIT 1)
    UNION ALL
    SELECT loaded_at_utc, -1, 'loaded', NULL, NULL, 'from ' || file_path, NULL
    FROM processing_file
    WHERE app_id = :app_id
    UNION ALL
    SELECT e.occurred_at_utc, 1, 'claimed', c.attempt, e.session_id,
           'in a batch of ' || e.app_count, e.claim_token
    FROM claim AS c
    JOIN processing_event AS e ON e.claim_token = c.token
    WHERE e.event_type = 'claimed'
    UNION ALL
    -- For purged events, the log still has the time and the session.
    SELECT l.claimed_at_utc, 1, 'claimed', l.attempt, l.session_id, NULL, l.claim_token
    FROM processing_log AS l
    WHERE l.app_id = :app_id AND l.base_contract_hash IS NULL
      AND NOT EXISTS (SELECT 1 FROM processing_event AS e
                      WHERE e.claim_token = l.claim_token AND e.event_type = 'claimed')
    UNION ALL
    SELECT max(e.occurred_at_utc), 2, 'renewed', c.attempt, e.session_id,
           'the last of ' || count(*) || ' times', c.token
    FROM claim AS c
    JOIN processing_event AS e ON e.claim_token = c.token
    WHERE e.event_type = 'renewed'
    GROUP BY c.token
    UNION ALL
    SELECT occurred_at_utc,
           CASE event_type WHEN 'requeued' THEN 7 WHEN 'rows_deleted' THEN 7 WHEN 'erased' THEN 7
                           WHEN 'backfilled' THEN 7 WHEN 'quarantined' THEN 4 ELSE 3 END,
           event_type, attempt, session_id, detail, claim_token
    FROM processing_event
    WHERE app_id = :app_id
    UNION ALL
    SELECT processed_at_utc, 5, status, attempt, session_id,
           CASE
               WHEN base_contract_hash IS NOT NULL
                   THEN 'added what was missing: now ' || rows_written || ' rows'
               WHEN status = 'success' THEN 'wrote ' || rows_written || ' rows, after ' || shred_micros
                                   || ' microseconds of shredding'
               ELSE failure_category || ': ' || failure_reason
                    || coalesce('; column ' || failure_table || '.' || failure_column, '')
                    || coalesce('; at ' || failure_path, '')
                    || coalesce('; line ' || failure_line
                                || ', column ' || failure_column_number, '')
                    || coalesce('; value ' || failure_value, '')
                    || coalesce('; error ' || error_number, '')
                    || coalesce('; fingerprint ' || fingerprint, '')
           END,
           claim_token
    FROM processing_log
    WHERE app_id = :app_id
    UNION ALL
    SELECT l.processed_at_utc, 6, 'wrote', l.attempt, l.session_id,
           r.value || ' rows to ' || r.key, l.claim_token
    FROM processing_log AS l, json_each(l.rows_per_table) AS r
    WHERE l.app_id = :app_id AND l.status = 'success' AND r.value > 0
)
SELECT k.at, k.event, k.attempt, s.worker_name, s.host_name, k.detail, k.token
FROM life AS k
LEFT JOIN processing_session AS s ON s.session_id = k.session_id
-- Within a millisecond: attempt by attempt.
ORDER BY k.at, coalesce(k.attempt, 0), k.ordinal;

-- name: state
SELECT q.state, q.attempts, q.reaps, q.claim_token, c.lease_expires_at_utc,
       s.worker_name, s.host_name
FROM processing_queue AS q
LEFT JOIN processing_claim AS c ON c.claim_token = q.claim_token
LEFT JOIN processing_session AS s ON s.session_id = c.session_id
WHERE q.app_id = :app_id;

-- name: concluded
SELECT failure_category
FROM vw_concluded
WHERE app_id = :app_id;

-- name: rows_of
-- The attempt that its rows in the target tables are of.
SELECT attempt
FROM processing_log
WHERE app_id = :app_id AND has_rows = 1;

-- name: quarantined
-- Why it was quarantined; the event may have been purged.
SELECT detail
FROM processing_event
WHERE app_id = :app_id AND event_type = 'quarantined'
ORDER BY event_id DESC
LIMIT 1;

-- name: source
SELECT 1
FROM app_xml
WHERE app_id = :app_id;
