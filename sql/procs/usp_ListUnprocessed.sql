SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Lists the source rows that are neither in the queue nor in the log, nor in an adopted log, a
            page at a time, each with the reason: nobody will process them before they are enqueued.
Parameters: @after_app_id  only ids above this, the last id of the previous page; default NULL
            @page_size     at most this many, 1 to 10000, default 1000
Results:    one row per source row, in order of id: app_id, document_bytes, reason
Errors:     50001 a parameter is wrong
Called by:  the executable (unprocessed); by hand
Isolation:  READ COMMITTED; reads source ids from @after_app_id on, and seeks queue and log for each
Example:    EXEC [$(Schema)].[usp_ListUnprocessed] @page_size = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ListUnprocessed]
    @after_app_id bigint = NULL,
    @page_size int = 1000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @watermark bigint;
    DECLARE @is_adopting bit = 0;

    IF COALESCE(@page_size, 0) NOT BETWEEN 1 AND 10000
    BEGIN
        THROW 50001, N'usp_ListUnprocessed: @page_size must be 1 to 10000.', 1;
    END;

    SELECT @watermark = w.app_id
    FROM [$(Schema)].[processing_watermark] AS w;

    SELECT @is_adopting = 1
    FROM [$(Schema)].[processing_adoption] AS a
    WHERE a.completed_at_utc IS NULL;

    SELECT TOP (@page_size)
        CONVERT(bigint, s.[$(SourceIdColumn)]) AS app_id,
        CONVERT(bigint, COALESCE(DATALENGTH(s.[$(SourceDocumentColumn)]), 0)) AS document_bytes,
        CASE
            WHEN @is_adopting = 1
                THEN N'the log of the earlier system is not all imported: run usp_AdoptLog'
            WHEN EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_event] AS e
                    WHERE e.app_id = s.[$(SourceIdColumn)]
                        AND e.event_type = 'erased'
                )
                THEN N'it was erased, and its document is here again: the next enqueue of all adds it'
            WHEN @watermark IS NULL
                THEN N'nothing was enqueued yet: run usp_EnqueueApps'
            -- usp_EnqueueApps reads so many ids below the watermark again.
            WHEN s.[$(SourceIdColumn)] > @watermark - 10000
                THEN N'new: the next enqueue adds it'
            ELSE N'below the watermark, so that only usp_EnqueueApps @mode = ''full'' finds it'
        END AS reason
    FROM [$(SourceSchema)].[$(SourceTable)] AS s WITH (READCOMMITTEDLOCK)
    WHERE (@after_app_id IS NULL OR s.[$(SourceIdColumn)] > @after_app_id)
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = s.[$(SourceIdColumn)]
        )
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.app_id = s.[$(SourceIdColumn)]
        )
    ORDER BY s.[$(SourceIdColumn)]
    OPTION (RECOMPILE);
END;
GO
