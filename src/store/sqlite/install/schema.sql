-- The tables of the embedded store, with the names and columns of SQL Server's. The differences are
-- listed in tests/store/sqlite/columns.rs.
--
-- Times are integer milliseconds since 1970-01-01 UTC by SQLite's own clock. Tokens and sessions
-- are hyphenated lower-case UUIDs, hashes are 64 lower-case hexadecimal digits.

CREATE TABLE app_xml (
    app_id INTEGER PRIMARY KEY,
    xml    ANY CHECK (typeof(xml) IN ('text', 'blob', 'null'))
) STRICT;

-- The documents make the pages of app_xml large; this index has only the ids.
CREATE INDEX app_xml_id ON app_xml (app_id);

-- The file that a document was loaded from; others have no row. file_path is the path as it was given,
-- with the name of an archive's member behind the archive's path and !, and the number of a record behind
-- #; file_name is its last part. place_id is the beginning of the hash of the file's absolute path, and
-- record_number is 0 if the document is the whole file. record_path is the path of the records that the file was
-- divided into, and has_envelope whether they keep the start tags around them; both are NULL for a whole file, for
-- stdin without a name, and for what version 8 loaded. has_replaced: the load replaced a document of the application,
-- which unloading does not bring back. place_id is 0 if version 7 loaded it: it is found by its path.
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
-- Version 7 did not record the places.
CREATE INDEX processing_file_path ON processing_file (file_path)
WHERE place_id = 0;

-- A document that is deleted or changed, by any program, is not that of the file any more.
CREATE TRIGGER app_xml_deleted AFTER DELETE ON app_xml
BEGIN
    DELETE FROM processing_file WHERE app_id = OLD.app_id;
    UPDATE processing_enqueue
    SET documents = documents - 1,
        orphans = orphans
            + (EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = OLD.app_id)
               OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = OLD.app_id)),
        replaced = NULL;
END;

CREATE TRIGGER app_xml_changed AFTER UPDATE ON app_xml
BEGIN
    DELETE FROM processing_file WHERE app_id IN (OLD.app_id, NEW.app_id);
    UPDATE processing_enqueue
    SET highest = NEW.app_id
    WHERE highest < NEW.app_id;
END;

-- lowest_new: the lowest id that arrived since enqueueing last completed; NULL if there is none.
-- highest: the highest id that ever was in app_xml; NULL before the first. A document that is loaded
-- later gets a higher one: the log may know the ids of documents that were deleted.
-- documents: how many rows app_xml has. orphans: how many applications are queued or logged that have none there.
-- replaced: the id whose document the statement that is running may replace; of an earlier one, it says nothing.
CREATE TABLE processing_enqueue (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    lowest_new INTEGER,
    highest    INTEGER,
    documents  INTEGER NOT NULL DEFAULT 0,
    orphans    INTEGER NOT NULL DEFAULT 0,
    replaced   INTEGER
) STRICT;

INSERT INTO processing_enqueue (only_row, lowest_new, highest) VALUES (1, NULL, NULL);

-- REPLACE deletes a row without the trigger of DELETE: what it may delete is noted before.
CREATE TRIGGER app_xml_occupied BEFORE INSERT ON app_xml
WHEN EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = NEW.app_id)
BEGIN
    UPDATE processing_enqueue SET replaced = NEW.app_id;
END;

CREATE TRIGGER app_xml_new AFTER INSERT ON app_xml
BEGIN
    DELETE FROM processing_file WHERE app_id = NEW.app_id;
    UPDATE processing_enqueue
    SET lowest_new = min(coalesce(lowest_new, NEW.app_id), NEW.app_id),
        highest = max(coalesce(highest, NEW.app_id), NEW.app_id),
        documents = documents + (replaced IS NOT NEW.app_id),
        orphans = orphans
            - (replaced IS NOT NEW.app_id
               AND (EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = NEW.app_id)
                    OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = NEW.app_id))),
        replaced = NULL;
END;

-- A document that gets another id is new there.
CREATE TRIGGER app_xml_moving BEFORE UPDATE OF app_id ON app_xml
WHEN NEW.app_id <> OLD.app_id
    AND EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = NEW.app_id)
BEGIN
    UPDATE processing_enqueue SET replaced = NEW.app_id;
END;

CREATE TRIGGER app_xml_moved AFTER UPDATE OF app_id ON app_xml WHEN NEW.app_id <> OLD.app_id
BEGIN
    UPDATE processing_enqueue
    SET lowest_new = min(coalesce(lowest_new, NEW.app_id), NEW.app_id),
        documents = documents - (replaced IS NEW.app_id),
        orphans = orphans
            + (EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = OLD.app_id)
               OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = OLD.app_id))
            - (replaced IS NOT NEW.app_id
               AND (EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = NEW.app_id)
                    OR EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = NEW.app_id))),
        replaced = NULL;
END;

-- Unfinished applications only: completing deletes the row.
-- state: 0 ready, 1 claimed, 2 quarantined. reaps counts how often it was reaped or refused by the
-- database, and lone_reaps how often of these it was the only possible cause. Nothing in a row
-- makes it wait for a time: a clock that is put back must not hide work.
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

-- Per minute and session, so that throughput is read without the log.
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

-- Append-only. 'claimed' and 'renewed' are one per batch, with app_id NULL and its app_count;
-- the others are one per application.
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

-- Every pause of claiming; one is in force while a row has no resumed_at_utc.
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

-- Every contract that was ever installed; the installed one has no retired_at_utc.
CREATE TABLE processing_contract (
    contract_hash    TEXT PRIMARY KEY,
    contract_name    TEXT NOT NULL,
    installed_at_utc INTEGER NOT NULL,
    retired_at_utc   INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX processing_contract_installed
ON processing_contract (retired_at_utc IS NULL) WHERE retired_at_utc IS NULL;

-- The target tables of each contract; table_ordinal 0 is loaded first.
CREATE TABLE processing_contract_table (
    contract_hash TEXT NOT NULL,
    table_ordinal INTEGER NOT NULL,
    table_name    TEXT NOT NULL,
    on_existing   TEXT NOT NULL CHECK (on_existing IN ('fail', 'skip', 'replace')),
    PRIMARY KEY (contract_hash, table_ordinal)
) STRICT, WITHOUT ROWID;
