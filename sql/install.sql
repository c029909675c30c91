/*
Installs xmlshred 0.1.0 in one transaction. Running it again changes nothing but the
record of installations.

    sqlcmd -S SERVER -d DATABASE -b -I -i install.sql -v Schema=sandbox SourceSchema=dbo SourceTable=app_xml

Printed by xmlshred install --script: change the files of sql/, not this one.
*/
:on error exit
SET XACT_ABORT ON;
SET IMPLICIT_TRANSACTIONS OFF;
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;

BEGIN TRANSACTION;

DECLARE @lock_name nvarchar(255) = LEFT(CONCAT(N'xmlshred install $(Schema)', N' in ', DB_NAME()), 255);
DECLARE @lock_result int;
DECLARE @installed_version int;
DECLARE @message nvarchar(2048);

EXEC @lock_result = sp_getapplock
    @Resource = @lock_name,
    @LockMode = 'Exclusive',
    @LockOwner = 'Transaction',
    @LockTimeout = 60000;

IF @lock_result < 0
BEGIN
    ROLLBACK TRANSACTION;
    THROW 50033, N'Another installation is running: wait for it, then install again.', 1;
END;

IF OBJECT_ID(N'[$(Schema)].[processing_install]', N'U') IS NOT NULL
BEGIN
    SELECT TOP (1) @installed_version = i.schema_version
    FROM [$(Schema)].[processing_install] AS i
    ORDER BY i.install_id DESC;
END;

IF @installed_version > 1
BEGIN
    ROLLBACK TRANSACTION;
    SET @message = CONCAT(
        N'Version ', @installed_version, N' is installed, which is newer than version 1 of',
        N' this script: install with the newer xmlshred.'
    );
    THROW 50040, @message, 1;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The schema that holds one pipeline: its queue, its log and its procedures.

It is owned by whoever owns the source and target tables (dbo, as a rule), so that ownership
chaining lets a role with nothing but EXECUTE run the whole job.
*/
IF SCHEMA_ID(N'$(Schema)') IS NULL
BEGIN
    EXEC (N'CREATE SCHEMA [$(Schema)] AUTHORIZATION [dbo];');
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
What was installed, when and by whom: one row per installation that changed something. The
newest row is the version that is here now. An executable refuses a schema_version it does not
know.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_install]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_install]
    (
        install_id int IDENTITY (1, 1) NOT NULL,
        schema_version int NOT NULL,
        program_version nvarchar(50) NOT NULL,
        installed_at datetime2(3) NOT NULL
            CONSTRAINT DF_processing_install_installed_at DEFAULT (SYSUTCDATETIME()),
        installed_by nvarchar(128) NOT NULL
            CONSTRAINT DF_processing_install_installed_by DEFAULT (ORIGINAL_LOGIN()),
        CONSTRAINT PK_processing_install PRIMARY KEY CLUSTERED (install_id)
    );
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per installed file, so that an object can be told as current, missing, older or edited
by hand. file_checksum is the SHA-256 of the file's text with line feeds; definition_checksum is
the SHA-256 of OBJECT_DEFINITION as it was right after installing, NULL for files that make no
module.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_install_file]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_install_file]
    (
        file_name nvarchar(200) NOT NULL,
        schema_version int NOT NULL,
        file_checksum binary(32) NOT NULL,
        definition_checksum binary(32) NULL,
        installed_at datetime2(3) NOT NULL
            CONSTRAINT DF_processing_install_file_installed_at DEFAULT (SYSUTCDATETIME()),
        CONSTRAINT PK_processing_install_file PRIMARY KEY CLUSTERED (file_name)
    );
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Every contract that was ever installed. The installed one is the row whose retired_at is NULL;
there is at most one, because usp_RegisterContract is serialised.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_contract]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_contract]
    (
        contract_hash binary(32) NOT NULL,
        contract_name nvarchar(128) NOT NULL,
        contract_text nvarchar(max) NULL,
        installed_at datetime2(3) NOT NULL,
        installed_by nvarchar(128) NOT NULL,
        retired_at datetime2(3) NULL,
        CONSTRAINT PK_processing_contract PRIMARY KEY CLUSTERED (contract_hash)
    );
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The target tables of each contract in load order: table_ordinal 0 is loaded first, and a table
comes after every table it references. on_existing says what happens to rows that are already
there for an application.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_contract_table]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_contract_table]
    (
        contract_hash binary(32) NOT NULL,
        table_ordinal int NOT NULL,
        schema_name nvarchar(128) NOT NULL,
        table_name nvarchar(128) NOT NULL,
        app_column nvarchar(128) NOT NULL,
        on_existing varchar(7) NOT NULL,
        CONSTRAINT PK_processing_contract_table
            PRIMARY KEY CLUSTERED (contract_hash, table_ordinal),
        CONSTRAINT FK_processing_contract_table_contract
            FOREIGN KEY (contract_hash)
            REFERENCES [$(Schema)].[processing_contract] (contract_hash),
        CONSTRAINT CK_processing_contract_table_ordinal CHECK (table_ordinal >= 0),
        CONSTRAINT CK_processing_contract_table_on_existing
            CHECK (on_existing IN ('fail', 'skip', 'replace'))
    );
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per run of a worker process. ended_at stays NULL for a process that was killed. claimed =
succeeded + failed + released + reaped + what it holds now. The row is also the lock under which
the session's minutes in processing_throughput are written, and the last one in the lock order.

clock_skew_ms is the worker's clock less the database's when it started; nothing but a warning
depends on it. instance_id to app_id_end are the share of the queue that it claims from, NULL until
its first claim.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_session]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_session]
    (
        session_id uniqueidentifier NOT NULL,
        worker_name nvarchar(128) NOT NULL,
        host_name nvarchar(128) NOT NULL,
        process_id bigint NOT NULL,
        program_version nvarchar(50) NOT NULL,
        contract_hash binary(32) NOT NULL,
        agent_job nvarchar(128) NULL,
        agent_step nvarchar(128) NULL,
        login_name nvarchar(128) NOT NULL,
        clock_skew_ms bigint NULL,
        instance_id int NULL,
        instance_count int NULL,
        app_id_start bigint NULL,
        app_id_end bigint NULL,
        started_at datetime2(3) NOT NULL,
        last_seen_at datetime2(3) NOT NULL,
        ended_at datetime2(3) NULL,
        exit_status int NULL,
        claimed bigint NOT NULL CONSTRAINT DF_processing_session_claimed DEFAULT (0),
        succeeded bigint NOT NULL CONSTRAINT DF_processing_session_succeeded DEFAULT (0),
        failed bigint NOT NULL CONSTRAINT DF_processing_session_failed DEFAULT (0),
        released bigint NOT NULL CONSTRAINT DF_processing_session_released DEFAULT (0),
        reaped bigint NOT NULL CONSTRAINT DF_processing_session_reaped DEFAULT (0),
        CONSTRAINT PK_processing_session PRIMARY KEY CLUSTERED (session_id)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT CK_processing_session_ended
            CHECK ((ended_at IS NULL AND exit_status IS NULL)
                OR (ended_at IS NOT NULL AND exit_status IS NOT NULL))
    );

    CREATE NONCLUSTERED INDEX IX_processing_session_started
        ON [$(Schema)].[processing_session] (started_at)
        WITH (ALLOW_PAGE_LOCKS = OFF);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
What each session did in each minute. Views of throughput read this and never the log, so that they
stay cheap however large the log grows. Written only by
usp_RecordThroughput, inside the transaction that it counts.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_throughput]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_throughput]
    (
        session_id uniqueidentifier NOT NULL,
        minute_utc datetime2(0) NOT NULL,
        claimed bigint NOT NULL,
        succeeded bigint NOT NULL,
        failed bigint NOT NULL,
        released bigint NOT NULL,
        rows_written bigint NOT NULL,
        document_bytes bigint NOT NULL,
        shred_micros bigint NOT NULL,
        CONSTRAINT PK_processing_throughput PRIMARY KEY CLUSTERED (session_id, minute_utc)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT FK_processing_throughput_session
            FOREIGN KEY (session_id)
            REFERENCES [$(Schema)].[processing_session] (session_id)
    );

    CREATE NONCLUSTERED INDEX IX_processing_throughput_minute
        ON [$(Schema)].[processing_throughput] (minute_utc)
        WITH (ALLOW_PAGE_LOCKS = OFF);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per batch that is held now: the lease. The token is the worker's name for the batch and
the fence of everything done under it. The row is the first lock of every procedure that touches
a claimed application, and it is gone when nothing of the batch is left.

lease_ms is the length last asked for; completing extends by it. No index on lease_expires_at:
the table has a row or two per worker, and each renewal would have to maintain it.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_claim]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_claim]
    (
        claim_token uniqueidentifier NOT NULL,
        session_id uniqueidentifier NOT NULL,
        claimed_at datetime2(3) NOT NULL,
        lease_ms int NOT NULL,
        lease_expires_at datetime2(3) NOT NULL,
        app_count int NOT NULL,
        renewals int NOT NULL,
        CONSTRAINT PK_processing_claim PRIMARY KEY CLUSTERED (claim_token)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT FK_processing_claim_session
            FOREIGN KEY (session_id)
            REFERENCES [$(Schema)].[processing_session] (session_id),
        CONSTRAINT CK_processing_claim_lease_ms CHECK (lease_ms >= 1),
        CONSTRAINT CK_processing_claim_counts CHECK (app_count >= 0 AND renewals >= 0)
    );
END;
GO
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_claim]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_claim] SET (LOCK_ESCALATION = DISABLE);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The applications that are not finished, and nothing else: completing deletes the row, so what a
claim costs depends on what is left and never on what is done.

state           0 ready, 1 claimed, 2 quarantined
attempts        claims so far; the attempt number of the current claim
reaps           how often a claim that held it was reaped; decides how small its next batch is
lone_reaps      of these, how often it was alone in the claim; decides quarantine
document_bytes  size of the document as it is handed out, measured once, at enqueue
available_at    not claimed before this

Every index has ALLOW_PAGE_LOCKS = OFF and the table LOCK_ESCALATION = DISABLE: readers that
skip locked rows (READPAST) must meet row locks only.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_queue]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_queue]
    (
        app_id bigint NOT NULL,
        state tinyint NOT NULL,
        claim_token uniqueidentifier NULL,
        attempts int NOT NULL,
        reaps int NOT NULL,
        lone_reaps int NOT NULL,
        document_bytes bigint NOT NULL,
        available_at datetime2(3) NOT NULL,
        enqueued_at datetime2(3) NOT NULL,
        CONSTRAINT PK_processing_queue PRIMARY KEY CLUSTERED (app_id)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT CK_processing_queue_state CHECK (state IN (0, 1, 2)),
        CONSTRAINT CK_processing_queue_claim
            CHECK ((state = 1 AND claim_token IS NOT NULL)
                OR (state <> 1 AND claim_token IS NULL)),
        CONSTRAINT CK_processing_queue_counts
            CHECK (attempts >= 0 AND reaps >= 0 AND lone_reaps >= 0 AND document_bytes >= 0)
    );

    CREATE NONCLUSTERED INDEX IX_processing_queue_claim
        ON [$(Schema)].[processing_queue] (state, claim_token, reaps, app_id)
        INCLUDE (document_bytes, available_at)
        WITH (ALLOW_PAGE_LOCKS = OFF);
END;
GO
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_queue]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_queue] SET (LOCK_ESCALATION = DISABLE);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The highest source id that usp_EnqueueApps has gone through in order: one row, or none before the
first run. It is written under the enqueue lock only, and never by an enqueue of a range, which
says nothing about the ids below it.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_watermark]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_watermark]
    (
        watermark_id tinyint NOT NULL,
        app_id bigint NOT NULL,
        moved_at datetime2(3) NOT NULL,
        CONSTRAINT PK_processing_watermark PRIMARY KEY CLUSTERED (watermark_id),
        CONSTRAINT CK_processing_watermark_one_row CHECK (watermark_id = 1)
    );
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
One row per concluded attempt of an application. is_latest marks an application's last row; it is
turned off in the transaction that writes the next one, so that questions about how things stand
never have to look for the highest attempt.

failure_value is 200 characters as the worker clips them, which may be 400 UTF-16 units.
error_number is the server's own, where the server refused the rows.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_log]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_log]
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        is_latest bit NOT NULL,
        status varchar(7) NOT NULL,
        failure_category varchar(30) NULL,
        failure_table nvarchar(128) NULL,
        failure_column nvarchar(128) NULL,
        failure_path nvarchar(1000) NULL,
        failure_line int NULL,
        failure_column_number int NULL,
        failure_value nvarchar(400) NULL,
        failure_reason nvarchar(2048) NULL,
        fingerprint char(16) NULL,
        error_number int NULL,
        session_id uniqueidentifier NOT NULL,
        claim_token uniqueidentifier NOT NULL,
        enqueued_at datetime2(3) NOT NULL,
        claimed_at datetime2(3) NOT NULL,
        processed_at datetime2(3) NOT NULL,
        shred_micros bigint NOT NULL,
        document_bytes bigint NOT NULL,
        rows_written bigint NOT NULL,
        source_hash binary(32) NULL,
        contract_hash binary(32) NOT NULL,
        CONSTRAINT PK_processing_log PRIMARY KEY CLUSTERED (app_id, attempt)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT CK_processing_log_status
            CHECK ((status = 'success' AND failure_category IS NULL)
                OR (status = 'failed' AND failure_category IS NOT NULL))
    );

    CREATE NONCLUSTERED INDEX IX_processing_log_latest
        ON [$(Schema)].[processing_log] (is_latest, status, failure_category, fingerprint)
        INCLUDE (processed_at)
        WITH (ALLOW_PAGE_LOCKS = OFF);

    CREATE NONCLUSTERED INDEX IX_processing_log_processed
        ON [$(Schema)].[processing_log] (status, processed_at)
        WITH (ALLOW_PAGE_LOCKS = OFF);

    CREATE NONCLUSTERED INDEX IX_processing_log_claim
        ON [$(Schema)].[processing_log] (claim_token)
        WITH (ALLOW_PAGE_LOCKS = OFF);
END;
GO
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_log]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_log] SET (LOCK_ESCALATION = DISABLE);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
How many rows a successful attempt wrote to each target table. Tables it wrote nothing to have no
row here. table_ordinal is that of processing_contract_table for the attempt's contract_hash.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_log_rows]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_log_rows]
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        table_ordinal int NOT NULL,
        row_count bigint NOT NULL,
        CONSTRAINT PK_processing_log_rows
            PRIMARY KEY CLUSTERED (app_id, attempt, table_ordinal)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT FK_processing_log_rows_log
            FOREIGN KEY (app_id, attempt)
            REFERENCES [$(Schema)].[processing_log] (app_id, attempt),
        CONSTRAINT CK_processing_log_rows_count CHECK (row_count >= 1)
    );
END;
GO
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_log_rows]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_log_rows] SET (LOCK_ESCALATION = DISABLE);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
What happened, to whom and why; never updated. claimed and renewed are one row per batch, with
app_id NULL and app_count set; released, reaped, quarantined and requeued are one row per
application. What was concluded is in processing_log.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_event]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_event]
    (
        event_id bigint IDENTITY (1, 1) NOT NULL,
        occurred_at datetime2(3) NOT NULL,
        event_type varchar(11) NOT NULL,
        app_id bigint NULL,
        attempt int NULL,
        claim_token uniqueidentifier NULL,
        session_id uniqueidentifier NULL,
        app_count int NULL,
        login_name nvarchar(128) NOT NULL,
        detail nvarchar(500) NULL,
        CONSTRAINT PK_processing_event PRIMARY KEY CLUSTERED (event_id)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT CK_processing_event_type
            CHECK (event_type IN
            (
                'claimed', 'renewed', 'released', 'reaped', 'quarantined', 'requeued'
            ))
    );

    CREATE NONCLUSTERED INDEX IX_processing_event_app
        ON [$(Schema)].[processing_event] (app_id)
        WITH (ALLOW_PAGE_LOCKS = OFF);

    CREATE NONCLUSTERED INDEX IX_processing_event_claim
        ON [$(Schema)].[processing_event] (claim_token)
        WITH (ALLOW_PAGE_LOCKS = OFF);
END;
GO
IF EXISTS -- noqa: PRS
(
    SELECT 1
    FROM sys.tables AS t
    WHERE t.object_id = OBJECT_ID(N'[$(Schema)].[processing_event]')
        AND t.lock_escalation_desc <> N'DISABLE'
)
BEGIN
    ALTER TABLE [$(Schema)].[processing_event] SET (LOCK_ESCALATION = DISABLE);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Every time that claiming was paused, by whom and why. It is paused while a row has no resumed_at;
there is at most one such row, because usp_Pause and usp_Resume take turns. The table stays small:
each claim reads it.
*/
IF OBJECT_ID(N'[$(Schema)].[processing_pause]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_pause]
    (
        pause_id int IDENTITY (1, 1) NOT NULL,
        paused_at datetime2(3) NOT NULL,
        paused_by nvarchar(128) NOT NULL,
        reason nvarchar(400) NOT NULL,
        resumed_at datetime2(3) NULL,
        resumed_by nvarchar(128) NULL,
        CONSTRAINT PK_processing_pause PRIMARY KEY CLUSTERED (pause_id)
            WITH (ALLOW_PAGE_LOCKS = OFF),
        CONSTRAINT CK_processing_pause_resumed
            CHECK ((resumed_at IS NULL AND resumed_by IS NULL)
                OR (resumed_at IS NOT NULL AND resumed_by IS NOT NULL))
    );
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    The base type of the source table's document column, which decides how a document is
            measured, handed out and hashed.
Parameters: none
Results:    nvarchar, varchar, varbinary or xml; NULL when the source table or its column is
            missing, is of another type, or may not be seen by the caller (VIEW DEFINITION).
Errors:     none
Called by:  usp_EnqueueApps, usp_ClaimBatch, usp_ReadDocument, usp_RetryFailed, usp_RequeueApps
Isolation:  reads the catalog only
Example:    SELECT [$(Schema)].[ufn_SourceDocumentType]() AS document_type;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_SourceDocumentType]()
RETURNS nvarchar(128)
AS
BEGIN
    DECLARE @document_type nvarchar(128);

    SELECT @document_type = TYPE_NAME(c.system_type_id)
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
        AND c.name = N'xml';

    RETURN CASE
        WHEN @document_type IN (N'nvarchar', N'varchar', N'varbinary', N'xml') THEN @document_type
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    The application ids of a comma-separated list. Blanks and line breaks around an id
            are ignored, and so are empty entries.
Parameters: @app_ids  the list, such as N'101, 102'; NULL gives no rows
Results:    entry    the text between two commas
            app_id   its value; NULL when it is not a whole number that fits bigint
Errors:     none
Called by:  usp_RetryFailed, usp_RequeueApps
Isolation:  reads no table
Example:    SELECT l.app_id FROM [$(Schema)].[ufn_AppIdList](N'101, 102') AS l;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_AppIdList](@app_ids nvarchar(max))
RETURNS @list TABLE
(
    entry nvarchar(40) NOT NULL,
    app_id bigint NULL
)
AS
BEGIN
    DECLARE @length bigint = LEN(@app_ids);
    DECLARE @position bigint = 1;
    DECLARE @comma bigint;
    DECLARE @entry nvarchar(40);

    WHILE @position <= @length
    BEGIN
        SET @comma = CHARINDEX(N',', @app_ids, @position);

        IF @comma = 0
        BEGIN
            SET @comma = @length + 1;
        END;

        SET @entry = LEFT(SUBSTRING(@app_ids, @position, @comma - @position), 40);
        SET @entry = LTRIM(RTRIM(
            REPLACE(REPLACE(REPLACE(@entry, NCHAR(13), N' '), NCHAR(10), N' '), NCHAR(9), N' ')
        ));

        IF @entry <> N''
        BEGIN
            INSERT INTO @list (entry, app_id)
            VALUES (@entry, TRY_CONVERT(bigint, @entry));
        END;

        SET @position = @comma + 1;
    END;

    RETURN;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Whether an error raised while rows are loaded lies in the data, so that the one
            application is at fault and the others may go on. This is the closed list; whatever
            is not here stops the worker.
Parameters: @error_number  ERROR_NUMBER() of the failed statement
Results:    1 or 0
            220 232 236 244 248 294 8115            a number does not fit its type
            235 241 242 245 293 295 8114 8169       text does not convert to the column's type
            517 535                                 a date leaves its range
            515                                     NULL in a column that does not allow it
            547 550                                 a foreign key, a check, a view's check option
            2601 2627                               a unique index or key
            2628 8152                               text is longer than its column
            3609                                    a trigger rolled back
            8134                                    division by zero in a trigger or computed column
            6900-6999 9400-9499                     an xml column refuses the value
            50000 and from 50100                    a trigger raised an error of its own
            50001-50099 are this schema's own errors and never lie in the data.
Errors:     none
Called by:  usp_ApplyOutcomes
Isolation:  reads no table
Example:    SELECT [$(Schema)].[ufn_IsDataError](2627) AS is_data_error;
*/
CREATE OR ALTER FUNCTION [$(Schema)].[ufn_IsDataError](@error_number int)
RETURNS bit
AS
BEGIN
    RETURN CASE
        WHEN @error_number IN
            (
                220, 232, 236, 244, 248, 294, 8115,
                235, 241, 242, 245, 293, 295, 8114, 8169,
                517, 535,
                515,
                547, 550,
                2601, 2627,
                2628, 8152,
                3609,
                8134,
                50000
            )
            THEN 1
        WHEN @error_number BETWEEN 6900 AND 6999 THEN 1
        WHEN @error_number BETWEEN 9400 AND 9499 THEN 1
        WHEN @error_number >= 50100 THEN 1
        ELSE 0
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How much is left, and how did the rest come out?
Columns:    state (ready, claimed, quarantined, failed, success), applications, oldest_at,
            newest_at: for the first three when they were enqueued, for the last two when they
            were concluded; document_mb of what is queued
Cost:       the queue, and one pass over the narrow index IX_processing_log_latest
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_QueueStatus]
AS
SELECT
    CASE q.state WHEN 0 THEN 'ready' WHEN 1 THEN 'claimed' ELSE 'quarantined' END AS state,
    COUNT_BIG(*) AS applications,
    MIN(q.enqueued_at) AS oldest_at,
    MAX(q.enqueued_at) AS newest_at,
    CONVERT(bigint, SUM(q.document_bytes) / 1048576) AS document_mb
FROM [$(Schema)].[processing_queue] AS q
GROUP BY q.state
UNION ALL
SELECT
    l.status AS state,
    COUNT_BIG(*) AS applications,
    MIN(l.processed_at) AS oldest_at,
    MAX(l.processed_at) AS newest_at,
    CONVERT(bigint, NULL) AS document_mb
FROM [$(Schema)].[processing_log] AS l
WHERE l.is_latest = 1
    AND NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_queue] AS q
        WHERE q.app_id = l.app_id
    )
GROUP BY l.status;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Who is working on what right now, and whose lease is running out?
Columns:    worker_name, host_name, process_id, app_count (unfinished), claimed_at, age_ms,
            lease_expires_at, remaining_ms (negative: may be reaped), renewals, claim_token,
            session_id
Cost:       one row per batch in flight
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_ActiveClaims]
AS
SELECT
    s.worker_name,
    s.host_name,
    s.process_id,
    (
        SELECT COUNT_BIG(*)
        FROM [$(Schema)].[processing_queue] AS q
        WHERE q.state = 1
            AND q.claim_token = c.claim_token
    ) AS app_count,
    c.claimed_at,
    DATEDIFF_BIG(MILLISECOND, c.claimed_at, SYSUTCDATETIME()) AS age_ms,
    c.lease_expires_at,
    DATEDIFF_BIG(MILLISECOND, SYSUTCDATETIME(), c.lease_expires_at) AS remaining_ms,
    c.renewals,
    c.claim_token,
    c.session_id
FROM [$(Schema)].[processing_claim] AS c
INNER JOIN [$(Schema)].[processing_session] AS s ON c.session_id = s.session_id;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which applications failed, why, and where in the document? Order by processed_at DESC.
Columns:    processed_at, app_id, attempt, failure_category, failure_table, failure_column,
            failure_value, failure_reason, failure_path, failure_line, failure_column_number,
            error_number, fingerprint, worker_name, is_latest, is_queued_again
Cost:       a query with TOP and ORDER BY processed_at DESC reads that many entries of
            IX_processing_log_processed from its end
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_RecentFailures]
AS
SELECT
    l.processed_at,
    l.app_id,
    l.attempt,
    l.failure_category,
    l.failure_table,
    l.failure_column,
    l.failure_value,
    l.failure_reason,
    l.failure_path,
    l.failure_line,
    l.failure_column_number,
    l.error_number,
    l.fingerprint,
    s.worker_name,
    l.is_latest,
    CASE
        WHEN l.is_latest = 1
            AND EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_queue] AS q
                WHERE q.app_id = l.app_id
            )
            THEN CONVERT(bit, 1)
        ELSE CONVERT(bit, 0)
    END AS is_queued_again
FROM [$(Schema)].[processing_log] AS l
LEFT OUTER JOIN [$(Schema)].[processing_session] AS s ON l.session_id = s.session_id
WHERE l.status = 'failed';
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    What are the different causes of failure, and how many applications has each? Failures
            with one cause have one fingerprint; usp_RetryFailed takes it. Order by applications
            DESC.
Columns:    applications, failure_category, failure_table, failure_column, path_shape (the path
            without its positions, six of them at most), error_number, first_at, last_at,
            example_app_id, example_value, example_reason, example_path, fingerprint. Counted are
            applications whose last attempt failed and that are not queued again.
Cost:       the failed part of IX_processing_log_latest, and one log row per fingerprint
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_FailureFingerprints]
AS
SELECT
    f.applications,
    l.failure_category,
    l.failure_table,
    l.failure_column,
    s6.shape AS path_shape,
    l.error_number,
    f.first_at,
    f.last_at,
    f.example_app_id,
    l.failure_value AS example_value,
    l.failure_reason AS example_reason,
    l.failure_path AS example_path,
    f.fingerprint
FROM
    (
        SELECT
            g.fingerprint,
            COUNT_BIG(*) AS applications,
            MIN(g.processed_at) AS first_at,
            MAX(g.processed_at) AS last_at,
            MAX(g.app_id) AS example_app_id
        FROM [$(Schema)].[processing_log] AS g
        WHERE g.is_latest = 1
            AND g.status = 'failed'
            AND NOT EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_queue] AS q
                WHERE q.app_id = g.app_id
            )
        GROUP BY
            g.failure_category,
            g.fingerprint
    ) AS f
INNER JOIN [$(Schema)].[processing_log] AS l ON f.example_app_id = l.app_id AND l.is_latest = 1
-- One position is taken away at a time; where there is none, STUFF gives NULL.
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    l.failure_path,
                    CHARINDEX(N'[', l.failure_path),
                    CHARINDEX(N']', l.failure_path) - CHARINDEX(N'[', l.failure_path) + 1,
                    N''
                ),
                l.failure_path
            )
        )
    ) AS s1(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s1.shape,
                    CHARINDEX(N'[', s1.shape),
                    CHARINDEX(N']', s1.shape) - CHARINDEX(N'[', s1.shape) + 1,
                    N''
                ),
                s1.shape
            )
        )
    ) AS s2(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s2.shape,
                    CHARINDEX(N'[', s2.shape),
                    CHARINDEX(N']', s2.shape) - CHARINDEX(N'[', s2.shape) + 1,
                    N''
                ),
                s2.shape
            )
        )
    ) AS s3(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s3.shape,
                    CHARINDEX(N'[', s3.shape),
                    CHARINDEX(N']', s3.shape) - CHARINDEX(N'[', s3.shape) + 1,
                    N''
                ),
                s3.shape
            )
        )
    ) AS s4(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s4.shape,
                    CHARINDEX(N'[', s4.shape),
                    CHARINDEX(N']', s4.shape) - CHARINDEX(N'[', s4.shape) + 1,
                    N''
                ),
                s4.shape
            )
        )
    ) AS s5(shape)
CROSS APPLY
    (
        VALUES
        (
            COALESCE(
                STUFF(
                    s5.shape,
                    CHARINDEX(N'[', s5.shape),
                    CHARINDEX(N']', s5.shape) - CHARINDEX(N'[', s5.shape) + 1,
                    N''
                ),
                s5.shape
            )
        )
    ) AS s6(shape);
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which applications were set aside because they kept killing their workers, and which
            workers were that?
Columns:    app_id, quarantined_at, reaps, lone_reaps, attempts, document_bytes, enqueued_at,
            last_worker_name, last_host_name, detail
Cost:       the quarantined part of IX_processing_queue_claim, and the events of each
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Quarantine]
AS
SELECT
    q.app_id,
    e.occurred_at AS quarantined_at,
    q.reaps,
    q.lone_reaps,
    q.attempts,
    q.document_bytes,
    q.enqueued_at,
    s.worker_name AS last_worker_name,
    s.host_name AS last_host_name,
    e.detail
FROM [$(Schema)].[processing_queue] AS q
OUTER APPLY
    (
        SELECT TOP (1)
            v.occurred_at,
            v.session_id,
            v.detail
        FROM [$(Schema)].[processing_event] AS v
        WHERE v.app_id = q.app_id
            AND v.event_type = 'quarantined'
        ORDER BY v.event_id DESC
    ) AS e
LEFT OUTER JOIN [$(Schema)].[processing_session] AS s ON e.session_id = s.session_id
WHERE q.state = 2;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Which worker processes ran or run, how did they fare, and which of them went silent?
            Order by started_at DESC.
Columns:    state (working: it holds a claim; idle: it has none, and was heard of within ten minutes;
            silent: neither, which is a worker that waits for work or one that was killed; ended),
            worker_name, host_name, process_id, started_at, last_seen_at, silent_seconds, ended_at,
            exit_status, claimed, succeeded, failed, released, reaped, holds (unfinished applications),
            program_version, agent_job, agent_step, clock_skew_ms, login_name, contract_hash,
            session_id
Cost:       a query with TOP and ORDER BY started_at DESC reads that many sessions from the end of
            IX_processing_session_started, and for each its few claims. The log is not read: sessions
            keep their own counts
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Sessions]
AS
SELECT
    CASE
        WHEN s.ended_at IS NOT NULL THEN 'ended'
        WHEN c.claims > 0 THEN 'working'
        WHEN s.last_seen_at >= DATEADD(MINUTE, -10, SYSUTCDATETIME()) THEN 'idle'
        ELSE 'silent'
    END AS state,
    s.worker_name,
    s.host_name,
    s.process_id,
    s.started_at,
    s.last_seen_at,
    CASE
        WHEN s.ended_at IS NULL THEN DATEDIFF_BIG(SECOND, s.last_seen_at, SYSUTCDATETIME())
    END AS silent_seconds,
    s.ended_at,
    s.exit_status,
    s.claimed,
    s.succeeded,
    s.failed,
    s.released,
    s.reaped,
    s.claimed - s.succeeded - s.failed - s.released - s.reaped AS holds,
    s.program_version,
    s.agent_job,
    s.agent_step,
    s.clock_skew_ms,
    s.login_name,
    s.contract_hash,
    s.session_id
FROM [$(Schema)].[processing_session] AS s
OUTER APPLY
    (
        SELECT COUNT_BIG(*) AS claims
        FROM [$(Schema)].[processing_claim] AS k
        WHERE k.session_id = s.session_id
    ) AS c;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How much did each worker do in each minute? Order by minute_utc DESC.
Columns:    minute_utc, worker_name, host_name, claimed, succeeded, failed, released,
            failed_percent (of what was concluded), rows_written, document_kb, cpu_seconds (spent on
            shredding, over all its threads), session_id
Cost:       reads processing_throughput, one row per session and minute, and never the log. A query
            with minute_utc >= … seeks IX_processing_throughput_minute
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Throughput]
AS
SELECT
    t.minute_utc,
    s.worker_name,
    s.host_name,
    t.claimed,
    t.succeeded,
    t.failed,
    t.released,
    CASE
        WHEN t.succeeded + t.failed > 0
            THEN CONVERT(decimal(5, 2), 100.0 * t.failed / (t.succeeded + t.failed))
    END AS failed_percent,
    t.rows_written,
    t.document_bytes / 1024 AS document_kb,
    CONVERT(decimal(19, 1), t.shred_micros / 1000000.0) AS cpu_seconds,
    t.session_id
FROM [$(Schema)].[processing_throughput] AS t
INNER JOIN [$(Schema)].[processing_session] AS s ON t.session_id = s.session_id;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    How far is each share of the queue, and when will it be done at this pace? A share is
            what workers were started with: the whole queue (0 of 1), a partition (2 of 4), a range
            of ids. Shares of workers that have not ended, or ended within the last hour, are shown.
Columns:    instance_id, instance_count, app_id_start, app_id_end, workers (not ended), ready,
            claimed, quarantined, concluded_10_min (in the last ten minutes), per_minute,
            minutes_left and done_at (UTC): what is ready and claimed at that pace, NULL while
            nothing was concluded
Cost:       the sessions, one row per process, which purging keeps few; per share one pass over the
            queue's narrow index IX_processing_queue_claim, which holds only what is unfinished; and
            ten minutes of throughput. Never the log. A range is no seek in that index
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
    p.concluded_10_min,
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
    END AS done_at
FROM
    (
        SELECT
            s.instance_id,
            s.instance_count,
            s.app_id_start,
            s.app_id_end,
            SUM(CASE WHEN s.ended_at IS NULL THEN 1 ELSE 0 END) AS workers,
            COALESCE(SUM(t.concluded), 0) AS concluded_10_min,
            -- The minute at hand is not over: the pace is over the time since the first of them.
            CONVERT(
                decimal(19, 2),
                COALESCE(SUM(t.concluded), 0) * 60.0
                / (1 + DATEDIFF(SECOND, COALESCE(MIN(t.first_minute), SYSUTCDATETIME()), SYSUTCDATETIME()))
            ) AS per_minute
        FROM [$(Schema)].[processing_session] AS s
        OUTER APPLY
            (
                SELECT
                    SUM(m.succeeded + m.failed) AS concluded,
                    MIN(m.minute_utc) AS first_minute
                FROM [$(Schema)].[processing_throughput] AS m
                WHERE m.session_id = s.session_id
                    AND m.minute_utc >= DATEADD(MINUTE, -10, SYSUTCDATETIME())
            ) AS t
        WHERE s.instance_count IS NOT NULL
            AND (s.ended_at IS NULL OR s.ended_at >= DATEADD(HOUR, -1, SYSUTCDATETIME()))
        GROUP BY
            s.instance_id,
            s.instance_count,
            s.app_id_start,
            s.app_id_end
    ) AS p
CROSS APPLY
    (
        SELECT
            COALESCE(SUM(CASE WHEN u.state = 0 THEN 1 ELSE 0 END), 0) AS ready,
            COALESCE(SUM(CASE WHEN u.state = 1 THEN 1 ELSE 0 END), 0) AS claimed,
            COALESCE(SUM(CASE WHEN u.state = 2 THEN 1 ELSE 0 END), 0) AS quarantined
        FROM [$(Schema)].[processing_queue] AS u
        WHERE (u.app_id % p.instance_count + p.instance_count) % p.instance_count = p.instance_id
            AND u.app_id >= COALESCE(p.app_id_start, -9223372036854775808)
            AND u.app_id <= COALESCE(p.app_id_end, 9223372036854775807)
    ) AS q;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    What happened to the leases, in order: who claimed how much, renewed, gave back, was
            reaped, and what was quarantined or sent round again by whom? Order by event_id DESC.
            What became of an application is in usp_ExplainApp.
Columns:    occurred_at, event_type (claimed, renewed, released, reaped, quarantined, requeued),
            worker_name, host_name, app_id (NULL: the whole batch), app_count (of a batch), attempt,
            detail, login_name, claim_token, session_id, event_id
Cost:       a query with TOP and ORDER BY event_id DESC reads that many events from the end; one with
            app_id or claim_token seeks that index
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_LeaseTimeline]
AS
SELECT
    e.occurred_at,
    e.event_type,
    s.worker_name,
    s.host_name,
    e.app_id,
    e.app_count,
    e.attempt,
    e.detail,
    e.login_name,
    e.claim_token,
    e.session_id,
    e.event_id
FROM [$(Schema)].[processing_event] AS e
LEFT OUTER JOIN [$(Schema)].[processing_session] AS s ON e.session_id = s.session_id;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Answers:    Is every source row accounted for, and are the rows there that the log says were
            written? All is well where difference is 0 everywhere. While workers run, the counts are
            taken one after the other and may differ a little; usp_Reconcile counts the target tables
            instead of asking the catalog, and names examples.
Columns:    subject, expected, actual, difference (actual less expected), meaning
            source rows   expected: rows of the source; actual: those queued, quarantined or logged
            one row per   expected: rows that the last successful attempts wrote; actual: rows that
            target table  the catalog says are there. Rows by another hand show as a surplus
Cost:       the only view that reads the whole log: its clustered index, processing_log_rows and
            the ids of source and queue, once each and all in order of app_id, which is one merge and
            no sort. It is for after a run, not for a dashboard. Target tables are not read
*/
CREATE OR ALTER VIEW [$(Schema)].[vw_Reconciliation]
AS
SELECT
    N'source rows' AS subject,
    r.expected,
    r.actual,
    r.actual - r.expected AS difference,
    N'source rows that are queued, quarantined or logged; run usp_EnqueueApps if some are missing'
        AS meaning
FROM
    (
        SELECT
            COUNT_BIG(*) AS expected,
            COALESCE(SUM(CONVERT(bigint, CASE
                WHEN EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.app_id = s.app_id
                    )
                    OR EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = s.app_id
                    )
                    THEN 1
                ELSE 0
            END)), 0) AS actual
        FROM [$(SourceSchema)].[$(SourceTable)] AS s
    ) AS r
UNION ALL
SELECT
    w.schema_name + N'.' + w.table_name AS subject,
    w.expected,
    COALESCE(p.actual, 0) AS actual,
    COALESCE(p.actual, 0) - w.expected AS difference,
    N'rows in the target table, by the catalog' AS meaning
FROM
    (
        SELECT
            t.schema_name,
            t.table_name,
            COALESCE(SUM(g.row_count), 0) AS expected
        FROM [$(Schema)].[processing_contract] AS c
        INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
        LEFT OUTER JOIN
            (
                SELECT
                    o.schema_name,
                    o.table_name,
                    SUM(n.row_count) AS row_count
                FROM [$(Schema)].[processing_log] AS l
                INNER JOIN [$(Schema)].[processing_log_rows] AS n
                    ON l.app_id = n.app_id AND l.attempt = n.attempt
                INNER JOIN [$(Schema)].[processing_contract_table] AS o
                    ON l.contract_hash = o.contract_hash AND n.table_ordinal = o.table_ordinal
                WHERE l.is_latest = 1
                    AND l.status = 'success'
                GROUP BY
                    o.schema_name,
                    o.table_name
            ) AS g ON t.schema_name = g.schema_name AND t.table_name = g.table_name
        WHERE c.retired_at IS NULL
        GROUP BY
            t.schema_name,
            t.table_name
    ) AS w
OUTER APPLY
    (
        SELECT SUM(x.rows) AS actual
        FROM sys.partitions AS x
        WHERE x.object_id = OBJECT_ID(QUOTENAME(w.schema_name) + N'.' + QUOTENAME(w.table_name))
            AND x.index_id IN (0, 1)
    ) AS p;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Adds to what a session did, in all and in the current minute, and notes that it was
            seen. Runs inside its caller's transaction, so that the counts are exactly what was
            committed.
Parameters: @session_id      a started session
            @claimed         applications claimed, 0 or more, default 0
            @succeeded       of these, logged as success, default 0
            @failed          of these, logged as failed, default 0
            @released        of these, given back, default 0
            @rows_written    rows written to target tables, default 0
            @document_bytes  bytes of the documents concluded, default 0
            @shred_micros    microseconds spent on shredding them, default 0
Results:    none
Errors:     none of its own
Called by:  usp_ClaimBatch, usp_ApplyOutcomes, usp_ReleaseClaim
Isolation:  READ COMMITTED, in the caller's transaction. Locks the session row, then its minute.
            Both are last in the lock order. The session row is what keeps two connections of
            one session from adding the same minute.
Example:    EXEC [$(Schema)].[usp_RecordThroughput] @session_id = @session_id, @claimed = 25;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RecordThroughput]
    @session_id uniqueidentifier,
    @claimed bigint = 0,
    @succeeded bigint = 0,
    @failed bigint = 0,
    @released bigint = 0,
    @rows_written bigint = 0,
    @document_bytes bigint = 0,
    @shred_micros bigint = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @minute_utc datetime2(0) = DATEADD(MINUTE, DATEDIFF(MINUTE, '20000101', @now), '20000101');

    UPDATE [$(Schema)].[processing_session]
    SET
        last_seen_at = @now,
        claimed = claimed + @claimed,
        succeeded = succeeded + @succeeded,
        failed = failed + @failed,
        released = released + @released
    WHERE session_id = @session_id;

    UPDATE [$(Schema)].[processing_throughput]
    SET
        claimed = claimed + @claimed,
        succeeded = succeeded + @succeeded,
        failed = failed + @failed,
        released = released + @released,
        rows_written = rows_written + @rows_written,
        document_bytes = document_bytes + @document_bytes,
        shred_micros = shred_micros + @shred_micros
    WHERE session_id = @session_id
        AND minute_utc = @minute_utc;

    IF @@ROWCOUNT = 0
    BEGIN
        INSERT INTO [$(Schema)].[processing_throughput]
        (
            session_id,
            minute_utc,
            claimed,
            succeeded,
            failed,
            released,
            rows_written,
            document_bytes,
            shred_micros
        )
        VALUES
        (
            @session_id,
            @minute_utc,
            @claimed,
            @succeeded,
            @failed,
            @released,
            @rows_written,
            @document_bytes,
            @shred_micros
        );
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Makes a contract the installed one. Call it in the transaction that also creates
            the contract's usp_LoadApps, and before doing so: a running completion holds the
            contract's row until it commits, so that it never meets a new usp_LoadApps.
            Registering the installed contract again changes nothing.
Parameters: @contract_hash  32 bytes
            @contract_name  1 to 128 characters
            @contract_text  the contract file, or NULL
            Input table #contract_table (table_ordinal int, schema_name nvarchar(128),
            table_name nvarchar(128), app_column nvarchar(128), on_existing varchar(7)): the
            target tables in load order, ordinals from 0 without a gap.
Results:    none
Errors:     50001 a parameter or #contract_table is wrong
Called by:  xmlshred install
Isolation:  READ COMMITTED, in the caller's transaction or its own. Locks the contracts.
Example:    -- As xmlshred install does, after CREATE TABLE #contract_table
            INSERT INTO #contract_table
            VALUES (0, N'sandbox', N'app_base', N'app_id', 'fail');
            EXEC [$(Schema)].[usp_RegisterContract]
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000,
                @contract_name = N'credit-card';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RegisterContract]
    @contract_hash varbinary(64),
    @contract_name nvarchar(128),
    @contract_text nvarchar(max) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @message nvarchar(2048);
    DECLARE @targets int;
    DECLARE @distinct_targets int;
    DECLARE @last_ordinal int;

    IF OBJECT_ID(N'tempdb..#contract_table') IS NOT NULL
    BEGIN
        SELECT
            @targets = COUNT(*),
            @distinct_targets = COUNT(DISTINCT t.table_ordinal),
            @last_ordinal = MAX(t.table_ordinal)
        FROM #contract_table AS t;
    END;

    SET @message = CONCAT(
        CASE
            WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32
                THEN N' @contract_hash must be 32 bytes.'
        END,
        CASE WHEN COALESCE(@contract_name, N'') = N'' THEN N' @contract_name is missing.' END,
        CASE
            WHEN @targets IS NULL
                THEN N' #contract_table is missing: create it and list the target tables in load order.'
            WHEN @targets = 0 OR @distinct_targets <> @targets OR @last_ordinal <> @targets - 1
                THEN N' #contract_table must list at least one table, with ordinals from 0 without a gap.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_RegisterContract:' + @message;
        THROW 50001, @message, 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        UPDATE [$(Schema)].[processing_contract]
        SET retired_at = @now
        WHERE retired_at IS NULL
            AND contract_hash <> @contract_hash;

        UPDATE [$(Schema)].[processing_contract]
        SET
            installed_at = @now,
            installed_by = ORIGINAL_LOGIN(),
            retired_at = NULL
        WHERE contract_hash = @contract_hash
            AND retired_at IS NOT NULL;

        IF NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_contract] AS c
            WHERE c.contract_hash = @contract_hash
        )
        BEGIN
            INSERT INTO [$(Schema)].[processing_contract]
            (
                contract_hash,
                contract_name,
                contract_text,
                installed_at,
                installed_by
            )
            VALUES (@contract_hash, @contract_name, @contract_text, @now, ORIGINAL_LOGIN());

            INSERT INTO [$(Schema)].[processing_contract_table]
            (
                contract_hash,
                table_ordinal,
                schema_name,
                table_name,
                app_column,
                on_existing
            )
            SELECT
                @contract_hash,
                t.table_ordinal,
                t.schema_name,
                t.table_name,
                t.app_column,
                t.on_existing
            FROM #contract_table AS t;
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        THROW;
    END CATCH;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    The installed contract and the installed version of these objects.
Parameters: none
Results:    one row: schema_version, program_version (both NULL when nothing is recorded),
            contract_hash, contract_name, contract_installed_at (all NULL when no contract is
            installed)
Errors:     none
Called by:  the executable, when it connects
Isolation:  READ COMMITTED
Example:    EXEC [$(Schema)].[usp_GetContract];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetContract]
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @schema_version int;
    DECLARE @program_version nvarchar(50);
    DECLARE @contract_hash binary(32);
    DECLARE @contract_name nvarchar(128);
    DECLARE @contract_installed_at datetime2(3);

    SELECT TOP (1)
        @schema_version = i.schema_version,
        @program_version = i.program_version
    FROM [$(Schema)].[processing_install] AS i
    ORDER BY i.install_id DESC;

    SELECT
        @contract_hash = c.contract_hash,
        @contract_name = c.contract_name,
        @contract_installed_at = c.installed_at
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at IS NULL;

    SELECT
        @schema_version AS schema_version,
        @program_version AS program_version,
        @contract_hash AS contract_hash,
        @contract_name AS contract_name,
        @contract_installed_at AS contract_installed_at;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Records that a worker process began. Starting a session twice is one session.
Parameters: @session_id       made by the worker, new for each run
            @worker_name      1 to 128 characters
            @host_name        1 to 128 characters
            @process_id       0 or more
            @program_version  1 to 50 characters
            @contract_hash    32 bytes: the contract that the worker has
            @agent_job        SQL Server Agent job, where one started it; default NULL
            @agent_step       its step; default NULL
            @client_unix_ms   the worker's clock, milliseconds since 1970-01-01 UTC, to tell a
                              skewed one; default NULL
Results:    session_id, started_at, server_time: the session and the database's clock (UTC)
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the executable, once per run
Isolation:  READ COMMITTED. Locks the session row.
Example:    DECLARE @session uniqueidentifier = NEWID();
            EXEC [$(Schema)].[usp_StartSession]
                @session_id = @session,
                @worker_name = N'by hand',
                @host_name = N'SERVER1',
                @process_id = 4711,
                @program_version = N'0.1.0',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_StartSession]
    @session_id uniqueidentifier,
    @worker_name nvarchar(128),
    @host_name nvarchar(128),
    @process_id bigint,
    @program_version nvarchar(50),
    @contract_hash varbinary(64),
    @agent_job nvarchar(128) = NULL,
    @agent_step nvarchar(128) = NULL,
    @client_unix_ms bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @message nvarchar(2048);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_StartSession: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE WHEN @session_id IS NULL THEN N' @session_id is missing.' END,
        CASE WHEN COALESCE(@worker_name, N'') = N'' THEN N' @worker_name is missing.' END,
        CASE WHEN COALESCE(@host_name, N'') = N'' THEN N' @host_name is missing.' END,
        CASE WHEN COALESCE(@process_id, -1) < 0 THEN N' @process_id must be 0 or more.' END,
        CASE WHEN COALESCE(@program_version, N'') = N'' THEN N' @program_version is missing.' END,
        CASE
            WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32
                THEN N' @contract_hash must be 32 bytes.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_StartSession:' + @message;
        THROW 50001, @message, 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        UPDATE [$(Schema)].[processing_session]
        SET last_seen_at = @now
        WHERE session_id = @session_id;

        IF @@ROWCOUNT = 0
        BEGIN
            INSERT INTO [$(Schema)].[processing_session]
            (
                session_id,
                worker_name,
                host_name,
                process_id,
                program_version,
                contract_hash,
                agent_job,
                agent_step,
                login_name,
                clock_skew_ms,
                started_at,
                last_seen_at
            )
            VALUES
            (
                @session_id,
                @worker_name,
                @host_name,
                @process_id,
                @program_version,
                @contract_hash,
                @agent_job,
                @agent_step,
                ORIGINAL_LOGIN(),
                @client_unix_ms - DATEDIFF_BIG(MILLISECOND, '19700101', @now),
                @now,
                @now
            );
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        THROW;
    END CATCH;

    SELECT
        s.session_id,
        s.started_at,
        @now AS server_time
    FROM [$(Schema)].[processing_session] AS s
    WHERE s.session_id = @session_id;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Records that a worker process ended. The first exit status stays. What the session
            still holds is not touched: usp_ReleaseClaim gives it back, or the reaper takes it.
Parameters: @session_id   a started session
            @exit_status  0 to 255, as the process reports it
Results:    none
Errors:     50001 a parameter is wrong   50002 a transaction is open   50003 unknown session
Called by:  the executable, once per run
Isolation:  READ COMMITTED. Locks the session row.
Example:    EXEC [$(Schema)].[usp_EndSession]
                @session_id = '00000000-0000-0000-0000-000000000001',
                @exit_status = 0;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_EndSession]
    @session_id uniqueidentifier,
    @exit_status int
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @message nvarchar(2048);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_EndSession: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE WHEN @session_id IS NULL THEN N' @session_id is missing.' END,
        CASE
            WHEN COALESCE(@exit_status, -1) NOT BETWEEN 0 AND 255
                THEN N' @exit_status must be 0 to 255.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_EndSession:' + @message;
        THROW 50001, @message, 1;
    END;

    UPDATE [$(Schema)].[processing_session]
    SET
        last_seen_at = @now,
        ended_at = COALESCE(ended_at, @now),
        exit_status = COALESCE(exit_status, @exit_status)
    WHERE session_id = @session_id;

    IF @@ROWCOUNT = 0
    BEGIN
        SET @message = N'Session ' + CONVERT(nvarchar(36), @session_id)
            + N' was never started: call usp_StartSession first.';
        THROW 50003, @message, 1;
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Adds source applications that are neither queued nor logged. Only one caller at a
            time does so; to the others it answers busy, which is success.
Parameters: @mode          new: from the highest id gone through before, less @overlap (default)
                           full: every source row; nightly, and after restoring old source rows
                           range: every source row from @app_id_start to @app_id_end
            @app_id_start  smallest id of a range, inclusive; default NULL
            @app_id_end    largest id of a range, inclusive; default NULL
            @overlap       ids below the highest one that new looks at again, because ids commit
                           out of order; 0 or more, default 10000
            @chunk_size    applications per transaction, 1 to 4000, default 4000
Results:    one row: enqueue_status (added, busy), apps_added
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50030 the source table cannot be read
            50033 the enqueue lock cannot be taken
Called by:  the executable; the Agent job Prepare; by hand
Isolation:  READ COMMITTED; rows of the source that others are writing are waited for, never
            skipped. One transaction per chunk. Locks the queue, reads the log.
Example:    EXEC [$(Schema)].[usp_EnqueueApps];
            EXEC [$(Schema)].[usp_EnqueueApps] @mode = 'full';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_EnqueueApps]
    @mode varchar(5) = 'new',
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL,
    @overlap bigint = 10000,
    @chunk_size int = 4000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @lock_result int;
    DECLARE @highest bigint;
    DECLARE @watermark bigint;
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @last bigint;
    DECLARE @picked int;
    DECLARE @added int;
    DECLARE @tries int = 0;
    DECLARE @apps_added bigint = 0;
    DECLARE @chunk TABLE (app_id bigint NOT NULL PRIMARY KEY);
    DECLARE @inserted TABLE (app_id bigint NOT NULL PRIMARY KEY);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_EnqueueApps: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE
            WHEN COALESCE(@mode, '') NOT IN ('new', 'full', 'range')
                THEN N' @mode must be new, full or range.'
            WHEN @mode = 'range' AND (@app_id_start IS NULL OR @app_id_end IS NULL)
                THEN N' @mode range needs @app_id_start and @app_id_end.'
            WHEN @mode = 'range' AND @app_id_start > @app_id_end
                THEN N' @app_id_start must not be above @app_id_end.'
            WHEN @mode <> 'range' AND (@app_id_start IS NOT NULL OR @app_id_end IS NOT NULL)
                THEN N' @app_id_start and @app_id_end belong to @mode range.'
        END,
        CASE WHEN COALESCE(@overlap, -1) < 0 THEN N' @overlap must be 0 or more.' END,
        CASE
            WHEN COALESCE(@chunk_size, 0) NOT BETWEEN 1 AND 4000
                THEN N' @chunk_size must be 1 to 4000.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_EnqueueApps:' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = CONCAT(
            N'[$(SourceSchema)].[$(SourceTable)] has no column xml of type nvarchar, varchar, varbinary or xml that',
            N' this login may see: check the name, the type, and that its role has VIEW DEFINITION on the table.'
        );
        THROW 50030, @message, 1;
    END;

    EXEC @lock_result = sys.sp_getapplock
        @Resource = N'xmlshred $(Schema) enqueue',
        @LockMode = 'Exclusive',
        @LockOwner = 'Session',
        @LockTimeout = 1;

    IF @lock_result = -1
    BEGIN
        SELECT
            'busy' AS enqueue_status,
            @apps_added AS apps_added;

        RETURN;
    END;

    IF @lock_result < 0
    BEGIN
        SET @message = CONCAT(N'sp_getapplock returned ', @lock_result, N' for the enqueue lock: call again.');
        THROW 50033, @message, 1;
    END;

    BEGIN TRY
        SELECT @highest = MAX(s.app_id)
        FROM [$(SourceSchema)].[$(SourceTable)] AS s;

        SELECT @watermark = w.app_id
        FROM [$(Schema)].[processing_watermark] AS w;

        -- Without a watermark nothing was gone through yet, and new means everything.
        SET @from = CASE
            WHEN @mode = 'range' THEN @app_id_start
            WHEN @mode = 'new' AND @watermark >= -9223372036854775807 + @overlap THEN @watermark - @overlap
            ELSE CONVERT(bigint, -9223372036854775808)
        END;
        SET @to = CASE WHEN @mode = 'range' AND @app_id_end < @highest THEN @app_id_end ELSE @highest END;

        WHILE @from <= @to
        BEGIN
            DELETE FROM @chunk;

            INSERT INTO @chunk (app_id)
            SELECT TOP (@chunk_size) s.app_id
            FROM [$(SourceSchema)].[$(SourceTable)] AS s
            WHERE s.app_id >= @from
                AND s.app_id <= @to
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = s.app_id
                )
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id = s.app_id
                )
            ORDER BY s.app_id;

            SET @picked = @@ROWCOUNT;

            IF @picked = 0
            BEGIN
                BREAK;
            END;

            BEGIN TRY
                DELETE FROM @inserted;

                BEGIN TRANSACTION;

                INSERT INTO [$(Schema)].[processing_queue]
                (
                    app_id,
                    state,
                    attempts,
                    reaps,
                    lone_reaps,
                    document_bytes,
                    available_at,
                    enqueued_at
                )
                OUTPUT inserted.app_id INTO @inserted (app_id)
                SELECT
                    s.app_id,
                    0,
                    0,
                    0,
                    0,
                    COALESCE(DATALENGTH(s.[xml]), 0)
                    * CASE WHEN @document_type IN (N'varchar', N'xml') THEN 2 ELSE 1 END,
                    SYSUTCDATETIME(),
                    SYSUTCDATETIME()
                FROM @chunk AS c
                INNER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON c.app_id = s.app_id
                WHERE NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = c.app_id
                );

                SET @added = @@ROWCOUNT;

                -- A statement of its own: between the two halves of the search above an
                -- application may have left the queue for the log. Its key is ours by now, so
                -- that whoever finished it has committed.
                DELETE FROM [$(Schema)].[processing_queue]
                WHERE app_id IN
                (
                    SELECT i.app_id
                    FROM @inserted AS i
                    INNER JOIN [$(Schema)].[processing_log] AS l ON i.app_id = l.app_id
                );

                SET @added -= @@ROWCOUNT;

                COMMIT TRANSACTION;

                SET @apps_added += @added;
                SET @tries = 0;

                SELECT @last = MAX(c.app_id)
                FROM @chunk AS c;

                IF @picked < @chunk_size OR @last >= @to
                BEGIN
                    BREAK;
                END;

                SET @from = @last + 1;
            END TRY
            BEGIN CATCH
                IF XACT_STATE() <> 0
                BEGIN
                    ROLLBACK TRANSACTION;
                END;

                -- A deadlock, or somebody queued one of these first: look again from here.
                IF ERROR_NUMBER() NOT IN (1205, 2601, 2627) OR @tries >= 5
                BEGIN
                    THROW;
                END;

                SET @tries += 1;
            END CATCH;
        END;

        IF @mode <> 'range' AND @highest IS NOT NULL
        BEGIN
            UPDATE [$(Schema)].[processing_watermark]
            SET
                app_id = CASE WHEN app_id > @highest THEN app_id ELSE @highest END,
                moved_at = SYSUTCDATETIME()
            WHERE watermark_id = 1;

            IF @@ROWCOUNT = 0
            BEGIN
                INSERT INTO [$(Schema)].[processing_watermark] (watermark_id, app_id, moved_at)
                VALUES (1, @highest, SYSUTCDATETIME());
            END;
        END;

        EXEC sys.sp_releaseapplock
            @Resource = N'xmlshred $(Schema) enqueue',
            @LockOwner = 'Session';
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        EXEC sys.sp_releaseapplock
            @Resource = N'xmlshred $(Schema) enqueue',
            @LockOwner = 'Session';

        THROW;
    END CATCH;

    SELECT
        'added' AS enqueue_status,
        @apps_added AS apps_added;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Leases a batch of ready applications to a token and hands out their documents.
            Repeating a token returns the same claim with its lease begun anew, so that a lost
            answer is not a lost claim. Never waits for another claimer, never takes what another
            took, and costs the same however much is queued or done.

            A batch is in order of id, from above @after_app_id and then once from the start. All
            of it was reaped equally often: an application that was reaped n times is handed out
            in batches of @batch_size / 2^n, so that one that kills its workers is soon alone.
Parameters: @claim_token        made by the caller, new for each batch
            @session_id         a started session
            @contract_hash      32 bytes; must be the installed contract's
            @batch_size         at most this many applications, 1 to 4000, default 25
            @max_bytes          at most this many bytes of documents, but always one application;
                                1 or more, default 67108864
            @lease_ms           milliseconds until the claim may be reaped unless it is renewed,
                                1 to 86400000, default 300000
            @instance_id        with @instance_count, the partition app_id % count = id;
            @instance_count     0 to count - 1 of 1 to 10000, default 0 of 1, which is everything
            @app_id_start       smallest id, inclusive; default NULL, no limit
            @app_id_end         largest id, inclusive; default NULL, no limit
            @after_app_id       the last id the caller was handed; default NULL
            @documents_as_text  1: character and xml documents come as document_text; default 0
Results:    1. one row: claim_status, claim_token, claimed_at, lease_expires_at, app_count,
               apps_claimed_elsewhere, paused_at, paused_by, pause_reason
               claimed  here is a batch
               empty    nothing is ready in this share; apps_claimed_elsewhere of it are held
               busy     neighbours hold locks and it is not known: call again with this token
               paused   usp_Pause was called: paused_by and pause_reason say by whom and why
            2. one row per application, in order of id: app_id, attempt, document, document_text,
               document_encoding
               utf16le  document is UTF-16LE without a mark (nvarchar, varchar and xml columns)
               detect   document is the bytes as stored (varbinary columns)
               text     document_text is the document, document is NULL (@documents_as_text = 1)
               Both documents are NULL when the source row is gone or its document is NULL.
Errors:     50001 a parameter is wrong          50002 a transaction is open
            50003 unknown session               50004 the token is another session's
            50020 the contract is not the installed one
            50030 the source table cannot be read
Called by:  the executable
Isolation:  READ COMMITTED, with RCSI on or off. Locks claim, queue, event, session. A lock is
            waited for two seconds, ten times in all, and then the answer is busy. The documents
            are read after the commit, so that a slow reader holds no lock on the queue. A
            partition is read past row by row; a range is a seek.
Example:    EXEC [$(Schema)].[usp_ClaimBatch]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @session_id = '00000000-0000-0000-0000-000000000001',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000,
                @batch_size = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ClaimBatch]
    @claim_token uniqueidentifier,
    @session_id uniqueidentifier,
    @contract_hash varbinary(64),
    @batch_size int = 25,
    @max_bytes bigint = 67108864,
    @lease_ms int = 300000,
    @instance_id int = 0,
    @instance_count int = 1,
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL,
    @after_app_id bigint = NULL,
    @documents_as_text bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 2000;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @installed_hash binary(32);
    DECLARE @installed_name nvarchar(200);
    DECLARE @owner_id uniqueidentifier;
    DECLARE @now datetime2(3);
    DECLARE @claim_status varchar(7) = 'busy';
    DECLARE @claimed_at datetime2(3);
    DECLARE @lease_expires_at datetime2(3);
    DECLARE @app_count int = 0;
    DECLARE @apps_claimed_elsewhere bigint;
    DECLARE @low bigint = COALESCE(@app_id_start, -9223372036854775808);
    DECLARE @high bigint = COALESCE(@app_id_end, 9223372036854775807);
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @level int;
    DECLARE @level_app_id bigint;
    DECLARE @first_app_id bigint;
    DECLARE @reaps int;
    DECLARE @batch_limit int;
    DECLARE @picked_count int;
    DECLARE @ready_app_id bigint;
    DECLARE @tries int = 0;
    DECLARE @paused_at datetime2(3);
    DECLARE @paused_by nvarchar(128);
    DECLARE @pause_reason nvarchar(400);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        claimed_at datetime2(3) NOT NULL,
        lease_expires_at datetime2(3) NOT NULL
    );
    DECLARE @picked TABLE
    (
        pick_order int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
        app_id bigint NOT NULL UNIQUE,
        document_bytes bigint NOT NULL
    );
    DECLARE @claimed TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_ClaimBatch: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE WHEN @claim_token IS NULL THEN N' @claim_token is missing.' END,
        CASE WHEN @session_id IS NULL THEN N' @session_id is missing.' END,
        CASE
            WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32
                THEN N' @contract_hash must be 32 bytes.'
        END,
        CASE
            WHEN COALESCE(@batch_size, 0) NOT BETWEEN 1 AND 4000
                THEN N' @batch_size must be 1 to 4000.'
        END,
        CASE WHEN COALESCE(@max_bytes, 0) < 1 THEN N' @max_bytes must be 1 or more.' END,
        CASE
            WHEN COALESCE(@lease_ms, 0) NOT BETWEEN 1 AND 86400000
                THEN N' @lease_ms must be 1 to 86400000.'
        END,
        CASE
            WHEN COALESCE(@instance_count, 0) NOT BETWEEN 1 AND 10000
                THEN N' @instance_count must be 1 to 10000.'
            WHEN @instance_id IS NULL OR @instance_id NOT BETWEEN 0 AND @instance_count - 1
                THEN N' @instance_id must be 0 to @instance_count - 1.'
        END,
        CASE
            WHEN @app_id_start > @app_id_end
                THEN N' @app_id_start must not be above @app_id_end.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_ClaimBatch:' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = CONCAT(
            N'[$(SourceSchema)].[$(SourceTable)] has no column xml of type nvarchar, varchar, varbinary or xml that',
            N' this login may see: check the name, the type, and that its role has VIEW DEFINITION on the table.'
        );
        THROW 50030, @message, 1;
    END;

    IF NOT EXISTS
    (
        SELECT 1
        FROM [$(Schema)].[processing_session] AS s
        WHERE s.session_id = @session_id
    )
    BEGIN
        SET @message = CONCAT(
            N'Session ', CONVERT(nvarchar(36), @session_id), N' was never started: call usp_StartSession first.'
        );
        THROW 50003, @message, 1;
    END;

    SELECT
        @installed_hash = c.contract_hash,
        @installed_name = CONCAT(c.contract_name, N' of ', CONVERT(nvarchar(19), c.installed_at, 120), N' UTC')
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at IS NULL;

    IF @installed_hash IS NULL OR @installed_hash <> @contract_hash
    BEGIN
        SET @message = CONCAT(
            N'The worker''s contract is not the installed one, ', COALESCE(@installed_name, N'(none)'),
            N': start the worker with the installed contract, or install its own.'
        );
        THROW 50020, @message, 1;
    END;

    SELECT
        @paused_at = p.paused_at,
        @paused_by = p.paused_by,
        @pause_reason = p.reason
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.resumed_at IS NULL;

    -- A claim that is held already is handed out again all the same: its answer was lost.
    IF @paused_at IS NOT NULL
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_claim] AS c
            WHERE c.claim_token = @claim_token
        )
    BEGIN
        SET @claim_status = 'paused';
    END;

    -- A round ends without an answer only when neighbours were in the way.
    WHILE @claim_status = 'busy' AND @tries < 10
    BEGIN
        SET @tries += 1;
        SET @now = SYSUTCDATETIME();
        DELETE FROM @lease;
        DELETE FROM @picked;
        DELETE FROM @claimed;

        BEGIN TRY
            BEGIN TRANSACTION;

            UPDATE [$(Schema)].[processing_claim]
            SET
                lease_ms = @lease_ms,
                lease_expires_at = DATEADD(MILLISECOND, @lease_ms, @now)
            OUTPUT inserted.session_id, inserted.claimed_at, inserted.lease_expires_at
            INTO @lease (session_id, claimed_at, lease_expires_at)
            WHERE claim_token = @claim_token;

            IF @@ROWCOUNT = 1
            BEGIN
                -- The token has its claim already: an earlier answer was lost.
                SELECT
                    @owner_id = l.session_id,
                    @claimed_at = l.claimed_at,
                    @lease_expires_at = l.lease_expires_at
                FROM @lease AS l;

                IF @owner_id <> @session_id
                BEGIN
                    SET @message = CONCAT(
                        N'Claim ', CONVERT(nvarchar(36), @claim_token), N' belongs to session ',
                        CONVERT(nvarchar(36), @owner_id), N', not to ', CONVERT(nvarchar(36), @session_id),
                        N': make a new token for each claim.'
                    );
                    THROW 50004, @message, 1;
                END;

                INSERT INTO @claimed (app_id, attempt)
                SELECT
                    q.app_id,
                    q.attempts
                FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
                WHERE q.state = 1
                    AND q.claim_token = @claim_token;

                SET @app_count = @@ROWCOUNT;

                COMMIT TRANSACTION;

                SET @claim_status = 'claimed';
                CONTINUE;
            END;

            INSERT INTO [$(Schema)].[processing_claim]
            (
                claim_token,
                session_id,
                claimed_at,
                lease_ms,
                lease_expires_at,
                app_count,
                renewals
            )
            VALUES
            (
                @claim_token,
                @session_id,
                @now,
                @lease_ms,
                DATEADD(MILLISECOND, @lease_ms, @now),
                0,
                0
            );

            SET @reaps = NULL;
            SET @picked_count = 0;
            SET @from = CASE
                WHEN @after_app_id >= @low AND @after_app_id < @high THEN @after_app_id + 1
                ELSE @low
            END;
            SET @to = @high;

            -- First the ids above the last one handed out, then once those up to it.
            WHILE @from IS NOT NULL
            BEGIN
                IF @reaps IS NULL
                BEGIN
                    -- How often was the first ready application reaped? There are few different
                    -- counts of reaps, and each costs two seeks. UPDLOCK, because one that a
                    -- neighbour is picking is not ready.
                    SET @first_app_id = NULL;
                    SET @level = -1;

                    WHILE @level IS NOT NULL
                    BEGIN
                        SET @level = (
                            SELECT MIN(q.reaps)
                            FROM [$(Schema)].[processing_queue] AS q
                                WITH (READPAST, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                            WHERE q.state = 0
                                AND q.claim_token IS NULL
                                AND q.reaps > @level
                        );

                        SET @level_app_id = (
                            SELECT TOP (1) q.app_id
                            FROM [$(Schema)].[processing_queue] AS q
                                WITH (UPDLOCK, READPAST, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                            WHERE q.state = 0
                                AND q.claim_token IS NULL
                                AND q.reaps = @level
                                AND q.app_id >= @from
                                AND q.app_id <= @to
                                AND q.available_at <= @now
                                AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id
                            ORDER BY q.app_id
                        );

                        IF @level_app_id IS NOT NULL
                            AND (@first_app_id IS NULL OR @level_app_id < @first_app_id)
                        BEGIN
                            SET @first_app_id = @level_app_id;
                            SET @reaps = @level;
                        END;
                    END;

                    SET @batch_limit = CASE
                        WHEN @reaps > 12 OR @batch_size < POWER(2, @reaps) THEN 1
                        ELSE @batch_size / POWER(2, @reaps)
                    END;
                END;

                IF @reaps IS NOT NULL
                BEGIN
                    INSERT INTO @picked (app_id, document_bytes)
                    SELECT TOP (@batch_limit - @picked_count)
                        q.app_id,
                        q.document_bytes
                    FROM [$(Schema)].[processing_queue] AS q
                        WITH (UPDLOCK, READPAST, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                    WHERE q.state = 0
                        AND q.claim_token IS NULL
                        AND q.reaps = @reaps
                        AND q.app_id >= @from
                        AND q.app_id <= @to
                        AND q.available_at <= @now
                        AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id
                    ORDER BY q.app_id;

                    SET @picked_count += @@ROWCOUNT;
                END;

                IF @from = @low OR @picked_count >= @batch_limit
                BEGIN
                    BREAK;
                END;

                SET @to = @from - 1;
                SET @from = @low;
            END;

            DELETE FROM @picked
            WHERE pick_order IN
                (
                    SELECT r.pick_order
                    FROM
                        (
                            SELECT
                                p.pick_order,
                                SUM(p.document_bytes) OVER (
                                    ORDER BY p.pick_order
                                    ROWS UNBOUNDED PRECEDING
                                ) AS running_bytes
                            FROM @picked AS p
                        ) AS r
                    WHERE r.running_bytes > @max_bytes
                )
                AND pick_order > (SELECT MIN(p.pick_order) FROM @picked AS p);

            -- What another took meanwhile, on whatever engine, is not ours: the state is checked
            -- again by the statement that changes it, and only what it changed counts.
            UPDATE [$(Schema)].[processing_queue]
            SET
                state = 1,
                claim_token = @claim_token,
                attempts = attempts + 1
            OUTPUT inserted.app_id, inserted.attempts INTO @claimed (app_id, attempt)
            WHERE state = 0
                AND claim_token IS NULL
                AND app_id IN (SELECT p.app_id FROM @picked AS p)
            OPTION (LOOP JOIN);

            SET @app_count = @@ROWCOUNT;

            IF @app_count > 0
            BEGIN
                UPDATE [$(Schema)].[processing_claim]
                SET app_count = @app_count
                WHERE claim_token = @claim_token;

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at,
                    event_type,
                    claim_token,
                    session_id,
                    app_count,
                    login_name
                )
                VALUES
                (
                    @now,
                    'claimed',
                    @claim_token,
                    @session_id,
                    @app_count,
                    ORIGINAL_LOGIN()
                );

                EXEC [$(Schema)].[usp_RecordThroughput]
                    @session_id = @session_id,
                    @claimed = @app_count;

                -- Once per session, as a rule: what vw_PartitionProgress calls its share.
                UPDATE [$(Schema)].[processing_session]
                SET
                    instance_id = @instance_id,
                    instance_count = @instance_count,
                    app_id_start = @app_id_start,
                    app_id_end = @app_id_end
                WHERE session_id = @session_id
                    AND (instance_count IS NULL
                        OR instance_id <> @instance_id
                        OR instance_count <> @instance_count
                        OR COALESCE(app_id_start, @low) <> @low
                        OR COALESCE(app_id_end, @high) <> @high);

                COMMIT TRANSACTION;

                SET @claimed_at = @now;
                SET @lease_expires_at = DATEADD(MILLISECOND, @lease_ms, @now);
                SET @claim_status = 'claimed';
                CONTINUE;
            END;

            ROLLBACK TRANSACTION;

            -- Rows that neighbours merely hold locked are not the end of the work: the same seeks
            -- again, waiting for them.
            SET @ready_app_id = NULL;
            SET @level = -1;

            WHILE @level IS NOT NULL AND @ready_app_id IS NULL
            BEGIN
                SET @level = (
                    SELECT MIN(q.reaps)
                    FROM [$(Schema)].[processing_queue] AS q
                        WITH (READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                    WHERE q.state = 0
                        AND q.claim_token IS NULL
                        AND q.reaps > @level
                );

                SET @ready_app_id = (
                    SELECT TOP (1) q.app_id
                    FROM [$(Schema)].[processing_queue] AS q
                        WITH (UPDLOCK, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
                    WHERE q.state = 0
                        AND q.claim_token IS NULL
                        AND q.reaps = @level
                        AND q.app_id >= @low
                        AND q.app_id <= @high
                        AND q.available_at <= @now
                        AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id
                    ORDER BY q.app_id
                );
            END;

            IF @ready_app_id IS NULL
            BEGIN
                SELECT @apps_claimed_elsewhere = COUNT_BIG(*)
                FROM [$(Schema)].[processing_queue] AS q WITH (INDEX (IX_processing_queue_claim))
                WHERE q.state = 1
                    AND q.app_id >= @low
                    AND q.app_id <= @high
                    AND (q.app_id % @instance_count + @instance_count) % @instance_count = @instance_id;

                SET @claim_status = 'empty';
            END;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            -- 2627: this token is being claimed by a call that the client gave up on.
            IF ERROR_NUMBER() NOT IN (1205, 1222, 2627)
            BEGIN
                THROW;
            END;
        END CATCH;
    END;

    SELECT
        @claim_status AS claim_status,
        @claim_token AS claim_token,
        @claimed_at AS claimed_at,
        @lease_expires_at AS lease_expires_at,
        CASE WHEN @claim_status = 'claimed' THEN @app_count ELSE 0 END AS app_count,
        COALESCE(@apps_claimed_elsewhere, 0) AS apps_claimed_elsewhere,
        @paused_at AS paused_at,
        @paused_by AS paused_by,
        @pause_reason AS pause_reason;

    DELETE FROM @claimed
    WHERE @claim_status <> 'claimed';

    SELECT
        c.app_id,
        c.attempt,
        CASE
            WHEN @document_type = N'varbinary'
                THEN CONVERT(varbinary(max), s.[xml])
            WHEN @documents_as_text = 0
                THEN CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[xml]))
        END AS document,
        CASE
            WHEN @document_type <> N'varbinary' AND @documents_as_text = 1
                THEN CONVERT(nvarchar(max), s.[xml])
        END AS document_text,
        CASE
            WHEN @document_type = N'varbinary' THEN 'detect'
            WHEN @documents_as_text = 1 THEN 'text'
            ELSE 'utf16le'
        END AS document_encoding
    FROM @claimed AS c
    LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON c.app_id = s.app_id
    ORDER BY c.app_id
    OPTION (LOOP JOIN);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Extends one claim if it is still held, and says so if it is not. A claim that has
            expired but was not reaped is still held.
Parameters: @claim_token  the claim
            @lease_ms     milliseconds from now, 1 to 86400000, default 300000
Results:    one row: renewal_status (renewed, lost), lease_expires_at
            lease_expires_at is NULL when a completion holds the claim at this moment: it extends
            the lease itself, which counts as renewed.
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the executable's lease keeper
Isolation:  READ COMMITTED. Locks claim, event; then, apart, the session. Waits two seconds at most.
Example:    EXEC [$(Schema)].[usp_RenewLease]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @lease_ms = 300000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RenewLease]
    @claim_token uniqueidentifier,
    @lease_ms int = 300000
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 2000;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @renewal_status varchar(7) = 'lost';
    DECLARE @session_id uniqueidentifier;
    DECLARE @app_count int;
    DECLARE @lease_expires_at datetime2(3);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        lease_expires_at datetime2(3) NOT NULL,
        app_count int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_RenewLease: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE WHEN @claim_token IS NULL THEN N' @claim_token is missing.' END,
        CASE
            WHEN COALESCE(@lease_ms, 0) NOT BETWEEN 1 AND 86400000
                THEN N' @lease_ms must be 1 to 86400000.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_RenewLease:' + @message;
        THROW 50001, @message, 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        UPDATE [$(Schema)].[processing_claim]
        SET
            lease_ms = @lease_ms,
            lease_expires_at = DATEADD(MILLISECOND, @lease_ms, @now),
            renewals = renewals + 1
        OUTPUT inserted.session_id, inserted.lease_expires_at, inserted.app_count
        INTO @lease (session_id, lease_expires_at, app_count)
        WHERE claim_token = @claim_token;

        SELECT
            @session_id = l.session_id,
            @lease_expires_at = l.lease_expires_at,
            @app_count = l.app_count,
            @renewal_status = 'renewed'
        FROM @lease AS l;

        IF @renewal_status = 'renewed'
        BEGIN
            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at,
                event_type,
                claim_token,
                session_id,
                app_count,
                login_name
            )
            VALUES
            (
                @now,
                'renewed',
                @claim_token,
                @session_id,
                @app_count,
                ORIGINAL_LOGIN()
            );
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        -- A completion of this claim holds its row, and has extended it.
        IF ERROR_NUMBER() <> 1222
        BEGIN
            THROW;
        END;

        SET @renewal_status = 'renewed';
        SET @lease_expires_at = NULL;
        SET @session_id = NULL;
    END CATCH;

    BEGIN TRY
        UPDATE [$(Schema)].[processing_session]
        SET last_seen_at = @now
        WHERE session_id = @session_id;
    END TRY
    BEGIN CATCH
        -- The completion of another batch holds the session's row and will say that it was seen.
        IF ERROR_NUMBER() NOT IN (1205, 1222)
        BEGIN
            THROW;
        END;
    END CATCH;

    SELECT
        @renewal_status AS renewal_status,
        @lease_expires_at AS lease_expires_at;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Checks what usp_CompleteBatch and usp_CompleteApp are given, before anything is
            touched, and reports all that is wrong at once.
Parameters: @caller         the procedure that is checked, for the message
            @claim_token    must not be NULL
            @contract_hash  must be 32 bytes
            @is_one         1: one application is asked for; default 0
            @app_id         that application: it must be in #outcome; default NULL
            Input table #outcome
Results:    none
Errors:     50001 something is wrong
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  READ COMMITTED; reads #outcome only
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_CheckOutcomes]
                @caller = N'usp_CompleteBatch',
                @claim_token = @claim_token,
                @contract_hash = @contract_hash;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CheckOutcomes]
    @caller nvarchar(128),
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @is_one bit = 0,
    @app_id bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @message nvarchar(2048);
    DECLARE @outcomes int;
    DECLARE @apps int;
    DECLARE @incomplete int;
    DECLARE @asked_for int;

    IF OBJECT_ID(N'tempdb..#outcome') IS NOT NULL
        AND OBJECT_ID(N'tempdb..#load_app') IS NOT NULL
        AND OBJECT_ID(N'tempdb..#loaded') IS NOT NULL
    BEGIN
        SELECT
            @outcomes = COUNT(*),
            @apps = COUNT(DISTINCT o.app_id),
            @incomplete = SUM(
                CASE
                    WHEN o.app_id IS NULL
                        OR COALESCE(o.attempt, 0) < 1
                        OR o.succeeded IS NULL
                        OR (o.succeeded = 0 AND COALESCE(o.failure_category, N'') = N'')
                        OR DATALENGTH(o.source_hash) <> 32
                        THEN 1
                    ELSE 0
                END
            ),
            @asked_for = SUM(CASE WHEN o.app_id = @app_id THEN 1 ELSE 0 END)
        FROM #outcome AS o;
    END;

    SET @message = CONCAT(
        CASE WHEN @claim_token IS NULL THEN N' @claim_token is missing.' END,
        CASE
            WHEN COALESCE(DATALENGTH(@contract_hash), 0) <> 32
                THEN N' @contract_hash must be 32 bytes.'
        END,
        CASE
            WHEN @outcomes IS NULL
                THEN N' #outcome, #load_app or #loaded is missing: run sql/session_tables.sql on this connection first.'
            WHEN @outcomes > 4000
                THEN N' #outcome has more than 4000 rows.'
        END,
        CASE
            WHEN @incomplete > 0
                THEN CONCAT(
                    N' ', @incomplete, N' rows of #outcome lack app_id, attempt (1 or more), succeeded, the',
                    N' failure_category of a failure, or have a source_hash that is not 32 bytes.'
                )
            WHEN @apps <> @outcomes
                THEN N' #outcome has an app_id twice.'
        END,
        CASE
            WHEN @is_one = 1 AND COALESCE(@asked_for, 0) = 0
                THEN CONCAT(
                    N' @app_id ', COALESCE(CONVERT(nvarchar(20), @app_id), N'NULL'), N' has no row in #outcome.'
                )
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = @caller + N':' + @message;
        THROW 50001, @message, 1;
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Concludes applications of a claim in one transaction: rows, log and queue change
            together or not at all. What the token concluded before is left as it is, so that
            repeating a call whose answer was lost is harmless. Not called by hand:
            usp_CompleteBatch and usp_CompleteApp decide what to do when the database refuses.
Parameters: @claim_token     the claim, and the fence
            @contract_hash   32 bytes; must be the installed contract's
            @app_id          one application of #outcome; NULL for all of it
            @refusal_number  with @app_id: log the application as failed with this error of the
            @refusal_message database, its message and the target table, instead of loading it;
            @refusal_table   default NULL
            @keep_rows       1: the rows of an earlier success stay, because the database does not
                             let them go; default 0
            @error_number    OUTPUT: what the database refused the rows with, its message and
            @error_message   OUTPUT  the target table where it is known; NULL unless 1 is returned
            @error_table     OUTPUT
            Tables of the connection, see sql/README.md: reads #outcome, fills #load_app for
            usp_LoadApps, and reads what it answers in #loaded.
Results:    none. RETURN 0: everything asked for is logged under this token, by this call or an
            earlier one. RETURN 1: the database refused the rows for a reason that lies in the
            data (@error_*), and nothing was written.
Errors:     50002 a transaction is open
            50010 the claim does not hold these applications; nothing was written
            50020 the contract is not the installed one; nothing was written
            50022 usp_LoadApps failed for a reason that does not lie in the data; nothing was
            written. Any other error of the database is passed on; nothing was written.
Called by:  usp_CompleteBatch, usp_CompleteApp, usp_ApplyRefusal
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session.
            A deadlock or a lock timeout is tried again, five times in all.
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ApplyOutcomes]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ApplyOutcomes]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id bigint = NULL,
    @refusal_number int = NULL,
    @refusal_message nvarchar(2048) = NULL,
    @refusal_table nvarchar(128) = NULL,
    @keep_rows bit = 0,
    @error_number int = NULL OUTPUT,
    @error_message nvarchar(2048) = NULL OUTPUT,
    @error_table nvarchar(128) = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3);
    DECLARE @phase varchar(5);
    DECLARE @tries int = 0;
    DECLARE @held int;
    DECLARE @todo_count int;
    DECLARE @taken_count int;
    DECLARE @installed_hash binary(32);
    DECLARE @installed_name nvarchar(200);
    DECLARE @session_id uniqueidentifier;
    DECLARE @claimed_at datetime2(3);
    DECLARE @load_result int;
    DECLARE @is_data_error bit;
    DECLARE @table_ordinal int;
    DECLARE @succeeded bigint;
    DECLARE @failed bigint;
    DECLARE @rows_written bigint;
    DECLARE @document_bytes bigint;
    DECLARE @shred_micros bigint;
    DECLARE @refusal_fingerprint char(16);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        claimed_at datetime2(3) NOT NULL
    );
    DECLARE @todo TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        succeeded bit NOT NULL
    );
    DECLARE @taken TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL,
        enqueued_at datetime2(3) NOT NULL
    );

    -- One fingerprint per table and error: the message itself names the offending key.
    SET @refusal_fingerprint = RIGHT(
        CONCAT(
            '0000000000000000',
            CONVERT(
                bigint,
                SUBSTRING(
                    HASHBYTES('SHA2_256', CONCAT(N'constraint_violation ', @refusal_table, N' ', @refusal_number)), 1, 6
                )
            )
        ),
        16
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_ApplyOutcomes: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    WHILE 1 = 1
    BEGIN
        SET @tries += 1;
        SET @error_number = NULL;
        SET @error_message = NULL;
        SET @error_table = NULL;
        SET @table_ordinal = NULL;
        SET @load_result = 0;
        DELETE FROM @lease;
        DELETE FROM @todo;
        DELETE FROM @taken;
        DELETE FROM #load_app;
        DELETE FROM #loaded;

        BEGIN TRY
            SET @phase = 'fence';

            BEGIN TRANSACTION;

            -- The fence. Holding the row keeps the reaper and every other call with this token
            -- out until the end.
            UPDATE [$(Schema)].[processing_claim]
            SET lease_expires_at = CASE
                WHEN lease_expires_at > DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
                    THEN lease_expires_at
                ELSE DATEADD(MILLISECOND, lease_ms, SYSUTCDATETIME())
            END
            OUTPUT inserted.session_id, inserted.claimed_at INTO @lease (session_id, claimed_at)
            WHERE claim_token = @claim_token;

            SET @held = @@ROWCOUNT;
            SET @now = SYSUTCDATETIME();

            INSERT INTO @todo (app_id, attempt, succeeded)
            SELECT
                o.app_id,
                o.attempt,
                CASE WHEN @refusal_number IS NULL THEN o.succeeded ELSE 0 END
            FROM #outcome AS o
            WHERE (@app_id IS NULL OR o.app_id = @app_id)
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.app_id = o.app_id
                        AND l.attempt = o.attempt
                        AND l.claim_token = @claim_token
                );

            SET @todo_count = @@ROWCOUNT;

            IF @todo_count = 0
            BEGIN
                COMMIT TRANSACTION;
                RETURN 0;
            END;

            DELETE FROM [$(Schema)].[processing_queue]
            OUTPUT deleted.app_id, deleted.attempts, deleted.enqueued_at
            INTO @taken (app_id, attempt, enqueued_at)
            WHERE state = 1
                AND claim_token = @claim_token
                AND app_id IN (SELECT t.app_id FROM @todo AS t)
            OPTION (LOOP JOIN);

            SELECT @taken_count = COUNT(*)
            FROM @todo AS t
            INNER JOIN @taken AS k ON t.app_id = k.app_id AND t.attempt = k.attempt;

            IF @held = 0 OR @taken_count <> @todo_count
            BEGIN
                SET @message = CONCAT(
                    N'Claim ', CONVERT(nvarchar(36), @claim_token), N' holds ', @taken_count, N' of ',
                    @todo_count, N' applications to complete: it was reaped or released, and nothing was written.',
                    N' Ask usp_GetClaimOutcome what became of it, then claim again.'
                );
                THROW 50010, @message, 1;
            END;

            -- Held to the end, so that a new contract waits for us and we never meet it.
            SELECT
                @installed_hash = c.contract_hash,
                @installed_name = CONCAT(c.contract_name, N' of ', CONVERT(nvarchar(19), c.installed_at, 120), N' UTC')
            FROM [$(Schema)].[processing_contract] AS c WITH (REPEATABLEREAD)
            WHERE c.retired_at IS NULL;

            IF @installed_hash IS NULL OR @installed_hash <> @contract_hash
            BEGIN
                SET @message = CONCAT(
                    N'The worker''s contract is not the installed one, ', COALESCE(@installed_name, N'(none)'),
                    N': release the claim and start the worker with the installed contract.'
                );
                THROW 50020, @message, 1;
            END;

            SELECT
                @session_id = l.session_id,
                @claimed_at = l.claimed_at
            FROM @lease AS l;

            -- An application that fails after an earlier success loses its rows: rows are there
            -- if and only if the last log row says success.
            INSERT INTO #load_app (app_id, clear_only)
            SELECT
                t.app_id,
                1 - t.succeeded
            FROM @todo AS t
            WHERE t.succeeded = 1
                OR (
                    @keep_rows = 0
                    AND EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = t.app_id
                            AND l.is_latest = 1
                            AND l.status = 'success'
                    )
                );

            IF @@ROWCOUNT > 0
            BEGIN
                SET @phase = 'load';

                EXEC @load_result = [$(Schema)].[usp_LoadApps]
                    @table_ordinal = @table_ordinal OUTPUT,
                    @error_number = @error_number OUTPUT,
                    @error_message = @error_message OUTPUT;
            END;

            IF @load_result = 0
            BEGIN
                SET @phase = 'log';

                UPDATE [$(Schema)].[processing_log]
                SET is_latest = 0
                WHERE is_latest = 1
                    AND app_id IN
                    (
                        SELECT t.app_id
                        FROM @todo AS t
                        WHERE t.attempt > 1
                    )
                OPTION (LOOP JOIN);

                INSERT INTO [$(Schema)].[processing_log]
                (
                    app_id,
                    attempt,
                    is_latest,
                    status,
                    failure_category,
                    failure_table,
                    failure_column,
                    failure_path,
                    failure_line,
                    failure_column_number,
                    failure_value,
                    failure_reason,
                    fingerprint,
                    error_number,
                    session_id,
                    claim_token,
                    enqueued_at,
                    claimed_at,
                    processed_at,
                    shred_micros,
                    document_bytes,
                    rows_written,
                    source_hash,
                    contract_hash
                )
                SELECT
                    t.app_id,
                    t.attempt,
                    1,
                    CASE t.succeeded WHEN 1 THEN 'success' ELSE 'failed' END,
                    CASE
                        WHEN t.succeeded = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL THEN 'constraint_violation'
                        ELSE LEFT(o.failure_category, 30)
                    END,
                    CASE
                        WHEN t.succeeded = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL THEN @refusal_table
                        ELSE LEFT(o.failure_table, 128)
                    END,
                    CASE
                        WHEN t.succeeded = 0 AND @refusal_number IS NULL THEN LEFT(o.failure_column, 128)
                    END,
                    CASE
                        WHEN t.succeeded = 0 AND @refusal_number IS NULL THEN LEFT(o.failure_path, 1000)
                    END,
                    CASE WHEN t.succeeded = 0 AND @refusal_number IS NULL THEN o.failure_line END,
                    CASE WHEN t.succeeded = 0 AND @refusal_number IS NULL THEN o.failure_column_number END,
                    CASE
                        WHEN t.succeeded = 0 AND @refusal_number IS NULL THEN LEFT(o.failure_value, 400)
                    END,
                    CASE
                        WHEN t.succeeded = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL THEN @refusal_message
                        ELSE LEFT(o.failure_reason, 2048)
                    END,
                    CASE
                        WHEN t.succeeded = 1 THEN NULL
                        WHEN @refusal_number IS NOT NULL
                            THEN @refusal_fingerprint
                        ELSE LEFT(o.fingerprint, 16)
                    END,
                    @refusal_number,
                    @session_id,
                    @claim_token,
                    k.enqueued_at,
                    @claimed_at,
                    @now,
                    COALESCE(o.shred_micros, 0),
                    COALESCE(o.document_bytes, 0),
                    CASE
                        WHEN t.succeeded = 1
                            THEN COALESCE(
                                (
                                    SELECT CONVERT(bigint, SUM(n.row_count))
                                    FROM #loaded AS n
                                    WHERE n.app_id = t.app_id
                                ),
                                0
                            )
                        ELSE 0
                    END,
                    o.source_hash,
                    @contract_hash
                FROM @todo AS t
                INNER JOIN @taken AS k ON t.app_id = k.app_id
                INNER JOIN #outcome AS o ON t.app_id = o.app_id;

                INSERT INTO [$(Schema)].[processing_log_rows]
                (
                    app_id,
                    attempt,
                    table_ordinal,
                    row_count
                )
                SELECT
                    n.app_id,
                    t.attempt,
                    n.table_ordinal,
                    SUM(n.row_count)
                FROM #loaded AS n
                INNER JOIN @todo AS t ON n.app_id = t.app_id
                WHERE n.row_count > 0
                GROUP BY
                    n.app_id,
                    t.attempt,
                    n.table_ordinal;

                DELETE FROM [$(Schema)].[processing_claim]
                WHERE claim_token = @claim_token
                    AND NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_queue] AS q
                        WHERE q.state = 1
                            AND q.claim_token = @claim_token
                    );

                SELECT
                    @succeeded = SUM(CASE t.succeeded WHEN 1 THEN 1 ELSE 0 END),
                    @failed = SUM(CASE t.succeeded WHEN 1 THEN 0 ELSE 1 END),
                    @document_bytes = SUM(COALESCE(o.document_bytes, 0)),
                    @shred_micros = SUM(COALESCE(o.shred_micros, 0))
                FROM @todo AS t
                INNER JOIN #outcome AS o ON t.app_id = o.app_id;

                SELECT @rows_written = COALESCE(SUM(n.row_count), 0)
                FROM #loaded AS n;

                EXEC [$(Schema)].[usp_RecordThroughput]
                    @session_id = @session_id,
                    @succeeded = @succeeded,
                    @failed = @failed,
                    @rows_written = @rows_written,
                    @document_bytes = @document_bytes,
                    @shred_micros = @shred_micros;

                COMMIT TRANSACTION;
                RETURN 0;
            END;

            ROLLBACK TRANSACTION;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            SET @error_number = ERROR_NUMBER();
            SET @error_message = ERROR_MESSAGE();

            SET @is_data_error = CASE
                WHEN @phase = 'load' THEN [$(Schema)].[ufn_IsDataError](@error_number)
                ELSE 0
            END;

            IF @is_data_error = 0
                AND (@error_number NOT IN (1205, 1222) OR @tries >= 5)
            BEGIN
                THROW;
            END;
        END CATCH;

        IF @error_number IN (1205, 1222) AND @tries < 5
        BEGIN
            CONTINUE;
        END;

        SELECT @error_table = t.table_name
        FROM [$(Schema)].[processing_contract_table] AS t
        WHERE t.contract_hash = @contract_hash
            AND t.table_ordinal = @table_ordinal;

        IF [$(Schema)].[ufn_IsDataError](@error_number) = 1
        BEGIN
            RETURN 1;
        END;

        SET @message = CONCAT(
            N'Loading ', COALESCE(N'table ' + @error_table, N'the target tables'), N' failed with error ',
            @error_number, N', which does not lie in the documents: ', @error_message
        );
        THROW 50022, @message, 1;
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Logs an application whose rows the database refused as failed, with the database's own
            message. The rows of an earlier success go; if the database refuses that as well,
            because something else refers to them, that is what is logged, and they stay.
Parameters: @claim_token     the claim, and the fence
            @contract_hash   32 bytes; must be the installed contract's
            @app_id          the application, in #outcome
            @error_number    the error that refused its rows
            @error_message   its message
            @error_table     the target table, where it is known
Results:    none
Errors:     those of usp_ApplyOutcomes
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  as usp_ApplyOutcomes
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ApplyRefusal]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @app_id = 101,
                @error_number = 2627,
                @error_message = N'Violation of PRIMARY KEY constraint',
                @error_table = N'app_base';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ApplyRefusal]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id bigint,
    @error_number int,
    @error_message nvarchar(2048),
    @error_table nvarchar(128)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @result int;
    DECLARE @clear_number int;
    DECLARE @clear_message nvarchar(2048);
    DECLARE @clear_table nvarchar(128);

    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @app_id = @app_id,
        @refusal_number = @error_number,
        @refusal_message = @error_message,
        @refusal_table = @error_table,
        @error_number = @clear_number OUTPUT,
        @error_message = @clear_message OUTPUT,
        @error_table = @clear_table OUTPUT;

    IF @result = 1
    BEGIN
        EXEC [$(Schema)].[usp_ApplyOutcomes]
            @claim_token = @claim_token,
            @contract_hash = @contract_hash,
            @app_id = @app_id,
            @refusal_number = @clear_number,
            @refusal_message = @clear_message,
            @refusal_table = @clear_table,
            @keep_rows = 1;
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    What was logged under a token: the answer of the completing procedures.
Parameters: @claim_token  the claim
            @app_id       one application of #outcome; default NULL, all of it
            Input table #outcome
Results:    the two of usp_CompleteBatch
Errors:     none
Called by:  usp_CompleteBatch, usp_CompleteApp
Isolation:  READ COMMITTED; reads the log by key
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_ReportOutcomes]
                @claim_token = @claim_token;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReportOutcomes]
    @claim_token uniqueidentifier,
    @app_id bigint = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    SELECT
        l.app_id,
        l.attempt,
        l.status,
        l.failure_category,
        l.failure_reason,
        l.error_number,
        l.rows_written
    FROM #outcome AS o
    INNER JOIN [$(Schema)].[processing_log] AS l ON o.app_id = l.app_id AND o.attempt = l.attempt
    WHERE l.claim_token = @claim_token
        AND (@app_id IS NULL OR l.app_id = @app_id)
    ORDER BY l.app_id;

    SELECT
        r.app_id,
        r.attempt,
        r.table_ordinal,
        r.row_count
    FROM #outcome AS o
    INNER JOIN [$(Schema)].[processing_log] AS l ON o.app_id = l.app_id AND o.attempt = l.attempt
    INNER JOIN [$(Schema)].[processing_log_rows] AS r ON l.app_id = r.app_id AND l.attempt = r.attempt
    WHERE l.claim_token = @claim_token
        AND (@app_id IS NULL OR l.app_id = @app_id)
    ORDER BY
        r.app_id,
        r.table_ordinal;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Writes rows, log and queue of a batch in one transaction. If the database refuses the
            rows for a reason that lies in the data, each application gets a transaction of its
            own, so that only the bad ones fail, logged with the database's own message. Repeating
            a call whose answer was lost returns what was logged then.
Parameters: @claim_token    the claim
            @contract_hash  32 bytes; must be the installed contract's
            Input tables #outcome, with one row per application, and the contract's #stage_*
            tables with their rows: see sql/README.md
Results:    1. one row per application of #outcome, in order of id: app_id, attempt, status
               (success, failed), failure_category, failure_reason, error_number, rows_written
            2. one row per application and target table that it has rows in: app_id, attempt,
               table_ordinal, row_count
Errors:     50001 a parameter or #outcome is wrong     50002 a transaction is open
            50010 the claim no longer holds an application of #outcome; it was not written
            50020 the contract is not the installed one
            50021 the database refused every application, more than one, with one error number:
                  that is not the documents' fault. Nothing was logged; the claim is still held.
            50022 usp_LoadApps failed for a reason that does not lie in the data
            Any other error of the database is passed on. What was not concluded is still held.
Called by:  the executable
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session, in
            one transaction or, after a refusal, in one per application. A lock is waited for 30
            seconds.
Example:    -- On one connection: sql/session_tables.sql and the contract's #stage_* tables, then
            INSERT INTO #outcome (app_id, attempt, succeeded, failure_category, failure_reason)
            VALUES (101, 1, 0, N'bad_value', N'given up by hand');
            EXEC [$(Schema)].[usp_CompleteBatch]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CompleteBatch]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @message nvarchar(2048);
    DECLARE @result int;
    DECLARE @app_id bigint;
    DECLARE @outcome_count int;
    DECLARE @refused_count int;
    DECLARE @error_number int;
    DECLARE @error_message nvarchar(2048);
    DECLARE @error_table nvarchar(128);
    DECLARE @refused TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        error_number int NOT NULL,
        error_message nvarchar(2048) NULL,
        error_table nvarchar(128) NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_CompleteBatch: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    EXEC [$(Schema)].[usp_CheckOutcomes]
        @caller = N'usp_CompleteBatch',
        @claim_token = @claim_token,
        @contract_hash = @contract_hash;

    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash;

    IF @result = 1
    BEGIN
        -- What is refused is logged only after all were tried: if nothing passes, the documents
        -- are not to blame and nothing may be logged.
        SET @app_id = (SELECT MIN(o.app_id) FROM #outcome AS o);

        WHILE @app_id IS NOT NULL
        BEGIN
            EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @app_id = @app_id,
                @error_number = @error_number OUTPUT,
                @error_message = @error_message OUTPUT,
                @error_table = @error_table OUTPUT;

            IF @result = 1
            BEGIN
                INSERT INTO @refused
                (
                    app_id,
                    error_number,
                    error_message,
                    error_table
                )
                VALUES
                (
                    @app_id,
                    @error_number,
                    @error_message,
                    @error_table
                );
            END;

            SET @app_id = (
                SELECT MIN(o.app_id)
                FROM #outcome AS o
                WHERE o.app_id > @app_id
            );
        END;

        SET @outcome_count = (SELECT COUNT(*) FROM #outcome);

        SELECT
            @refused_count = COUNT(*),
            @error_number = MIN(r.error_number),
            @error_message = MIN(r.error_message)
        FROM @refused AS r
        HAVING MIN(r.error_number) = MAX(r.error_number);

        IF @refused_count > 1 AND @refused_count = @outcome_count
        BEGIN
            SET @message = CONCAT(
                N'Every application of the batch (', @refused_count, N') failed with the same error ',
                @error_number, N': ', @error_message
            );
            THROW 50021, @message, 1;
        END;

        SET @app_id = (SELECT MIN(r.app_id) FROM @refused AS r);

        WHILE @app_id IS NOT NULL
        BEGIN
            SELECT
                @error_number = r.error_number,
                @error_message = r.error_message,
                @error_table = r.error_table
            FROM @refused AS r
            WHERE r.app_id = @app_id;

            EXEC [$(Schema)].[usp_ApplyRefusal]
                @claim_token = @claim_token,
                @contract_hash = @contract_hash,
                @app_id = @app_id,
                @error_number = @error_number,
                @error_message = @error_message,
                @error_table = @error_table;

            SET @app_id = (
                SELECT MIN(r.app_id)
                FROM @refused AS r
                WHERE r.app_id > @app_id
            );
        END;
    END;

    EXEC [$(Schema)].[usp_ReportOutcomes] @claim_token = @claim_token;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    usp_CompleteBatch for one application of a claim: its rows, log row and queue row
            change together or not at all. If the database refuses the rows for a reason that
            lies in the data, the application is logged as failed with the database's message.
Parameters: @claim_token    the claim
            @contract_hash  32 bytes; must be the installed contract's
            @app_id         the application; it must have a row in #outcome
            Input tables #outcome and #stage_*: see sql/README.md
Results:    as usp_CompleteBatch, for the one application
Errors:     50001 a parameter or #outcome is wrong     50002 a transaction is open
            50010 the claim no longer holds the application; nothing was written
            50020 the contract is not the installed one
            50022 usp_LoadApps failed for a reason that does not lie in the data
Called by:  the executable
Isolation:  READ COMMITTED. Locks claim, queue, the contract (shared), targets, log, session. A
            lock is waited for 30 seconds.
Example:    -- On one connection: sql/session_tables.sql and the contract's #stage_* tables, then
            INSERT INTO #outcome (app_id, attempt, succeeded, failure_category, failure_reason)
            VALUES (101, 1, 0, N'bad_value', N'given up by hand');
            EXEC [$(Schema)].[usp_CompleteApp]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @contract_hash = 0x0000000000000000000000000000000000000000000000000000000000000000,
                @app_id = 101;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_CompleteApp]
    @claim_token uniqueidentifier,
    @contract_hash varbinary(64),
    @app_id bigint
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @result int;
    DECLARE @error_number int;
    DECLARE @error_message nvarchar(2048);
    DECLARE @error_table nvarchar(128);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_CompleteApp: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    EXEC [$(Schema)].[usp_CheckOutcomes]
        @caller = N'usp_CompleteApp',
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @is_one = 1,
        @app_id = @app_id;

    EXEC @result = [$(Schema)].[usp_ApplyOutcomes]
        @claim_token = @claim_token,
        @contract_hash = @contract_hash,
        @app_id = @app_id,
        @error_number = @error_number OUTPUT,
        @error_message = @error_message OUTPUT,
        @error_table = @error_table OUTPUT;

    IF @result = 1
    BEGIN
        EXEC [$(Schema)].[usp_ApplyRefusal]
            @claim_token = @claim_token,
            @contract_hash = @contract_hash,
            @app_id = @app_id,
            @error_number = @error_number,
            @error_message = @error_message,
            @error_table = @error_table;
    END;

    EXEC [$(Schema)].[usp_ReportOutcomes]
        @claim_token = @claim_token,
        @app_id = @app_id;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Gives the unfinished applications of a claim back at once, without spending their
            attempt. Releasing a claim that is gone does nothing.
Parameters: @claim_token  the claim
            @reason       for the events, at most 400 characters; default NULL
Results:    one row: apps_released
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the executable when it stops or is refused; by hand for a worker that is known to be
            gone, instead of waiting for its lease
Isolation:  READ COMMITTED. Locks claim, queue, event, session.
Example:    EXEC [$(Schema)].[usp_ReleaseClaim]
                @claim_token = '00000000-0000-0000-0000-00000000000a',
                @reason = N'worker machine switched off';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReleaseClaim]
    @claim_token uniqueidentifier,
    @reason nvarchar(400) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @session_id uniqueidentifier;
    DECLARE @apps_released int = 0;
    DECLARE @lease TABLE (session_id uniqueidentifier NOT NULL);
    DECLARE @released TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_ReleaseClaim: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    IF @claim_token IS NULL
    BEGIN
        THROW 50001, N'usp_ReleaseClaim: @claim_token is missing.', 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        DELETE FROM [$(Schema)].[processing_claim]
        OUTPUT deleted.session_id INTO @lease (session_id)
        WHERE claim_token = @claim_token;

        IF @@ROWCOUNT > 0
        BEGIN
            SELECT @session_id = l.session_id
            FROM @lease AS l;

            UPDATE [$(Schema)].[processing_queue]
            SET
                state = 0,
                claim_token = NULL,
                attempts = attempts - 1,
                available_at = @now
            OUTPUT inserted.app_id, inserted.attempts INTO @released (app_id, attempt)
            WHERE state = 1
                AND claim_token = @claim_token;

            SET @apps_released = @@ROWCOUNT;

            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at,
                event_type,
                app_id,
                attempt,
                claim_token,
                session_id,
                login_name,
                detail
            )
            SELECT
                @now,
                'released',
                r.app_id,
                r.attempt + 1,
                @claim_token,
                @session_id,
                ORIGINAL_LOGIN(),
                @reason
            FROM @released AS r;

            EXEC [$(Schema)].[usp_RecordThroughput]
                @session_id = @session_id,
                @released = @apps_released;
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        THROW;
    END CATCH;

    SELECT @apps_released AS apps_released;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Takes back claims whose lease has passed, so that a worker that died loses nothing. An
            application that was reaped @max_reaps times while it was alone in its claim kills its
            workers, and is quarantined. Safe at any time, by anybody, concurrently, as often as
            you like: a claim that is renewed or completed meanwhile is left alone.
Parameters: @max_claims  at most this many claims, 1 or more, default 1000
            @max_reaps   lone reaps that quarantine an application, 1 or more, default 3
Results:    one row: claims_reaped, apps_ready, apps_quarantined
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the Agent job Reaper; the executable; by hand
Isolation:  READ COMMITTED, READPAST on claims. One transaction per claim, which locks claim,
            queue, event, session. A claim that somebody holds locked is skipped, not waited for.
Example:    EXEC [$(Schema)].[usp_ReapExpired];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReapExpired]
    @max_claims int = 1000,
    @max_reaps int = 3
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3);
    DECLARE @claim_token uniqueidentifier;
    DECLARE @session_id uniqueidentifier;
    DECLARE @worker_name nvarchar(128);
    DECLARE @lease_expired_at datetime2(3);
    DECLARE @held int;
    DECLARE @quarantined int;
    DECLARE @claims_reaped int = 0;
    DECLARE @apps_ready int = 0;
    DECLARE @apps_quarantined int = 0;
    DECLARE @expired TABLE (claim_token uniqueidentifier NOT NULL PRIMARY KEY);
    DECLARE @lease TABLE
    (
        session_id uniqueidentifier NOT NULL,
        lease_expires_at datetime2(3) NOT NULL
    );
    DECLARE @reaped TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        state tinyint NOT NULL,
        attempt int NOT NULL,
        reaps int NOT NULL,
        lone_reaps int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_ReapExpired: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE
            WHEN COALESCE(@max_claims, 0) < 1
                THEN N' @max_claims must be 1 or more.'
        END,
        CASE
            WHEN COALESCE(@max_reaps, 0) < 1
                THEN N' @max_reaps must be 1 or more.'
        END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_ReapExpired:' + @message;
        THROW 50001, @message, 1;
    END;

    INSERT INTO @expired (claim_token)
    SELECT TOP (@max_claims) c.claim_token
    FROM [$(Schema)].[processing_claim] AS c WITH (READPAST, READCOMMITTEDLOCK)
    WHERE c.lease_expires_at < SYSUTCDATETIME()
    ORDER BY c.lease_expires_at;

    SET @claim_token = (SELECT TOP (1) e.claim_token FROM @expired AS e);

    WHILE @claim_token IS NOT NULL
    BEGIN
        SET @now = SYSUTCDATETIME();
        DELETE FROM @lease;
        DELETE FROM @reaped;

        BEGIN TRY
            BEGIN TRANSACTION;

            -- Whether it has expired is asked again by the statement that takes it: a renewal
            -- may have come since the claim was listed.
            DELETE FROM [$(Schema)].[processing_claim] WITH (READPAST, READCOMMITTEDLOCK)
            OUTPUT deleted.session_id, deleted.lease_expires_at
            INTO @lease (session_id, lease_expires_at)
            WHERE claim_token = @claim_token
                AND lease_expires_at < SYSUTCDATETIME();

            IF @@ROWCOUNT > 0
            BEGIN
                SELECT
                    @session_id = l.session_id,
                    @lease_expired_at = l.lease_expires_at,
                    @worker_name = s.worker_name
                FROM @lease AS l
                INNER JOIN [$(Schema)].[processing_session] AS s ON l.session_id = s.session_id;

                SELECT @held = COUNT(*)
                FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
                WHERE q.state = 1
                    AND q.claim_token = @claim_token;

                UPDATE [$(Schema)].[processing_queue]
                SET
                    state = CASE WHEN @held = 1 AND lone_reaps + 1 >= @max_reaps THEN 2 ELSE 0 END,
                    claim_token = NULL,
                    reaps = reaps + 1,
                    lone_reaps = lone_reaps + CASE WHEN @held = 1 THEN 1 ELSE 0 END,
                    available_at = @now
                OUTPUT
                    inserted.app_id,
                    inserted.state,
                    inserted.attempts,
                    inserted.reaps,
                    inserted.lone_reaps
                INTO @reaped
                (
                    app_id,
                    state,
                    attempt,
                    reaps,
                    lone_reaps
                )
                WHERE state = 1
                    AND claim_token = @claim_token;

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at,
                    event_type,
                    app_id,
                    attempt,
                    claim_token,
                    session_id,
                    login_name,
                    detail
                )
                SELECT
                    @now,
                    'reaped',
                    r.app_id,
                    r.attempt,
                    @claim_token,
                    @session_id,
                    ORIGINAL_LOGIN(),
                    CONCAT(
                        N'worker ', @worker_name, N' let its lease pass at ',
                        CONVERT(nvarchar(23), @lease_expired_at, 121), N' UTC; reaped ', r.reaps, N' times',
                        CASE WHEN @held = 1 THEN CONCAT(N', ', r.lone_reaps, N' of them alone in its claim') END
                    )
                FROM @reaped AS r;

                INSERT INTO [$(Schema)].[processing_event]
                (
                    occurred_at,
                    event_type,
                    app_id,
                    attempt,
                    claim_token,
                    session_id,
                    login_name,
                    detail
                )
                SELECT
                    @now,
                    'quarantined',
                    r.app_id,
                    r.attempt,
                    @claim_token,
                    @session_id,
                    ORIGINAL_LOGIN(),
                    CONCAT(
                        N'reaped ', r.lone_reaps,
                        N' times while alone in its claim; its reaped events name the workers'
                    )
                FROM @reaped AS r
                WHERE r.state = 2;

                SET @quarantined = @@ROWCOUNT;

                UPDATE [$(Schema)].[processing_session]
                SET reaped = reaped + @held
                WHERE session_id = @session_id;

                COMMIT TRANSACTION;

                SET @claims_reaped += 1;
                SET @apps_ready += @held - @quarantined;
                SET @apps_quarantined += @quarantined;
            END
            ELSE
            BEGIN
                ROLLBACK TRANSACTION;
            END;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            -- Somebody was in the way: the claim is still expired the next time.
            IF ERROR_NUMBER() NOT IN (1205, 1222)
            BEGIN
                THROW;
            END;
        END CATCH;

        DELETE FROM @expired
        WHERE claim_token = @claim_token;

        SET @claim_token = (SELECT TOP (1) e.claim_token FROM @expired AS e);
    END;

    SELECT
        @claims_reaped AS claims_reaped,
        @apps_ready AS apps_ready,
        @apps_quarantined AS apps_quarantined;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    What became of a claim, by its token: for a worker whose completion's answer was lost.
            Waits for a completion of the claim that is still running on a lost connection.
Parameters: @claim_token  the claim
Results:    1. one row per application, in order of id: app_id, attempt, outcome (held, success,
               failed), failure_category, failure_reason, error_number, rows_written
               No rows: the claim was reaped or released, or never made.
            2. one row per application and target table that it has rows in: app_id, attempt,
               table_ordinal, row_count
Errors:     50001 a parameter is wrong   50002 a transaction is open
            1222 a completion of the claim is still running: ask again
Called by:  the executable; by hand
Isolation:  READ COMMITTED. Locks claim (update), reads queue and log.
Example:    EXEC [$(Schema)].[usp_GetClaimOutcome]
                @claim_token = '00000000-0000-0000-0000-00000000000a';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetClaimOutcome]
    @claim_token uniqueidentifier
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;

    DECLARE @held_token uniqueidentifier;
    DECLARE @held TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempt int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_GetClaimOutcome: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    IF @claim_token IS NULL
    BEGIN
        THROW 50001, N'usp_GetClaimOutcome: @claim_token is missing.', 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        -- Whoever completes this claim holds its row: behind it, held and concluded agree.
        SELECT @held_token = c.claim_token
        FROM [$(Schema)].[processing_claim] AS c WITH (UPDLOCK, READCOMMITTEDLOCK)
        WHERE c.claim_token = @claim_token;

        INSERT INTO @held (app_id, attempt)
        SELECT
            q.app_id,
            q.attempts
        FROM [$(Schema)].[processing_queue] AS q WITH (READCOMMITTEDLOCK)
        WHERE q.state = 1
            AND q.claim_token = @held_token;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        THROW;
    END CATCH;

    SELECT
        h.app_id,
        h.attempt,
        'held' AS outcome,
        CONVERT(varchar(30), NULL) AS failure_category,
        CONVERT(nvarchar(2048), NULL) AS failure_reason,
        CONVERT(int, NULL) AS error_number,
        CONVERT(bigint, 0) AS rows_written
    FROM @held AS h
    UNION ALL
    SELECT
        l.app_id,
        l.attempt,
        l.status,
        l.failure_category,
        l.failure_reason,
        l.error_number,
        l.rows_written
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.claim_token = @claim_token
    ORDER BY app_id;

    SELECT
        r.app_id,
        r.attempt,
        r.table_ordinal,
        r.row_count
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log_rows] AS r ON l.app_id = r.app_id AND l.attempt = r.attempt
    WHERE l.claim_token = @claim_token
    ORDER BY
        r.app_id,
        r.table_ordinal;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Moves the applications of #candidate back into the queue, if they still are what they
            were when they were chosen, and marks those it moved.
Parameters: @procedure_name  who was asked, for the events
            @requested_by    by whom, for the events; NULL is the login
            Table of the caller #candidate (app_id bigint, was varchar(11), attempts int, moved
            bit): was and attempts as chosen; moved is set to 1
Results:    none
Errors:     50002 a transaction is open
            50033 another retry or requeue did not end within 30 seconds
Called by:  usp_RetryFailed, usp_RequeueApps
Isolation:  READ COMMITTED, one transaction per 1000 applications, each under an application lock.
            Locks queue, reads log, writes event.
Example:    -- Not called by hand. As its callers do:
            EXEC [$(Schema)].[usp_QueueAgain]
                @procedure_name = N'usp_RetryFailed',
                @requested_by = NULL;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_QueueAgain]
    @procedure_name nvarchar(128),
    @requested_by nvarchar(128)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @lock_result int;
    DECLARE @from bigint;
    DECLARE @to bigint;
    DECLARE @tries int = 0;
    DECLARE @chunk TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        was varchar(11) NOT NULL,
        attempts int NOT NULL
    );
    DECLARE @inserted TABLE (app_id bigint NOT NULL PRIMARY KEY);
    DECLARE @moved TABLE
    (
        app_id bigint NOT NULL PRIMARY KEY,
        attempts int NOT NULL
    );

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_QueueAgain: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @from = (SELECT MIN(c.app_id) FROM #candidate AS c);

    WHILE @from IS NOT NULL
    BEGIN
        SET @now = SYSUTCDATETIME();
        DELETE FROM @chunk;
        DELETE FROM @inserted;
        DELETE FROM @moved;

        INSERT INTO @chunk
        (
            app_id,
            was,
            attempts
        )
        SELECT TOP (1000)
            c.app_id,
            c.was,
            c.attempts
        FROM #candidate AS c
        WHERE c.app_id >= @from
        ORDER BY c.app_id;

        SET @to = (SELECT MAX(c.app_id) FROM @chunk AS c);

        BEGIN TRY
            BEGIN TRANSACTION;

            EXEC @lock_result = sys.sp_getapplock
                @Resource = N'xmlshred $(Schema) queue again',
                @LockMode = 'Exclusive',
                @LockOwner = 'Transaction',
                @LockTimeout = 30000;

            IF @lock_result < 0
            BEGIN
                SET @message = CONCAT(
                    @procedure_name, N': another retry or requeue did not end within 30 seconds (sp_getapplock ',
                    @lock_result, N'). Call again.'
                );
                THROW 50033, @message, 1;
            END;

            -- Out of quarantine: its reaps are forgotten, as after any conclusion.
            UPDATE [$(Schema)].[processing_queue]
            SET
                state = 0,
                reaps = 0,
                lone_reaps = 0,
                available_at = @now
            OUTPUT inserted.app_id, inserted.attempts INTO @moved (app_id, attempts)
            WHERE state = 2
                AND app_id IN
                (
                    SELECT c.app_id
                    FROM @chunk AS c
                    WHERE c.was = 'quarantined'
                )
            OPTION (LOOP JOIN);

            INSERT INTO [$(Schema)].[processing_queue]
            (
                app_id,
                state,
                attempts,
                reaps,
                lone_reaps,
                document_bytes,
                available_at,
                enqueued_at
            )
            OUTPUT inserted.app_id INTO @inserted (app_id)
            SELECT
                c.app_id,
                0,
                c.attempts,
                0,
                0,
                COALESCE(DATALENGTH(s.[xml]), 0)
                * CASE WHEN @document_type IN (N'varchar', N'xml') THEN 2 ELSE 1 END,
                @now,
                @now
            FROM @chunk AS c
            LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON c.app_id = s.app_id
            WHERE c.was <> 'quarantined'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = c.app_id
                );

            -- A statement of its own, once the keys are ours: an application that went round
            -- meanwhile has a later log row than the one it was chosen by.
            DELETE FROM [$(Schema)].[processing_queue]
            WHERE app_id IN
            (
                SELECT i.app_id
                FROM @inserted AS i
                INNER JOIN @chunk AS c ON i.app_id = c.app_id
                WHERE NOT EXISTS
                    (
                        SELECT 1
                        FROM [$(Schema)].[processing_log] AS l
                        WHERE l.app_id = c.app_id
                            AND l.attempt = c.attempts
                            AND l.is_latest = 1
                            AND l.status = c.was
                    )
            );

            INSERT INTO @moved (app_id, attempts)
            SELECT
                q.app_id,
                q.attempts
            FROM @inserted AS i
            INNER JOIN [$(Schema)].[processing_queue] AS q ON i.app_id = q.app_id;

            INSERT INTO [$(Schema)].[processing_event]
            (
                occurred_at,
                event_type,
                app_id,
                attempt,
                login_name,
                detail
            )
            SELECT
                @now,
                'requeued',
                m.app_id,
                m.attempts,
                ORIGINAL_LOGIN(),
                CONCAT(
                    @procedure_name, N' by ', COALESCE(@requested_by, ORIGINAL_LOGIN()), N'; it was ', c.was,
                    N' (' + l.failure_category + N')'
                )
            FROM @moved AS m
            INNER JOIN @chunk AS c ON m.app_id = c.app_id
            LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt;

            UPDATE #candidate
            SET moved = 1
            WHERE app_id IN (SELECT m.app_id FROM @moved AS m);

            COMMIT TRANSACTION;

            SET @tries = 0;
            SET @from = (
                SELECT MIN(c.app_id)
                FROM #candidate AS c
                WHERE c.app_id > @to
            );
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            -- A deadlock, or an enqueue was ahead with one of these: the same chunk again.
            IF ERROR_NUMBER() NOT IN (1205, 2601, 2627) OR @tries >= 5
            BEGIN
                THROW;
            END;

            SET @tries += 1;
        END CATCH;
    END;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Sends failed or quarantined applications round again. The reaps of one that was
            quarantined are forgotten: it counts anew towards quarantine.
Parameters: Exactly one of
            @app_ids           a comma-separated list of ids; those that are neither failed nor
                               quarantined are left alone
            @failure_category  everything whose last attempt failed so, such as bad_value
            @fingerprint       everything whose last attempt failed with it, 16 characters
            @quarantined       Y: everything quarantined; default N
            @all               Y: everything failed or quarantined; default N
            and
            @Canary            at most this many, lowest ids first, 0 or more; default NULL, all
            @requested_by      for the events; default the login
            @Execute           Y: do it (default); N: only return what would be done
            @help              1: only say what the parameters are; default 0
Results:    one row per application, in order of id: app_id, was (failed, quarantined), attempts,
            failure_category, fingerprint, failure_reason
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50033 another retry or requeue did not end within 30 seconds
Called by:  operators; the executable (retry)
Isolation:  READ COMMITTED, one transaction per 1000 applications. Locks queue, reads log, writes
            event. Retries and requeues take turns.
Example:    EXEC [$(Schema)].[usp_RetryFailed] @failure_category = 'bad_value', @Execute = 'N';
            EXEC [$(Schema)].[usp_RetryFailed] @failure_category = 'bad_value', @Canary = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RetryFailed]
    @app_ids nvarchar(max) = NULL,
    @failure_category varchar(30) = NULL,
    @fingerprint char(16) = NULL,
    @quarantined char(1) = 'N',
    @all char(1) = 'N',
    @Canary bigint = NULL,
    @requested_by nvarchar(128) = NULL,
    @Execute char(1) = 'Y',
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @bad_entry nvarchar(40);

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'exactly one of', N'@app_ids, @failure_category, @fingerprint, @quarantined, @all'),
                (2, N'@app_ids', N'a comma-separated list of ids'),
                (3, N'@failure_category', N'everything whose last attempt failed so, such as bad_value'),
                (4, N'@fingerprint', N'everything with this cause, as vw_FailureFingerprints shows it'),
                (5, N'@quarantined', N'Y: everything quarantined; default N'),
                (6, N'@all', N'Y: everything failed or quarantined; default N'),
                (7, N'@Canary', N'at most this many, lowest ids first: see how they fare before sending the rest'),
                (8, N'@requested_by', N'for the events; default the login'),
                (9, N'@Execute', N'N: only return what would be done; default Y'),
                (10, N'answers', N'app_id, was, attempts, failure_category, fingerprint, failure_reason')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_RetryFailed: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        CASE
            WHEN @quarantined NOT IN ('Y', 'N') OR @quarantined IS NULL
                THEN N' @quarantined must be Y or N.'
        END,
        CASE WHEN @all NOT IN ('Y', 'N') OR @all IS NULL THEN N' @all must be Y or N.' END,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        CASE
            WHEN CASE WHEN @app_ids IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @failure_category IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @fingerprint IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @quarantined = 'Y' THEN 1 ELSE 0 END
                + CASE WHEN @all = 'Y' THEN 1 ELSE 0 END <> 1
                THEN N' Give exactly one of @app_ids, @failure_category, @fingerprint, @quarantined, @all.'
        END,
        CASE
            WHEN @bad_entry IS NOT NULL
                THEN CONCAT(N' @app_ids has an entry that is not an id: ', @bad_entry, N'.')
        END,
        CASE WHEN @Canary < 0 THEN N' @Canary must be 0 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_RetryFailed:' + @message;
        THROW 50001, @message, 1;
    END;

    CREATE TABLE #candidate
    (
        app_id bigint NOT NULL PRIMARY KEY,
        was varchar(11) NOT NULL,
        attempts int NOT NULL,
        moved bit NOT NULL
    );

    INSERT INTO #candidate
    (
        app_id,
        was,
        attempts,
        moved
    )
    SELECT TOP (COALESCE(@Canary, 9223372036854775807))
        u.app_id,
        u.was,
        u.attempts,
        0
    FROM
        (
            SELECT
                l.app_id,
                'failed' AS was,
                l.attempt AS attempts
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.is_latest = 1
                AND l.status = 'failed'
                AND @quarantined = 'N'
                AND (@failure_category IS NULL OR l.failure_category = @failure_category)
                AND (@fingerprint IS NULL OR l.fingerprint = @fingerprint)
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_queue] AS q
                    WHERE q.app_id = l.app_id
                )
            UNION ALL
            SELECT
                q.app_id,
                'quarantined' AS was,
                q.attempts
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.state = 2
                AND @failure_category IS NULL
                AND @fingerprint IS NULL
        ) AS u
    WHERE @app_ids IS NULL
        OR u.app_id IN (SELECT a.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS a)
    ORDER BY u.app_id
    OPTION (RECOMPILE);

    IF @Execute = 'Y'
    BEGIN
        EXEC [$(Schema)].[usp_QueueAgain]
            @procedure_name = N'usp_RetryFailed',
            @requested_by = @requested_by;
    END;

    SELECT
        c.app_id,
        c.was,
        c.attempts,
        l.failure_category,
        l.fingerprint,
        l.failure_reason
    FROM #candidate AS c
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt
    WHERE c.moved = 1
        OR @Execute = 'N'
    ORDER BY c.app_id;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Sends finished applications round again, whatever their last attempt came to. Their
            rows stay until the new attempt replaces them, so every target table of the installed
            contract must say on_existing = replace.
Parameters: Exactly one of
            @app_ids              a comma-separated list of ids; those that are not finished are
                                  left alone
            @app_id_start and     an inclusive range of ids
            @app_id_end
            @not_by_contract      32 bytes: everything concluded under another contract than this
            @changed_document     Y: everything whose source document no longer has the logged
                                  hash; reads and hashes every document. A source row
                                  that is gone is no change. Default N
            and
            @limit                at most this many, lowest ids first, 0 or more; default NULL, all
            @requested_by         for the events; default the login
            @Execute              Y: do it (default); N: only return what would be done
Results:    one row per application, in order of id: app_id, was (success, failed), attempts,
            failure_category
Errors:     50001 a parameter is wrong                50002 a transaction is open
            50020 no contract is installed            50030 the source table cannot be read
            50031 a target table does not say replace
            50033 another retry or requeue did not end within 30 seconds
Called by:  operators; the executable (requeue)
Isolation:  READ COMMITTED, one transaction per 1000 applications. Locks queue, reads log, writes
            event. Retries and requeues take turns.
Example:    EXEC [$(Schema)].[usp_RequeueApps] @app_ids = N'101, 102', @Execute = 'N';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_RequeueApps]
    @app_ids nvarchar(max) = NULL,
    @app_id_start bigint = NULL,
    @app_id_end bigint = NULL,
    @not_by_contract varbinary(64) = NULL,
    @changed_document char(1) = 'N',
    @limit bigint = NULL,
    @requested_by nvarchar(128) = NULL,
    @Execute char(1) = 'Y'
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();
    DECLARE @bad_entry nvarchar(40);
    DECLARE @installed_hash binary(32);
    DECLARE @table_name nvarchar(128);

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_RequeueApps: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @bad_entry = (
        SELECT TOP (1) l.entry
        FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS l
        WHERE l.app_id IS NULL
    );

    SET @message = CONCAT(
        CASE
            WHEN @changed_document NOT IN ('Y', 'N') OR @changed_document IS NULL
                THEN N' @changed_document must be Y or N.'
        END,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END,
        CASE
            WHEN CASE WHEN @app_ids IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @app_id_start IS NOT NULL OR @app_id_end IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @not_by_contract IS NOT NULL THEN 1 ELSE 0 END
                + CASE WHEN @changed_document = 'Y' THEN 1 ELSE 0 END <> 1
                THEN CONCAT(
                    N' Give exactly one of @app_ids, @app_id_start with @app_id_end,',
                    N' @not_by_contract, @changed_document.'
                )
        END,
        CASE
            WHEN (@app_id_start IS NULL AND @app_id_end IS NOT NULL)
                OR (@app_id_start IS NOT NULL AND @app_id_end IS NULL)
                THEN N' A range needs @app_id_start and @app_id_end.'
            WHEN @app_id_start > @app_id_end
                THEN N' @app_id_start must not be above @app_id_end.'
        END,
        CASE
            WHEN DATALENGTH(@not_by_contract) <> 32
                THEN N' @not_by_contract must be 32 bytes.'
        END,
        CASE
            WHEN @bad_entry IS NOT NULL
                THEN CONCAT(N' @app_ids has an entry that is not an id: ', @bad_entry, N'.')
        END,
        CASE WHEN @limit < 0 THEN N' @limit must be 0 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_RequeueApps:' + @message;
        THROW 50001, @message, 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = CONCAT(
            N'[$(SourceSchema)].[$(SourceTable)] has no column xml of type nvarchar, varchar, varbinary or xml that',
            N' this login may see: check the name, the type, and that its role has VIEW DEFINITION on the table.'
        );
        THROW 50030, @message, 1;
    END;

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at IS NULL;

    IF @installed_hash IS NULL
    BEGIN
        THROW 50020, N'No contract is installed: run xmlshred install with one.', 1;
    END;

    SET @table_name = (
        SELECT TOP (1) t.table_name
        FROM [$(Schema)].[processing_contract_table] AS t
        WHERE t.contract_hash = @installed_hash
            AND t.on_existing <> 'replace'
        ORDER BY t.table_ordinal
    );

    IF @table_name IS NOT NULL
    BEGIN
        SET @message = CONCAT(
            N'Table ', @table_name, N' does not say on_existing = "replace" in the installed contract, so finished',
            N' applications cannot be done again: their rows would be there twice.'
        );
        THROW 50031, @message, 1;
    END;

    CREATE TABLE #candidate
    (
        app_id bigint NOT NULL PRIMARY KEY,
        was varchar(11) NOT NULL,
        attempts int NOT NULL,
        moved bit NOT NULL
    );

    INSERT INTO #candidate
    (
        app_id,
        was,
        attempts,
        moved
    )
    SELECT TOP (COALESCE(@limit, 9223372036854775807))
        l.app_id,
        l.status,
        l.attempt,
        0
    FROM [$(Schema)].[processing_log] AS l
    LEFT OUTER JOIN [$(SourceSchema)].[$(SourceTable)] AS s ON l.app_id = s.app_id AND @changed_document = 'Y'
    WHERE l.is_latest = 1
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
        AND (@app_id_start IS NULL OR l.app_id BETWEEN @app_id_start AND @app_id_end)
        AND (@not_by_contract IS NULL OR l.contract_hash <> @not_by_contract)
        AND (
            @app_ids IS NULL
            OR l.app_id IN (SELECT a.app_id FROM [$(Schema)].[ufn_AppIdList](@app_ids) AS a)
        )
        AND (
            @changed_document = 'N'
            OR (
                s.app_id IS NOT NULL
                AND COALESCE(l.source_hash, 0x)
                <> COALESCE(
                    HASHBYTES(
                        'SHA2_256',
                        CASE
                            WHEN @document_type = N'varbinary' THEN CONVERT(varbinary(max), s.[xml])
                            ELSE CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[xml]))
                        END
                    ),
                    0x
                )
            )
        )
    ORDER BY l.app_id
    OPTION (RECOMPILE);

    IF @Execute = 'Y'
    BEGIN
        EXEC [$(Schema)].[usp_QueueAgain]
            @procedure_name = N'usp_RequeueApps',
            @requested_by = @requested_by;
    END;

    SELECT
        c.app_id,
        c.was,
        c.attempts,
        l.failure_category
    FROM #candidate AS c
    LEFT OUTER JOIN [$(Schema)].[processing_log] AS l ON c.app_id = l.app_id AND c.attempts = l.attempt
    WHERE c.moved = 1
        OR @Execute = 'N'
    ORDER BY c.app_id;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Deletes what is old and no longer says how things stand: superseded attempts, events,
            ended sessions, and throughput by the minute. Never an application's last log
            row: enqueueing would take finished work again.
Parameters: @older_than_seconds  age of what may go, 0 or more, default 7776000 (90 days)
            @chunk_size          rows per transaction, 1 to 4000, default 1000
            @Execute             Y: do it (default); N: only count
            @help                1: only say what the parameters are; default 0
Results:    one row: attempts_purged, events_purged, sessions_purged
Errors:     50001 a parameter is wrong   50002 a transaction is open
Called by:  the Agent job Purge; by hand
Isolation:  READ COMMITTED, one transaction per chunk. Locks log; then event; then session.
Example:    EXEC [$(Schema)].[usp_PurgeLog] @older_than_seconds = 2592000, @Execute = 'N';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_PurgeLog]
    @older_than_seconds int = 7776000,
    @chunk_size int = 1000,
    @Execute char(1) = 'Y',
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 30000;
    SET DEADLOCK_PRIORITY LOW;

    DECLARE @message nvarchar(2048);
    DECLARE @before datetime2(3);
    DECLARE @purged int;
    DECLARE @attempts_purged bigint = 0;
    DECLARE @events_purged bigint = 0;
    DECLARE @sessions_purged bigint = 0;
    DECLARE @attempt TABLE
    (
        app_id bigint NOT NULL,
        attempt int NOT NULL,
        PRIMARY KEY (app_id, attempt)
    );
    DECLARE @event TABLE (event_id bigint NOT NULL PRIMARY KEY);
    DECLARE @session TABLE (session_id uniqueidentifier NOT NULL PRIMARY KEY);

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@older_than_seconds', N'age of what may go; default 7776000, 90 days'),
                (2, N'@chunk_size', N'rows per transaction, 1 to 4000; default 1000'),
                (3, N'@Execute', N'N: only count; default Y'),
                (4, N'answers', N'attempts_purged, events_purged, sessions_purged')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_PurgeLog: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    SET @message = CONCAT(
        CASE
            WHEN COALESCE(@older_than_seconds, -1) < 0
                THEN N' @older_than_seconds must be 0 or more.'
        END,
        CASE
            WHEN COALESCE(@chunk_size, 0) NOT BETWEEN 1 AND 4000
                THEN CONCAT(
                    N' @chunk_size must be 1 to 4000, not ',
                    COALESCE(CONVERT(nvarchar(11), @chunk_size), N'NULL'), N'.'
                )
        END,
        CASE WHEN @Execute NOT IN ('Y', 'N') OR @Execute IS NULL THEN N' @Execute must be Y or N.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_PurgeLog:' + @message;
        THROW 50001, @message, 1;
    END;

    SET @before = DATEADD(SECOND, -@older_than_seconds, SYSUTCDATETIME());

    IF @Execute = 'N'
    BEGIN
        SELECT @attempts_purged = COUNT_BIG(*)
        FROM [$(Schema)].[processing_log] AS l
        WHERE l.is_latest = 0
            AND l.processed_at < @before;

        SELECT @events_purged = COUNT_BIG(*)
        FROM [$(Schema)].[processing_event] AS e
        WHERE e.occurred_at < @before;

        SELECT @sessions_purged = COUNT_BIG(*)
        FROM [$(Schema)].[processing_session] AS s
        WHERE s.ended_at < @before
            AND NOT EXISTS
            (
                SELECT 1
                FROM [$(Schema)].[processing_claim] AS c
                WHERE c.session_id = s.session_id
            );

        SELECT
            @attempts_purged AS attempts_purged,
            @events_purged AS events_purged,
            @sessions_purged AS sessions_purged;

        RETURN;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        BEGIN TRY
            DELETE FROM @attempt;

            BEGIN TRANSACTION;

            INSERT INTO @attempt (app_id, attempt)
            SELECT TOP (@chunk_size)
                l.app_id,
                l.attempt
            FROM [$(Schema)].[processing_log] AS l
            WHERE l.is_latest = 0
                AND l.processed_at < @before;

            DELETE FROM [$(Schema)].[processing_log_rows]
            WHERE EXISTS
            (
                SELECT 1
                FROM @attempt AS a
                WHERE a.app_id = [processing_log_rows].app_id
                    AND a.attempt = [processing_log_rows].attempt
            );

            DELETE FROM [$(Schema)].[processing_log]
            WHERE is_latest = 0
                AND EXISTS
                (
                    SELECT 1
                    FROM @attempt AS a
                    WHERE a.app_id = [processing_log].app_id
                        AND a.attempt = [processing_log].attempt
                );

            SET @purged = @@ROWCOUNT;

            COMMIT TRANSACTION;

            SET @attempts_purged += @purged;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            THROW;
        END CATCH;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        DELETE FROM @event;

        -- Events are written in order of time, so the oldest have the lowest ids.
        INSERT INTO @event (event_id)
        SELECT o.event_id
        FROM
            (
                SELECT TOP (@chunk_size)
                    e.event_id,
                    e.occurred_at
                FROM [$(Schema)].[processing_event] AS e
                ORDER BY e.event_id
            ) AS o
        WHERE o.occurred_at < @before;

        DELETE FROM [$(Schema)].[processing_event]
        WHERE event_id IN (SELECT e.event_id FROM @event AS e);

        SET @purged = @@ROWCOUNT;
        SET @events_purged += @purged;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        DELETE TOP (@chunk_size) FROM [$(Schema)].[processing_throughput]
        WHERE minute_utc < @before;

        SET @purged = @@ROWCOUNT;
    END;

    SET @purged = 1;

    WHILE @purged > 0
    BEGIN
        BEGIN TRY
            DELETE FROM @session;

            BEGIN TRANSACTION;

            INSERT INTO @session (session_id)
            SELECT TOP (@chunk_size) s.session_id
            FROM [$(Schema)].[processing_session] AS s WITH (UPDLOCK)
            WHERE s.ended_at < @before
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [$(Schema)].[processing_claim] AS c
                    WHERE c.session_id = s.session_id
                );

            DELETE FROM [$(Schema)].[processing_throughput]
            WHERE session_id IN (SELECT s.session_id FROM @session AS s);

            DELETE FROM [$(Schema)].[processing_session]
            WHERE session_id IN (SELECT s.session_id FROM @session AS s);

            SET @purged = @@ROWCOUNT;

            COMMIT TRANSACTION;

            SET @sessions_purged += @purged;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0
            BEGIN
                ROLLBACK TRANSACTION;
            END;

            THROW;
        END CATCH;
    END;

    SELECT
        @attempts_purged AS attempts_purged,
        @events_purged AS events_purged,
        @sessions_purged AS sessions_purged;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    How things stand, for people and for the executable's status.
Parameters: @help  1: only say what the answers are; default 0
Results:    1. one row: source_rows, ready, claimed, quarantined, success, failed, and paused_at,
               paused_by, pause_reason, which are NULL unless claiming is paused.
               Every enqueued application is in one of the five; while workers run the counts
               are taken one after the other. Rows of source and target tables come from the
               catalog: at once, and exact but for what is being written.
            2. failed by category, largest first: failure_category, app_count
            3. target tables of the installed contract in load order: table_ordinal, table_name,
               row_count
            4. claims held now: claim_token, worker_name, host_name, app_count, age_ms,
               remaining_ms (negative: may be reaped), renewals
            5. the newest 50 sessions: session_id, worker_name, host_name, started_at,
               last_seen_at, ended_at, exit_status, claimed, succeeded, failed, released, reaped
Errors:     none
Called by:  the executable (status); by hand
Isolation:  READ COMMITTED. Counting the log is one pass over the narrow index
            IX_processing_log_latest.
Example:    EXEC [$(Schema)].[usp_GetStatus];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_GetStatus]
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @source_rows bigint;
    DECLARE @ready bigint;
    DECLARE @claimed bigint;
    DECLARE @quarantined bigint;
    DECLARE @success bigint;
    DECLARE @failed bigint;

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'answers', N'1. where every application is, and whether claiming is paused'),
                (2, N'answers', N'2. failures by category  3. rows of the target tables'),
                (3, N'answers', N'4. claims held now  5. the newest sessions')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    CREATE TABLE #target_count
    (
        table_ordinal int NOT NULL PRIMARY KEY,
        row_count bigint NOT NULL
    );

    SELECT @source_rows = CONVERT(bigint, SUM(p.rows))
    FROM sys.partitions AS p
    WHERE p.object_id = OBJECT_ID(N'[$(SourceSchema)].[$(SourceTable)]')
        AND p.index_id IN (0, 1);

    INSERT INTO #target_count (table_ordinal, row_count)
    SELECT
        t.table_ordinal,
        CONVERT(bigint, SUM(p.rows))
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    INNER JOIN sys.partitions AS p
        ON p.object_id = OBJECT_ID(QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name))
            AND p.index_id IN (0, 1)
    WHERE c.retired_at IS NULL
    GROUP BY t.table_ordinal;

    SELECT
        @ready = COALESCE(SUM(CASE WHEN q.state = 0 THEN 1 ELSE 0 END), 0),
        @claimed = COALESCE(SUM(CASE WHEN q.state = 1 THEN 1 ELSE 0 END), 0),
        @quarantined = COALESCE(SUM(CASE WHEN q.state = 2 THEN 1 ELSE 0 END), 0)
    FROM [$(Schema)].[processing_queue] AS q;

    SELECT
        @success = COALESCE(SUM(CASE WHEN l.status = 'success' THEN 1 ELSE 0 END), 0),
        @failed = COALESCE(SUM(CASE WHEN l.status = 'failed' THEN 1 ELSE 0 END), 0)
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.is_latest = 1
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        );

    SELECT
        COALESCE(@source_rows, 0) AS source_rows,
        @ready AS ready,
        @claimed AS claimed,
        @quarantined AS quarantined,
        @success AS success,
        @failed AS failed,
        (
            SELECT p.paused_at
            FROM [$(Schema)].[processing_pause] AS p
            WHERE p.resumed_at IS NULL
        ) AS paused_at,
        (
            SELECT p.paused_by
            FROM [$(Schema)].[processing_pause] AS p
            WHERE p.resumed_at IS NULL
        ) AS paused_by,
        (
            SELECT p.reason
            FROM [$(Schema)].[processing_pause] AS p
            WHERE p.resumed_at IS NULL
        ) AS pause_reason;

    SELECT
        l.failure_category,
        COUNT_BIG(*) AS app_count
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.is_latest = 1
        AND l.status = 'failed'
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
    GROUP BY l.failure_category
    ORDER BY
        app_count DESC,
        l.failure_category ASC;

    SELECT
        t.table_ordinal,
        t.table_name,
        COALESCE(n.row_count, 0) AS row_count
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    LEFT OUTER JOIN #target_count AS n ON t.table_ordinal = n.table_ordinal
    WHERE c.retired_at IS NULL
    ORDER BY t.table_ordinal;

    SELECT
        a.claim_token,
        a.worker_name,
        a.host_name,
        a.app_count,
        a.age_ms,
        a.remaining_ms,
        a.renewals
    FROM [$(Schema)].[vw_ActiveClaims] AS a
    ORDER BY a.age_ms DESC;

    SELECT TOP (50)
        s.session_id,
        s.worker_name,
        s.host_name,
        s.started_at,
        s.last_seen_at,
        s.ended_at,
        s.exit_status,
        s.claimed,
        s.succeeded,
        s.failed,
        s.released,
        s.reaped
    FROM [$(Schema)].[processing_session] AS s
    ORDER BY
        s.started_at DESC,
        s.session_id ASC;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Pauses claiming: from now on usp_ClaimBatch hands out nothing and answers paused, with
            who and why. What is claimed is finished as ever. Pausing twice keeps the first pause.
Parameters: @reason        why, 1 to 400 characters; everybody who asks is shown it
            @requested_by  by whom; default the login
            @help          1: only say what the parameters are; default 0
Results:    one row: pause_status (paused, already_paused), paused_at, paused_by, reason
Errors:     50001 a parameter is wrong   50002 a transaction is open
            50033 another pause or resume did not end within 10 seconds
Called by:  operators; the executable (pause)
Isolation:  READ COMMITTED, one transaction under an application lock. Writes processing_pause,
            which no other procedure locks.
Example:    EXEC [$(Schema)].[usp_Pause] @reason = N'storage is being moved';
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Pause]
    @reason nvarchar(400) = NULL,
    @requested_by nvarchar(128) = NULL,
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @message nvarchar(2048);
    DECLARE @lock_result int;
    DECLARE @pause_id int;
    DECLARE @pause_status varchar(14) = 'already_paused';

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@reason', N'why claiming is paused, 1 to 400 characters; shown to everybody who asks'),
                (2, N'@requested_by', N'by whom; default the login'),
                (3, N'answers', N'pause_status (paused, already_paused), paused_at, paused_by, reason')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_Pause: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    IF LTRIM(RTRIM(COALESCE(@reason, N''))) = N''
    BEGIN
        THROW 50001, N'usp_Pause: @reason is missing: say why, for whoever finds nothing being processed.', 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        EXEC @lock_result = sys.sp_getapplock
            @Resource = N'xmlshred $(Schema) pause',
            @LockMode = 'Exclusive',
            @LockOwner = 'Transaction',
            @LockTimeout = 10000;

        IF @lock_result < 0
        BEGIN
            SET @message = CONCAT(
                N'usp_Pause: another pause or resume did not end within 10 seconds (sp_getapplock ',
                @lock_result, N'). Call again.'
            );
            THROW 50033, @message, 1;
        END;

        SELECT @pause_id = p.pause_id
        FROM [$(Schema)].[processing_pause] AS p
        WHERE p.resumed_at IS NULL;

        IF @pause_id IS NULL
        BEGIN
            INSERT INTO [$(Schema)].[processing_pause]
            (
                paused_at,
                paused_by,
                reason
            )
            VALUES
            (
                SYSUTCDATETIME(),
                COALESCE(@requested_by, ORIGINAL_LOGIN()),
                @reason
            );

            SET @pause_status = 'paused';
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        THROW;
    END CATCH;

    SELECT
        @pause_status AS pause_status,
        p.paused_at,
        p.paused_by,
        p.reason
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.resumed_at IS NULL;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Ends a pause: usp_ClaimBatch hands out work again. Resuming what is not paused changes
            nothing.
Parameters: @requested_by  by whom; default the login
            @help          1: only say what the parameters are; default 0
Results:    one row: resume_status (resumed, not_paused), and of the pause that ended paused_at,
            paused_by, reason, which are NULL when nothing was paused
Errors:     50002 a transaction is open
            50033 another pause or resume did not end within 10 seconds
Called by:  operators; the executable (resume)
Isolation:  READ COMMITTED, one transaction under an application lock. Writes processing_pause,
            which no other procedure locks.
Example:    EXEC [$(Schema)].[usp_Resume];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Resume]
    @requested_by nvarchar(128) = NULL,
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @message nvarchar(2048);
    DECLARE @lock_result int;
    DECLARE @pause_id int;
    DECLARE @paused_at datetime2(3);
    DECLARE @paused_by nvarchar(128);
    DECLARE @reason nvarchar(400);

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@requested_by', N'who resumes; default the login'),
                (2, N'answers', N'resume_status (resumed, not_paused), paused_at, paused_by, reason')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        THROW 50002, N'usp_Resume: a transaction is open; commit or roll it back, then call again.', 1;
    END;

    BEGIN TRY
        BEGIN TRANSACTION;

        EXEC @lock_result = sys.sp_getapplock
            @Resource = N'xmlshred $(Schema) pause',
            @LockMode = 'Exclusive',
            @LockOwner = 'Transaction',
            @LockTimeout = 10000;

        IF @lock_result < 0
        BEGIN
            SET @message = CONCAT(
                N'usp_Resume: another pause or resume did not end within 10 seconds (sp_getapplock ',
                @lock_result, N'). Call again.'
            );
            THROW 50033, @message, 1;
        END;

        SELECT
            @pause_id = p.pause_id,
            @paused_at = p.paused_at,
            @paused_by = p.paused_by,
            @reason = p.reason
        FROM [$(Schema)].[processing_pause] AS p
        WHERE p.resumed_at IS NULL;

        UPDATE [$(Schema)].[processing_pause]
        SET
            resumed_at = SYSUTCDATETIME(),
            resumed_by = COALESCE(@requested_by, ORIGINAL_LOGIN())
        WHERE pause_id = @pause_id;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
        BEGIN
            ROLLBACK TRANSACTION;
        END;

        THROW;
    END CATCH;

    SELECT
        CASE WHEN @pause_id IS NULL THEN 'not_paused' ELSE 'resumed' END AS resume_status,
        @paused_at AS paused_at,
        @paused_by AS paused_by,
        @reason AS reason;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    One application's whole life, in order: when it was enqueued, every claim and by whom,
            renewals, what was given back or reaped, each attempt's outcome with the place in the
            document and the rows it wrote, who sent it round again, and how it stands now.
Parameters: @app_id  the application
            @help    1: only say what the parameters are; default 0
Results:    one row per event in order of time: occurred_at (UTC), event_type, attempt, worker_name,
            host_name, detail, claim_token. event_type is
            enqueued, claimed, renewed (once per claim), released, reaped, quarantined, requeued
            success, failed  an attempt was concluded; detail says why it failed and where
            wrote            one per target table that a successful attempt wrote to
            now              the last row: where it is at this moment, and what happens next
            An application that is nowhere has the one row now
Errors:     50001 a parameter is wrong
Called by:  people; the executable (explain)
Isolation:  READ COMMITTED; seeks the queue, the log and the events of this application and of the
            claims it was in. Events that were purged are missing; the attempts' outcomes are not
Example:    EXEC [$(Schema)].[usp_ExplainApp] @app_id = 101;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ExplainApp]
    @app_id bigint = NULL,
    @help bit = 0
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
    DECLARE @available_at datetime2(3);
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
        occurred_at datetime2(3) NOT NULL,
        ordinal tinyint NOT NULL,
        event_type varchar(11) NOT NULL,
        attempt int NULL,
        session_id uniqueidentifier NULL,
        detail nvarchar(3800) NULL,
        claim_token uniqueidentifier NULL
    );

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@app_id', N'the application whose life is told'),
                (2, N'answers', N'occurred_at, event_type, attempt, worker_name, host_name, detail, claim_token'),
                (3, N'event_type', N'enqueued, claimed, renewed, released, reaped, quarantined, requeued, success,'
                    + N' failed, wrote, and last of all now')
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
        @available_at = q.available_at,
        @enqueued_at = q.enqueued_at,
        @document_bytes = q.document_bytes
    FROM [$(Schema)].[processing_queue] AS q
    WHERE q.app_id = @app_id;

    SELECT
        @last_status = l.status,
        @last_category = l.failure_category
    FROM [$(Schema)].[processing_log] AS l
    WHERE l.app_id = @app_id
        AND l.is_latest = 1;

    SELECT
        @first_enqueued_at = MIN(l.enqueued_at),
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
    WHERE p.resumed_at IS NULL;

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
        occurred_at,
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
        occurred_at,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        e.occurred_at,
        1,
        'claimed',
        c.attempt,
        e.session_id,
        CONCAT(N'in a batch of ', e.app_count),
        e.claim_token
    FROM @claim AS c
    INNER JOIN [$(Schema)].[processing_event] AS e ON c.claim_token = e.claim_token
    WHERE e.event_type = 'claimed';

    -- Events may have been purged; the log still knows when and by whom.
    INSERT INTO @life
    (
        occurred_at,
        ordinal,
        event_type,
        attempt,
        session_id,
        claim_token
    )
    SELECT
        l.claimed_at,
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
        occurred_at,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        r.last_at,
        2,
        'renewed',
        r.attempt,
        r.session_id,
        CONCAT(N'the last of ', r.renewals, N' times'),
        r.claim_token
    FROM
        (
            SELECT
                c.claim_token,
                c.attempt,
                e.session_id,
                COUNT_BIG(*) AS renewals,
                MAX(e.occurred_at) AS last_at
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
        occurred_at,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        e.occurred_at,
        CASE e.event_type WHEN 'requeued' THEN 7 WHEN 'quarantined' THEN 4 ELSE 3 END,
        e.event_type,
        e.attempt,
        e.session_id,
        e.detail,
        e.claim_token
    FROM [$(Schema)].[processing_event] AS e
    WHERE e.app_id = @app_id;

    INSERT INTO @life
    (
        occurred_at,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        l.processed_at,
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
        occurred_at,
        ordinal,
        event_type,
        attempt,
        session_id,
        detail,
        claim_token
    )
    SELECT
        l.processed_at,
        6,
        'wrote',
        l.attempt,
        l.session_id,
        CONCAT(r.row_count, N' rows to ', t.schema_name, N'.', t.table_name),
        l.claim_token
    FROM [$(Schema)].[processing_log] AS l
    INNER JOIN [$(Schema)].[processing_log_rows] AS r ON l.app_id = r.app_id AND l.attempt = r.attempt
    INNER JOIN [$(Schema)].[processing_contract_table] AS t
        ON l.contract_hash = t.contract_hash AND r.table_ordinal = t.table_ordinal
    WHERE l.app_id = @app_id;

    INSERT INTO @life
    (
        occurred_at,
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
            WHEN @state = 0 AND @available_at > @now
                THEN CONCAT(N'ready from ', CONVERT(nvarchar(23), @available_at, 121), N' UTC on')
            WHEN @state = 0 AND @reaps > 0
                THEN CONCAT(N'ready; reaped ', @reaps, N' times, so it goes out in a smaller batch')
            WHEN @state = 0 THEN N'ready: the next worker that comes to it takes it'
            WHEN @state = 1
                THEN CONCAT(
                    N'claimed; the lease ends in ',
                    (
                        SELECT DATEDIFF_BIG(SECOND, @now, c.lease_expires_at)
                        FROM [$(Schema)].[processing_claim] AS c
                        WHERE c.claim_token = @held_token
                    ),
                    N' seconds unless it is renewed'
                )
            WHEN @state = 2
                THEN CONCAT(
                    N'quarantined; mend the cause, then usp_RetryFailed @app_ids = N''', @app_id, N''''
                )
            WHEN @last_status = 'success' THEN N'finished'
            WHEN @last_status = 'failed'
                THEN CONCAT(
                    N'failed (', @last_category, N'); mend the cause, then usp_RetryFailed @app_ids = N''',
                    @app_id, N''''
                )
            WHEN @in_source = 1 THEN N'in the source table, but not enqueued: run usp_EnqueueApps'
            ELSE N'unknown: not in the source table, the queue or the log'
        END,
        @held_token;

    SELECT
        k.occurred_at,
        k.event_type,
        k.attempt,
        s.worker_name,
        s.host_name,
        k.detail,
        k.claim_token
    FROM @life AS k
    LEFT OUTER JOIN [$(Schema)].[processing_session] AS s ON k.session_id = s.session_id
    ORDER BY
        k.occurred_at ASC,
        CASE WHEN k.event_type = 'now' THEN 1 ELSE 0 END ASC,
        COALESCE(k.attempt, 0) ASC,
        k.ordinal ASC;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    The applications that failed and are not queued again, a page at a time, with all that
            is known of each failure.
Parameters: @failure_category  only these; default NULL, all
            @fingerprint       only these, 16 characters; default NULL, all
            @after_app_id      only ids above this: the last one of the page before; default NULL
            @page_size         at most this many, 1 to 10000, default 1000
            @help              1: only say what the parameters are; default 0
Results:    one row per application, in order of id: app_id, attempt, failure_category,
            failure_table, failure_column, failure_path, failure_line, failure_column_number,
            failure_value, failure_reason, fingerprint, error_number, processed_at, worker_name,
            document_bytes, source_hash, contract_hash
Errors:     50001 a parameter is wrong
Called by:  the executable (export-failed); by hand
Isolation:  READ COMMITTED; reads the failed part of IX_processing_log_latest
Example:    EXEC [$(Schema)].[usp_ListFailures] @failure_category = 'bad_value', @page_size = 10;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ListFailures]
    @failure_category varchar(30) = NULL,
    @fingerprint char(16) = NULL,
    @after_app_id bigint = NULL,
    @page_size int = 1000,
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@failure_category', N'only failures of this category; default all'),
                (2, N'@fingerprint', N'only failures with this fingerprint, 16 characters; default all'),
                (3, N'@after_app_id', N'only ids above this: the last one of the page before'),
                (4, N'@page_size', N'at most this many, 1 to 10000, default 1000'),
                (5, N'answers', N'one row per application, in order of id, with all that is known of its failure')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF COALESCE(@page_size, 0) NOT BETWEEN 1 AND 10000
    BEGIN
        THROW 50001, N'usp_ListFailures: @page_size must be 1 to 10000.', 1;
    END;

    SELECT TOP (@page_size)
        l.app_id,
        l.attempt,
        l.failure_category,
        l.failure_table,
        l.failure_column,
        l.failure_path,
        l.failure_line,
        l.failure_column_number,
        l.failure_value,
        l.failure_reason,
        l.fingerprint,
        l.error_number,
        l.processed_at,
        s.worker_name,
        l.document_bytes,
        l.source_hash,
        l.contract_hash
    FROM [$(Schema)].[processing_log] AS l
    LEFT OUTER JOIN [$(Schema)].[processing_session] AS s ON l.session_id = s.session_id
    WHERE l.is_latest = 1
        AND l.status = 'failed'
        AND (@failure_category IS NULL OR l.failure_category = @failure_category)
        AND (@fingerprint IS NULL OR l.fingerprint = @fingerprint)
        AND (@after_app_id IS NULL OR l.app_id > @after_app_id)
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_queue] AS q
            WHERE q.app_id = l.app_id
        )
    ORDER BY l.app_id
    OPTION (RECOMPILE);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    What is wrong or soon will be, with the statement that mends it. No rows: all is well.
Parameters: @backlog_hours     work that was ready for longer than this is a finding, 1 or more,
                               default 24
            @failure_percent   more failures than this among what was concluded in the last hour is
                               a finding, 0 to 100, default 5; fewer than 20 applications are no
                               rate
            @stale_seconds     a lease that ended longer ago than this was not reaped, 0 or more,
                               default 300
            @retention_days    events older than this and a week should have been purged, 1 or more,
                               default 90
            @clock_skew_ms     a worker's clock may differ from the database's by so many
                               milliseconds, 1 or more, default 60000
            @help              1: only say what the parameters are; default 0
Results:    one row per finding, most urgent first: priority (1 now: work stands still or is wrong;
            2 today; 3 when convenient), finding, detail (the figures), why (it matters), fix (a
            statement, or what to do). None is no row
Errors:     50001 a parameter is wrong
Called by:  the Agent job Health; people; the executable (doctor)
Isolation:  READ COMMITTED. Reads catalog views, the queue's index, sessions, an hour of throughput
            and the oldest event: never the whole log. What Agent has is read where agent-jobs/ has
            installed vw_AgentJobs
Example:    EXEC [$(Schema)].[usp_HealthCheck];
            EXEC [$(Schema)].[usp_HealthCheck] @backlog_hours = 4, @failure_percent = 1;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_HealthCheck]
    @backlog_hours int = 24,
    @failure_percent decimal(5, 2) = 5,
    @stale_seconds int = 300,
    @retention_days int = 90,
    @clock_skew_ms bigint = 60000,
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @message nvarchar(2048);
    DECLARE @now datetime2(3) = SYSUTCDATETIME();
    DECLARE @live_since datetime2(3) = DATEADD(HOUR, -1, SYSUTCDATETIME());
    DECLARE @installed_hash binary(32);
    DECLARE @active_claims bigint;
    DECLARE @statement nvarchar(max);

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@backlog_hours', N'work that was ready for longer is a finding; default 24'),
                (2, N'@failure_percent', N'more failures in the last hour are a finding; default 5'),
                (3, N'@stale_seconds', N'a lease that ended longer ago was not reaped; default 300'),
                (4, N'@retention_days', N'older events, by a week, were not purged; default 90'),
                (5, N'@clock_skew_ms', N'a worker''s clock may differ by so many milliseconds; default 60000'),
                (6, N'answers', N'priority (1 now, 2 today, 3 when convenient), finding, detail, why, fix')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    SET @message = CONCAT(
        CASE WHEN COALESCE(@backlog_hours, 0) < 1 THEN N' @backlog_hours must be 1 or more.' END,
        CASE
            WHEN COALESCE(@failure_percent, -1) NOT BETWEEN 0 AND 100
                THEN N' @failure_percent must be 0 to 100.'
        END,
        CASE WHEN COALESCE(@stale_seconds, -1) < 0 THEN N' @stale_seconds must be 0 or more.' END,
        CASE WHEN COALESCE(@retention_days, 0) < 1 THEN N' @retention_days must be 1 or more.' END,
        CASE WHEN COALESCE(@clock_skew_ms, 0) < 1 THEN N' @clock_skew_ms must be 1 or more.' END
    );

    IF @message <> N''
    BEGIN
        SET @message = N'usp_HealthCheck:' + @message;
        THROW 50001, @message, 1;
    END;

    CREATE TABLE #finding
    (
        priority tinyint NOT NULL,
        finding nvarchar(60) NOT NULL,
        detail nvarchar(1000) NULL,
        why nvarchar(400) NULL,
        fix nvarchar(1000) NULL
    );

    SELECT @installed_hash = c.contract_hash
    FROM [$(Schema)].[processing_contract] AS c
    WHERE c.retired_at IS NULL;

    SELECT @active_claims = COUNT_BIG(*)
    FROM [$(Schema)].[processing_claim] AS c
    WHERE c.lease_expires_at >= @now;

    -- The database and what is installed in it.
    IF CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) = N'READ_ONLY'
    BEGIN
        INSERT INTO #finding
        (
            priority,
            finding,
            detail,
            why,
            fix
        )
        VALUES
        (
            3,
            N'not the primary',
            CONCAT(N'database ', DB_NAME(), N' is read-only here'),
            N'workers and jobs do nothing on a secondary replica; ask on the primary how things stand',
            N'connect to the availability group''s listener'
        );
    END;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        3,
        N'readers wait for writers',
        CONCAT(N'database ', d.name, N' has READ_COMMITTED_SNAPSHOT OFF'),
        N'a view that is read while batches commit waits for their locks, and they for it',
        N'ALTER DATABASE ' + QUOTENAME(d.name) + N' SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;'
        + N' -- ends every session of the database: in a quiet minute'
    FROM sys.databases AS d
    WHERE d.name = DB_NAME()
        AND d.is_read_committed_snapshot_on = 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'index missing or disabled',
        CONCAT(w.index_name, N' on ', w.table_name),
        N'claiming, completing and the views seek it; without it each of them reads the table',
        CASE
            WHEN EXISTS
                (
                    SELECT 1
                    FROM sys.indexes AS d
                    WHERE d.object_id = OBJECT_ID(N'[$(Schema)].[' + w.table_name + N']')
                        AND d.name = w.index_name
                        AND d.is_disabled = 1
                )
                THEN N'ALTER INDEX ' + w.index_name + N' ON [$(Schema)].[' + w.table_name + N'] REBUILD;'
            ELSE w.fix
        END
    FROM
        (
            VALUES
            (
                N'processing_queue', N'IX_processing_queue_claim', N'state', N'claim_token',
                N'CREATE INDEX IX_processing_queue_claim ON [$(Schema)].[processing_queue]'
                + N' (state, claim_token, reaps, app_id) INCLUDE (document_bytes, available_at)'
                + N' WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_log', N'IX_processing_log_latest', N'is_latest', N'status',
                N'CREATE INDEX IX_processing_log_latest ON [$(Schema)].[processing_log]'
                + N' (is_latest, status, failure_category, fingerprint) INCLUDE (processed_at)'
                + N' WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_log', N'IX_processing_log_processed', N'status', N'processed_at',
                N'CREATE INDEX IX_processing_log_processed ON [$(Schema)].[processing_log]'
                + N' (status, processed_at) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_log', N'IX_processing_log_claim', N'claim_token', NULL,
                N'CREATE INDEX IX_processing_log_claim ON [$(Schema)].[processing_log]'
                + N' (claim_token) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_event', N'IX_processing_event_app', N'app_id', NULL,
                N'CREATE INDEX IX_processing_event_app ON [$(Schema)].[processing_event]'
                + N' (app_id) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_event', N'IX_processing_event_claim', N'claim_token', NULL,
                N'CREATE INDEX IX_processing_event_claim ON [$(Schema)].[processing_event]'
                + N' (claim_token) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_session', N'IX_processing_session_started', N'started_at', NULL,
                N'CREATE INDEX IX_processing_session_started ON [$(Schema)].[processing_session]'
                + N' (started_at) WITH (ALLOW_PAGE_LOCKS = OFF);'
            ),
            (
                N'processing_throughput', N'IX_processing_throughput_minute', N'minute_utc', NULL,
                N'CREATE INDEX IX_processing_throughput_minute ON [$(Schema)].[processing_throughput]'
                + N' (minute_utc) WITH (ALLOW_PAGE_LOCKS = OFF);'
            )
        ) AS w(table_name, index_name, first_column, second_column, fix)
    WHERE NOT EXISTS
        (
            -- By what it begins with: a DBA may have made it again under another name.
            SELECT 1
            FROM sys.indexes AS i
            INNER JOIN sys.index_columns AS k
                ON i.object_id = k.object_id AND i.index_id = k.index_id AND k.key_ordinal = 1
            LEFT OUTER JOIN sys.index_columns AS n
                ON i.object_id = n.object_id AND i.index_id = n.index_id AND n.key_ordinal = 2
            WHERE i.object_id = OBJECT_ID(N'[$(Schema)].[' + w.table_name + N']')
                AND i.is_disabled = 0
                AND COL_NAME(k.object_id, k.column_id) = w.first_column
                AND (w.second_column IS NULL OR COL_NAME(n.object_id, n.column_id) = w.second_column)
        );

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'object changed by hand',
        o.object_name,
        N'the next installation puts it back as it was, and nobody knows what it does until then',
        N'xmlshred install, or the file of sql/ for it; EXEC sp_helptext ''$(Schema).' + o.object_name + N''''
    FROM
        (
            SELECT
                f.definition_checksum,
                SUBSTRING(
                    f.file_name,
                    CHARINDEX(N'/', f.file_name) + 1,
                    LEN(f.file_name) - CHARINDEX(N'/', f.file_name) - 4
                ) AS object_name
            FROM [$(Schema)].[processing_install_file] AS f
            WHERE f.definition_checksum IS NOT NULL
        ) AS o
    LEFT OUTER JOIN sys.sql_modules AS m ON m.object_id = OBJECT_ID(N'[$(Schema)].[' + o.object_name + N']')
    WHERE m.object_id IS NULL
        -- An engine whose text is cut at 4000 characters recorded the checksum of those.
        OR (m.[definition] IS NOT NULL
            AND o.definition_checksum <> CONVERT(binary(32), HASHBYTES('SHA2_256', m.[definition]))
            AND o.definition_checksum
            <> CONVERT(binary(32), HASHBYTES('SHA2_256', LEFT(m.[definition], 4000))));

    -- The contract.
    IF @installed_hash IS NULL
    BEGIN
        INSERT INTO #finding
        (
            priority,
            finding,
            detail,
            why,
            fix
        )
        VALUES
        (
            1,
            N'no contract installed',
            N'processing_contract has no contract in force',
            N'workers are refused (50020) until there is one',
            N'xmlshred install --contract FILE'
        );
    END;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'target table missing',
        t.schema_name + N'.' + t.table_name,
        N'the first batch that has rows for it stops its worker with 50022',
        N'xmlshred install --contract FILE, which makes it'
    FROM [$(Schema)].[processing_contract_table] AS t
    WHERE t.contract_hash = @installed_hash
        AND OBJECT_ID(QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name)) IS NULL;

    IF @installed_hash IS NOT NULL AND OBJECT_ID(N'[$(Schema)].[usp_LoadApps]') IS NULL
    BEGIN
        INSERT INTO #finding
        (
            priority,
            finding,
            detail,
            why,
            fix
        )
        VALUES
        (
            1,
            N'usp_LoadApps missing',
            N'a contract is installed, and the procedure that loads its tables is not there',
            N'no batch can be completed',
            N'xmlshred install --contract FILE'
        );
    END;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'worker with another contract',
        CONCAT(s.worker_name, N' on ', s.host_name, N' has 0x', CONVERT(varchar(16), s.contract_hash, 2), N'...'),
        N'it is refused (50020) at its next claim and ends with exit status 3: its share is not done',
        N'start it with the installed contract''s file'
    FROM [$(Schema)].[processing_session] AS s
    WHERE s.ended_at IS NULL
        AND s.last_seen_at >= @live_since
        -- One that was reaped is dead, as a rule.
        AND s.reaped = 0
        AND s.contract_hash <> @installed_hash;

    -- The workers.
    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'expired leases',
        CONCAT(
            COUNT_BIG(*), N' claims, the oldest since ', CONVERT(nvarchar(19), MIN(c.lease_expires_at), 120),
            N' UTC'
        ),
        N'their workers are gone and nobody took the work back: the Reaper job does not run',
        N'EXEC [$(Schema)].[usp_ReapExpired];'
    FROM [$(Schema)].[processing_claim] AS c
    WHERE c.lease_expires_at < DATEADD(SECOND, -@stale_seconds, @now)
    HAVING COUNT_BIG(*) > 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'workers of mixed versions',
        CONCAT(
            COUNT(DISTINCT s.program_version), N' versions, from ', MIN(s.program_version), N' to ',
            MAX(s.program_version)
        ),
        N'the same document may give other rows, depending on who takes it',
        N'SELECT worker_name, host_name, program_version FROM [$(Schema)].[vw_Sessions] WHERE ended_at IS NULL;'
    FROM [$(Schema)].[processing_session] AS s
    WHERE s.ended_at IS NULL
        AND s.last_seen_at >= @live_since
    HAVING COUNT(DISTINCT s.program_version) > 1;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        3,
        N'clock skew',
        CONCAT(s.host_name, N' differs by ', MAX(s.clock_skew_ms), N' ms'),
        N'leases do not depend on it, but the times of its log files do not fit those of the tables',
        N'synchronise the clock of ' + s.host_name
    FROM [$(Schema)].[processing_session] AS s
    WHERE s.started_at >= DATEADD(DAY, -1, @now)
        AND ABS(s.clock_skew_ms) > @clock_skew_ms
    GROUP BY s.host_name;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'worker vanished',
        CONCAT(
            s.worker_name, N' on ', s.host_name, N', process ', s.process_id, N', last heard of ',
            CONVERT(nvarchar(19), s.last_seen_at, 120), N' UTC'
        ),
        N'it was killed, or its machine is gone; its claims were or will be reaped',
        CONCAT(
            N'EXEC [$(Schema)].[usp_EndSession] @session_id = ''', CONVERT(nvarchar(36), s.session_id),
            N''', @exit_status = 5;'
        )
    FROM [$(Schema)].[processing_session] AS s
    WHERE s.ended_at IS NULL
        AND s.reaped > 0
        AND s.last_seen_at < @live_since
        AND NOT EXISTS
        (
            SELECT 1
            FROM [$(Schema)].[processing_claim] AS c
            WHERE c.session_id = s.session_id
        );

    -- The work.
    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'claiming is paused',
        CONCAT(N'since ', CONVERT(nvarchar(19), p.paused_at, 120), N' UTC by ', p.paused_by, N': ', p.reason),
        N'nothing is processed until it is resumed',
        N'EXEC [$(Schema)].[usp_Resume];'
    FROM [$(Schema)].[processing_pause] AS p
    WHERE p.resumed_at IS NULL;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        CASE WHEN @active_claims = 0 THEN 1 ELSE 2 END,
        N'old backlog',
        CONCAT(
            COUNT_BIG(*), N' applications ready since before ',
            CONVERT(nvarchar(19), DATEADD(HOUR, -@backlog_hours, @now), 120), N' UTC; ',
            @active_claims, N' claims are being worked on'
        ),
        CASE
            WHEN @active_claims = 0 THEN N'nobody works: the Worker jobs do not run, or end at once'
            ELSE N'the workers do not keep up, or none has this share of the queue'
        END,
        CASE
            WHEN @active_claims = 0
                THEN N'start the Worker jobs; their history says why they ended'
            ELSE N'SELECT * FROM [$(Schema)].[vw_PartitionProgress]; then more workers, or one for the share'
        END
    FROM [$(Schema)].[processing_queue] AS q
    WHERE q.state = 0
        AND q.available_at < DATEADD(HOUR, -@backlog_hours, @now)
    HAVING COUNT_BIG(*) > 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'source rows not enqueued',
        CONCAT(
            N'ids above ', w.app_id, N' came, and nothing was enqueued since ',
            CONVERT(nvarchar(19), w.moved_at, 120), N' UTC'
        ),
        N'they are not processed: the Prepare job does not run',
        N'EXEC [$(Schema)].[usp_EnqueueApps];'
    FROM [$(Schema)].[processing_watermark] AS w
    WHERE w.moved_at < DATEADD(HOUR, -@backlog_hours, @now)
        AND w.app_id < (SELECT MAX(s.app_id) FROM [$(SourceSchema)].[$(SourceTable)] AS s);

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        1,
        N'failure rate',
        CONCAT(
            SUM(t.failed), N' of ', SUM(t.succeeded + t.failed), N' failed in the last hour, ',
            CONVERT(decimal(5, 1), 100.0 * SUM(t.failed) / SUM(t.succeeded + t.failed)), N'%'
        ),
        N'the contract does not fit, or a sender changed something: the more run, the more there is to redo',
        N'SELECT TOP (20) * FROM [$(Schema)].[vw_FailureFingerprints] ORDER BY applications DESC;'
    FROM [$(Schema)].[processing_throughput] AS t
    WHERE t.minute_utc >= @live_since
    HAVING SUM(t.succeeded + t.failed) >= 20
        AND 100.0 * SUM(t.failed) > @failure_percent * SUM(t.succeeded + t.failed);

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        2,
        N'quarantined applications',
        CONCAT(COUNT_BIG(*), N' applications, such as ', MIN(q.app_id)),
        N'each kept killing the worker that took it; nobody takes it again by itself',
        N'SELECT * FROM [$(Schema)].[vw_Quarantine]; EXEC [$(Schema)].[usp_ExplainApp] @app_id = '
        + CONVERT(nvarchar(20), MIN(q.app_id)) + N';'
    FROM [$(Schema)].[processing_queue] AS q
    WHERE q.state = 2
    HAVING COUNT_BIG(*) > 0;

    INSERT INTO #finding
    (
        priority,
        finding,
        detail,
        why,
        fix
    )
    SELECT
        3,
        N'log is not purged',
        CONCAT(N'the oldest event is of ', CONVERT(nvarchar(19), e.occurred_at, 120), N' UTC'),
        N'events and superseded attempts grow without end: the Purge job does not run',
        CONCAT(
            N'EXEC [$(Schema)].[usp_PurgeLog] @older_than_seconds = ',
            @retention_days * CONVERT(bigint, 86400), N';'
        )
    FROM
        (
            SELECT TOP (1) v.occurred_at
            FROM [$(Schema)].[processing_event] AS v
            ORDER BY v.event_id
        ) AS e
    WHERE e.occurred_at < DATEADD(DAY, -@retention_days - 7, @now);

    -- Agent, which Azure SQL has none of.
    IF OBJECT_ID(N'[$(Schema)].[vw_AgentJobs]') IS NOT NULL
    BEGIN
        SET @statement = N'INSERT INTO #finding (priority, finding, detail, why, fix)
            SELECT 2, N''Agent job'', a.job_name + N'': '' + a.problem,
                N''it does not run, or not as it should'', a.fix
            FROM [$(Schema)].[vw_AgentJobs] AS a
            WHERE a.problem IS NOT NULL;';

        EXEC sys.sp_executesql @statement;
    END;

    SELECT
        f.priority,
        f.finding,
        f.detail,
        f.why,
        f.fix
    FROM #finding AS f
    ORDER BY
        f.priority,
        f.finding,
        f.detail;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    Proves, application by application, that every source row is queued or concluded and that
            the target tables hold exactly the rows that the log says were written.
Parameters: @examples  at most this many differing applications per subject are named, 0 to 1000,
                       default 10
            @help      1: only say what the parameters are; default 0
Results:    1. one row per subject (source rows, then the target tables in load order): subject,
               expected, actual, difference, differing_apps. All is well where the last two are 0
            2. examples: subject, app_id, expected, actual. Of the source, expected 1 is a row of it,
               actual 1 an application that is queued or logged; of a target table they are rows
Errors:     50001 a parameter is wrong
Called by:  people
Isolation:  READ COMMITTED; reads the ids of source, queue, log and target tables once each: for
            after a run. While workers run, what they commit meanwhile may show as a difference. The
            caller needs SELECT on the target tables
Example:    EXEC [$(Schema)].[usp_Reconcile];
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_Reconcile]
    @examples int = 10,
    @help bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @ordinal int;
    DECLARE @subject nvarchar(257);
    DECLARE @table_name nvarchar(300);
    DECLARE @app_column nvarchar(130);
    DECLARE @statement nvarchar(max);

    CREATE TABLE #reconciled
    (
        ordinal int NOT NULL PRIMARY KEY,
        subject nvarchar(257) NOT NULL,
        expected bigint NULL,
        actual bigint NULL,
        differing_apps bigint NULL
    );

    CREATE TABLE #written
    (
        app_id bigint NOT NULL PRIMARY KEY,
        expected bigint NOT NULL,
        actual bigint NOT NULL
    );

    CREATE TABLE #example
    (
        ordinal int NOT NULL,
        subject nvarchar(257) NOT NULL,
        app_id bigint NOT NULL,
        expected bigint NOT NULL,
        actual bigint NOT NULL
    );

    IF @help = 1
    BEGIN
        SELECT
            h.name,
            h.meaning
        FROM
            (
                VALUES
                (1, N'@examples', N'how many differing applications are named per subject, 0 to 1000; default 10'),
                (2, N'answers', N'1. subject, expected, actual, difference, differing_apps'),
                (3, N'answers', N'2. subject, app_id, expected, actual')
            ) AS h(ordinal, name, meaning)
        ORDER BY h.ordinal;

        RETURN;
    END;

    IF COALESCE(@examples, -1) NOT BETWEEN 0 AND 1000
    BEGIN
        THROW 50001, N'usp_Reconcile: @examples must be 0 to 1000.', 1;
    END;

    INSERT INTO #reconciled (ordinal, subject)
    VALUES (-1, N'source rows');

    INSERT INTO #reconciled (ordinal, subject)
    SELECT
        MIN(t.table_ordinal),
        t.schema_name + N'.' + t.table_name
    FROM [$(Schema)].[processing_contract] AS c
    INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
    WHERE c.retired_at IS NULL
    GROUP BY
        t.schema_name,
        t.table_name;

    SET @ordinal = -1;

    WHILE @ordinal IS NOT NULL
    BEGIN
        DELETE FROM #written;

        SET @subject = (
            SELECT r.subject
            FROM #reconciled AS r
            WHERE r.ordinal = @ordinal
        );

        IF @ordinal = -1
        BEGIN
            INSERT INTO #written
            (
                app_id,
                expected,
                actual
            )
            SELECT
                u.app_id,
                MAX(u.expected),
                MAX(u.actual)
            FROM
                (
                    SELECT
                        CONVERT(bigint, s.app_id) AS app_id,
                        1 AS expected,
                        0 AS actual
                    FROM [$(SourceSchema)].[$(SourceTable)] AS s
                    UNION ALL
                    SELECT
                        q.app_id,
                        0 AS expected,
                        1 AS actual
                    FROM [$(Schema)].[processing_queue] AS q
                    UNION ALL
                    SELECT
                        l.app_id,
                        0 AS expected,
                        1 AS actual
                    FROM [$(Schema)].[processing_log] AS l
                    WHERE l.is_latest = 1
                ) AS u
            GROUP BY u.app_id;
        END
        ELSE
        BEGIN
            SELECT
                @table_name = QUOTENAME(t.schema_name) + N'.' + QUOTENAME(t.table_name),
                @app_column = QUOTENAME(t.app_column)
            FROM [$(Schema)].[processing_contract] AS c
            INNER JOIN [$(Schema)].[processing_contract_table] AS t ON c.contract_hash = t.contract_hash
            WHERE c.retired_at IS NULL
                AND t.table_ordinal = @ordinal;

            -- The names are the installed contract's, in brackets.
            SET @statement = CONCAT(
                N'INSERT INTO #written (app_id, expected, actual)
                SELECT u.app_id, SUM(u.expected), SUM(u.actual)
                FROM
                    (
                        SELECT l.app_id, r.row_count AS expected, CONVERT(bigint, 0) AS actual
                        FROM [$(Schema)].[processing_log] AS l
                        INNER JOIN [$(Schema)].[processing_log_rows] AS r
                            ON l.app_id = r.app_id AND l.attempt = r.attempt
                        INNER JOIN [$(Schema)].[processing_contract_table] AS t
                            ON l.contract_hash = t.contract_hash AND r.table_ordinal = t.table_ordinal
                        WHERE l.is_latest = 1
                            AND l.status = ''success''
                            AND QUOTENAME(t.schema_name) + N''.'' + QUOTENAME(t.table_name) = @table_name
                        UNION ALL
                        SELECT CONVERT(bigint, x.', @app_column, N'), CONVERT(bigint, 0), CONVERT(bigint, 1)
                        FROM ', @table_name, N' AS x
                        WHERE x.', @app_column, N' IS NOT NULL
                    ) AS u
                GROUP BY u.app_id;'
            );

            EXEC sys.sp_executesql
                @statement,
                N'@table_name nvarchar(300)',
                @table_name = @table_name;
        END;

        UPDATE #reconciled
        SET
            expected = (SELECT COALESCE(SUM(w.expected), 0) FROM #written AS w),
            actual = (SELECT COALESCE(SUM(w.actual), 0) FROM #written AS w),
            differing_apps = (
                SELECT COUNT_BIG(*)
                FROM #written AS w
                WHERE w.expected <> w.actual
            )
        WHERE ordinal = @ordinal;

        INSERT INTO #example
        (
            ordinal,
            subject,
            app_id,
            expected,
            actual
        )
        SELECT TOP (@examples)
            @ordinal,
            @subject,
            w.app_id,
            w.expected,
            w.actual
        FROM #written AS w
        WHERE w.expected <> w.actual
        ORDER BY w.app_id;

        SET @ordinal = (
            SELECT MIN(r.ordinal)
            FROM #reconciled AS r
            WHERE r.ordinal > @ordinal
        );
    END;

    SELECT
        r.subject,
        r.expected,
        r.actual,
        r.actual - r.expected AS difference,
        r.differing_apps
    FROM #reconciled AS r
    ORDER BY r.ordinal;

    SELECT
        e.subject,
        e.app_id,
        e.expected,
        e.actual
    FROM #example AS e
    ORDER BY
        e.ordinal,
        e.app_id;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
Purpose:    One source document, to replay an application without claiming it.
Parameters: @app_id             the application
            @documents_as_text  1: a character or xml document comes as document_text; default 0
Results:    one row, or none when the source has no such row: app_id, document, document_text,
            document_encoding, as usp_ClaimBatch gives them
Errors:     50001 a parameter is wrong   50030 the source table cannot be read
Called by:  the executable (map --app-id)
Isolation:  READ COMMITTED; reads the source by key
Example:    EXEC [$(Schema)].[usp_ReadDocument] @app_id = 101;
*/
CREATE OR ALTER PROCEDURE [$(Schema)].[usp_ReadDocument]
    @app_id bigint,
    @documents_as_text bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @message nvarchar(2048);
    DECLARE @document_type nvarchar(128) = [$(Schema)].[ufn_SourceDocumentType]();

    IF @app_id IS NULL
    BEGIN
        THROW 50001, N'usp_ReadDocument: @app_id is missing.', 1;
    END;

    IF @document_type IS NULL
    BEGIN
        SET @message = CONCAT(
            N'[$(SourceSchema)].[$(SourceTable)] has no column xml of type nvarchar, varchar, varbinary or xml that',
            N' this login may see: check the name, the type, and that its role has VIEW DEFINITION on the table.'
        );
        THROW 50030, @message, 1;
    END;

    SELECT
        CONVERT(bigint, s.app_id) AS app_id,
        CASE
            WHEN @document_type = N'varbinary'
                THEN CONVERT(varbinary(max), s.[xml])
            WHEN @documents_as_text = 0
                THEN CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[xml]))
        END AS document,
        CASE
            WHEN @document_type <> N'varbinary' AND @documents_as_text = 1
                THEN CONVERT(nvarchar(max), s.[xml])
        END AS document_text,
        CASE
            WHEN @document_type = N'varbinary' THEN 'detect'
            WHEN @documents_as_text = 1 THEN 'text'
            ELSE 'utf16le'
        END AS document_encoding
    FROM [$(SourceSchema)].[$(SourceTable)] AS s
    WHERE s.app_id = @app_id;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
shred_worker    runs the job: the executable's procedures, and the definition (not the data) of
                source and target tables, because the catalog shows a caller only what it may see
shred_operator  the procedures a person calls
shred_monitor   the views

None of them has a permission on the data of any table: ownership chaining reaches it through the
procedures and views, so the schema, the source and the target tables must have one owner. The
target tables' VIEW DEFINITION is granted where they are created, with usp_LoadApps.
*/
IF DATABASE_PRINCIPAL_ID(N'shred_worker') IS NULL
BEGIN
    CREATE ROLE [shred_worker];
END;

IF DATABASE_PRINCIPAL_ID(N'shred_operator') IS NULL
BEGIN
    CREATE ROLE [shred_operator];
END;

IF DATABASE_PRINCIPAL_ID(N'shred_monitor') IS NULL
BEGIN
    CREATE ROLE [shred_monitor];
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/* What each role of roles.sql may do. Granting again changes nothing. */
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetContract] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_StartSession] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_EndSession] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_EnqueueApps] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ClaimBatch] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_RenewLease] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_CompleteBatch] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_CompleteApp] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReleaseClaim] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReapExpired] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetClaimOutcome] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetStatus] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReadDocument] TO [shred_worker];
GRANT VIEW DEFINITION ON OBJECT::[$(SourceSchema)].[$(SourceTable)] TO [shred_worker];

GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetContract] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_EnqueueApps] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReleaseClaim] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReapExpired] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_RetryFailed] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_RequeueApps] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_PurgeLog] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetClaimOutcome] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetStatus] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReadDocument] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_Pause] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_Resume] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ExplainApp] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListFailures] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_HealthCheck] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_Reconcile] TO [shred_operator];
GRANT VIEW DEFINITION ON OBJECT::[$(SourceSchema)].[$(SourceTable)] TO [shred_operator];

GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_HealthCheck] TO [shred_monitor];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ExplainApp] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_QueueStatus] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_ActiveClaims] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_RecentFailures] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_FailureFingerprints] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Quarantine] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Sessions] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Throughput] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_PartitionProgress] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_LeaseTimeline] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Reconciliation] TO [shred_monitor];

GRANT SELECT ON OBJECT::[$(Schema)].[vw_QueueStatus] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_ActiveClaims] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_RecentFailures] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_FailureFingerprints] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Quarantine] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Sessions] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Throughput] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_PartitionProgress] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_LeaseTimeline] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Reconciliation] TO [shred_operator];
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
INSERT INTO [$(Schema)].[processing_install] (schema_version, program_version)
VALUES (1, N'0.1.0');

DELETE FROM [$(Schema)].[processing_install_file]
WHERE file_name <> N'contract/usp_LoadApps.sql';

INSERT INTO [$(Schema)].[processing_install_file]
(
    file_name,
    schema_version,
    file_checksum,
    definition_checksum
)
VALUES
(N'schema.sql', 1, 0xA46AE9978F71B05C0237C1C09D18FACC6E9F8388C4D06026111D58311DECBFAB, NULL),
(N'tables/processing_install.sql', 1, 0x79233D995346D01E45A32A9956019C519ADFDA915F04E3E75B212EF582E8BB85, NULL),
(N'tables/processing_install_file.sql', 1, 0x8DBF4BE2FD8EEFA75CEF9EFE6225871ECA0DFEF1EBBCFE94C5130D5D16F0B1B6, NULL),
(N'tables/processing_contract.sql', 1, 0xCE10FBBE8E13650861BAFF8EA02EE76A29A498381F6A38DB843A0CA0C07DFCC5, NULL),
(N'tables/processing_contract_table.sql', 1, 0x91A5A13B6A89BE42872C40AB1666A17229DE8EC4C6DEF95DF4FC49CA52EC5EA9, NULL),
(N'tables/processing_session.sql', 1, 0xC27DB9ACD1080A31292AD6E61546EB261AAAE9358AA576866A2AA053AF88617D, NULL),
(N'tables/processing_throughput.sql', 1, 0x2C49E531D147EE1038C3A23A34859AF528B7A367C7B5DC8085EE6D6FC736EB56, NULL),
(N'tables/processing_claim.sql', 1, 0x6F4C26236B991BE2B8B850F390B0F06BBAAA1AB5F2FC192BFE2BE43228ED571B, NULL),
(N'tables/processing_queue.sql', 1, 0x630631ED525ECB0E535EEC8A5CD101680CF365333E6B973E818C8E14DFB163AC, NULL),
(N'tables/processing_watermark.sql', 1, 0x7D0A369BC0C085CDF3CFEB7E860F5F9856B519C95D1AF3FB385DD0316A987369, NULL),
(N'tables/processing_log.sql', 1, 0x57D503A2DABDC3FBBEB101E5A4EAA9D273F819B0C94AF9F1C7160F746DB64511, NULL),
(N'tables/processing_log_rows.sql', 1, 0x812884D30B00F1256D656CC52DD70160DFFAE571DCEEC98842BEF6A7DA2C8C16, NULL),
(N'tables/processing_event.sql', 1, 0x96BEC59CE362416B70EF5D55C9D01F1AD9841E9C2A09AD73732E489B8979D297, NULL),
(N'tables/processing_pause.sql', 1, 0x0464A5869BBBFD3F24DADF192F68787F11FD2FB286BBE921D567D1C9D282DA75, NULL),
(N'functions/ufn_SourceDocumentType.sql', 1, 0x866D4D65DB303831100ABB435C73914F5EB44AFB5289B9F32E40866E018832ED, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[ufn_SourceDocumentType]'))),
(N'functions/ufn_AppIdList.sql', 1, 0x126C385FF729FAD6A2B71E67920D538A62C5633C1021951AE8AB37EBB5E58D86, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[ufn_AppIdList]'))),
(N'functions/ufn_IsDataError.sql', 1, 0x0E14297289E6D1B0CD41C65368AAB67CA01DAEBF304F291C412A295AF7ED72AD, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[ufn_IsDataError]'))),
(N'views/vw_QueueStatus.sql', 1, 0x92E7FDF9A62DAA880E9366904774481132CD6010BBC626192E7F6EB5BA9DFEEA, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_QueueStatus]'))),
(N'views/vw_ActiveClaims.sql', 1, 0xA20D3E4E811A3DBF2D958B6B88D37BC6DEAB1A64E86956C1CF6FD2AD2CAEA4DE, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_ActiveClaims]'))),
(N'views/vw_RecentFailures.sql', 1, 0xF8AEFBFCB989F211A273186A99E0393C445C2455882C2944D783BB57B0127F3B, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_RecentFailures]'))),
(N'views/vw_FailureFingerprints.sql', 1, 0xD4EDD778FA2703797F919F484C76002EB21D68480BA9F7F2AD908FF515668BC7, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_FailureFingerprints]'))),
(N'views/vw_Quarantine.sql', 1, 0x10625D437F1956B89AA82D13F133061EB1C8D79ADEB59D803988980D024038FB, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_Quarantine]'))),
(N'views/vw_Sessions.sql', 1, 0x2E997A2C7CB19B53E17101C26170521E422734D138148C5752A0DBCAE9A431A4, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_Sessions]'))),
(N'views/vw_Throughput.sql', 1, 0xD8784DD1269DF4F2C04D47EDCFC8A07E2CB7D4069D4D0FBC33E69BE3FF0E5ACE, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_Throughput]'))),
(N'views/vw_PartitionProgress.sql', 1, 0x146ACB30AF3658CE666156299BB463AAA6B7504EB2DACBCD894F00667D7A8568, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_PartitionProgress]'))),
(N'views/vw_LeaseTimeline.sql', 1, 0x6F8AEA3299867FBF17648D676C202CD43C8564A4E9064E2843D51552529FF931, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_LeaseTimeline]'))),
(N'views/vw_Reconciliation.sql', 1, 0xFE1257CBE4BF2D21B33245B28C6F5E03F477A18D4C8EB6836690A8B19F6725D6, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[vw_Reconciliation]'))),
(N'procs/usp_RecordThroughput.sql', 1, 0x1D7966A21DF9D92CC048F88D2E6BA01AA1EAD9F04426DC9DD71A8049F573261B, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_RecordThroughput]'))),
(N'procs/usp_RegisterContract.sql', 1, 0x3B3A244CAC66B712F257730ECAD38B7DE4DB276AB394362FF619AE904BB53664, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_RegisterContract]'))),
(N'procs/usp_GetContract.sql', 1, 0x2330E3A4B74E472196C41FC917A450020965A7FEF13D5B39D45767BBDCF3CA15, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_GetContract]'))),
(N'procs/usp_StartSession.sql', 1, 0x3797874693859EBD7542092BB5387F7BBBED473EE684CA1B06A92111615B6C3B, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_StartSession]'))),
(N'procs/usp_EndSession.sql', 1, 0x24618FC5991B734F51FCC18BF7D0AD011D9B5BCAE61D72691AC81A04796E2B99, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_EndSession]'))),
(N'procs/usp_EnqueueApps.sql', 1, 0x741D0958D6204A911455174F74E2915F15A005BCECE110D48FC2F60AF51C3C39, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_EnqueueApps]'))),
(N'procs/usp_ClaimBatch.sql', 1, 0x74FD4E8A68F7ED6B110EE479FC8BE180D2061EA182F976D2D365981A6EB67A38, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ClaimBatch]'))),
(N'procs/usp_RenewLease.sql', 1, 0x68BE09EEF50A5C1B9C9AB3D56D55ABDFDF542C459B0EB03B3523F0A418C05B22, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_RenewLease]'))),
(N'procs/usp_CheckOutcomes.sql', 1, 0x9784436F51EF6DDFEF037B8D3F63E83D6364561F59771DB14463725D54FF45BE, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_CheckOutcomes]'))),
(N'procs/usp_ApplyOutcomes.sql', 1, 0x1283317715DDB2E2902D2677A5CB54C8239438D9F63404DDCC389D314535B106, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ApplyOutcomes]'))),
(N'procs/usp_ApplyRefusal.sql', 1, 0x63BED78C6E252114765566D1D016EC25807D0A3C7ABF095B49B2236B3D622886, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ApplyRefusal]'))),
(N'procs/usp_ReportOutcomes.sql', 1, 0x0C09CACACE3B5C275B315BB19F54CAC75A4A4CD21556265D033BDA9591DD26DE, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ReportOutcomes]'))),
(N'procs/usp_CompleteBatch.sql', 1, 0xCEC2D6C702C846F66415A796A231C0440322893511DF58EB61AF19503E26EAED, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_CompleteBatch]'))),
(N'procs/usp_CompleteApp.sql', 1, 0x1E3EC4F14A59E5081170FEEE2386AC92468F1CD9FD295AF8EFF9DEB90DA505C3, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_CompleteApp]'))),
(N'procs/usp_ReleaseClaim.sql', 1, 0x2E96699E0747F418653096B33F6F252724C37AEB66F83474ED92A1E019AD6723, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ReleaseClaim]'))),
(N'procs/usp_ReapExpired.sql', 1, 0x03EAED6344FE123F1D1BB436BC2F0E80A3073F1FB2D0F7F6CC7534350FF86303, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ReapExpired]'))),
(N'procs/usp_GetClaimOutcome.sql', 1, 0x41C8912CABC52D4340AEC5ABE1E9EEFCF2BBA153FA07B3EFEC2280CC4F87D85C, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_GetClaimOutcome]'))),
(N'procs/usp_QueueAgain.sql', 1, 0xB08B75FBE45A512D673DD7B1D5EE14C5F842BE496B5BF3F1D7355195198B4AB8, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_QueueAgain]'))),
(N'procs/usp_RetryFailed.sql', 1, 0xD0DE41F9A7B4CC8E21EEFD03B6F32D7084ED29CB7C02ECB6D88377A2D4517CB0, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_RetryFailed]'))),
(N'procs/usp_RequeueApps.sql', 1, 0xE6D2DA67314A9DD73B69145774D83E5463B61D5664F22E1489880E3427519F15, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_RequeueApps]'))),
(N'procs/usp_PurgeLog.sql', 1, 0x8B8A0F743F12208AF599FE0A680C067A8CCB081BA915B88ACF607501F1280A35, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_PurgeLog]'))),
(N'procs/usp_GetStatus.sql', 1, 0x75D7AE78022C56D647DBA1CF67C1CEEEAF40F73FE3D3E3B8F33CA67963057504, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_GetStatus]'))),
(N'procs/usp_Pause.sql', 1, 0x08CAD14FC1A3975BAEF31B184C5BF2362733F69E8F9BBA79A63C946085919B75, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_Pause]'))),
(N'procs/usp_Resume.sql', 1, 0x516B4C7E4B499BF11C63B29556882CB074983237F5126138F3AB01E05235F802, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_Resume]'))),
(N'procs/usp_ExplainApp.sql', 1, 0xA3F6F0395E1BC269CD07DB90389E475A0E27998BFA50E5CABDE37BD1D87AC75F, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ExplainApp]'))),
(N'procs/usp_ListFailures.sql', 1, 0xFD918DB7BDF4BA21C4B5B69082E5F4D802388A59E9BA2237C84A33AD26FCB903, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ListFailures]'))),
(N'procs/usp_HealthCheck.sql', 1, 0x6686CD44D9EDB6564D6FC6EC4C2B271B173A20EAE8B8090F83B4EDAEE3C618B3, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_HealthCheck]'))),
(N'procs/usp_Reconcile.sql', 1, 0x444CF975F4167E1BB1D0E89E7B30212CABC69861B64A3D7EED91844D33568DA6, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_Reconcile]'))),
(N'procs/usp_ReadDocument.sql', 1, 0xBC434F05A4774BE44BA1B85C7EB6F7FB48280815A42542D051105000D0FDCD36, (SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m WHERE m.object_id = OBJECT_ID(N'[$(Schema)].[usp_ReadDocument]'))),
(N'security/roles.sql', 1, 0x40C408A3D5EDDFFE7A82B63FF7D04B921C9DA5332EDC913FC5EB081720DDB31B, NULL),
(N'security/grants.sql', 1, 0xD4A7FCFA8D09F79B588766398D6947DB3008BA9DC75A2168868B985E005E3D25, NULL);
GO
COMMIT TRANSACTION;
GO
