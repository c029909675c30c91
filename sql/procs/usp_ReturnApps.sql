SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Returns applications of a claim to the queue, because its lease has expired or the database
            refused them: ready again behind the others, or quarantined where that happened to one
            alone for the last time. The only place that quarantines.
Parameters: @claim_token  the claim; the caller has locked or deleted it
            @session_id   its session
            @event_type   reaped, refused
            @max_reaps    number of reaps and refusals alone after which an application is quarantined
            @returned     OUTPUT: how many the claim held and are returned
            @quarantined  OUTPUT: how many of these are quarantined
            Input table #returned (app_id bigint, attempt int, is_lone bit, is_counted bit,
            error_number int, detail nvarchar(400)); the last three are for the events
Results:    none
Errors:     none of its own
Called by:  usp_ReapExpired, usp_CompleteBatch
Isolation:  READ COMMITTED, in the caller's transaction. Locks queue, event.
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ReturnApps]
                @claim_token = @claim_token,
                @session_id = @session_id,
                @event_type = 'reaped',
                @max_reaps = 3;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReturnApps]
    @claim_token uniqueidentifier,
    @session_id uniqueidentifier,
    @event_type varchar(7),
    @max_reaps int,
    @returned int = NULL OUTPUT,
    @quarantined int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @alone TABLE (app_id bigint NOT NULL PRIMARY KEY);
    DECLARE @queued TABLE (app_id bigint NOT NULL PRIMARY KEY, state tinyint NOT NULL, lone_reaps int NOT NULL);

    INSERT INTO @alone (app_id)
    SELECT r.app_id
    FROM #returned AS r
    WHERE r.is_lone = 1;

    UPDATE [$(Schema)].[processing_queue]
    SET
        state = CASE
            WHEN lone_reaps + 1 >= @max_reaps AND app_id IN (SELECT l.app_id FROM @alone AS l) THEN 2
            ELSE 0
        END,
        claim_token = NULL,
        reaps = reaps + 1,
        lone_reaps = lone_reaps + CASE WHEN app_id IN (SELECT l.app_id FROM @alone AS l) THEN 1 ELSE 0 END
    OUTPUT inserted.app_id, inserted.state, inserted.lone_reaps
    INTO @queued (app_id, state, lone_reaps)
    WHERE state = 1
        AND claim_token = @claim_token
        AND EXISTS
        (
            SELECT 1
            FROM #returned AS r
            WHERE r.app_id = [processing_queue].app_id
                AND r.attempt = [processing_queue].attempts
        );

    SET @returned = @@ROWCOUNT;
    SET @quarantined = (
        SELECT COUNT(*)
        FROM @queued AS q
        WHERE q.state = 2
    );

    INSERT INTO [$(Schema)].[processing_event]
    (
        occurred_at_utc,
        event_type,
        app_id,
        attempt,
        claim_token,
        session_id,
        login_name,
        detail,
        error_number,
        is_counted
    )
    SELECT
        SYSUTCDATETIME(),
        k.event_type,
        r.app_id,
        r.attempt,
        @claim_token,
        @session_id,
        ORIGINAL_LOGIN(),
        CASE
            WHEN k.event_type <> 'quarantined'
                THEN CONCAT(r.detail, CASE r.is_counted WHEN 0 THEN N' (not counted: this worker had no success)' END)
            ELSE CONCAT(
                @event_type, N' ', q.lone_reaps, CASE WHEN q.lone_reaps = 1 THEN N' time' ELSE N' times' END,
                N' while alone',
                CASE @event_type
                    WHEN 'reaped' THEN N' in its claim; its reaped events name the workers'
                    ELSE CONCAT(N', the last time with error ', r.error_number, N': ', r.detail)
                END
            )
        END,
        r.error_number,
        CASE k.event_type WHEN 'refused' THEN r.is_counted END
    FROM #returned AS r
    INNER JOIN @queued AS q ON r.app_id = q.app_id
    CROSS JOIN (VALUES (@event_type), ('quarantined')) AS k(event_type)
    WHERE k.event_type <> 'quarantined'
        OR q.state = 2
    ORDER BY
        CASE k.event_type WHEN 'quarantined' THEN 1 ELSE 0 END ASC,
        r.app_id ASC;
END;
GO
