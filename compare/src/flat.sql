-- More source rows behind those that are there: as many queued as logged. The sums of the log are added at once.
DROP TRIGGER app_xml_new;

CREATE TEMP TABLE more AS
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :applications)
SELECT i FROM n;

INSERT INTO app_xml (app_id, xml)
SELECT 1000000 + i, '<a/>' FROM temp.more
UNION ALL
SELECT 1000000 + :applications + i, '<a/>' FROM temp.more;

INSERT INTO processing_queue
    (app_id, state, claim_token, attempts, reaps, lone_reaps, document_bytes, enqueued_at_utc)
SELECT 1000000 + i, 0, NULL, 0, 0, 0, 4, unixepoch() * 1000 FROM temp.more;

INSERT INTO processing_sums_at_once (only_row) VALUES (1);

INSERT INTO processing_log
    (app_id, attempt, status, has_rows, failure_category, failure_reason, fingerprint, session_id, claim_token,
     enqueued_at_utc, claimed_at_utc, processed_at_utc, shred_micros, document_bytes, rows_written,
     rows_per_table, source_hash, contract_hash)
SELECT 1000000 + :applications + i, 1, iif(i % 100 = 0, 'failed', 'success'), i % 100 <> 0,
       iif(i % 100 = 0, 'bad_value', NULL), iif(i % 100 = 0, 'not a date', NULL),
       iif(i % 100 = 0, printf('%016x', i % 7), NULL),
       '00000000-0000-0000-0000-000000000001', printf('%036d', i / 100),
       0, 0, unixepoch() * 1000 - (:applications - i) * 10, 100, 4, 0,
       iif(i % 100 = 0, NULL, '{}'), NULL, (SELECT contract_hash FROM processing_contract)
FROM temp.more;

INSERT INTO processing_outcome (outcome, applications)
VALUES ('success', :applications - :applications / 100), ('bad_value', :applications / 100)
ON CONFLICT (outcome) DO UPDATE SET applications = applications + excluded.applications;

DELETE FROM processing_sums_at_once;

UPDATE processing_enqueue
SET lowest_new = NULL,
    highest = 1000000 + 2 * :applications,
    documents = documents + 2 * :applications;

DROP TABLE temp.more;
