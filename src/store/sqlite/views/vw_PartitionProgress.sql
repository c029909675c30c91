-- How much of each share of the queue is left, and when will it be finished at this rate? Shows shares of
-- workers that have not ended, or ended within the last hour. Counts the ready applications of each share, unless
-- it is the whole queue.
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
                   CASE WHEN h.instance_count = 1 AND h.app_id_start IS NULL AND h.app_id_end IS NULL
                        THEN (SELECT o.applications FROM processing_outcome AS o WHERE o.outcome = 'queued')
                            - (SELECT count(*) FROM processing_queue AS u WHERE u.state > 0)
                        ELSE (SELECT count(*) FROM processing_queue AS u
                              WHERE u.state = 0
                                AND (u.app_id % h.instance_count + h.instance_count) % h.instance_count
                                    = h.instance_id
                                AND u.app_id >= coalesce(h.app_id_start, -9223372036854775807 - 1)
                                AND u.app_id <= coalesce(h.app_id_end, 9223372036854775807))
                   END AS ready,
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
            LEFT JOIN processing_queue AS u INDEXED BY processing_queue_claim
                ON u.state > 0
                AND (u.app_id % h.instance_count + h.instance_count) % h.instance_count = h.instance_id
                AND u.app_id >= coalesce(h.app_id_start, -9223372036854775807 - 1)
                AND u.app_id <= coalesce(h.app_id_end, 9223372036854775807)
            GROUP BY h.instance_id, h.instance_count, h.app_id_start, h.app_id_end) AS p) AS r;
