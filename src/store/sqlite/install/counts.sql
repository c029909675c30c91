-- What is counted so that nobody counts log or queue: indexes, sums, and the triggers that keep the sums in the
-- transaction of any program that changes them. Runs after schema.sql, or after an upgrade's changes.

-- The oldest of the queue.
CREATE INDEX processing_queue_enqueued ON processing_queue (enqueued_at_utc);

CREATE INDEX processing_log_processed ON processing_log (status, processed_at_utc, is_latest);

-- The failures that nobody has dealt with: by id, by category, and by cause.
CREATE INDEX processing_log_failed
ON processing_log (app_id) WHERE is_latest = 1 AND failure_category IS NOT NULL;
CREATE INDEX processing_log_category
ON processing_log (failure_category, app_id) WHERE is_latest = 1 AND failure_category IS NOT NULL;
CREATE INDEX processing_log_fingerprint
ON processing_log
    (fingerprint, app_id, processed_at_utc, failure_value, failure_category, is_latest)
WHERE is_latest = 1 AND failure_category IS NOT NULL;

-- Rows of an earlier success than the last attempt.
CREATE INDEX processing_log_superseded ON processing_log (app_id) WHERE has_rows = 1 AND is_latest = 0;

-- How many applications that are not in the queue have which outcome: success, or a failure's category; and how
-- many are in the queue: queued, with the size of their documents.
CREATE TABLE processing_outcome (
    outcome        TEXT PRIMARY KEY,
    applications   INTEGER NOT NULL,
    document_bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO processing_outcome (outcome, applications) VALUES ('queued', 0);

-- How many rows of each target table the attempts wrote that the rows are of.
CREATE TABLE processing_written (
    table_name TEXT PRIMARY KEY,
    row_count  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Has a row while a transaction logs applications that it adds to the sums itself, all at once: two triggers
-- below leave them to it. Nobody else sees the row: it is deleted before the commit.
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

-- Nothing deletes the last attempt alone, unless the clock was put back between two attempts.
CREATE TRIGGER processing_log_succeeds AFTER DELETE ON processing_log WHEN OLD.is_latest = 1 AND OLD.attempt > 1
BEGIN
    UPDATE processing_log
    SET is_latest = 1
    WHERE app_id = OLD.app_id
      AND attempt = (SELECT max(attempt) FROM processing_log WHERE app_id = OLD.app_id);
END;

-- What enters the queue or leaves it. One that was not known before, or is not afterwards, may have no document.
CREATE TRIGGER processing_queue_entered AFTER INSERT ON processing_queue
BEGIN
    UPDATE processing_outcome
    SET applications = applications + 1,
        document_bytes = document_bytes + NEW.document_bytes
    WHERE outcome = 'queued';
    UPDATE processing_enqueue
    SET orphans = orphans + 1
    WHERE only_row = 1
      AND NOT EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = NEW.app_id)
      AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = NEW.app_id);
END;

CREATE TRIGGER processing_queue_left AFTER DELETE ON processing_queue
BEGIN
    UPDATE processing_outcome
    SET applications = applications - 1,
        document_bytes = document_bytes - OLD.document_bytes
    WHERE outcome = 'queued';
    UPDATE processing_enqueue
    SET orphans = orphans - 1
    WHERE only_row = 1
      AND NOT EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = OLD.app_id)
      AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = OLD.app_id);
END;

CREATE TRIGGER processing_queue_resized AFTER UPDATE OF document_bytes ON processing_queue
BEGIN
    UPDATE processing_outcome
    SET document_bytes = document_bytes + NEW.document_bytes - OLD.document_bytes
    WHERE outcome = 'queued';
END;

-- The same of the log.
CREATE TRIGGER processing_log_entered AFTER INSERT ON processing_log
WHEN NOT EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = NEW.app_id)
    AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = NEW.app_id)
    AND NOT EXISTS (SELECT 1 FROM processing_log AS l
                    WHERE l.app_id = NEW.app_id AND l.attempt <> NEW.attempt)
BEGIN
    UPDATE processing_enqueue SET orphans = orphans + 1;
END;

CREATE TRIGGER processing_log_left AFTER DELETE ON processing_log
WHEN NOT EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = OLD.app_id)
    AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = OLD.app_id)
    AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = OLD.app_id)
BEGIN
    UPDATE processing_enqueue SET orphans = orphans - 1;
END;

-- An application that is queued for the first time has no attempts, and none in the log.
CREATE TRIGGER processing_queue_counted AFTER INSERT ON processing_queue WHEN NEW.attempts > 0
BEGIN
    UPDATE processing_outcome
    SET applications = applications - 1
    WHERE outcome = (SELECT coalesce(failure_category, 'success') FROM processing_log
                     WHERE app_id = NEW.app_id AND is_latest = 1);
END;

-- Nor has one in the log whose first attempt is claimed.
CREATE TRIGGER processing_queue_uncounted AFTER DELETE ON processing_queue
WHEN OLD.attempts > 0 AND NOT (OLD.state = 1 AND OLD.attempts = 1)
BEGIN
    UPDATE processing_outcome
    SET applications = applications + 1
    WHERE outcome = (SELECT coalesce(failure_category, 'success') FROM processing_log
                     WHERE app_id = OLD.app_id AND is_latest = 1);
END;

-- A document whose log is deleted, or that is taken out of the queue, is new again: enqueueing finds it, and
-- counting what is not enqueued begins with it.
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

-- What is claimed leaves the queue when it is completed, before it is logged.
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
