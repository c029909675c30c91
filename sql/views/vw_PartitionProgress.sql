SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How much of each share of the queue is left, and when will it be finished at this rate? A
            share is the part that workers were started with: the whole queue (0 of 1), a partition
            (2 of 4), a range of ids. Shows shares of workers that have not ended, or ended within
            the last hour.
Columns:    instance_id, instance_count, app_id_start, app_id_end, workers (not ended), ready,
            claimed, quarantined, completed_10_min (in the last ten minutes), per_minute,
            minutes_left and done_at_utc: for the ready and claimed applications at that rate, NULL
            while none were completed
Cost:       reads the sessions, one row per process, which purging keeps few; ten minutes of throughput; of the
            queue what is claimed or quarantined. Of the whole queue, processing_outcome says the rest; of a
            partition or a range, one scan of the ready part of the narrow index IX_processing_queue_claim does,
            which has only unfinished applications. Never the log.
            Sessions WITH (NOLOCK): a completion holds its own. Waits for completions while
            READ_COMMITTED_SNAPSHOT is off
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_PartitionProgress]
AS
SELECT
    p.instance_id,
    p.instance_count,
    p.app_id_start,
    p.app_id_end,
    p.workers,
    q.ready,
    q.claimed,
    q.quarantined,
    p.completed_10_min,
    p.per_minute,
    CASE
        WHEN p.per_minute > 0 THEN CONVERT(bigint, CEILING((q.ready + q.claimed) / p.per_minute))
    END AS minutes_left,
    CASE
        WHEN p.per_minute > 0 AND (q.ready + q.claimed) / p.per_minute < 525600
            THEN DATEADD(
                MINUTE,
                CONVERT(int, CEILING((q.ready + q.claimed) / p.per_minute)),
                CONVERT(datetime2(0), SYSUTCDATETIME())
            )
    END AS done_at_utc
FROM
    (
        SELECT
            h.instance_id,
            h.instance_count,
            h.app_id_start,
            h.app_id_end,
            h.workers,
            h.completed_10_min,
            h.per_minute,
            h.is_whole,
            CASE
                WHEN h.is_whole = 1
                    THEN (
                        SELECT SUM(o.applications)
                        FROM [$(Schema)].[processing_outcome] AS o
                        WHERE o.outcome = 'queued'
                    )
                ELSE (
                    SELECT COUNT_BIG(*)
                    FROM [$(Schema)].[processing_queue] AS r
                    WHERE r.state = 0
                        AND (r.app_id % h.instance_count + h.instance_count) % h.instance_count = h.instance_id
                        AND r.app_id >= COALESCE(h.app_id_start, -9223372036854775808)
                        AND r.app_id <= COALESCE(h.app_id_end, 9223372036854775807)
                )
            END AS applications
        FROM
            (
                SELECT
                    s.instance_id,
                    s.instance_count,
                    s.app_id_start,
                    s.app_id_end,
                    CASE
                        WHEN s.instance_count = 1 AND s.app_id_start IS NULL AND s.app_id_end IS NULL THEN 1
                        ELSE 0
                    END AS is_whole,
                    SUM(CASE WHEN s.ended_at_utc IS NULL THEN 1 ELSE 0 END) AS workers,
                    COALESCE(SUM(t.completed), 0) AS completed_10_min,
                    -- The current minute is not over: the rate is per time since the first minute.
                    CONVERT(
                        decimal(19, 2),
                        COALESCE(SUM(t.completed), 0) * 60.0
                        / (1 + DATEDIFF(SECOND, COALESCE(MIN(t.first_minute), SYSUTCDATETIME()), SYSUTCDATETIME()))
                    ) AS per_minute
                FROM [$(Schema)].[processing_session] AS s WITH (NOLOCK)
                OUTER APPLY
                    (
                        SELECT
                            SUM(m.success + m.failed) AS completed,
                            MIN(m.minute_utc) AS first_minute
                        FROM [$(Schema)].[processing_throughput] AS m
                        WHERE m.session_id = s.session_id
                            AND m.minute_utc >= DATEADD(MINUTE, -10, SYSUTCDATETIME())
                    ) AS t
                WHERE s.instance_count IS NOT NULL
                    AND (s.ended_at_utc IS NULL OR s.ended_at_utc >= DATEADD(HOUR, -1, SYSUTCDATETIME()))
                GROUP BY
                    s.instance_id,
                    s.instance_count,
                    s.app_id_start,
                    s.app_id_end
            ) AS h
    ) AS p
CROSS APPLY
    (
        SELECT
            COALESCE(SUM(CASE WHEN u.state = 1 THEN 1 ELSE 0 END), 0) AS claimed,
            COALESCE(SUM(CASE WHEN u.state = 2 THEN 1 ELSE 0 END), 0) AS quarantined
        FROM [$(Schema)].[processing_queue] AS u
        WHERE u.state IN (1, 2)
            AND (u.app_id % p.instance_count + p.instance_count) % p.instance_count = p.instance_id
            AND u.app_id >= COALESCE(p.app_id_start, -9223372036854775808)
            AND u.app_id <= COALESCE(p.app_id_end, 9223372036854775807)
    ) AS t
CROSS APPLY
    (
        VALUES
        (
            -- The sum and what is taken may be of different moments while there are no row versions.
            CASE
                WHEN p.is_whole = 0 THEN p.applications
                WHEN p.applications > t.claimed + t.quarantined THEN p.applications - t.claimed - t.quarantined
                ELSE 0
            END,
            t.claimed,
            t.quarantined
        )
    ) AS q(ready, claimed, quarantined);
GO
