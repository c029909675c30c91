SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Shows the history of one application in order: when it was enqueued, each claim and its
            worker, renewals, releases, reaps and refusals by the database, each attempt's outcome
            with the place in the document and the rows it wrote, each redrive, and its state now:
            which kind of trouble it has, and which attempt its rows are of.
Parameters: @app_id  the application
            @Help    1: only say what the parameters are; default 0
Results:    one row per event in order of time: occurred_at_utc (UTC), event_type, attempt, worker_name,
            host_name, detail, claim_token. event_type is
            enqueued, claimed, renewed (once per claim), released, reaped, refused (detail has the
            database's error), quarantined, requeued
            success, failed  the outcome of an attempt; detail has the cause and place of a failure
            wrote            one per target table that a successful attempt wrote to
            rows_deleted     usp_DeleteStaleRows deleted the rows of an attempt
            now              the last row: its state, and what happens next
            An unknown application has only the row now
Errors:     50001 a parameter is wrong
Called by:  operators; the executable (explain)
Isolation:  READ COMMITTED; seeks the queue, the log and the events of this application and of the
            claims it was in. Purged events are missing; the outcomes of attempts are not
Example:    EXEC [$(Schema)].[usp_ExplainApp] @app_id = 101;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ExplainApp]
    @app_id bigint = NULL,
    @Help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @state tinyint;
    DECLARE @held_token uniqueidentifier;
    DECLARE @attempts int;
    DECLARE @reaps int;
    DECLARE @last_cause varchar(12);
    DECLARE @last_error nvarchar(600);
    DECLARE @rows_attempt int;
    DECLARE @enqueued_at datetime2(3);
    DECLARE @document_bytes bigint;
    DECLARE @last_status varchar(7);
    DECLARE @last_category varchar(30);
    DECLARE @first_enqueued_at datetime2(3);
    DECLARE @in_source bit = 0;
    DECLARE @pause_reason nvarchar(400);
    DECLARE @claim TABLE
    (
        claim_token uniqueidentifier NOT NULL PRIMARY KEY,
        attempt int NULL
    );
    DECLARE @life TABLE
    (
        occurred_at_utc datetime2(3) NOT NULL,
        ordinal tinyint NOT NULL,
        event_type varchar(12) NOT NULL,
        attempt int NULL,
        session_id uniqueidentifier NULL,
        detail nvarchar(3800) NULL,
        claim_token uniqueidentifier NULL
    );

    IF @Help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@app_id', N'the application whose history is shown'),
                (2, N'results', N'occurred_at_utc, event_type, attempt, worker_name, host_name, detail, claim_token'),
                (3, N'event_type', N'enqueued, claimed, renewed, released, reaped, refused, quarantined, requeued,'
                    + N' success, failed, wrote, rows_deleted; the last row is now')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF @app_id IS NULL
    BEGIN
        THROW 50001, N'usp_ExplainApp: @app_id is missing.', 1;
    END;

    SELECT
        @state = q.state,
        @held_token = q.claim_token,
        @attempts = q.attempts,
        @reaps = q.reaps,
        @enqueued_at = q.enqueued_at_utc,
        @document_bytes = q.document_bytes
    FROM [$(Schema)].[processing_queue] AS q
    WHERE q.app_id = @app_id;

    SELECT
        @last_status = l.status,
        @last_category = l.failure_category
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.app_id = @app_id
        AND l.is_latest = 1;

    SELECT @rows_attempt = l.attempt
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.app_id = @app_id
        AND l.has_rows = 1;

    -- What last ended a claim of it badly, while it is queued.
    IF @reaps > 0
    BEGIN
        SELECT TOP (1)
            @last_cause = e.event_type,
            @last_error = CONCAT(N'error ', e.error_number, N': ', e.detail)
        FROM [$(Schema)].[processing_event] AS e
        WHERE e.app_id = @app_id
            AND e.event_type IN ('reaped', 'refused')
        ORDER BY e.event_id DESC;
    END;

    SELECT
        @first_enqueued_at = MIN(l.enqueued_at_utc),
        @document_bytes = COALESCE(@document_bytes, MAX(l.document_bytes))
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.app_id = @app_id;

    IF EXISTS
    (
        SELECT 1
        FROM [$(SourceSchema)].[$(SourceTable)] AS s
        WHERE s.app_id = @app_id
    )
    BEGIN
        SET @in_source = 1;
    END;

    SELECT @pause_reason = p.reason
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.resumed_at_utc IS NULL;

    INSERT INTO @claim (claim_token, attempt)
    SELECT
        u.claim_token,
        MAX(u.attempt)
    FROM
        (
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
                AND e.claim_token IS NOT NULL
            UNION ALL
            SELECT
                q.claim_token,
                q.attempts
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = @app_id
                AND q.claim_token IS NOT NULL
        ) AS u
    GROUP BY u.claim_token;

    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        detail
    )
    SELECT
        COALESCE(@first_enqueued_at, @enqueued_at),
        0,
        'enqueued',
        CONCAT(N'a document of ', @document_bytes, N' bytes')
    WHERE COALESCE(@first_enqueued_at, @enqueued_at) IS NOT NULL;

    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        e.occurred_at_utc,
        1,
        'claimed',
        c.attempt,
        e.session_id,
        CONCAT(N'in a batch of ', e.app_count),
        e.claim_token
    FROM @claim AS c
    INNER JOIN [$(Schema)].[processing_event] AS e ON c.claim_token = e.claim_token
    WHERE e.event_type = 'claimed';

    -- The event of a claim may be purged; the log still has its time and its worker.
    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        attempt,
        session_id,
        claim_token
    )
    SELECT
        l.claimed_at_utc,
        1,
        'claimed',
        l.attempt,
        l.session_id,
        l.claim_token
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.app_id = @app_id
        AND NOT EXISTS
        (
            SELECT 1
            FROM @life AS k
            WHERE k.claim_token = l.claim_token
        );

    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        r.last_at_utc,
        2,
        'renewed',
        r.attempt,
        r.session_id,
        CASE WHEN r.renewals = 1 THEN N'once' ELSE CONCAT(N'the last of ', r.renewals, N' times') END,
        r.claim_token
    FROM
        (
            SELECT
                c.claim_token,
                c.attempt,
                e.session_id,
                COUNT_BIG(*) AS renewals,
                MAX(e.occurred_at_utc) AS last_at_utc
            FROM @claim AS c
            INNER JOIN [$(Schema)].[processing_event] AS e ON c.claim_token = e.claim_token
            WHERE e.event_type = 'renewed'
            GROUP BY
                c.claim_token,
                c.attempt,
                e.session_id
        ) AS r;

    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        e.occurred_at_utc,
        CASE e.event_type
            WHEN 'requeued' THEN 7
            WHEN 'rows_deleted' THEN 7
            WHEN 'quarantined' THEN 4
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
    WHERE e.app_id = @app_id;

    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        l.processed_at_utc,
        5,
        l.status,
        l.attempt,
        l.session_id,
        CASE l.status
            WHEN 'success'
                THEN CONCAT(N'wrote ', l.rows_written, N' rows, after ', l.shred_micros, N' microseconds of shredding')
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
        l.claim_token
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.app_id = @app_id;

    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        l.processed_at_utc,
        6,
        'wrote',
        l.attempt,
        l.session_id,
        CONCAT(r.row_count, N' rows to ', t.schema_name, N'.', t.table_name),
        l.claim_token
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log_table] AS r ON l.app_id = r.app_id AND l.attempt = r.attempt
    INNER JOIN [$(Schema)].[processing_contract_table] AS t
        ON l.contract_hash = t.contract_hash AND r.table_ordinal = t.table_ordinal
    WHERE l.app_id = @app_id;

    INSERT INTO @life
    (
        occurred_at_utc,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        @now,
        9,
        'now',
        @attempts,
        (
            SELECT c.session_id
            FROM [$(Schema)].[processing_claim] AS c
            WHERE c.claim_token = @held_token
        ),
        CASE
            WHEN @state = 0 AND @pause_reason IS NOT NULL
                THEN CONCAT(N'ready, but claiming is paused: ', @pause_reason)
            WHEN @state = 0 AND @reaps > 0
                THEN CONCAT(
                    N'ready; ',
                    CASE WHEN @last_cause = 'refused' THEN N'refused or reaped ' ELSE N'reaped ' END,
                    @reaps, CASE WHEN @reaps = 1 THEN N' time' ELSE N' times' END,
                    N', so its next batch is smaller',
                    CASE WHEN @last_cause = 'refused' THEN N'; the last time with ' + @last_error END
                )
            WHEN @state = 0 THEN N'ready for the next worker'
            WHEN @state = 1
                THEN CONCAT(
                    N'claimed; the lease expires in ',
                    (
                        SELECT DATEDIFF_BIG(SECOND, @now, c.lease_expires_at_utc)
                        FROM [$(Schema)].[processing_claim] AS c
                        WHERE c.claim_token = @held_token
                    ),
                    N' seconds unless it is renewed'
                )
            WHEN @state = 2
                THEN CONCAT(
                    N'quarantined',
                    CASE @last_cause
                        WHEN 'reaped'
                            THEN CONCAT(
                                N' because its workers died or were lost: reaped ', @reaps,
                                CASE WHEN @reaps = 1 THEN N' time' ELSE N' times' END
                            )
                        WHEN 'refused' THEN N' because the database refused it, the last time with ' + @last_error
                    END,
                    N'; fix the cause, then run usp_RetryFailed @app_ids = N''', @app_id, N''''
                )
            WHEN @last_status = 'success' THEN N'finished'
            WHEN @last_status = 'failed'
                THEN CONCAT(
                    N'failed (', @last_category, N'); fix the cause, then run usp_RetryFailed @app_ids = N''',
                    @app_id, N''''
                )
            WHEN @in_source = 1 THEN N'in the source table, but not enqueued: run usp_EnqueueApps'
            ELSE N'unknown: not in the source table, the queue or the log'
        END
        + CASE
            WHEN @rows_attempt IS NULL OR (@state IS NULL AND @last_status = 'success') THEN N''
            ELSE CONCAT(N'; its rows are those of attempt ', @rows_attempt)
        END,
        @held_token;

    SELECT
        k.occurred_at_utc,
        k.event_type,
        k.attempt,
        s.worker_name,
        s.host_name,
        k.detail,
        k.claim_token
    FROM @life AS k
    LEFT OUTER JOIN [$(Schema)].[processing_session] AS s ON k.session_id = s.session_id
    ORDER BY
        k.occurred_at_utc ASC,
        CASE WHEN k.event_type = 'now' THEN 1 ELSE 0 END ASC,
        COALESCE(k.attempt, 0) ASC,
        k.ordinal ASC;
END;
GO
