/* Records the log that is adopted. Nothing is enqueued or claimed from now on until usp_AdoptLog is done. */
SET NOCOUNT ON;

INSERT INTO [$(Schema)].[processing_adoption]
(
    adoption_id,
    legacy_schema,
    legacy_table,
    next_app_id,
    success,
    failed,
    apps_ignored,
    rows_superseded,
    rows_ignored,
    rows_without_id,
    apps_without_source,
    apps_without_time,
    adopted_by,
    started_at_utc
)
SELECT
    1,
    a.legacy_schema,
    a.legacy_table,
    -9223372036854775808,
    0,
    0,
    0,
    0,
    0,
    a.rows_without_id,
    0,
    0,
    ORIGINAL_LOGIN(),
    SYSUTCDATETIME()
FROM #adoption AS a;

INSERT INTO [$(Schema)].[processing_adoption_name] (current_name, original_name)
SELECT
    n.current_name,
    n.original_name
FROM #adoption_name AS n;

/* What continues may have answers for statuses that are new. */
DELETE FROM [$(Schema)].[processing_adoption_status]
WHERE status IN (SELECT s.status FROM #adoption_status AS s);

INSERT INTO [$(Schema)].[processing_adoption_status] (status, outcome, row_count)
SELECT
    s.status,
    s.outcome,
    s.row_count
FROM #adoption_status AS s;

DROP TABLE #adoption;
DROP TABLE #adoption_answer;
DROP TABLE #adoption_status;
DROP TABLE #adoption_name;
