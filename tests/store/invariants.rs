//! The five invariants of the lease protocol, checked on the SQLite file alone, from outside.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Each query returns a sentence per violation.
const VIOLATIONS: [&str; 21] = [
    // 1. An application is in exactly one place.
    "SELECT 'application ' || q.app_id || ' is claimed by a missing claim'
     FROM processing_queue AS q
     WHERE q.state = 1
       AND NOT EXISTS (SELECT 1 FROM processing_claim AS c WHERE c.claim_token = q.claim_token)",
    "SELECT 'application ' || q.app_id || ' is in state ' || q.state || ' with claim token ' ||
            coalesce(q.claim_token, 'null')
     FROM processing_queue AS q
     WHERE (q.state = 1) <> (q.claim_token IS NOT NULL)",
    "SELECT 'claim ' || c.claim_token || ' holds nothing'
     FROM processing_claim AS c
     WHERE NOT EXISTS (SELECT 1 FROM processing_queue AS q
                       WHERE q.state = 1 AND q.claim_token = c.claim_token)",
    "SELECT 'claim ' || c.claim_token || ' belongs to no session'
     FROM processing_claim AS c
     WHERE NOT EXISTS (SELECT 1 FROM processing_session AS s WHERE s.session_id = c.session_id)",
    "SELECT 'application ' || l.app_id || ' was logged with attempt ' || l.attempt ||
            ' and is queued with ' || q.attempts || ' attempts'
     FROM processing_log AS l
     INNER JOIN processing_queue AS q ON q.app_id = l.app_id
     WHERE l.attempt > q.attempts OR (l.attempt = q.attempts AND q.state = 1)",
    // 2. The rows are those of the last success, unless they were deleted on request.
    "SELECT 'application ' || app_id || ' has the rows of ' || count(*) || ' attempts'
     FROM processing_log WHERE has_rows = 1 GROUP BY app_id HAVING count(*) > 1",
    "SELECT 'application ' || l.app_id || ' succeeded in attempt ' || l.attempt ||
            ', which its rows are not of'
     FROM processing_log AS l
     WHERE l.status = 'success' AND l.has_rows = 0
       AND NOT EXISTS (SELECT 1 FROM processing_log AS n
                       WHERE n.app_id = l.app_id AND n.attempt > l.attempt AND n.status = 'success')
       AND NOT EXISTS (SELECT 1 FROM processing_event AS e
                       WHERE e.app_id = l.app_id AND e.attempt = l.attempt
                         AND e.event_type = 'rows_deleted')",
    // 3. At most one success between requeues, beside backfills, which have no claim.
    "SELECT 'application ' || app_id || ' succeeded ' || count(*) || ' times'
     FROM processing_log AS l
     WHERE status = 'success' AND base_contract_hash IS NULL
     GROUP BY app_id
     HAVING count(*) > 1 + (SELECT count(*) FROM processing_event AS e
                            WHERE e.app_id = l.app_id AND e.event_type = 'requeued')",
    // 4. No application is lost: those below the lowest new id are queued or logged.
    "SELECT 'application ' || x.app_id || ' was enqueued and is neither queued nor logged'
     FROM app_xml AS x
     WHERE x.app_id < coalesce((SELECT lowest_new FROM processing_enqueue), x.app_id + 1)
       AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
       AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id)",
    // 5. A token can do nothing with an application that was reaped from it.
    "SELECT 'application ' || l.app_id || ' was logged under claim ' || l.claim_token ||
            ', which had been reaped'
     FROM processing_log AS l
     INNER JOIN processing_event AS e
         ON e.event_type = 'reaped' AND e.app_id = l.app_id AND e.claim_token = l.claim_token",
    "SELECT 'application ' || l.app_id || ' was logged under claim ' || l.claim_token ||
            ', which had lost it by a refusal'
     FROM processing_log AS l
     INNER JOIN processing_event AS e
         ON e.event_type = 'refused' AND e.app_id = l.app_id AND e.claim_token = l.claim_token",
    "SELECT 'claim ' || r.claim_token || ' was renewed after it was reaped'
     FROM processing_event AS r
     INNER JOIN processing_event AS e
         ON e.event_type = 'reaped' AND e.claim_token = r.claim_token AND e.event_id < r.event_id
     WHERE r.event_type = 'renewed'",
    "SELECT 'application ' || r.app_id || ' was reaped and released under claim ' || r.claim_token
     FROM processing_event AS r
     INNER JOIN processing_event AS e
         ON e.event_type = 'reaped' AND e.claim_token = r.claim_token AND e.app_id = r.app_id
     WHERE r.event_type = 'released'",
    // The counts of the sessions are correct.
    "SELECT 'session ' || s.session_id || ' claimed ' || s.claimed || ', concluded ' ||
            s.success || ' + ' || s.failed || ', released ' || s.released || ', lost ' ||
            s.reaped || ', was refused ' || s.refused || ' and holds ' || s.held
     FROM (SELECT s.*, (SELECT count(*) FROM processing_queue AS q
                        INNER JOIN processing_claim AS c ON c.claim_token = q.claim_token
                        WHERE q.state = 1 AND c.session_id = s.session_id) AS held
           FROM processing_session AS s) AS s
     WHERE s.claimed <> s.success + s.failed + s.released + s.reaped + s.refused + s.held",
    "SELECT 'application ' || l.app_id || ' wrote ' || l.rows_written || ' rows in all and ' ||
            (SELECT sum(value) FROM json_each(l.rows_per_table)) || ' per table'
     FROM processing_log AS l
     WHERE l.rows_written <> coalesce((SELECT sum(value) FROM json_each(l.rows_per_table)), 0)",
    // The sums are right.
    "SELECT 'application ' || app_id || ' has ' || sum(is_latest) || ' latest attempts, or not the last'
     FROM processing_log
     GROUP BY app_id
     HAVING sum(is_latest) <> 1 OR max(attempt) <> max(CASE is_latest WHEN 1 THEN attempt END)",
    "SELECT 'outcome ' || outcome || ' is counted ' || sum(counted) || ' times and found ' || sum(found)
     FROM (SELECT outcome, applications AS counted, 0 AS found FROM processing_outcome
           UNION ALL
           SELECT coalesce(l.failure_category, 'success'), 0, 1
           FROM processing_log AS l
           WHERE NOT EXISTS (SELECT 1 FROM processing_log AS n
                             WHERE n.app_id = l.app_id AND n.attempt > l.attempt)
             AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = l.app_id)
           UNION ALL
           SELECT 'queued', 0, 1 FROM processing_queue)
     GROUP BY outcome
     HAVING sum(counted) <> sum(found)",
    "SELECT 'outcome ' || outcome || ' has ' || sum(counted) || ' bytes and ' || sum(found) || ' are found'
     FROM (SELECT outcome, document_bytes AS counted, 0 AS found FROM processing_outcome
           UNION ALL
           SELECT 'queued', 0, document_bytes FROM processing_queue)
     GROUP BY outcome
     HAVING sum(counted) <> sum(found)",
    "SELECT counted || ' documents are counted (orphans ' || orphans || ') and found ' || found
     FROM (SELECT documents AS counted, orphans, (SELECT count(*) FROM app_xml) AS found,
                  (SELECT count(*)
                   FROM (SELECT app_id FROM processing_queue UNION SELECT app_id FROM processing_log) AS k
                   WHERE NOT EXISTS (SELECT 1 FROM app_xml AS x WHERE x.app_id = k.app_id)) AS found_orphans
           FROM processing_enqueue)
     WHERE counted <> found OR orphans <> found_orphans",
    "SELECT 'of table ' || t || ' ' || sum(counted) || ' rows are counted and ' || sum(found) || ' written'
     FROM (SELECT table_name AS t, row_count AS counted, 0 AS found FROM processing_written
           UNION ALL
           SELECT j.key, 0, j.value
           FROM processing_log AS l, json_each(l.rows_per_table) AS j
           WHERE l.has_rows = 1)
     GROUP BY t
     HAVING sum(counted) <> sum(found)",
    "SELECT 'foreign keys of table ' || \"table\" || ' are broken' FROM pragma_foreign_key_check",
];

/// The violations of the invariants in the store of this file; empty if they hold. The file is
/// opened for reading only, so processes may still use it.
pub fn violations(path: &Path) -> Vec<String> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("open");
    connection.busy_timeout(std::time::Duration::from_secs(60)).expect("timeout");
    // One view of the database for all queries.
    connection.execute_batch("BEGIN").expect("begin");
    let mut violations: Vec<String> =
        VIOLATIONS.iter().flat_map(|query| sentences(&connection, query)).collect();
    let has_contract = "SELECT name FROM sqlite_schema WHERE name = 'vw_TargetRows'";
    if !sentences(&connection, has_contract).is_empty() {
        violations.extend(sentences(&connection, ROWS_WITHOUT_SUCCESS));
        violations.extend(sentences(&connection, SUCCESS_WITHOUT_ROWS));
    }
    violations
}

/// Fails the test if an invariant does not hold in the store of this file.
pub fn assert_invariants(path: &Path) {
    assert_eq!(violations(path), Vec::<String>::new(), "in {}", path.display());
}

/// 2. Rows exist only if a success accounts for them.
const ROWS_WITHOUT_SUCCESS: &str =
    "SELECT DISTINCT 'application ' || t.app_id || ' has rows in ' || t.table_name || ' that are of no attempt'
     FROM vw_TargetRows AS t
     WHERE NOT EXISTS (SELECT 1 FROM processing_log AS l
                       WHERE l.app_id = t.app_id AND l.has_rows = 1)";

/// 2. The number of rows is that of the attempt that they are of.
const SUCCESS_WITHOUT_ROWS: &str =
    "SELECT 'application ' || l.app_id || ' wrote ' || j.value || ' rows to ' || j.key || ' and has ' || t.n
     FROM processing_log AS l
     INNER JOIN json_each(l.rows_per_table) AS j
     LEFT JOIN (SELECT r.table_name, r.app_id, count(*) AS n FROM vw_TargetRows AS r GROUP BY 1, 2) AS t
         ON t.app_id = l.app_id AND t.table_name = j.key
     WHERE l.has_rows = 1 AND coalesce(t.n, 0) <> j.value
       AND j.key IN (SELECT o.table_name
                     FROM processing_contract_table AS o
                     INNER JOIN processing_contract AS c ON c.contract_hash = o.contract_hash
                     WHERE c.retired_at_utc IS NULL)";

fn sentences(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).expect(query);
    let rows = statement.query_map([], |row| row.get(0)).expect(query);
    rows.map(|row| row.expect(query)).collect()
}
