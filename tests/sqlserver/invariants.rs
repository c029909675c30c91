//! The five invariants of the lease protocol, checked in T-SQL from outside.

use crate::database::Sql;

/// Each query gives a sentence per offence.
const OFFENCES: [&str; 14] = [
    // 1. An application is in exactly one place.
    "SELECT CONCAT('application ', q.app_id, ' is claimed by a claim that is not there')
     FROM sandbox.processing_queue AS q
     WHERE q.state = 1
       AND NOT EXISTS (SELECT 1 FROM sandbox.processing_claim AS c
                       WHERE c.claim_token = q.claim_token)",
    "SELECT CONCAT('application ', q.app_id, ' is in state ', q.state, ' with a wrong token')
     FROM sandbox.processing_queue AS q
     WHERE (q.state = 1 AND q.claim_token IS NULL) OR (q.state <> 1 AND q.claim_token IS NOT NULL)",
    "SELECT CONCAT('claim ', c.claim_token, ' holds nothing')
     FROM sandbox.processing_claim AS c
     WHERE NOT EXISTS (SELECT 1 FROM sandbox.processing_queue AS q
                       WHERE q.state = 1 AND q.claim_token = c.claim_token)",
    "SELECT CONCAT('application ', l.app_id, ' was logged with attempt ', l.attempt,
                   ' and is queued with ', q.attempts, ' attempts')
     FROM sandbox.processing_log AS l
     INNER JOIN sandbox.processing_queue AS q ON q.app_id = l.app_id
     WHERE l.attempt > q.attempts OR (l.attempt = q.attempts AND q.state = 1)",
    "SELECT CONCAT('application ', l.app_id, ' has ', SUM(CONVERT(int, l.is_latest)),
                   ' latest log rows')
     FROM sandbox.processing_log AS l
     GROUP BY l.app_id
     HAVING SUM(CONVERT(int, l.is_latest)) <> 1
         OR MAX(CASE l.is_latest WHEN 1 THEN l.attempt END) <> MAX(l.attempt)",
    // 2. The rows are those of the last success, or were deleted.
    "SELECT CONCAT('application ', l.app_id, ' has ', SUM(CONVERT(int, l.has_rows)),
                   ' attempts with rows, or not those of its last success')
     FROM sandbox.processing_log AS l
     GROUP BY l.app_id
     HAVING SUM(CONVERT(int, l.has_rows)) > 1
         OR (MAX(CASE l.has_rows WHEN 1 THEN l.attempt END)
             <> MAX(CASE l.status WHEN 'success' THEN l.attempt END))
         OR (SUM(CONVERT(int, l.has_rows)) = 0
             AND MAX(CASE l.status WHEN 'success' THEN l.attempt END) IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM sandbox.processing_event AS e
                             WHERE e.app_id = l.app_id AND e.event_type = 'rows_deleted'))",
    // 3. At most one success between requeues, beside backfills, which have no claim.
    "SELECT CONCAT('application ', s.app_id, ' succeeded ', s.successes, ' times')
     FROM (SELECT l.app_id, COUNT(*) AS successes FROM sandbox.processing_log AS l
           WHERE l.status = 'success' AND l.base_contract_hash IS NULL GROUP BY l.app_id) AS s
     WHERE s.successes > 1 + (SELECT COUNT(*) FROM sandbox.processing_event AS e
                              WHERE e.app_id = s.app_id AND e.event_type = 'requeued')",
    // 4. No application is lost.
    "SELECT CONCAT('application ', x.app_id, ' was enqueued and is neither queued nor logged')
     FROM dbo.app_xml AS x
     WHERE x.app_id <= (SELECT w.app_id FROM sandbox.processing_watermark AS w)
       AND NOT EXISTS (SELECT 1 FROM sandbox.processing_queue AS q WHERE q.app_id = x.app_id)
       AND NOT EXISTS (SELECT 1 FROM sandbox.processing_log AS l WHERE l.app_id = x.app_id)",
    // 5. What was reaped from a claim is over for its token.
    "SELECT CONCAT('application ', l.app_id, ' was logged under claim ', l.claim_token,
                   ', which had been reaped')
     FROM sandbox.processing_log AS l
     INNER JOIN sandbox.processing_event AS e
         ON e.event_type = 'reaped' AND e.app_id = l.app_id AND e.claim_token = l.claim_token",
    "SELECT CONCAT('claim ', r.claim_token, ' was renewed after it was reaped')
     FROM sandbox.processing_event AS r
     INNER JOIN sandbox.processing_event AS e
         ON e.event_type = 'reaped' AND e.claim_token = r.claim_token AND e.event_id < r.event_id
     WHERE r.event_type = 'renewed'",
    "SELECT CONCAT('application ', r.app_id, ' was reaped and released under ', r.claim_token)
     FROM sandbox.processing_event AS r
     INNER JOIN sandbox.processing_event AS e
         ON e.event_type = 'reaped' AND e.claim_token = r.claim_token AND e.app_id = r.app_id
     WHERE r.event_type = 'released'",
    // What the sessions count is what happened.
    "SELECT CONCAT('session ', t.session_id, ' concluded ', t.concluded, ' and logged ', l.logged)
     FROM (SELECT p.session_id, SUM(p.success + p.failed) AS concluded
           FROM sandbox.processing_throughput AS p GROUP BY p.session_id) AS t
     INNER JOIN (SELECT l.session_id, COUNT_BIG(*) AS logged
                 FROM sandbox.processing_log AS l GROUP BY l.session_id) AS l
         ON l.session_id = t.session_id
     WHERE t.concluded < l.logged",
    "SELECT CONCAT('application ', l.app_id, ' wrote ', l.rows_written, ' rows in all, and ',
                   COALESCE(r.row_count, 0), ' per table')
     FROM sandbox.processing_log AS l
     LEFT OUTER JOIN (SELECT n.app_id, n.attempt, SUM(n.row_count) AS row_count
                      FROM sandbox.processing_log_table AS n GROUP BY n.app_id, n.attempt) AS r
         ON r.app_id = l.app_id AND r.attempt = l.attempt
     WHERE l.rows_written <> COALESCE(r.row_count, 0)",
    "SELECT CONCAT('claim ', c.claim_token, ' belongs to no session')
     FROM sandbox.processing_claim AS c
     WHERE NOT EXISTS (SELECT 1 FROM sandbox.processing_session AS s
                       WHERE s.session_id = c.session_id)",
];

/// The sums are those of the log.
const WRONG_SUMS: [&str; 3] = [
    "SELECT CONCAT('outcome ', u.outcome, ' is counted ', SUM(u.counted), ' times and found ', SUM(u.found))
     FROM (SELECT o.outcome, o.applications AS counted, CONVERT(bigint, 0) AS found
           FROM sandbox.processing_outcome AS o
           UNION ALL
           SELECT COALESCE(l.failure_category, 'success'), CONVERT(bigint, 0), CONVERT(bigint, 1)
           FROM sandbox.processing_log AS l
           WHERE NOT EXISTS (SELECT 1 FROM sandbox.processing_log AS n
                             WHERE n.app_id = l.app_id AND n.attempt > l.attempt)
             AND NOT EXISTS (SELECT 1 FROM sandbox.processing_queue AS q
                             WHERE q.app_id = l.app_id)
           UNION ALL
           SELECT 'queued', CONVERT(bigint, 0), CONVERT(bigint, 1)
           FROM sandbox.processing_queue AS k) AS u
     GROUP BY u.outcome
     HAVING SUM(u.counted) <> SUM(u.found)",
    "SELECT CONCAT('outcome ', u.outcome, ' has ', SUM(u.counted), ' bytes, and ', SUM(u.found), ' are found')
     FROM (SELECT o.outcome, o.document_bytes AS counted, CONVERT(bigint, 0) AS found
           FROM sandbox.processing_outcome AS o
           UNION ALL
           SELECT 'queued', CONVERT(bigint, 0), q.document_bytes
           FROM sandbox.processing_queue AS q) AS u
     GROUP BY u.outcome
     HAVING SUM(u.counted) <> SUM(u.found)",
    "SELECT CONCAT('of table ', u.schema_name, '.', u.table_name, ' ', SUM(u.counted),
                   ' rows are counted and ', SUM(u.found), ' written')
     FROM (SELECT w.schema_name, w.table_name, w.row_count AS counted, CONVERT(bigint, 0) AS found
           FROM sandbox.processing_written AS w
           UNION ALL
           SELECT t.schema_name, t.table_name, CONVERT(bigint, 0), n.row_count
           FROM sandbox.processing_log AS l
           INNER JOIN sandbox.processing_log_table AS n
               ON n.app_id = l.app_id AND n.attempt = l.attempt
           INNER JOIN sandbox.processing_contract_table AS t
               ON t.contract_hash = l.contract_hash AND t.table_ordinal = n.table_ordinal
           WHERE l.has_rows = 1) AS u
     GROUP BY u.schema_name, u.table_name
     HAVING SUM(u.counted) <> SUM(u.found)",
];

/// What speaks against the invariants of the pipeline in a schema; empty when they hold. The
/// queries say `sandbox` for it.
pub fn violations(sql: &mut Sql, schema: &str) -> Vec<String> {
    let own = |query: &str| query.replace("sandbox.", &format!("{schema}."));
    let mut offences: Vec<String> =
        OFFENCES.iter().flat_map(|query| sentences(sql, &own(query))).collect();
    offences.extend(wrong_sums(sql, schema));
    let targets = sql.query(&own(
        "SELECT t.table_ordinal, CONCAT('[', t.schema_name, '].[', t.table_name, ']')
         FROM sandbox.processing_contract_table AS t
         INNER JOIN sandbox.processing_contract AS c ON c.contract_hash = t.contract_hash
         WHERE c.retired_at_utc IS NULL",
    ));
    for target in targets {
        let [Some(ordinal), Some(table)] = &target[..] else { panic!("{target:?}") };
        if sql.query(&format!("SELECT OBJECT_ID(N'{table}')"))[0][0].is_none() {
            continue;
        }
        offences.extend(sentences(sql, &own(&rows_without_success(table, ordinal))));
        offences.extend(sentences(sql, &own(&success_without_rows(table, ordinal))));
    }
    offences
}

/// The sums that are not those of the log.
pub fn wrong_sums(sql: &mut Sql, schema: &str) -> Vec<String> {
    let own = |query: &str| query.replace("sandbox.", &format!("{schema}."));
    WRONG_SUMS.iter().flat_map(|query| sentences(sql, &own(query))).collect()
}

/// 2. Rows exist only if they are of a logged attempt.
fn rows_without_success(table: &str, ordinal: &str) -> String {
    format!(
        "SELECT DISTINCT CONCAT('application ', t.app_id, ' has rows in {table} of no attempt')
         FROM sandbox.vw_TargetRows AS t
         WHERE t.table_ordinal = {ordinal}
           AND NOT EXISTS (SELECT 1 FROM sandbox.processing_log AS l
                           WHERE l.app_id = t.app_id AND l.has_rows = 1)"
    )
}

/// 2. There are as many rows as the attempt wrote that they are of.
fn success_without_rows(table: &str, ordinal: &str) -> String {
    format!(
        "SELECT CONCAT('application ', l.app_id, ' wrote ', COALESCE(r.row_count, 0),
                       ' rows to {table} and has ', COALESCE(t.n, 0))
         FROM sandbox.processing_log AS l
         LEFT OUTER JOIN sandbox.processing_log_table AS r
             ON r.app_id = l.app_id AND r.attempt = l.attempt AND r.table_ordinal = {ordinal}
         LEFT OUTER JOIN (SELECT v.app_id, COUNT(*) AS n FROM sandbox.vw_TargetRows AS v
                          WHERE v.table_ordinal = {ordinal} GROUP BY v.app_id) AS t
             ON t.app_id = l.app_id
         WHERE l.has_rows = 1
           AND COALESCE(t.n, 0) < COALESCE(r.row_count, 0)"
    )
}

fn sentences(sql: &mut Sql, query: &str) -> Vec<String> {
    sql.query(query).into_iter().flatten().flatten().collect()
}
