SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Shows the history of one application in order of time, and what happens to it next.
Parameters: @app_id  the application
Results:    one row per event: occurred_at_utc (UTC), event_type, attempt, worker_name, host_name,
            detail, claim_token. event_type is
            enqueued, claimed, renewed (the last of a claim), released, reaped, quarantined, requeued
            refused          by the database; detail has the error
            success, failed  the outcome of an attempt; detail has the cause and place of a failure, or
                             the earlier system's log from which the outcome was adopted
            wrote            one per target table that a successful attempt wrote to; of a backfill, with
                             the rows of the attempt that it completed
            rows_deleted     usp_DeleteStaleRows deleted the rows of an attempt
            backfilled       usp_BackfillApps added what was missing in the target tables
            erased           usp_EraseApps or usp_UnloadDocuments removed its rows, log and events before this
            now              the last row: its state, what happens next, and which attempt its rows
                             are of. The only row of an unknown application
Errors:     50001 a parameter is wrong
Called by:  operators; the executable (explain)
Isolation:  READ COMMITTED; seeks the queue, the log and the events of this application and of its
            claims. Purged events are missing; the outcomes of attempts are not. Claims and sessions WITH
            (NOLOCK): a completion holds its own
Example:    EXEC [$(Schema)].[usp_ExplainApp] @app_id = 101;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ExplainApp]
    @app_id bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @adopted uniqueidentifier = '00000000-0000-0000-0000-000000000000';
    DECLARE @origin nvarchar(300);
    DECLARE @claim TABLE
    (
        claim_token uniqueidentifier NOT NULL PRIMARY KEY,
        attempt int NULL,
        claimed_at_utc datetime2(3) NULL,
        session_id uniqueidentifier NULL
    );

    IF @app_id IS NULL
    BEGIN
        THROW 50001, N'usp_ExplainApp: @app_id is missing.', 1;
    END;

    SELECT @origin = CONCAT(N'by the earlier system, from its log ', a.legacy_schema, N'.', a.legacy_table)
    FROM [$(Schema)].[processing_adoption] AS a;

    -- Every claim it was in. Of a claim whose events are purged, the log has time and session.
    INSERT INTO @claim
    (
        claim_token,
        attempt,
        claimed_at_utc,
        session_id
    )
    SELECT
        u.claim_token,
        MAX(u.attempt),
        MAX(k.claimed_at_utc),
        MAX(k.session_id)
    FROM
        (
            SELECT
                q.claim_token,
                q.attempts AS attempt
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = @app_id
            UNION ALL
            SELECT
                l.claim_token,
                l.attempt
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.app_id = @app_id
            UNION ALL
            SELECT
                e.claim_token,
                e.attempt
            FROM [$(Schema)].[processing_event] AS e
            WHERE e.app_id = @app_id
        ) AS u
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS k ON u.claim_token = k.claim_token AND k.app_id = @app_id
    WHERE u.claim_token <> @adopted
    GROUP BY u.claim_token;

    SELECT
        k.occurred_at_utc,
        k.event_type,
        k.attempt,
        s.worker_name,
        s.host_name,
        k.detail,
        k.claim_token
    FROM
        (
            SELECT
                n.enqueued_at_utc AS occurred_at_utc,
                0 AS ordinal,
                'enqueued' AS event_type,
                CONVERT(int, NULL) AS attempt,
                CONVERT(uniqueidentifier, NULL) AS session_id,
                CONVERT(nvarchar(3800), CONCAT(N'a document of ', n.document_bytes, N' bytes')) AS detail,
                CONVERT(uniqueidentifier, NULL) AS claim_token
            FROM
                (
                    SELECT
                        COALESCE(MIN(l.enqueued_at_utc), MIN(q.enqueued_at_utc)) AS enqueued_at_utc,
                        COALESCE(MAX(q.document_bytes), MAX(l.document_bytes)) AS document_bytes
                    FROM (VALUES (@app_id)) AS a(app_id)
                    LEFT OUTER JOIN [$(Schema)].[processing_queue] AS q ON a.app_id = q.app_id
                    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l
                        ON a.app_id = l.app_id AND l.session_id <> @adopted
                ) AS n
            WHERE n.enqueued_at_utc IS NOT NULL
            UNION ALL
            SELECT
                f.loaded_at_utc,
                -1,
                'loaded',
                NULL,
                NULL,
                CONCAT(N'from ', f.file_path),
                NULL
            FROM [$(Schema)].[processing_file] AS f
            WHERE f.app_id = @app_id
            UNION ALL
            SELECT
                COALESCE(e.occurred_at_utc, c.claimed_at_utc),
                1,
                'claimed',
                c.attempt,
                COALESCE(e.session_id, c.session_id),
                N'in a batch of ' + CONVERT(nvarchar(11), e.app_count),
                c.claim_token
            FROM @claim AS c
            LEFT OUTER JOIN [$(Schema)].[processing_event] AS e
                ON c.claim_token = e.claim_token AND e.event_type = 'claimed'
            WHERE COALESCE(e.occurred_at_utc, c.claimed_at_utc) IS NOT NULL
            UNION ALL
            SELECT
                MAX(e.occurred_at_utc),
                2,
                'renewed',
                c.attempt,
                e.session_id,
                CASE WHEN COUNT_BIG(*) = 1 THEN N'once' ELSE CONCAT(N'the last of ', COUNT_BIG(*), N' times') END,
                c.claim_token
            FROM @claim AS c
            INNER JOIN [$(Schema)].[processing_event] AS e ON c.claim_token = e.claim_token
            WHERE e.event_type = 'renewed'
            GROUP BY
                c.claim_token,
                c.attempt,
                e.session_id
            UNION ALL
            SELECT
                e.occurred_at_utc,
                CASE
                    WHEN e.event_type IN ('requeued', 'rows_deleted', 'erased', 'backfilled') THEN 7
                    WHEN e.event_type = 'quarantined' THEN 4
                    ELSE 3
                END,
                e.event_type,
                e.attempt,
                e.session_id,
                CASE e.event_type
                    WHEN 'refused' THEN CONCAT(N'the database refused it: error ', e.error_number, N': ', e.detail)
                    ELSE e.detail
                END,
                e.claim_token
            FROM [$(Schema)].[processing_event] AS e
            WHERE e.app_id = @app_id
            UNION ALL
            SELECT
                l.processed_at_utc,
                5,
                l.status,
                l.attempt,
                l.session_id,
                CASE
                    WHEN l.session_id = @adopted THEN CONCAT(@origin, N': ' + l.failure_reason)
                    WHEN l.base_contract_hash IS NOT NULL
                        THEN CONCAT(N'added what was missing: now ', l.rows_written, N' rows')
                    WHEN l.status = 'success'
                        THEN CONCAT(
                            N'wrote ', l.rows_written, N' rows, after ', l.shred_micros, N' microseconds of shredding'
                        )
                    ELSE CONCAT(
                        l.failure_category, N': ', l.failure_reason,
                        N'; column ' + l.failure_table + N'.' + l.failure_column,
                        N'; at ' + l.failure_path,
                        N'; line ' + CONVERT(nvarchar(11), l.failure_line)
                        + N', column ' + CONVERT(nvarchar(11), l.failure_column_number),
                        N'; value ' + l.failure_value,
                        N'; error ' + CONVERT(nvarchar(11), l.error_number),
                        N'; fingerprint ' + l.fingerprint
                    )
                END,
                NULLIF(l.claim_token, @adopted)
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.app_id = @app_id
            UNION ALL
            SELECT
                l.processed_at_utc,
                6,
                'wrote',
                l.attempt,
                l.session_id,
                CONCAT(r.row_count, N' rows to ', t.schema_name, N'.', t.table_name),
                NULLIF(l.claim_token, @adopted)
            FROM [$(Schema)].[processing_log] AS l
            INNER JOIN [$(Schema)].[processing_log_table] AS r ON l.app_id = r.app_id AND l.attempt = r.attempt
            INNER JOIN [$(Schema)].[processing_contract_table] AS t
                ON l.contract_hash = t.contract_hash AND r.table_ordinal = t.table_ordinal
            WHERE l.app_id = @app_id
            UNION ALL
            SELECT
                @now,
                9,
                'now',
                q.attempts,
                h.session_id,
                CONCAT(
                    CASE
                        WHEN q.state = 0 AND p.reason IS NOT NULL
                            THEN N'ready, but claiming is paused: ' + p.reason
                        WHEN q.state = 0 AND q.reaps > 0
                            THEN CONCAT(
                                N'ready; ', CASE WHEN e.event_type = 'refused' THEN N'refused or ' END, N'reaped ',
                                q.reaps, CASE WHEN q.reaps = 1 THEN N' time' ELSE N' times' END,
                                N', so its next batch is smaller',
                                CASE WHEN e.event_type = 'refused' THEN N'; the last time with ' + e.refusal END
                            )
                        WHEN q.state = 0 THEN N'ready for the next worker'
                        WHEN q.state = 1
                            THEN CONCAT(
                                N'claimed; the lease expires in ',
                                DATEDIFF_BIG(SECOND, @now, h.lease_expires_at_utc), N' seconds unless it is renewed'
                            )
                        WHEN q.state = 2
                            THEN CONCAT(
                                N'quarantined',
                                CASE e.event_type
                                    WHEN 'refused'
                                        THEN N' because the database refused it, the last time with ' + e.refusal
                                    WHEN 'reaped'
                                        THEN CONCAT(
                                            N' because its workers died or were lost: reaped ', q.reaps,
                                            CASE WHEN q.reaps = 1 THEN N' time' ELSE N' times' END
                                        )
                                END,
                                N'; fix the cause, then run usp_RetryFailed @app_ids = N''', @app_id, N''''
                            )
                        WHEN l.status = 'success' AND l.session_id = @adopted THEN N'finished by the earlier system'
                        WHEN l.status = 'success' THEN N'finished'
                        WHEN l.status = 'failed'
                            THEN CONCAT(
                                N'failed (', l.failure_category, N'); fix the cause, then run',
                                N' usp_RetryFailed @app_ids = N''', @app_id, N''''
                            )
                        WHEN x.[$(SourceIdColumn)] IS NOT NULL
                            THEN N'in the source table, but not enqueued: run usp_EnqueueApps'
                        ELSE N'unknown: not in the source table, the queue or the log'
                    END,
                    CASE
                        WHEN q.state IS NOT NULL OR l.status = 'failed'
                            THEN N'; its rows are those of attempt ' + CONVERT(nvarchar(11), r.attempt)
                    END
                ),
                q.claim_token
            FROM (VALUES (@app_id)) AS a(app_id)
            LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS x ON a.app_id = x.[$(SourceIdColumn)]
            LEFT OUTER JOIN [$(Schema)].[processing_queue] AS q ON a.app_id = q.app_id
            LEFT OUTER JOIN [$(Schema)].[processing_claim] AS h WITH (NOLOCK) ON q.claim_token = h.claim_token
            LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON a.app_id = l.app_id AND l.is_latest = 1
            LEFT OUTER JOIN [$(Schema)].[processing_log] AS r ON a.app_id = r.app_id AND r.has_rows = 1
            LEFT OUTER JOIN [$(Schema)].[processing_pause] AS p ON p.resumed_at_utc IS NULL
            OUTER APPLY
                (
                    SELECT TOP (1)
                        v.event_type,
                        CONCAT(N'error ', v.error_number, N': ', v.detail) AS refusal
                    FROM [$(Schema)].[processing_event] AS v
                    WHERE v.app_id = a.app_id
                        AND v.event_type IN ('reaped', 'refused')
                    ORDER BY v.event_id DESC
                ) AS e
        ) AS k
    LEFT OUTER JOIN [$(Schema)].[processing_session] AS s WITH (NOLOCK) ON k.session_id = s.session_id
    ORDER BY
        k.occurred_at_utc ASC,
        CASE WHEN k.event_type = 'now' THEN 1 ELSE 0 END ASC,
        COALESCE(k.attempt, 0) ASC,
        k.ordinal ASC;
END;
GO
