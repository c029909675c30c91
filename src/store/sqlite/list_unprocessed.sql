-- Documents that are neither in the queue nor in the log, by page. Mirrors usp_ListUnprocessed.

-- name: page
SELECT x.app_id, coalesce(octet_length(x.xml), 0),
       CASE WHEN EXISTS (SELECT 1 FROM processing_event AS e
                         WHERE e.app_id = x.app_id AND e.event_type = 'erased')
            THEN 'it was erased, and its document is here again: the next enqueue adds it'
            ELSE 'new: the next enqueue adds it' END
FROM app_xml AS x INDEXED BY app_xml_id
WHERE (:after IS NULL OR x.app_id > :after)
  AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
  AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id)
ORDER BY x.app_id
LIMIT :size;
