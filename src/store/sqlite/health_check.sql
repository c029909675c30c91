-- Problems. Mirrors those checks of usp_HealthCheck that apply to a file.

-- name: findings
SELECT priority, finding, detail, why, fix
FROM (
    SELECT 1 AS priority, 'no contract installed' AS finding,
           'there is no installed contract' AS detail,
           'nothing can be claimed without a contract' AS why,
           'xmlshred install --contract FILE' AS fix
    WHERE NOT EXISTS (SELECT 1 FROM processing_contract WHERE retired_at_utc IS NULL)
    UNION ALL
    SELECT 1, 'expired leases', count(*) || iif(count(*) = 1, ' claim', ' claims'),
           'the workers do not renew these claims, and nothing reaped them', 'xmlshred reap'
    FROM processing_claim
    WHERE lease_expires_at_utc < :now - 300000
    HAVING count(*) > 0
    UNION ALL
    SELECT 2, 'claim without progress',
           s.worker_name || ' on ' || s.host_name || ', process ' || s.process_id || ', holds ' || c.app_count
               || iif(c.app_count = 1, ' application since ', ' applications since ')
               || datetime(c.claimed_at_utc / 1000, 'unixepoch') || ' UTC, with ' || c.renewals
               || ' renewals of a lease of ' || (c.lease_ms / 1000) || ' s',
           'the worker renews its lease but completes nothing: it hangs, or waits for the database',
           'stop the process; its claim is reaped once the lease has expired'
    FROM processing_claim AS c
    JOIN processing_session AS s ON s.session_id = c.session_id
    WHERE c.renewals >= 5 AND c.claimed_at_utc < :now - 5 * c.lease_ms
    UNION ALL
    SELECT 2, 'claiming is paused', 'by ' || paused_by || ': ' || reason,
           'nothing is processed until claiming is resumed', 'xmlshred resume'
    FROM processing_pause
    WHERE resumed_at_utc IS NULL
    UNION ALL
    SELECT CASE WHEN EXISTS (SELECT 1 FROM processing_claim) THEN 2 ELSE 1 END, 'old backlog',
           iif(old > 10000, 'more than 10000', old) || iif(old = 1, ' application is', ' applications are')
           || ' ready that came more than a day ago',
           'no worker runs, or the workers do not keep up', 'xmlshred run'
    FROM (SELECT count(*) AS old
          FROM (SELECT 1
                FROM processing_queue INDEXED BY processing_queue_enqueued
                WHERE enqueued_at_utc < :now - 86400000 AND state = 0
                LIMIT 10001))
    WHERE old > 0
    UNION ALL
    SELECT 1, 'failure rate',
           sum(failed) || ' of ' || sum(success + failed) || ' failed in the last hour',
           'the contract does not fit, or a sender changed its documents',
           'xmlshred failures, then correct the largest cause'
    FROM processing_throughput
    WHERE minute_utc >= :now - 3600000
    HAVING sum(success + failed) >= 20 AND 20 * sum(failed) > sum(success + failed)
    UNION ALL
    SELECT 2, 'quarantined applications', count(*) || iif(count(*) = 1, ' application: ', ' applications, for example ') || min(app_id),
           'each repeatedly killed its worker or was refused; none is claimed again until it is retried',
           'xmlshred explain ' || min(app_id) || ', then xmlshred retry --quarantined'
    FROM processing_queue
    WHERE state = 2
    HAVING count(*) > 0
    UNION ALL
    SELECT 3, 'rows of an earlier success',
           count(*) || iif(count(*) = 1, ' application: ', ' applications, for example ') || min(app_id),
           'each failed after a success, and its rows are still those of that success',
           'xmlshred explain ' || min(app_id) || ', then xmlshred retry --all or xmlshred delete-stale-rows'
    FROM vw_stale
    HAVING count(*) > 0
    UNION ALL
    SELECT 2, 'lost documents',
           count(*) || iif(count(*) = 1, ' document: ', ' documents, for example ') || min(x.app_id),
           'each is neither queued nor logged, and enqueueing does not look for it',
           'xmlshred enqueue --full'
    -- Each document is looked up only if the sums do not agree.
    FROM (SELECT lowest_new
          FROM processing_enqueue
          WHERE documents + orphans <> (SELECT sum(applications) FROM vw_QueueStatus)) AS e
    CROSS JOIN app_xml AS x INDEXED BY app_xml_id
    WHERE (e.lowest_new IS NULL OR x.app_id < e.lowest_new)
      AND NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
      AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id)
    HAVING count(*) > 0
)
ORDER BY priority, finding;
