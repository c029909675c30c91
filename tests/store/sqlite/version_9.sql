-- The objects of version 9, as sqlite_schema has them.

CREATE TABLE app_xml (
    app_id INTEGER PRIMARY KEY,
    xml    ANY CHECK (typeof(xml) IN ('text', 'blob', 'null'))
) STRICT;

CREATE INDEX app_xml_id ON app_xml (app_id);

CREATE TABLE processing_file (
    app_id         INTEGER PRIMARY KEY,
    file_path      TEXT NOT NULL,
    file_name      TEXT NOT NULL COLLATE NOCASE,
    place_id       INTEGER NOT NULL,
    record_number  INTEGER NOT NULL CHECK (record_number >= 0),
    record_path    TEXT,
    has_envelope   INTEGER CHECK (has_envelope IN (0, 1)),
    document_bytes INTEGER NOT NULL,
    source_hash    TEXT NOT NULL,
    loaded_at_utc  INTEGER NOT NULL,
    has_replaced   INTEGER NOT NULL DEFAULT 0 CHECK (has_replaced IN (0, 1))
) STRICT;

CREATE INDEX processing_file_name ON processing_file (file_name, source_hash);

CREATE INDEX processing_file_place ON processing_file (place_id, record_number, source_hash);

CREATE INDEX processing_file_hash ON processing_file (source_hash, place_id)
WHERE record_number > 0;

CREATE INDEX processing_file_path ON processing_file (file_path)
WHERE place_id = 0;

CREATE TRIGGER app_xml_deleted AFTER DELETE ON app_xml
BEGIN
    DELETE FROM processing_file WHERE app_id = OLD.app_id;
END;

CREATE TRIGGER app_xml_changed AFTER UPDATE ON app_xml
BEGIN
    DELETE FROM processing_file WHERE app_id IN (OLD.app_id, NEW.app_id);
    UPDATE processing_enqueue
    SET highest = NEW.app_id
    WHERE highest < NEW.app_id;
END;

CREATE TABLE processing_enqueue (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    lowest_new INTEGER,
    highest    INTEGER
) STRICT;

CREATE TRIGGER app_xml_new AFTER INSERT ON app_xml
BEGIN
    DELETE FROM processing_file WHERE app_id = NEW.app_id;
    UPDATE processing_enqueue
    SET lowest_new = NEW.app_id
    WHERE lowest_new IS NULL OR lowest_new > NEW.app_id;
    UPDATE processing_enqueue
    SET highest = NEW.app_id
    WHERE highest IS NULL OR highest < NEW.app_id;
END;

CREATE TABLE processing_queue (
    app_id          INTEGER PRIMARY KEY,
    state           INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    claim_token     TEXT,
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    reaps           INTEGER NOT NULL CHECK (reaps >= 0),
    lone_reaps      INTEGER NOT NULL CHECK (lone_reaps >= 0),
    document_bytes  INTEGER NOT NULL,
    enqueued_at_utc INTEGER NOT NULL,
    CHECK ((state = 1) = (claim_token IS NOT NULL))
) STRICT;

CREATE INDEX processing_queue_claim
ON processing_queue (state, claim_token, reaps, app_id, document_bytes);

CREATE TABLE processing_claim (
    claim_token          TEXT PRIMARY KEY,
    session_id           TEXT NOT NULL,
    claimed_at_utc       INTEGER NOT NULL,
    lease_expires_at_utc INTEGER NOT NULL,
    lease_ms             INTEGER NOT NULL CHECK (lease_ms > 0),
    app_count            INTEGER NOT NULL,
    renewals             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX processing_claim_expiry ON processing_claim (lease_expires_at_utc);

CREATE TABLE processing_log (
    app_id                INTEGER NOT NULL,
    attempt               INTEGER NOT NULL CHECK (attempt > 0),
    -- 1 in the row of the highest attempt; counts.sql keeps it.
    is_latest             INTEGER NOT NULL DEFAULT 1 CHECK (is_latest IN (0, 1)),
    status                TEXT NOT NULL CHECK (status IN ('success', 'failed')),
    -- 1 in the row of the attempt that the rows in the target tables are of, which is the last
    -- success; at most one row of an application.
    has_rows              INTEGER NOT NULL CHECK (has_rows IN (0, 1)),
    failure_category      TEXT,
    failure_table         TEXT,
    failure_column        TEXT,
    failure_path          TEXT,
    -- The path without its positions.
    failure_path_shape    TEXT,
    failure_line          INTEGER,
    failure_column_number INTEGER,
    failure_value         TEXT,
    failure_reason        TEXT,
    fingerprint           TEXT,
    -- SQLite's extended result code, if it refused the rows.
    error_number          INTEGER,
    session_id            TEXT NOT NULL,
    claim_token           TEXT NOT NULL,
    enqueued_at_utc       INTEGER NOT NULL,
    claimed_at_utc        INTEGER NOT NULL,
    processed_at_utc      INTEGER NOT NULL,
    shred_micros          INTEGER NOT NULL,
    document_bytes        INTEGER NOT NULL,
    rows_written          INTEGER NOT NULL,
    -- {"table": rows, ...} in load order; NULL for a failure.
    rows_per_table        TEXT,
    source_hash           TEXT,
    contract_hash         TEXT NOT NULL,
    -- Of a backfill, the contract of the attempt that it completed; its claim_token is all zeros.
    base_contract_hash    TEXT,
    PRIMARY KEY (app_id, attempt),
    CHECK ((status = 'failed') = (failure_category IS NOT NULL)),
    CHECK (has_rows = 0 OR status = 'success'),
    CHECK ((status = 'success') = (rows_per_table IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX processing_log_token ON processing_log (claim_token, app_id, attempt);

CREATE TABLE processing_session (
    session_id       TEXT PRIMARY KEY,
    worker_name      TEXT NOT NULL,
    host_name        TEXT NOT NULL,
    process_id       INTEGER NOT NULL,
    program_version  TEXT NOT NULL,
    contract_hash    TEXT NOT NULL,
    agent_job        TEXT,
    agent_step       TEXT,
    -- Its share of the queue; NULL until its first claim.
    instance_id      INTEGER,
    instance_count   INTEGER,
    app_id_start     INTEGER,
    app_id_end       INTEGER,
    started_at_utc   INTEGER NOT NULL,
    last_seen_at_utc INTEGER NOT NULL,
    ended_at_utc     INTEGER,
    exit_status      INTEGER,
    -- claimed = success + failed + released + reaped + refused + applications that it holds
    claimed          INTEGER NOT NULL DEFAULT 0,
    success          INTEGER NOT NULL DEFAULT 0,
    failed           INTEGER NOT NULL DEFAULT 0,
    released         INTEGER NOT NULL DEFAULT 0,
    reaped           INTEGER NOT NULL DEFAULT 0,
    refused          INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX processing_session_started ON processing_session (started_at_utc);

CREATE TABLE processing_throughput (
    session_id     TEXT NOT NULL,
    minute_utc     INTEGER NOT NULL,
    claimed        INTEGER NOT NULL,
    success        INTEGER NOT NULL,
    failed         INTEGER NOT NULL,
    released       INTEGER NOT NULL,
    rows_written   INTEGER NOT NULL,
    document_bytes INTEGER NOT NULL,
    shred_micros   INTEGER NOT NULL,
    PRIMARY KEY (session_id, minute_utc)
) STRICT, WITHOUT ROWID;

CREATE INDEX processing_throughput_minute ON processing_throughput (minute_utc);

CREATE TABLE processing_event (
    event_id        INTEGER PRIMARY KEY AUTOINCREMENT,
    occurred_at_utc INTEGER NOT NULL,
    event_type      TEXT NOT NULL CHECK (event_type IN
                ('claimed', 'renewed', 'released', 'reaped', 'refused', 'quarantined', 'requeued',
                 'rows_deleted', 'erased', 'backfilled')),
    app_id          INTEGER,
    attempt         INTEGER,
    claim_token     TEXT,
    session_id      TEXT,
    app_count       INTEGER,
    -- SQLite's extended result code, in 'refused'.
    error_number    INTEGER,
    -- Whether a 'refused' counts towards quarantine; NULL for the others.
    is_counted      INTEGER CHECK (is_counted IN (0, 1)),
    detail          TEXT,
    CHECK ((event_type = 'refused') = (is_counted IS NOT NULL))
) STRICT;

CREATE INDEX processing_event_app ON processing_event (app_id, event_id) WHERE app_id IS NOT NULL;

CREATE INDEX processing_event_claim ON processing_event (claim_token, event_id);

CREATE TABLE processing_pause (
    pause_id       INTEGER PRIMARY KEY,
    paused_at_utc  INTEGER NOT NULL,
    paused_by      TEXT NOT NULL,
    reason         TEXT NOT NULL,
    resumed_at_utc INTEGER,
    resumed_by     TEXT,
    CHECK ((resumed_at_utc IS NULL) = (resumed_by IS NULL))
) STRICT;

CREATE UNIQUE INDEX processing_pause_in_force
ON processing_pause (resumed_at_utc IS NULL) WHERE resumed_at_utc IS NULL;

CREATE TABLE processing_contract (
    contract_hash    TEXT PRIMARY KEY,
    contract_name    TEXT NOT NULL,
    installed_at_utc INTEGER NOT NULL,
    retired_at_utc   INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX processing_contract_installed
ON processing_contract (retired_at_utc IS NULL) WHERE retired_at_utc IS NULL;

CREATE TABLE processing_contract_table (
    contract_hash TEXT NOT NULL,
    table_ordinal INTEGER NOT NULL,
    table_name    TEXT NOT NULL,
    on_existing   TEXT NOT NULL CHECK (on_existing IN ('fail', 'skip', 'replace')),
    PRIMARY KEY (contract_hash, table_ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX processing_log_processed ON processing_log (status, processed_at_utc, is_latest);

CREATE INDEX processing_log_failed
ON processing_log (app_id) WHERE is_latest = 1 AND failure_category IS NOT NULL;

CREATE INDEX processing_log_category
ON processing_log (failure_category, app_id) WHERE is_latest = 1 AND failure_category IS NOT NULL;

CREATE INDEX processing_log_fingerprint
ON processing_log
    (fingerprint, app_id, processed_at_utc, failure_value, failure_category, is_latest)
WHERE is_latest = 1 AND failure_category IS NOT NULL;

CREATE INDEX processing_log_superseded ON processing_log (app_id) WHERE has_rows = 1 AND is_latest = 0;

CREATE TABLE processing_outcome (
    outcome      TEXT PRIMARY KEY,
    applications INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE processing_written (
    table_name TEXT PRIMARY KEY,
    row_count  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE processing_sums_at_once (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1)
) STRICT;

CREATE TRIGGER processing_log_supersedes AFTER INSERT ON processing_log WHEN NEW.attempt > 1
BEGIN
    UPDATE processing_log
    SET is_latest = 0
    WHERE app_id = NEW.app_id AND attempt < NEW.attempt AND is_latest = 1;
END;

CREATE TRIGGER processing_log_counted AFTER INSERT ON processing_log
WHEN NEW.is_latest = 1
    AND NOT EXISTS (SELECT 1 FROM processing_sums_at_once)
    AND NOT EXISTS (SELECT 1 FROM processing_queue WHERE app_id = NEW.app_id)
BEGIN
    INSERT INTO processing_outcome (outcome, applications)
    VALUES (coalesce(NEW.failure_category, 'success'), 1)
    ON CONFLICT (outcome) DO UPDATE SET applications = applications + 1;
END;

CREATE TRIGGER processing_log_recounted AFTER UPDATE OF is_latest ON processing_log
WHEN NEW.is_latest <> OLD.is_latest
    AND NOT EXISTS (SELECT 1 FROM processing_queue WHERE app_id = NEW.app_id)
BEGIN
    INSERT INTO processing_outcome (outcome, applications)
    VALUES (coalesce(NEW.failure_category, 'success'), NEW.is_latest - OLD.is_latest)
    ON CONFLICT (outcome) DO UPDATE SET applications = applications + excluded.applications;
END;

CREATE TRIGGER processing_log_uncounted AFTER DELETE ON processing_log
WHEN OLD.is_latest = 1 AND NOT EXISTS (SELECT 1 FROM processing_queue WHERE app_id = OLD.app_id)
BEGIN
    UPDATE processing_outcome
    SET applications = applications - 1
    WHERE outcome = coalesce(OLD.failure_category, 'success');
END;

CREATE TRIGGER processing_log_succeeds AFTER DELETE ON processing_log WHEN OLD.is_latest = 1 AND OLD.attempt > 1
BEGIN
    UPDATE processing_log
    SET is_latest = 1
    WHERE app_id = OLD.app_id
      AND attempt = (SELECT max(attempt) FROM processing_log WHERE app_id = OLD.app_id);
END;

CREATE TRIGGER processing_queue_counted AFTER INSERT ON processing_queue WHEN NEW.attempts > 0
BEGIN
    UPDATE processing_outcome
    SET applications = applications - 1
    WHERE outcome = (SELECT coalesce(failure_category, 'success') FROM processing_log
                     WHERE app_id = NEW.app_id AND is_latest = 1);
END;

CREATE TRIGGER processing_queue_uncounted AFTER DELETE ON processing_queue
WHEN OLD.attempts > 0 AND NOT (OLD.state = 1 AND OLD.attempts = 1)
BEGIN
    UPDATE processing_outcome
    SET applications = applications + 1
    WHERE outcome = (SELECT coalesce(failure_category, 'success') FROM processing_log
                     WHERE app_id = OLD.app_id AND is_latest = 1);
END;

CREATE TRIGGER processing_log_lost AFTER DELETE ON processing_log
WHEN OLD.is_latest = 1
    AND EXISTS (SELECT 1 FROM app_xml WHERE app_id = OLD.app_id)
    AND NOT EXISTS (SELECT 1 FROM processing_log WHERE app_id = OLD.app_id)
    AND NOT EXISTS (SELECT 1 FROM processing_queue WHERE app_id = OLD.app_id)
BEGIN
    UPDATE processing_enqueue
    SET lowest_new = OLD.app_id
    WHERE lowest_new IS NULL OR lowest_new > OLD.app_id;
END;

CREATE TRIGGER processing_queue_lost AFTER DELETE ON processing_queue
WHEN OLD.state <> 1
    AND EXISTS (SELECT 1 FROM app_xml WHERE app_id = OLD.app_id)
    AND NOT EXISTS (SELECT 1 FROM processing_log WHERE app_id = OLD.app_id)
BEGIN
    UPDATE processing_enqueue
    SET lowest_new = OLD.app_id
    WHERE lowest_new IS NULL OR lowest_new > OLD.app_id;
END;

CREATE TRIGGER processing_log_wrote AFTER INSERT ON processing_log
WHEN NEW.has_rows = 1 AND NOT EXISTS (SELECT 1 FROM processing_sums_at_once)
BEGIN
    INSERT INTO processing_written (table_name, row_count)
    SELECT key, value FROM json_each(NEW.rows_per_table) WHERE true
    ON CONFLICT (table_name) DO UPDATE SET row_count = row_count + excluded.row_count;
END;

CREATE TRIGGER processing_log_rewrote AFTER UPDATE OF has_rows, rows_per_table ON processing_log
WHEN NEW.has_rows = 1 OR OLD.has_rows = 1
BEGIN
    INSERT INTO processing_written (table_name, row_count)
    SELECT key, -value FROM json_each(OLD.rows_per_table) WHERE OLD.has_rows = 1
    ON CONFLICT (table_name) DO UPDATE SET row_count = row_count + excluded.row_count;
    INSERT INTO processing_written (table_name, row_count)
    SELECT key, value FROM json_each(NEW.rows_per_table) WHERE NEW.has_rows = 1
    ON CONFLICT (table_name) DO UPDATE SET row_count = row_count + excluded.row_count;
END;

CREATE TRIGGER processing_log_unwrote AFTER DELETE ON processing_log WHEN OLD.has_rows = 1
BEGIN
    INSERT INTO processing_written (table_name, row_count)
    SELECT key, -value FROM json_each(OLD.rows_per_table) WHERE true
    ON CONFLICT (table_name) DO UPDATE SET row_count = row_count + excluded.row_count;
END;

CREATE VIEW vw_TargetCounts AS -- created by xmlshred
SELECT * FROM (
SELECT '' AS table_name, 0 AS row_count WHERE false
);

CREATE VIEW vw_concluded AS
SELECT l.*
FROM processing_log AS l
WHERE l.is_latest = 1
  AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = l.app_id);

CREATE VIEW vw_unsuccessful AS
SELECT app_id, 'failed' AS was, attempt AS attempts, failure_category, fingerprint
FROM vw_concluded
WHERE failure_category IS NOT NULL
UNION ALL
SELECT q.app_id, 'quarantined', q.attempts,
       (SELECT l.failure_category FROM processing_log AS l
        WHERE l.app_id = q.app_id AND l.is_latest = 1),
       NULL
FROM processing_queue AS q
WHERE q.state = 2;

CREATE VIEW vw_stale AS
SELECT c.app_id, r.attempt, c.attempt AS failed_attempt, c.failure_category, r.rows_per_table
FROM processing_log AS r
INNER JOIN vw_concluded AS c ON c.app_id = r.app_id
WHERE r.has_rows = 1 AND r.is_latest = 0 AND c.failure_category IS NOT NULL;

CREATE VIEW vw_written AS
SELECT w.table_name,
       w.row_count,
       coalesce((SELECT sum(t.value)
                 FROM processing_log AS l, json_each(l.rows_per_table) AS t
                 WHERE l.has_rows = 1 AND l.is_latest = 0 AND t.key = w.table_name), 0) AS stale
FROM processing_written AS w;

CREATE VIEW vw_ActiveClaims AS
SELECT s.worker_name,
       s.host_name,
       s.process_id,
       (SELECT count(*)
        FROM processing_queue AS q
        WHERE q.state = 1 AND q.claim_token = c.claim_token) AS app_count,
       c.claimed_at_utc,
       (n.now - c.claimed_at_utc) / 1000 AS age_seconds,
       c.lease_expires_at_utc,
       -- Rounded down.
       (c.lease_expires_at_utc - n.now
           - ((c.lease_expires_at_utc - n.now) % 1000 + 1000) % 1000) / 1000 AS remaining_seconds,
       c.renewals,
       c.claim_token,
       c.session_id
FROM (SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) AS now) AS n
CROSS JOIN processing_claim AS c
INNER JOIN processing_session AS s ON s.session_id = c.session_id;

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

CREATE VIEW vw_LeaseTimeline AS
SELECT e.occurred_at_utc, e.event_type, s.worker_name, s.host_name, e.app_id, e.app_count, e.attempt,
       e.detail, e.error_number, NULL AS login_name, e.claim_token, e.session_id, e.event_id
FROM processing_event AS e
LEFT JOIN processing_session AS s ON s.session_id = e.session_id;

CREATE VIEW vw_PartitionProgress AS
SELECT r.instance_id, r.instance_count, r.app_id_start, r.app_id_end, r.workers, r.ready, r.claimed,
       r.quarantined, r.completed_10_min, r.per_minute,
       CASE WHEN r.per_minute > 0 THEN r.minutes END AS minutes_left,
       CASE WHEN r.per_minute > 0 AND (r.ready + r.claimed) / r.per_minute < 525600
            THEN (r.now / 1000 + r.minutes * 60) * 1000 END AS done_at_utc
FROM (SELECT p.*,
             -- Rounded up.
             CAST((p.ready + p.claimed) / p.per_minute AS INTEGER)
                 + ((p.ready + p.claimed) / p.per_minute
                    > CAST((p.ready + p.claimed) / p.per_minute AS INTEGER)) AS minutes
      FROM (SELECT h.*,
                   coalesce(sum(u.state = 0), 0) AS ready,
                   coalesce(sum(u.state = 1), 0) AS claimed,
                   coalesce(sum(u.state = 2), 0) AS quarantined
            FROM (SELECT s.instance_id, s.instance_count, s.app_id_start, s.app_id_end,
                         sum(s.ended_at_utc IS NULL) AS workers,
                         coalesce(sum(t.completed), 0) AS completed_10_min,
                         -- The current minute is not over: the rate is per time since the first minute.
                         round(60.0 * coalesce(sum(t.completed), 0)
                               / (1 + (n.now - coalesce(min(t.first_minute), n.now)) / 1000), 2)
                             AS per_minute,
                         n.now
                  FROM (SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) AS now) AS n
                  CROSS JOIN processing_session AS s
                  LEFT JOIN (SELECT m.session_id, sum(m.success + m.failed) AS completed,
                                    min(m.minute_utc) AS first_minute
                             FROM processing_throughput AS m
                             WHERE m.minute_utc >= CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) - 600000
                             GROUP BY m.session_id) AS t ON t.session_id = s.session_id
                  WHERE s.instance_count IS NOT NULL
                    AND (s.ended_at_utc IS NULL OR s.ended_at_utc >= n.now - 3600000)
                  GROUP BY s.instance_id, s.instance_count, s.app_id_start, s.app_id_end) AS h
            LEFT JOIN processing_queue AS u
                ON (u.app_id % h.instance_count + h.instance_count) % h.instance_count = h.instance_id
                AND u.app_id >= coalesce(h.app_id_start, -9223372036854775807 - 1)
                AND u.app_id <= coalesce(h.app_id_end, 9223372036854775807)
            GROUP BY h.instance_id, h.instance_count, h.app_id_start, h.app_id_end) AS p) AS r;

CREATE VIEW vw_Quarantine AS
SELECT q.app_id,
       coalesce(c.event_type, 'unknown') AS cause,
       c.error_number,
       CASE c.event_type WHEN 'refused' THEN c.detail END AS error_message,
       e.occurred_at_utc AS quarantined_at_utc,
       q.reaps, q.lone_reaps, q.attempts, q.document_bytes, q.enqueued_at_utc,
       s.worker_name AS last_worker_name, s.host_name AS last_host_name, e.detail
FROM processing_queue AS q
LEFT JOIN processing_event AS e
    ON e.event_id = (SELECT max(v.event_id) FROM processing_event AS v
                     WHERE v.app_id = q.app_id AND v.event_type = 'quarantined')
LEFT JOIN processing_event AS c
    ON c.event_id = (SELECT max(v.event_id) FROM processing_event AS v
                     WHERE v.app_id = q.app_id AND v.event_type IN ('reaped', 'refused'))
LEFT JOIN processing_session AS s ON s.session_id = e.session_id
WHERE q.state = 2;

CREATE VIEW vw_QueueStatus AS
SELECT n.state,
       -- Most are ready. SQLite counts a whole table by its pages, and a part of it row by row.
       CASE n.state_number
           WHEN 0
               THEN (SELECT count(*) FROM processing_queue)
                   - (SELECT count(*) FROM processing_queue AS u WHERE u.state > 0)
           ELSE (SELECT count(*) FROM processing_queue AS u WHERE u.state = n.state_number)
       END AS applications,
       (SELECT min(u.enqueued_at_utc) FROM processing_queue AS u
        WHERE u.state = n.state_number) AS oldest_at_utc,
       (SELECT max(u.enqueued_at_utc) FROM processing_queue AS u
        WHERE u.state = n.state_number) AS newest_at_utc,
       (SELECT coalesce(sum(u.document_bytes), 0) FROM processing_queue AS u
        WHERE u.state = n.state_number) AS document_bytes
FROM (SELECT 'ready' AS state, 0 AS state_number
      UNION ALL SELECT 'claimed', 1
      UNION ALL SELECT 'quarantined', 2) AS n
UNION ALL
SELECT n.state,
       (SELECT coalesce(sum(o.applications), 0) FROM processing_outcome AS o
        WHERE (o.outcome = 'success') = (n.state = 'success')),
       (SELECT c.processed_at_utc FROM vw_concluded AS c
        WHERE c.status = n.state ORDER BY c.processed_at_utc LIMIT 1),
       (SELECT c.processed_at_utc FROM vw_concluded AS c
        WHERE c.status = n.state ORDER BY c.processed_at_utc DESC LIMIT 1),
       NULL
FROM (SELECT 'failed' AS state UNION ALL SELECT 'success') AS n
UNION ALL
SELECT 'not_enqueued',
       (SELECT count(*)
        FROM app_xml AS s INDEXED BY app_xml_id
        WHERE s.app_id >= e.lowest_new
          AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = s.app_id)
          AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = s.app_id)),
       NULL, NULL, NULL
FROM processing_enqueue AS e;

CREATE VIEW vw_sourced AS
SELECT count(*) AS expected,
       count(*) FILTER (WHERE EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = s.app_id)
                           OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = s.app_id)) AS actual
FROM app_xml AS s INDEXED BY app_xml_id;

CREATE VIEW vw_RecentFailures AS
SELECT l.processed_at_utc, l.app_id, l.attempt, l.failure_category, l.failure_table, l.failure_column,
       l.failure_value, l.failure_reason, l.failure_path, l.failure_line, l.failure_column_number,
       l.error_number, l.fingerprint, s.worker_name, l.is_latest,
       l.is_latest = 1 AND EXISTS (SELECT 1 FROM processing_queue AS q
                                   WHERE q.app_id = l.app_id) AS is_redriven,
       (SELECT k.attempt FROM processing_log AS k
        WHERE k.app_id = l.app_id AND k.has_rows = 1) AS rows_of_attempt
FROM processing_log AS l
LEFT JOIN processing_session AS s ON s.session_id = l.session_id
WHERE l.status = 'failed';

CREATE VIEW vw_Reconciliation AS
SELECT 'source rows' AS subject, r.expected, r.actual, r.actual - r.expected AS difference,
       NULL AS not_ours, NULL AS stale,
       'source rows that are queued, quarantined or logged; run xmlshred enqueue if some are missing'
           AS meaning
FROM vw_sourced AS r
UNION ALL
SELECT t.table_name, coalesce(w.row_count, 0), t.row_count,
       min(t.row_count - coalesce(w.row_count, 0), 0),
       max(t.row_count - coalesce(w.row_count, 0), 0),
       coalesce(w.stale, 0),
       'rows in the target table'
FROM vw_TargetCounts AS t
LEFT JOIN vw_written AS w ON w.table_name = t.table_name;

CREATE VIEW vw_Sessions AS
SELECT CASE
           WHEN s.ended_at_utc IS NOT NULL THEN 'ended'
           WHEN EXISTS (SELECT 1 FROM processing_claim AS c WHERE c.session_id = s.session_id)
               THEN 'working'
           WHEN s.last_seen_at_utc >= CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) - 600000 THEN 'idle'
           ELSE 'silent'
       END AS state,
       s.worker_name, s.host_name, s.process_id, s.started_at_utc, s.last_seen_at_utc,
       CASE WHEN s.ended_at_utc IS NULL
            THEN (CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) - s.last_seen_at_utc) / 1000
       END AS silent_seconds,
       s.ended_at_utc, s.exit_status, s.claimed, s.success, s.failed, s.released, s.reaped, s.refused,
       s.claimed - s.success - s.failed - s.released - s.reaped - s.refused AS holds,
       s.program_version, s.agent_job, s.agent_step, NULL AS clock_skew_ms, NULL AS login_name,
       s.contract_hash, s.session_id
FROM processing_session AS s;

CREATE VIEW vw_Throughput AS
SELECT t.minute_utc, s.worker_name, s.host_name, t.claimed, t.success, t.failed, t.released,
       CASE WHEN t.success + t.failed > 0
            THEN round(100.0 * t.failed / (t.success + t.failed), 2)
       END AS failed_percent,
       t.rows_written, t.document_bytes,
       round(t.shred_micros / 1000000.0, 1) AS cpu_seconds,
       t.session_id
FROM processing_throughput AS t
INNER JOIN processing_session AS s ON s.session_id = t.session_id;

INSERT INTO processing_enqueue (only_row, lowest_new, highest) VALUES (1, NULL, NULL);
