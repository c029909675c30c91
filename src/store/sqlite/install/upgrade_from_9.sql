-- From version 9: the queue and the documents are counted, too.

-- name: change
DROP TRIGGER app_xml_new;
DROP TRIGGER app_xml_deleted;
DROP VIEW vw_QueueStatus;
DROP VIEW vw_sourced;
DROP VIEW vw_stale;
DROP VIEW vw_PartitionProgress;
ALTER TABLE processing_outcome ADD COLUMN document_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processing_enqueue ADD COLUMN documents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processing_enqueue ADD COLUMN orphans INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processing_enqueue ADD COLUMN replaced INTEGER;

-- name: fill
INSERT INTO processing_outcome (outcome, applications, document_bytes)
SELECT 'queued', count(*), coalesce(sum(document_bytes), 0)
FROM processing_queue;
UPDATE processing_enqueue
SET documents = (SELECT count(*) FROM app_xml),
    orphans = (SELECT count(*)
               FROM processing_queue AS q
               WHERE NOT EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = q.app_id)
                 AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = q.app_id))
        + (SELECT count(*)
           FROM processing_log AS l
           WHERE l.is_latest = 1
             AND NOT EXISTS (SELECT 1 FROM app_xml AS x INDEXED BY app_xml_id WHERE x.app_id = l.app_id));
