SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
IF OBJECT_ID(N'[dbo].[base table with a name so long that no foreign key can have both names]', N'U') IS NULL
BEGIN
    CREATE TABLE [dbo].[base table with a name so long that no foreign key can have both names]
    (
        [item_id] int NOT NULL,
        [app_id] bigint NOT NULL,
        [a_bit] bit NOT NULL,
        [tiny] tinyint NOT NULL,
        [small] smallint NOT NULL,
        [amount] decimal(12,2) NOT NULL,
        [price] money NOT NULL,
        [a_float] float NOT NULL,
        [a_real] real NOT NULL,
        [a_date] date NOT NULL,
        [a_time] time(2) NOT NULL,
        [old_time] datetime NOT NULL,
        [minute] smalldatetime NOT NULL,
        [moment] datetime2(3) NOT NULL,
        [offset] datetimeoffset(7) NOT NULL,
        [code] char(2) NOT NULL,
        [label] varchar(10) NOT NULL,
        [n_code] nchar(2) NOT NULL,
        [n_label] nvarchar(max) NOT NULL,
        [guid] uniqueidentifier NOT NULL,
        [blob] varbinary(max) NOT NULL,
        [an_xml] xml NOT NULL,
        [note] nvarchar(100) NULL,
        CONSTRAINT [PK_base table with a name so long that no foreign key can have both names] PRIMARY KEY CLUSTERED ([item_id], [app_id])
    );

    CREATE NONCLUSTERED INDEX [IX_base table with a name so long that no foreign key can have both names_app_id] ON [dbo].[base table with a name so long that no foreign key can have both names] ([app_id]);

    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = N'sandbox',
        @level0type = 'SCHEMA',
        @level0name = N'dbo',
        @level1type = 'TABLE',
        @level1name = N'base table with a name so long that no foreign key can have both names';
END;
GO
IF OBJECT_ID(N'[dbo].[child''s table with a name as long as its parent''s name]', N'U') IS NULL
BEGIN
    CREATE TABLE [dbo].[child's table with a name as long as its parent's name]
    (
        [row_id] bigint IDENTITY(1, 1) NOT NULL,
        [item_id] int NOT NULL,
        [app_id] bigint NOT NULL,
        [it's odd] nvarchar(10) NULL,
        CONSTRAINT [FK_child's table with a name as long as its parent's name_base table with a name so long that no foreign key can have both names] FOREIGN KEY ([item_id], [app_id])
            REFERENCES [dbo].[base table with a name so long that no foreign key can have both names] ([item_id], [app_id])
    );

    CREATE NONCLUSTERED INDEX [IX_child's table with a name as long as its parent's name_app_id] ON [dbo].[child's table with a name as long as its parent's name] ([app_id]);

    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = N'sandbox',
        @level0type = 'SCHEMA',
        @level0name = N'dbo',
        @level1type = 'TABLE',
        @level1name = N'child''s table with a name as long as its parent''s name';
END;
GO
IF OBJECT_ID(N'[dbo].[part]', N'U') IS NULL
BEGIN
    CREATE TABLE [dbo].[part]
    (
        [part_id] int NOT NULL,
        [app_id] int NOT NULL,
        CONSTRAINT [PK_part] PRIMARY KEY CLUSTERED ([part_id])
    );

    CREATE NONCLUSTERED INDEX [IX_part_app_id] ON [dbo].[part] ([app_id]);

    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = N'sandbox',
        @level0type = 'SCHEMA',
        @level0name = N'dbo',
        @level1type = 'TABLE',
        @level1name = N'part';
END;
GO
IF OBJECT_ID(N'[dbo].[part_price]', N'U') IS NULL
BEGIN
    CREATE TABLE [dbo].[part_price]
    (
        [part_id] int NOT NULL,
        [kind] smallint NOT NULL,
        [price] decimal(9,2) NULL,
        CONSTRAINT [PK_part_price] PRIMARY KEY CLUSTERED ([part_id], [kind]),
        CONSTRAINT [FK_part_price_part] FOREIGN KEY ([part_id])
            REFERENCES [dbo].[part] ([part_id])
    );

    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = N'sandbox',
        @level0type = 'SCHEMA',
        @level0name = N'dbo',
        @level1type = 'TABLE',
        @level1name = N'part_price';
END;
GO
IF OBJECT_ID(N'[dbo].[part_price_note]', N'U') IS NULL
BEGIN
    CREATE TABLE [dbo].[part_price_note]
    (
        [part_id] int NOT NULL,
        [kind] smallint NOT NULL,
        [note] nvarchar(100) NULL,
        CONSTRAINT [FK_part_price_note_part_price] FOREIGN KEY ([part_id], [kind])
            REFERENCES [dbo].[part_price] ([part_id], [kind])
    );

    CREATE NONCLUSTERED INDEX [IX_part_price_note_part_id_kind] ON [dbo].[part_price_note] ([part_id], [kind]);

    EXEC sys.sp_addextendedproperty
        @name = N'xmlshred',
        @value = N'sandbox',
        @level0type = 'SCHEMA',
        @level0name = N'dbo',
        @level1type = 'TABLE',
        @level1name = N'part_price_note';
END;
GO
/*
What the columns of the contract need in target tables that exist: a nullable column that is missing, a longer
type, NULL where the contract does not require a value. Each such change is made or refused, with the reason.
Only the catalog changes, and no row.
*/
SET NOCOUNT ON;

DECLARE @wanted TABLE
(
    ordinal int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    table_name nvarchar(128) NOT NULL,
    column_name nvarchar(128) NOT NULL,
    new_type nvarchar(128) NOT NULL,
    longest_bytes int NULL,
    may_be_null bit NOT NULL,
    table_id int NULL,
    column_id int NULL,
    owner nvarchar(128) NULL
);
DECLARE @change TABLE
(
    ordinal int NOT NULL PRIMARY KEY,
    table_id int NOT NULL,
    column_id int NULL,
    is_longer bit NOT NULL,
    is_relaxed bit NOT NULL,
    is_of_length bit NOT NULL,
    old_type nvarchar(400) NULL,
    new_type nvarchar(400) NOT NULL,
    statement nvarchar(max) NOT NULL
);
DECLARE @obstacle TABLE
(
    obstacle_id int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    ordinal int NOT NULL,
    reason nvarchar(600) NOT NULL,
    next_step nvarchar(max) NOT NULL
);
DECLARE @drop_it nvarchar(100) = N'drop it, install, and create it again';

INSERT INTO @wanted (table_name, column_name, new_type, longest_bytes, may_be_null)
VALUES
(N'base table with a name so long that no foreign key can have both names', N'label', N'varchar(10)', 10, 0),
(N'base table with a name so long that no foreign key can have both names', N'note', N'nvarchar(100)', 200, 1),
(N'child''s table with a name as long as its parent''s name', N'it''s odd', N'nvarchar(10)', 20, 1),
(N'part_price', N'price', N'decimal(9,2)', NULL, 1),
(N'part_price_note', N'note', N'nvarchar(100)', 200, 1);

UPDATE @wanted
SET table_id = OBJECT_ID(N'[dbo].' + QUOTENAME(table_name), N'U');

UPDATE @wanted
SET column_id = COLUMNPROPERTY(table_id, column_name, 'ColumnId'),
    owner =
    (
        SELECT CONVERT(nvarchar(128), p.value)
        FROM sys.extended_properties AS p
        WHERE p.class = 1
            AND p.major_id = table_id
            AND p.minor_id = 0
            AND p.name = N'xmlshred'
    );

INSERT INTO @change
SELECT
    w.ordinal,
    w.table_id,
    NULL,
    0,
    0,
    0,
    NULL,
    w.new_type + N' NULL',
    CONCAT(
        N'ALTER TABLE ', N'[dbo].', QUOTENAME(w.table_name), N' ADD ', QUOTENAME(w.column_name), N' ', w.new_type,
        N' NULL;'
    )
FROM @wanted AS w
WHERE w.table_id IS NOT NULL
    AND w.column_id IS NULL
    AND w.may_be_null = 1;

/* Columns that exist, with the type that they have as DDL writes it. */
INSERT INTO @change
SELECT
    d.ordinal,
    d.table_id,
    d.column_id,
    d.is_longer,
    d.is_relaxed,
    d.is_of_length,
    d.old_type + CASE WHEN d.is_nullable = 1 THEN N' NULL' ELSE N' NOT NULL' END,
    CASE WHEN d.is_longer = 1 THEN d.new_type ELSE d.old_type END
    + CASE WHEN d.is_nullable = 1 OR d.is_relaxed = 1 THEN N' NULL' ELSE N' NOT NULL' END,
    CONCAT(
        N'ALTER TABLE ', N'[dbo].', QUOTENAME(d.table_name), N' ALTER COLUMN ', QUOTENAME(d.column_name), N' ',
        CASE WHEN d.is_longer = 1 THEN d.new_type ELSE d.old_type END,
        d.own_collation,
        CASE WHEN d.is_nullable = 1 OR d.is_relaxed = 1 THEN N' NULL;' ELSE N' NOT NULL;' END
    )
FROM
(
    SELECT
        w.ordinal,
        w.table_name,
        w.column_name,
        w.table_id,
        w.column_id,
        w.new_type,
        a.old_type,
        a.is_nullable,
        a.is_of_length,
        N' COLLATE ' + a.own_collation AS own_collation,
        CASE
            WHEN a.is_of_length = 1 AND a.max_length > 0 AND a.max_length < w.longest_bytes
                AND w.new_type LIKE a.type_name + N'(%' THEN 1
            ELSE 0
        END AS is_longer,
        CASE WHEN a.is_nullable = 0 AND w.may_be_null = 1 THEN 1 ELSE 0 END AS is_relaxed
    FROM @wanted AS w
    INNER JOIN
    (
        SELECT
            c.object_id,
            c.column_id,
            c.is_nullable,
            CONVERT(int, c.max_length) AS max_length,
            t.type_name,
            CASE WHEN t.type_name IN (N'varchar', N'nvarchar', N'varbinary') THEN 1 ELSE 0 END AS is_of_length,
            NULLIF(c.collation_name, CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation')))
                AS own_collation,
            CONCAT(
                t.type_name,
                CASE
                    WHEN t.type_name IN (N'decimal', N'numeric') THEN CONCAT(N'(', c.precision, N',', c.scale, N')')
                    WHEN t.type_name IN (N'time', N'datetime2', N'datetimeoffset') THEN CONCAT(N'(', c.scale, N')')
                    WHEN t.type_name NOT IN (N'char', N'varchar', N'nchar', N'nvarchar', N'binary', N'varbinary')
                        THEN N''
                    WHEN c.max_length = -1 THEN N'(max)'
                    WHEN t.type_name IN (N'nchar', N'nvarchar') THEN CONCAT(N'(', c.max_length / 2, N')')
                    ELSE CONCAT(N'(', c.max_length, N')')
                END
            ) AS old_type
        FROM sys.columns AS c
        CROSS APPLY (SELECT LOWER(TYPE_NAME(c.user_type_id)) AS type_name) AS t
        WHERE c.is_computed = 0
            AND c.is_identity = 0
            AND c.generated_always_type = 0
    ) AS a ON a.object_id = w.table_id AND a.column_id = w.column_id
) AS d
WHERE d.is_longer = 1
    OR d.is_relaxed = 1;

/* Whose table it is. */
INSERT INTO @obstacle
SELECT
    h.ordinal,
    CASE
        WHEN w.owner IS NULL THEN N'xmlshred did not create the table'
        ELSE CONCAT(N'the pipeline ', QUOTENAME(w.owner), N' created the table')
    END,
    CONCAT(N'run `', h.statement, N'`', CASE WHEN h.column_id IS NULL THEN N', or install with --alter-tables' END)
FROM @change AS h
INNER JOIN @wanted AS w ON w.ordinal = h.ordinal
WHERE (w.owner IS NULL OR w.owner <> N'sandbox')
    AND (h.column_id IS NOT NULL OR 0 = 0);

INSERT INTO @obstacle
SELECT
    h.ordinal,
    N'the table is memory-optimized, and no transaction can change such a table',
    CONCAT(N'run `', h.statement, N'`')
FROM @change AS h
INNER JOIN sys.tables AS t ON t.object_id = h.table_id
WHERE t.is_memory_optimized = 1;

/* What the column would lose, or what the statement cannot do. */
INSERT INTO @obstacle
SELECT
    h.ordinal,
    p.reason,
    CASE p.number
        WHEN 1 THEN CONCAT(N'run `', h.statement, N'`, and look whether the mask is still there')
        WHEN 2 THEN CONCAT(N'run `', REPLACE(h.statement, N' NULL;', N' NULL SPARSE;'), N'`')
        WHEN 3 THEN N'change it with a client that has the key'
        WHEN 4 THEN CONCAT(N'run `', h.statement, N'` when the subscribers can have it')
        WHEN 5 THEN N'take the property ROWGUIDCOL from it, install, and set it again'
        ELSE CONCAT(N'run `', h.statement, N'`')
    END
FROM @change AS h
INNER JOIN sys.columns AS c ON c.object_id = h.table_id AND c.column_id = h.column_id
INNER JOIN
(
    VALUES
    (1, N'the column is masked'),
    (2, N'the column is sparse'),
    (3, N'the column is encrypted'),
    (4, N'the column is replicated'),
    (5, N'the column is the ROWGUIDCOL of the table'),
    (6, N'the column has a type that the database declares'),
    (7, N'the column has the type xml')
) AS p (number, reason)
    ON (p.number = 1 AND c.is_masked = 1)
    OR (p.number = 2 AND c.is_sparse = 1)
    OR (p.number = 3 AND c.encryption_type IS NOT NULL)
    OR (p.number = 4 AND c.is_replicated = 1)
    OR (p.number = 5 AND c.is_rowguidcol = 1)
    OR (p.number = 6 AND c.user_type_id <> c.system_type_id)
    OR (p.number = 7 AND TYPE_NAME(c.system_type_id) = N'xml');

INSERT INTO @obstacle
SELECT
    h.ordinal,
    N'the table is partitioned by the column',
    N'keep the type in the contract, or copy the rows into a new table'
FROM @change AS h
INNER JOIN sys.index_columns AS k ON k.object_id = h.table_id AND k.column_id = h.column_id
WHERE k.partition_ordinal > 0
GROUP BY h.ordinal;

/*
Keys and indexes. A text may become longer in an index, as long as the bytes of its key stay within the server's
limit; a primary key stays as it is.
*/
INSERT INTO @obstacle
SELECT
    h.ordinal,
    CONCAT(
        CASE
            WHEN i.is_primary_key = 1 THEN N'the primary key '
            WHEN i.is_unique_constraint = 1 THEN N'the unique constraint '
            ELSE N'the index '
        END,
        QUOTENAME(i.name), N' depends on it'
    ),
    @drop_it
FROM @change AS h
INNER JOIN @wanted AS w ON w.ordinal = h.ordinal
INNER JOIN sys.columns AS c ON c.object_id = h.table_id AND c.column_id = h.column_id
INNER JOIN sys.index_columns AS k ON k.object_id = h.table_id AND k.column_id = h.column_id
INNER JOIN sys.indexes AS i ON i.object_id = k.object_id AND i.index_id = k.index_id
LEFT OUTER JOIN
(
    SELECT
        x.object_id,
        x.index_id,
        SUM(CONVERT(int, y.max_length)) AS bytes
    FROM sys.index_columns AS x
    INNER JOIN sys.columns AS y ON y.object_id = x.object_id AND y.column_id = x.column_id
    WHERE x.key_ordinal > 0
    GROUP BY
        x.object_id,
        x.index_id
) AS b ON b.object_id = k.object_id AND b.index_id = k.index_id AND k.key_ordinal > 0
WHERE i.type > 0
    AND
    (
        i.is_primary_key = 1
        OR (h.is_relaxed = 1 AND (i.is_unique_constraint = 1 OR h.is_of_length = 0))
        OR (h.is_longer = 1 AND b.bytes - c.max_length + w.longest_bytes > CASE WHEN i.type = 1 THEN 900 ELSE 1700 END)
    );

INSERT INTO @obstacle
SELECT
    h.ordinal,
    CONCAT(N'the foreign key ', QUOTENAME(OBJECT_NAME(f.constraint_object_id)), N' depends on it'),
    @drop_it
FROM @change AS h
INNER JOIN sys.foreign_key_columns AS f
    ON (f.parent_object_id = h.table_id AND f.parent_column_id = h.column_id)
    OR (f.referenced_object_id = h.table_id AND f.referenced_column_id = h.column_id);

INSERT INTO @obstacle
SELECT
    h.ordinal,
    N'the full-text index of the table has it',
    @drop_it
FROM @change AS h
INNER JOIN sys.fulltext_index_columns AS f ON f.object_id = h.table_id AND f.column_id = h.column_id;

/*
Checks, computed columns, filters of indexes and statistics, views and functions WITH SCHEMABINDING, security
policies. A check does not mind a longer text. To a login that may not read the view, the server
names them itself.
*/
IF HAS_PERMS_BY_NAME(N'sys.sql_expression_dependencies', N'OBJECT', N'SELECT') = 1
BEGIN
    INSERT INTO @obstacle
    SELECT
        h.ordinal,
        CONCAT(
            CASE
                WHEN e.referencing_class = 7 THEN N'a filter of '
                WHEN e.referencing_id = h.table_id THEN N'the computed column '
                WHEN o.type = 'C' THEN N'the check constraint '
                WHEN o.type = 'V' THEN N'the schema-bound view '
                WHEN o.type IN ('FN', 'IF', 'TF') THEN N'the schema-bound function '
                ELSE N'the object '
            END,
            CASE
                WHEN e.referencing_class = 7 THEN QUOTENAME(i.name)
                WHEN e.referencing_id = h.table_id THEN QUOTENAME(COL_NAME(e.referencing_id, e.referencing_minor_id))
                ELSE CONCAT(QUOTENAME(OBJECT_SCHEMA_NAME(e.referencing_id)), N'.', QUOTENAME(OBJECT_NAME(e.referencing_id)))
            END,
            N' depends on it'
        ),
        @drop_it
    FROM @change AS h
    INNER JOIN sys.sql_expression_dependencies AS e
        ON e.referenced_id = h.table_id AND e.referenced_minor_id = h.column_id
    LEFT OUTER JOIN sys.objects AS o ON o.object_id = e.referencing_id
    LEFT OUTER JOIN sys.indexes AS i
        ON i.object_id = e.referencing_id AND i.index_id = e.referencing_minor_id AND e.referencing_class = 7
    WHERE e.is_schema_bound_reference = 1
        AND (o.type <> 'C' OR o.type IS NULL OR h.is_relaxed = 1);
END;

DECLARE @at int = 0;
DECLARE @statement nvarchar(max);
DECLARE @message nvarchar(2048);

IF EXISTS (SELECT 1 FROM @obstacle AS b)
BEGIN
    /* All of them for sqlcmd and SSMS: a message has room for one. */
    SELECT
        w.table_name,
        w.column_name,
        h.old_type,
        h.new_type,
        b.reason AS refused_because,
        b.next_step
    FROM @obstacle AS b
    INNER JOIN @change AS h ON h.ordinal = b.ordinal
    INNER JOIN @wanted AS w ON w.ordinal = b.ordinal
    ORDER BY b.obstacle_id;

    SELECT TOP (1)
        @message = CONCAT(
            N'the column ', QUOTENAME(w.table_name), N'.', QUOTENAME(w.column_name), N' needs ', h.new_type,
            N', but ', b.reason, N'; ', b.next_step
        )
    FROM @obstacle AS b
    INNER JOIN @change AS h ON h.ordinal = b.ordinal
    INNER JOIN @wanted AS w ON w.ordinal = b.ordinal
    ORDER BY b.obstacle_id;

    IF @@TRANCOUNT > 0
    BEGIN
        ROLLBACK TRANSACTION;
    END;

    THROW 50045, @message, 1;
END;

/* A change waits for the work on its table, and what comes later waits for the change: not for long. */
SET LOCK_TIMEOUT 10000;

BEGIN TRY
    WHILE @at IS NOT NULL
    BEGIN
        SET @at =
        (
            SELECT MIN(h.ordinal)
            FROM @change AS h
            WHERE h.ordinal > @at
        );
        SET @statement =
        (
            SELECT h.statement
            FROM @change AS h
            WHERE h.ordinal = @at
        );

        IF @statement IS NOT NULL
        BEGIN
            EXEC (@statement);
        END;
    END;
END TRY
BEGIN CATCH
    SET LOCK_TIMEOUT -1;

    IF ERROR_NUMBER() NOT IN (1205, 1222)
    BEGIN
        THROW;
    END;

    IF @@TRANCOUNT > 0
    BEGIN
        ROLLBACK TRANSACTION;
    END;

    SET @message = CONCAT(
        N'other work held the table for 10 seconds, so that this was not executed: ', @statement,
        N' Nothing was changed; pause the workers and install again'
    );
    THROW 50046, @message, 1;
END CATCH;

SET LOCK_TIMEOUT -1;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
SET NOCOUNT ON;
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[base table with a name so long that no foreign key can have both names] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[base table with a name so long that no foreign key can have both names] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[base table with a name so long that no foreign key can have both names] TO [shred_monitor];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[child's table with a name as long as its parent's name] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[child's table with a name as long as its parent's name] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[child's table with a name as long as its parent's name] TO [shred_monitor];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part] TO [shred_monitor];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part_price] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part_price] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part_price] TO [shred_monitor];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part_price_note] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part_price_note] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[dbo].[part_price_note] TO [shred_monitor];
GO
CREATE TABLE #contract_table
(
    table_ordinal int NOT NULL,
    schema_name nvarchar(128) NOT NULL,
    table_name nvarchar(128) NOT NULL,
    on_existing varchar(7) NOT NULL
);

INSERT INTO #contract_table
(
    table_ordinal,
    schema_name,
    table_name,
    on_existing
)
VALUES
(0, N'dbo', N'base table with a name so long that no foreign key can have both names', 'replace'),
(1, N'dbo', N'child''s table with a name as long as its parent''s name', 'skip'),
(2, N'dbo', N'part', 'replace'),
(3, N'dbo', N'part_price', 'replace'),
(4, N'dbo', N'part_price_note', 'skip');

EXEC [sandbox].[usp_InstallContract]
    @contract_hash = 0x63c3e7c94182938f32f56945b8dcde07e11dc35dfb4ac817787c67a895cecbe3,
    @contract_name = N'every-clause';

DROP TABLE #contract_table;
GO
/*
Purpose:    Deletes the rows that #clear_app names, and then loads those of the applications in
            #load_app from the #stage_* tables into the target tables of contract every-clause.
            Generated by xmlshred contract sql: change the contract, not this text.
Parameters: @table_ordinal  OUTPUT: the current target table in load order, from 0
            @error_number   OUTPUT: the error with which the database refused the rows
            @error_message  OUTPUT: its message
            Tables of the connection: reads #load_app (app_id), #clear_app (table_ordinal, app_id)
            and #stage_*, and fills #loaded (app_id, table_ordinal, row_count).
Results:    none. RETURN 0: done. RETURN 1: refused (@error_*), and the transaction is doomed.
Errors:     returned, except deadlocks, lock timeouts and others of kind busy, and the error of a
            trigger that rolled back, which are rethrown
Called by:  usp_ApplyOutcomes, usp_DeleteStaleRows, in their transactions
Isolation:  READ COMMITTED. Locks the target tables: deletes children first, inserts parents first.
            EXECUTE AS OWNER: SET IDENTITY_INSERT needs ALTER on its table
Example:    not called by hand
*/
CREATE OR ALTER PROCEDURE [sandbox].[usp_LoadApps]
    @table_ordinal int OUTPUT,
    @error_number int OUTPUT,
    @error_message nvarchar(2048) OUTPUT
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @row bigint;
    DECLARE @last_row bigint;
    DECLARE @deleted int;
    DECLARE @has_rows_0 bit;
    DECLARE @has_rows_1 bit;
    DECLARE @has_rows_2 bit;
    DECLARE @has_rows_3 bit;
    DECLARE @has_rows_4 bit;
    DECLARE @skipped TABLE (app_id bigint NOT NULL PRIMARY KEY);

    BEGIN TRY
        -- The tables that replace existing rows.
        INSERT INTO #clear_app (table_ordinal, app_id)
        SELECT
            r.table_ordinal,
            a.app_id
        FROM #load_app AS a
        CROSS JOIN (VALUES (0), (2), (3)) AS r(table_ordinal)
        WHERE NOT EXISTS
            (
                SELECT 1
                FROM #clear_app AS c
                WHERE c.table_ordinal = r.table_ordinal
                    AND c.app_id = a.app_id
            );

        -- Seldom: rows of a retry, or of a contract that replaces rows.
        IF EXISTS (SELECT 1 FROM #clear_app)
        BEGIN
            -- part_price_note: delete existing rows
            SET @table_ordinal = 4;
            SET @deleted = 4000;

            WHILE @deleted = 4000
            BEGIN
                DELETE TOP (4000) FROM [dbo].[part_price_note]
                FROM #clear_app AS c
                INNER LOOP JOIN [dbo].[part] AS p2 ON p2.[app_id] = c.app_id
                INNER LOOP JOIN [dbo].[part_price] AS p1 ON p1.[part_id] = p2.[part_id]
                INNER LOOP JOIN [dbo].[part_price_note] AS t ON t.[part_id] = p1.[part_id] AND t.[kind] = p1.[kind]
                WHERE c.table_ordinal = 4
                OPTION (MAXDOP 1);

                SET @deleted = @@ROWCOUNT;
            END;

            -- part_price: delete existing rows
            SET @table_ordinal = 3;
            SET @deleted = 4000;

            WHILE @deleted = 4000
            BEGIN
                DELETE TOP (4000) FROM [dbo].[part_price]
                FROM #clear_app AS c
                INNER LOOP JOIN [dbo].[part] AS p1 ON p1.[app_id] = c.app_id
                INNER LOOP JOIN [dbo].[part_price] AS t ON t.[part_id] = p1.[part_id]
                WHERE c.table_ordinal = 3
                OPTION (MAXDOP 1);

                SET @deleted = @@ROWCOUNT;
            END;

            -- part: delete existing rows
            SET @table_ordinal = 2;
            SET @deleted = 4000;

            WHILE @deleted = 4000
            BEGIN
                DELETE TOP (4000) FROM [dbo].[part]
                FROM #clear_app AS c
                INNER LOOP JOIN [dbo].[part] AS t ON t.[app_id] = c.app_id
                WHERE c.table_ordinal = 2
                OPTION (MAXDOP 1);

                SET @deleted = @@ROWCOUNT;
            END;

            -- child's table with a name as long as its parent's name: delete existing rows
            SET @table_ordinal = 1;
            SET @deleted = 4000;

            WHILE @deleted = 4000
            BEGIN
                DELETE TOP (4000) FROM [dbo].[child's table with a name as long as its parent's name]
                FROM #clear_app AS c
                INNER LOOP JOIN [dbo].[child's table with a name as long as its parent's name] AS t ON t.[app_id] = c.app_id
                WHERE c.table_ordinal = 1
                OPTION (MAXDOP 1);

                SET @deleted = @@ROWCOUNT;
            END;

            -- base table with a name so long that no foreign key can have both names: delete existing rows
            SET @table_ordinal = 0;
            SET @deleted = 4000;

            WHILE @deleted = 4000
            BEGIN
                DELETE TOP (4000) FROM [dbo].[base table with a name so long that no foreign key can have both names]
                FROM #clear_app AS c
                INNER LOOP JOIN [dbo].[base table with a name so long that no foreign key can have both names] AS t ON t.[app_id] = c.app_id
                WHERE c.table_ordinal = 0
                OPTION (MAXDOP 1);

                SET @deleted = @@ROWCOUNT;
            END;

            -- usp_DeleteStaleRows loads nothing: it is called by hand, where no #stage_* tables exist.
            IF NOT EXISTS (SELECT 1 FROM #load_app)
            BEGIN
                RETURN 0;
            END;
        END;

        SELECT
            @has_rows_0 = CASE WHEN EXISTS (SELECT 1 FROM [#stage_base table with a name so long that no foreign key can have both names]) THEN 1 ELSE 0 END,
            @has_rows_1 = CASE WHEN EXISTS (SELECT 1 FROM [#stage_child's table with a name as long as its parent's name]) THEN 1 ELSE 0 END,
            @has_rows_2 = CASE WHEN EXISTS (SELECT 1 FROM [#stage_part]) THEN 1 ELSE 0 END,
            @has_rows_3 = CASE WHEN EXISTS (SELECT 1 FROM [#stage_part_price]) THEN 1 ELSE 0 END,
            @has_rows_4 = CASE WHEN EXISTS (SELECT 1 FROM [#stage_part_price_note]) THEN 1 ELSE 0 END;

        -- base table with a name so long that no foreign key can have both names: existing rows were deleted above
        IF @has_rows_0 = 1
        BEGIN
            SET @table_ordinal = 0;

            SELECT
                @row = MIN(s.__row) - 1,
                @last_row = MAX(s.__row)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON a.app_id = s.__app_id;

            WHILE @row < @last_row
            BEGIN
                INSERT INTO [dbo].[base table with a name so long that no foreign key can have both names]
                (
                    [item_id],
                    [app_id],
                    [a_bit],
                    [tiny],
                    [small],
                    [amount],
                    [price],
                    [a_float],
                    [a_real],
                    [a_date],
                    [a_time],
                    [old_time],
                    [minute],
                    [moment],
                    [offset],
                    [code],
                    [label],
                    [n_code],
                    [n_label],
                    [guid],
                    [blob],
                    [an_xml],
                    [note]
                )
                SELECT
                    s.[item_id],
                    s.[app_id],
                    s.[a_bit],
                    CONVERT(tinyint, s.[tiny]),
                    CONVERT(smallint, s.[small]),
                    s.[amount],
                    CONVERT(money, s.[price]),
                    s.[a_float],
                    CONVERT(real, s.[a_real]),
                    CONVERT(date, s.[a_date]),
                    CONVERT(time(2), s.[a_time]),
                    CONVERT(datetime, s.[old_time]),
                    CONVERT(smalldatetime, s.[minute]),
                    s.[moment],
                    CONVERT(datetimeoffset(7), s.[offset]),
                    s.[code],
                    s.[label],
                    s.[n_code],
                    s.[n_label],
                    s.[guid],
                    s.[blob],
                    CONVERT(xml, s.[an_xml], 1),
                    s.[note]
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON a.app_id = s.__app_id
                WHERE s.__row > @row
                    AND s.__row <= @row + 4000
                ORDER BY
                    a.app_id,
                    s.__row
                OPTION (LOOP JOIN, MAXDOP 1);

                SET @row += 4000;
            END;

            INSERT INTO #loaded (app_id, table_ordinal, row_count)
            SELECT
                a.app_id,
                0,
                COUNT_BIG(*)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON a.app_id = s.__app_id
            GROUP BY a.app_id;
        END;

        -- child's table with a name as long as its parent's name: skip an application that has rows
        IF @has_rows_1 = 1
        BEGIN
            SET @table_ordinal = 1;

            DELETE FROM @skipped;

            INSERT INTO @skipped (app_id)
            SELECT a.app_id
            FROM #load_app AS a
            CROSS APPLY
                (
                    SELECT TOP (1) 1 AS has_rows
                    FROM [dbo].[child's table with a name as long as its parent's name] AS t
                    WHERE t.[app_id] = a.app_id
                ) AS e;

            SELECT
                @row = MIN(s.__row) - 1,
                @last_row = MAX(s.__row)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_child's table with a name as long as its parent's name] AS s ON a.app_id = s.__app_id
            WHERE a.app_id NOT IN (SELECT k.app_id FROM @skipped AS k);

            WHILE @row < @last_row
            BEGIN
                INSERT INTO [dbo].[child's table with a name as long as its parent's name]
                (
                    [item_id],
                    [app_id],
                    [it's odd]
                )
                SELECT
                    s.[item_id],
                    s.[app_id],
                    s.[it's odd]
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_child's table with a name as long as its parent's name] AS s ON a.app_id = s.__app_id
                WHERE s.__row > @row
                    AND s.__row <= @row + 4000
                    AND a.app_id NOT IN (SELECT k.app_id FROM @skipped AS k)
                ORDER BY
                    a.app_id,
                    s.__row
                OPTION (LOOP JOIN, MAXDOP 1);

                SET @row += 4000;
            END;

            INSERT INTO #loaded (app_id, table_ordinal, row_count)
            SELECT
                a.app_id,
                1,
                COUNT_BIG(*)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_child's table with a name as long as its parent's name] AS s ON a.app_id = s.__app_id
            WHERE a.app_id NOT IN (SELECT k.app_id FROM @skipped AS k)
            GROUP BY a.app_id;
        END;

        -- part: existing rows were deleted above
        IF @has_rows_2 = 1
        BEGIN
            SET @table_ordinal = 2;

            SELECT
                @row = MIN(s.__row) - 1,
                @last_row = MAX(s.__row)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part] AS s ON a.app_id = s.__app_id;

            IF COLUMNPROPERTY(OBJECT_ID(N'[dbo].[part]'), N'part_id', 'IsIdentity') = 1
            BEGIN
                SET IDENTITY_INSERT [dbo].[part] ON;
            END;

            WHILE @row < @last_row
            BEGIN
                INSERT INTO [dbo].[part]
                (
                    [part_id],
                    [app_id]
                )
                SELECT
                    s.[part_id],
                    s.[app_id]
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_part] AS s ON a.app_id = s.__app_id
                WHERE s.__row > @row
                    AND s.__row <= @row + 4000
                ORDER BY
                    a.app_id,
                    s.__row
                OPTION (LOOP JOIN, MAXDOP 1);

                SET @row += 4000;
            END;

            IF COLUMNPROPERTY(OBJECT_ID(N'[dbo].[part]'), N'part_id', 'IsIdentity') = 1
            BEGIN
                SET IDENTITY_INSERT [dbo].[part] OFF;
            END;

            INSERT INTO #loaded (app_id, table_ordinal, row_count)
            SELECT
                a.app_id,
                2,
                COUNT_BIG(*)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part] AS s ON a.app_id = s.__app_id
            GROUP BY a.app_id;
        END;

        -- part_price: existing rows were deleted above
        IF @has_rows_3 = 1
        BEGIN
            SET @table_ordinal = 3;

            SELECT
                @row = MIN(s.__row) - 1,
                @last_row = MAX(s.__row)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part_price] AS s ON a.app_id = s.__app_id;

            WHILE @row < @last_row
            BEGIN
                INSERT INTO [dbo].[part_price]
                (
                    [part_id],
                    [kind],
                    [price]
                )
                SELECT
                    s.[part_id],
                    CONVERT(smallint, s.[kind]),
                    s.[price]
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_part_price] AS s ON a.app_id = s.__app_id
                WHERE s.__row > @row
                    AND s.__row <= @row + 4000
                ORDER BY
                    a.app_id,
                    s.__row
                OPTION (LOOP JOIN, MAXDOP 1);

                SET @row += 4000;
            END;

            INSERT INTO #loaded (app_id, table_ordinal, row_count)
            SELECT
                a.app_id,
                3,
                COUNT_BIG(*)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part_price] AS s ON a.app_id = s.__app_id
            GROUP BY a.app_id;
        END;

        -- part_price_note: skip an application that has rows
        IF @has_rows_4 = 1
        BEGIN
            SET @table_ordinal = 4;

            DELETE FROM @skipped;

            INSERT INTO @skipped (app_id)
            SELECT a.app_id
            FROM #load_app AS a
            CROSS APPLY
                (
                    SELECT TOP (1) 1 AS has_rows
                    FROM [dbo].[part] AS p2
                    INNER LOOP JOIN [dbo].[part_price] AS p1 ON p1.[part_id] = p2.[part_id]
                    INNER LOOP JOIN [dbo].[part_price_note] AS t ON t.[part_id] = p1.[part_id] AND t.[kind] = p1.[kind]
                    WHERE p2.[app_id] = a.app_id
                ) AS e;

            SELECT
                @row = MIN(s.__row) - 1,
                @last_row = MAX(s.__row)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part_price_note] AS s ON a.app_id = s.__app_id
            WHERE a.app_id NOT IN (SELECT k.app_id FROM @skipped AS k);

            WHILE @row < @last_row
            BEGIN
                INSERT INTO [dbo].[part_price_note]
                (
                    [part_id],
                    [kind],
                    [note]
                )
                SELECT
                    s.[part_id],
                    CONVERT(smallint, s.[kind]),
                    s.[note]
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_part_price_note] AS s ON a.app_id = s.__app_id
                WHERE s.__row > @row
                    AND s.__row <= @row + 4000
                    AND a.app_id NOT IN (SELECT k.app_id FROM @skipped AS k)
                ORDER BY
                    a.app_id,
                    s.__row
                OPTION (LOOP JOIN, MAXDOP 1);

                SET @row += 4000;
            END;

            INSERT INTO #loaded (app_id, table_ordinal, row_count)
            SELECT
                a.app_id,
                4,
                COUNT_BIG(*)
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part_price_note] AS s ON a.app_id = s.__app_id
            WHERE a.app_id NOT IN (SELECT k.app_id FROM @skipped AS k)
            GROUP BY a.app_id;
        END;

    END TRY
    BEGIN CATCH
        IF COLUMNPROPERTY(OBJECT_ID(N'[dbo].[part]'), N'part_id', 'IsIdentity') = 1
        BEGIN
            SET IDENTITY_INSERT [dbo].[part] OFF;
        END;

        -- A trigger has rolled back: a return without a transaction would hide the cause. And only
        -- a rethrown error keeps its number for the worker, which waits for a lock.
        IF XACT_STATE() = 0 OR [sandbox].[ufn_RefusalKind](ERROR_NUMBER()) = 'busy'
        BEGIN
            THROW;
        END;

        SET @error_number = ERROR_NUMBER();
        SET @error_message = ERROR_MESSAGE();
        RETURN 1;
    END CATCH;

    RETURN 0;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
/*
Purpose:    Inserts the rows in the #stage_* tables that the applications in #load_app do not have in the
            target tables of contract every-clause, and fills columns that are NULL in the rows they have.
            A row is sought by its key among the application's; a table without one gets rows where the
            application has none in it. Changes no existing row or value.
            Generated by xmlshred contract sql: change the contract, not this text.
Parameters: @insert_rows    Y: insert rows and fill columns; N: only fill columns
            @Execute        Y: do it; N: only count
            @table_ordinal  OUTPUT: the current target table in load order, from 0
            @error_number   OUTPUT: the error with which the database refused it
            @error_message  OUTPUT: its message
            Tables of the connection: reads #load_app (app_id) and #stage_*, and fills #backfilled (app_id,
            table_ordinal, column_name: NULL counts rows, item_count).
Results:    none. RETURN 0: done. RETURN 1: refused (@error_*), and the transaction is doomed.
Errors:     returned, except deadlocks, lock timeouts and others of kind busy, and the error of a
            trigger that rolled back, which are rethrown; 50035 an inserted row is not the application's
Called by:  usp_BackfillApps, in its transaction
Isolation:  READ COMMITTED. Locks the target tables, parents first.
            EXECUTE AS OWNER: SET IDENTITY_INSERT needs ALTER on its table
Example:    not called by hand
*/
CREATE OR ALTER PROCEDURE [sandbox].[usp_BackfillRows]
    @insert_rows char(1),
    @Execute char(1),
    @table_ordinal int OUTPUT,
    @error_number int OUTPUT,
    @error_message nvarchar(2048) OUTPUT
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @row bigint;
    DECLARE @last_row bigint;
    DECLARE @missing TABLE (stage_row bigint NOT NULL PRIMARY KEY, app_id bigint NOT NULL);

    BEGIN TRY
        -- base table with a name so long that no foreign key can have both names
        SET @table_ordinal = 0;

        IF EXISTS (SELECT 1 FROM [#stage_base table with a name so long that no foreign key can have both names] AS s WHERE s.__app_id IN (SELECT a.app_id FROM #load_app AS a))
        BEGIN
            -- The types and collations of the table, so that keys compare as in its own index.
            SELECT TOP (0)
                s.__app_id,
                s.__row,
                t.[item_id],
                t.[app_id]
            INTO #key_0
            FROM [#stage_base table with a name so long that no foreign key can have both names] AS s
            CROSS JOIN [dbo].[base table with a name so long that no foreign key can have both names] AS t;

            INSERT INTO #key_0
            (
                __app_id,
                __row,
                [item_id],
                [app_id]
            )
            SELECT
                s.__app_id,
                s.__row,
                s.[item_id],
                s.[app_id]
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON a.app_id = s.__app_id;

            DELETE FROM @missing;

            INSERT INTO @missing (stage_row, app_id)
            SELECT
                k.__row,
                k.__app_id
            FROM #key_0 AS k
            WHERE @insert_rows = 'Y'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [dbo].[base table with a name so long that no foreign key can have both names] AS t
                    WHERE t.[app_id] = k.__app_id
                        AND t.[item_id] = k.[item_id]
                        AND t.[app_id] = k.[app_id]
                )
            OPTION (LOOP JOIN, MAXDOP 1);

            INSERT INTO #backfilled (app_id, table_ordinal, item_count)
            SELECT
                m.app_id,
                0,
                COUNT_BIG(*)
            FROM @missing AS m
            GROUP BY m.app_id;

            INSERT INTO #backfilled
            (
                app_id,
                table_ordinal,
                column_name,
                item_count
            )
            SELECT
                k.__app_id,
                0,
                c.column_name,
                COUNT_BIG(*)
            FROM #key_0 AS k
            INNER LOOP JOIN [dbo].[base table with a name so long that no foreign key can have both names] AS t ON t.[app_id] = k.__app_id AND t.[item_id] = k.[item_id] AND t.[app_id] = k.[app_id]
            INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON k.__app_id = s.__app_id AND k.__row = s.__row
            CROSS APPLY
                (
                    VALUES
                    (N'note', CASE WHEN t.[note] IS NULL AND s.[note] IS NOT NULL THEN 1 ELSE 0 END)
                ) AS c(column_name, is_filled)
            WHERE c.is_filled = 1
            GROUP BY
                k.__app_id,
                c.column_name
            OPTION (MAXDOP 1);

            IF @Execute = 'Y'
            BEGIN
                SELECT
                    @row = MIN(s.__row) - 1,
                    @last_row = MAX(s.__row)
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON a.app_id = s.__app_id
                WHERE EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row);

                WHILE @row < @last_row
                BEGIN
                    INSERT INTO [dbo].[base table with a name so long that no foreign key can have both names]
                    (
                        [item_id],
                        [app_id],
                        [a_bit],
                        [tiny],
                        [small],
                        [amount],
                        [price],
                        [a_float],
                        [a_real],
                        [a_date],
                        [a_time],
                        [old_time],
                        [minute],
                        [moment],
                        [offset],
                        [code],
                        [label],
                        [n_code],
                        [n_label],
                        [guid],
                        [blob],
                        [an_xml],
                        [note]
                    )
                    SELECT
                        s.[item_id],
                        s.[app_id],
                        s.[a_bit],
                        CONVERT(tinyint, s.[tiny]),
                        CONVERT(smallint, s.[small]),
                        s.[amount],
                        CONVERT(money, s.[price]),
                        s.[a_float],
                        CONVERT(real, s.[a_real]),
                        CONVERT(date, s.[a_date]),
                        CONVERT(time(2), s.[a_time]),
                        CONVERT(datetime, s.[old_time]),
                        CONVERT(smalldatetime, s.[minute]),
                        s.[moment],
                        CONVERT(datetimeoffset(7), s.[offset]),
                        s.[code],
                        s.[label],
                        s.[n_code],
                        s.[n_label],
                        s.[guid],
                        s.[blob],
                        CONVERT(xml, s.[an_xml], 1),
                        s.[note]
                    FROM #load_app AS a
                    INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON a.app_id = s.__app_id
                    WHERE s.__row > @row
                        AND s.__row <= @row + 4000
                        AND EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row)
                    ORDER BY
                        a.app_id,
                        s.__row
                    OPTION (LOOP JOIN, MAXDOP 1);

                    SET @row += 4000;
                END;

                IF EXISTS
                (
                    SELECT 1
                    FROM #key_0 AS k
                    INNER JOIN @missing AS m ON k.__row = m.stage_row
                    WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [dbo].[base table with a name so long that no foreign key can have both names] AS t
                            WHERE t.[app_id] = k.__app_id
                                AND t.[item_id] = k.[item_id]
                                AND t.[app_id] = k.[app_id]
                        )
                )
                BEGIN
                    THROW 50035, N'A row of table base table with a name so long that no foreign key can have both names would not belong to the application: its parent row is missing; backfill the parent too.', 1;
                END;

                IF EXISTS
                (
                    SELECT 1
                    FROM #backfilled AS b
                    WHERE b.table_ordinal = 0
                        AND b.column_name = N'note'
                )
                BEGIN
                    UPDATE [dbo].[base table with a name so long that no foreign key can have both names]
                    SET [note] = s.[note]
                    FROM #key_0 AS k
                    INNER LOOP JOIN [dbo].[base table with a name so long that no foreign key can have both names] AS t ON t.[app_id] = k.__app_id AND t.[item_id] = k.[item_id] AND t.[app_id] = k.[app_id]
                    INNER LOOP JOIN [#stage_base table with a name so long that no foreign key can have both names] AS s ON k.__app_id = s.__app_id AND k.__row = s.__row
                    WHERE t.[note] IS NULL
                        AND s.[note] IS NOT NULL
                    OPTION (MAXDOP 1);
                END;
            END;
        END;

        -- child's table with a name as long as its parent's name
        SET @table_ordinal = 1;

        IF EXISTS (SELECT 1 FROM [#stage_child's table with a name as long as its parent's name] AS s WHERE s.__app_id IN (SELECT a.app_id FROM #load_app AS a))
        BEGIN
            DELETE FROM @missing;

            INSERT INTO @missing (stage_row, app_id)
            SELECT
                k.__row,
                k.__app_id
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_child's table with a name as long as its parent's name] AS k ON a.app_id = k.__app_id
            WHERE @insert_rows = 'Y'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [dbo].[child's table with a name as long as its parent's name] AS t
                    WHERE t.[app_id] = k.__app_id
                )
            OPTION (LOOP JOIN, MAXDOP 1);

            INSERT INTO #backfilled (app_id, table_ordinal, item_count)
            SELECT
                m.app_id,
                1,
                COUNT_BIG(*)
            FROM @missing AS m
            GROUP BY m.app_id;

            IF @Execute = 'Y'
            BEGIN
                SELECT
                    @row = MIN(s.__row) - 1,
                    @last_row = MAX(s.__row)
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_child's table with a name as long as its parent's name] AS s ON a.app_id = s.__app_id
                WHERE EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row);

                WHILE @row < @last_row
                BEGIN
                    INSERT INTO [dbo].[child's table with a name as long as its parent's name]
                    (
                        [item_id],
                        [app_id],
                        [it's odd]
                    )
                    SELECT
                        s.[item_id],
                        s.[app_id],
                        s.[it's odd]
                    FROM #load_app AS a
                    INNER LOOP JOIN [#stage_child's table with a name as long as its parent's name] AS s ON a.app_id = s.__app_id
                    WHERE s.__row > @row
                        AND s.__row <= @row + 4000
                        AND EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row)
                    ORDER BY
                        a.app_id,
                        s.__row
                    OPTION (LOOP JOIN, MAXDOP 1);

                    SET @row += 4000;
                END;

                IF EXISTS
                (
                    SELECT 1
                    FROM #load_app AS a
                    INNER LOOP JOIN [#stage_child's table with a name as long as its parent's name] AS k ON a.app_id = k.__app_id
                    INNER JOIN @missing AS m ON k.__row = m.stage_row
                    WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [dbo].[child's table with a name as long as its parent's name] AS t
                            WHERE t.[app_id] = k.__app_id
                        )
                )
                BEGIN
                    THROW 50035, N'A row of table child''s table with a name as long as its parent''s name would not belong to the application: its parent row is missing; backfill the parent too.', 1;
                END;
            END;
        END;

        -- part
        SET @table_ordinal = 2;

        IF EXISTS (SELECT 1 FROM [#stage_part] AS s WHERE s.__app_id IN (SELECT a.app_id FROM #load_app AS a))
        BEGIN
            -- The types and collations of the table, so that keys compare as in its own index.
            SELECT TOP (0)
                s.__app_id,
                s.__row,
                t.[part_id]
            INTO #key_2
            FROM [#stage_part] AS s
            CROSS JOIN [dbo].[part] AS t;

            INSERT INTO #key_2
            (
                __app_id,
                __row,
                [part_id]
            )
            SELECT
                s.__app_id,
                s.__row,
                s.[part_id]
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part] AS s ON a.app_id = s.__app_id;

            DELETE FROM @missing;

            INSERT INTO @missing (stage_row, app_id)
            SELECT
                k.__row,
                k.__app_id
            FROM #key_2 AS k
            WHERE @insert_rows = 'Y'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [dbo].[part] AS t
                    WHERE t.[app_id] = k.__app_id
                        AND t.[part_id] = k.[part_id]
                )
            OPTION (LOOP JOIN, MAXDOP 1);

            INSERT INTO #backfilled (app_id, table_ordinal, item_count)
            SELECT
                m.app_id,
                2,
                COUNT_BIG(*)
            FROM @missing AS m
            GROUP BY m.app_id;

            IF @Execute = 'Y'
            BEGIN
                SELECT
                    @row = MIN(s.__row) - 1,
                    @last_row = MAX(s.__row)
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_part] AS s ON a.app_id = s.__app_id
                WHERE EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row);

                IF COLUMNPROPERTY(OBJECT_ID(N'[dbo].[part]'), N'part_id', 'IsIdentity') = 1
                BEGIN
                    SET IDENTITY_INSERT [dbo].[part] ON;
                END;

                WHILE @row < @last_row
                BEGIN
                    INSERT INTO [dbo].[part]
                    (
                        [part_id],
                        [app_id]
                    )
                    SELECT
                        s.[part_id],
                        s.[app_id]
                    FROM #load_app AS a
                    INNER LOOP JOIN [#stage_part] AS s ON a.app_id = s.__app_id
                    WHERE s.__row > @row
                        AND s.__row <= @row + 4000
                        AND EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row)
                    ORDER BY
                        a.app_id,
                        s.__row
                    OPTION (LOOP JOIN, MAXDOP 1);

                    SET @row += 4000;
                END;

                IF COLUMNPROPERTY(OBJECT_ID(N'[dbo].[part]'), N'part_id', 'IsIdentity') = 1
                BEGIN
                    SET IDENTITY_INSERT [dbo].[part] OFF;
                END;

                IF EXISTS
                (
                    SELECT 1
                    FROM #key_2 AS k
                    INNER JOIN @missing AS m ON k.__row = m.stage_row
                    WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [dbo].[part] AS t
                            WHERE t.[app_id] = k.__app_id
                                AND t.[part_id] = k.[part_id]
                        )
                )
                BEGIN
                    THROW 50035, N'A row of table part would not belong to the application: its parent row is missing; backfill the parent too.', 1;
                END;
            END;
        END;

        -- part_price
        SET @table_ordinal = 3;

        IF EXISTS (SELECT 1 FROM [#stage_part_price] AS s WHERE s.__app_id IN (SELECT a.app_id FROM #load_app AS a))
        BEGIN
            -- The types and collations of the table, so that keys compare as in its own index.
            SELECT TOP (0)
                s.__app_id,
                s.__row,
                t.[part_id],
                t.[kind]
            INTO #key_3
            FROM [#stage_part_price] AS s
            CROSS JOIN [dbo].[part_price] AS t;

            INSERT INTO #key_3
            (
                __app_id,
                __row,
                [part_id],
                [kind]
            )
            SELECT
                s.__app_id,
                s.__row,
                s.[part_id],
                CONVERT(smallint, s.[kind])
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part_price] AS s ON a.app_id = s.__app_id;

            DELETE FROM @missing;

            INSERT INTO @missing (stage_row, app_id)
            SELECT
                k.__row,
                k.__app_id
            FROM #key_3 AS k
            WHERE @insert_rows = 'Y'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [dbo].[part] AS p1
                    INNER JOIN [dbo].[part_price] AS t ON t.[part_id] = p1.[part_id]
                    WHERE p1.[app_id] = k.__app_id
                        AND t.[part_id] = k.[part_id]
                        AND t.[kind] = k.[kind]
                )
            OPTION (LOOP JOIN, MAXDOP 1);

            INSERT INTO #backfilled (app_id, table_ordinal, item_count)
            SELECT
                m.app_id,
                3,
                COUNT_BIG(*)
            FROM @missing AS m
            GROUP BY m.app_id;

            INSERT INTO #backfilled
            (
                app_id,
                table_ordinal,
                column_name,
                item_count
            )
            SELECT
                k.__app_id,
                3,
                c.column_name,
                COUNT_BIG(*)
            FROM #key_3 AS k
            INNER LOOP JOIN [dbo].[part] AS p1 ON p1.[app_id] = k.__app_id
            INNER LOOP JOIN [dbo].[part_price] AS t ON t.[part_id] = p1.[part_id]
            INNER LOOP JOIN [#stage_part_price] AS s ON k.__app_id = s.__app_id AND k.__row = s.__row
            CROSS APPLY
                (
                    VALUES
                    (N'price', CASE WHEN t.[price] IS NULL AND s.[price] IS NOT NULL THEN 1 ELSE 0 END)
                ) AS c(column_name, is_filled)
            WHERE c.is_filled = 1
                AND t.[part_id] = k.[part_id]
                AND t.[kind] = k.[kind]
            GROUP BY
                k.__app_id,
                c.column_name
            OPTION (MAXDOP 1);

            IF @Execute = 'Y'
            BEGIN
                SELECT
                    @row = MIN(s.__row) - 1,
                    @last_row = MAX(s.__row)
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_part_price] AS s ON a.app_id = s.__app_id
                WHERE EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row);

                WHILE @row < @last_row
                BEGIN
                    INSERT INTO [dbo].[part_price]
                    (
                        [part_id],
                        [kind],
                        [price]
                    )
                    SELECT
                        s.[part_id],
                        CONVERT(smallint, s.[kind]),
                        s.[price]
                    FROM #load_app AS a
                    INNER LOOP JOIN [#stage_part_price] AS s ON a.app_id = s.__app_id
                    WHERE s.__row > @row
                        AND s.__row <= @row + 4000
                        AND EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row)
                    ORDER BY
                        a.app_id,
                        s.__row
                    OPTION (LOOP JOIN, MAXDOP 1);

                    SET @row += 4000;
                END;

                IF EXISTS
                (
                    SELECT 1
                    FROM #key_3 AS k
                    INNER JOIN @missing AS m ON k.__row = m.stage_row
                    WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [dbo].[part] AS p1
                            INNER JOIN [dbo].[part_price] AS t ON t.[part_id] = p1.[part_id]
                            WHERE p1.[app_id] = k.__app_id
                                AND t.[part_id] = k.[part_id]
                                AND t.[kind] = k.[kind]
                        )
                )
                BEGIN
                    THROW 50035, N'A row of table part_price would not belong to the application: its parent row is missing; backfill the parent too.', 1;
                END;

                IF EXISTS
                (
                    SELECT 1
                    FROM #backfilled AS b
                    WHERE b.table_ordinal = 3
                        AND b.column_name = N'price'
                )
                BEGIN
                    UPDATE [dbo].[part_price]
                    SET [price] = s.[price]
                    FROM #key_3 AS k
                    INNER LOOP JOIN [dbo].[part] AS p1 ON p1.[app_id] = k.__app_id
                    INNER LOOP JOIN [dbo].[part_price] AS t ON t.[part_id] = p1.[part_id]
                    INNER LOOP JOIN [#stage_part_price] AS s ON k.__app_id = s.__app_id AND k.__row = s.__row
                    WHERE t.[price] IS NULL
                        AND s.[price] IS NOT NULL
                        AND t.[part_id] = k.[part_id]
                        AND t.[kind] = k.[kind]
                    OPTION (MAXDOP 1);
                END;
            END;
        END;

        -- part_price_note
        SET @table_ordinal = 4;

        IF EXISTS (SELECT 1 FROM [#stage_part_price_note] AS s WHERE s.__app_id IN (SELECT a.app_id FROM #load_app AS a))
        BEGIN
            DELETE FROM @missing;

            INSERT INTO @missing (stage_row, app_id)
            SELECT
                k.__row,
                k.__app_id
            FROM #load_app AS a
            INNER LOOP JOIN [#stage_part_price_note] AS k ON a.app_id = k.__app_id
            WHERE @insert_rows = 'Y'
                AND NOT EXISTS
                (
                    SELECT 1
                    FROM [dbo].[part] AS p2
                    INNER JOIN [dbo].[part_price] AS p1 ON p1.[part_id] = p2.[part_id]
                    INNER JOIN [dbo].[part_price_note] AS t ON t.[part_id] = p1.[part_id] AND t.[kind] = p1.[kind]
                    WHERE p2.[app_id] = k.__app_id
                )
            OPTION (LOOP JOIN, MAXDOP 1);

            INSERT INTO #backfilled (app_id, table_ordinal, item_count)
            SELECT
                m.app_id,
                4,
                COUNT_BIG(*)
            FROM @missing AS m
            GROUP BY m.app_id;

            IF @Execute = 'Y'
            BEGIN
                SELECT
                    @row = MIN(s.__row) - 1,
                    @last_row = MAX(s.__row)
                FROM #load_app AS a
                INNER LOOP JOIN [#stage_part_price_note] AS s ON a.app_id = s.__app_id
                WHERE EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row);

                WHILE @row < @last_row
                BEGIN
                    INSERT INTO [dbo].[part_price_note]
                    (
                        [part_id],
                        [kind],
                        [note]
                    )
                    SELECT
                        s.[part_id],
                        CONVERT(smallint, s.[kind]),
                        s.[note]
                    FROM #load_app AS a
                    INNER LOOP JOIN [#stage_part_price_note] AS s ON a.app_id = s.__app_id
                    WHERE s.__row > @row
                        AND s.__row <= @row + 4000
                        AND EXISTS (SELECT 1 FROM @missing AS m WHERE m.stage_row = s.__row)
                    ORDER BY
                        a.app_id,
                        s.__row
                    OPTION (LOOP JOIN, MAXDOP 1);

                    SET @row += 4000;
                END;

                IF EXISTS
                (
                    SELECT 1
                    FROM #load_app AS a
                    INNER LOOP JOIN [#stage_part_price_note] AS k ON a.app_id = k.__app_id
                    INNER JOIN @missing AS m ON k.__row = m.stage_row
                    WHERE NOT EXISTS
                        (
                            SELECT 1
                            FROM [dbo].[part] AS p2
                            INNER JOIN [dbo].[part_price] AS p1 ON p1.[part_id] = p2.[part_id]
                            INNER JOIN [dbo].[part_price_note] AS t ON t.[part_id] = p1.[part_id] AND t.[kind] = p1.[kind]
                            WHERE p2.[app_id] = k.__app_id
                        )
                )
                BEGIN
                    THROW 50035, N'A row of table part_price_note would not belong to the application: its parent row is missing; backfill the parent too.', 1;
                END;
            END;
        END;

    END TRY
    BEGIN CATCH
        IF COLUMNPROPERTY(OBJECT_ID(N'[dbo].[part]'), N'part_id', 'IsIdentity') = 1
        BEGIN
            SET IDENTITY_INSERT [dbo].[part] OFF;
        END;

        -- A trigger has rolled back: a return without a transaction would hide the cause. And only
        -- a rethrown error keeps its number for the worker, which waits for a lock.
        IF XACT_STATE() = 0 OR [sandbox].[ufn_RefusalKind](ERROR_NUMBER()) = 'busy'
        BEGIN
            THROW;
        END;

        SET @error_number = ERROR_NUMBER();
        SET @error_message = ERROR_MESSAGE();
        RETURN 1;
    END CATCH;

    RETURN 0;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
/*
Purpose:    Reads the rows of applications in the target tables of contract every-clause.
            Generated by xmlshred contract sql: change the contract, not this text.
Parameters: @app_ids  the applications, separated by commas, such as N'101, 102'
Results:    one result set per target table, in load order: __app_id, and the columns of the
            contract. A text, xml, binary or money value is converted without loss
Errors:     none of its own
Called by:  the executable (verify)
Isolation:  READ COMMITTED; seeks the rows of each application, and waits for a worker that writes them
Example:    EXEC [sandbox].[usp_ReadRows] @app_ids = N'101, 102';
*/
CREATE OR ALTER PROCEDURE [sandbox].[usp_ReadRows]
    @app_ids nvarchar(max)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT 10000;

    DECLARE @app TABLE (app_id bigint NOT NULL PRIMARY KEY);

    INSERT INTO @app (app_id)
    SELECT DISTINCT l.app_id
    FROM [sandbox].[ufn_AppIdList](@app_ids) AS l
    WHERE l.app_id IS NOT NULL;

    SELECT
        a.app_id AS __app_id,
        t.[item_id] AS [item_id],
        t.[app_id] AS [app_id],
        t.[a_bit] AS [a_bit],
        t.[tiny] AS [tiny],
        t.[small] AS [small],
        t.[amount] AS [amount],
        CONVERT(decimal(19, 4), t.[price]) AS [price],
        t.[a_float] AS [a_float],
        t.[a_real] AS [a_real],
        t.[a_date] AS [a_date],
        t.[a_time] AS [a_time],
        t.[old_time] AS [old_time],
        t.[minute] AS [minute],
        t.[moment] AS [moment],
        t.[offset] AS [offset],
        CONVERT(nvarchar(max), t.[code]) AS [code],
        CONVERT(nvarchar(max), t.[label]) AS [label],
        CONVERT(nvarchar(max), t.[n_code]) AS [n_code],
        CONVERT(nvarchar(max), t.[n_label]) AS [n_label],
        t.[guid] AS [guid],
        CONVERT(varbinary(max), t.[blob]) AS [blob],
        CONVERT(nvarchar(max), t.[an_xml]) AS [an_xml],
        CONVERT(nvarchar(max), t.[note]) AS [note]
    FROM @app AS a
    INNER LOOP JOIN [dbo].[base table with a name so long that no foreign key can have both names] AS t ON t.[app_id] = a.app_id
    OPTION (MAXDOP 1);

    SELECT
        a.app_id AS __app_id,
        t.[row_id] AS [row_id],
        t.[item_id] AS [item_id],
        t.[app_id] AS [app_id],
        CONVERT(nvarchar(max), t.[it's odd]) AS [it's odd]
    FROM @app AS a
    INNER LOOP JOIN [dbo].[child's table with a name as long as its parent's name] AS t ON t.[app_id] = a.app_id
    OPTION (MAXDOP 1);

    SELECT
        a.app_id AS __app_id,
        t.[part_id] AS [part_id],
        t.[app_id] AS [app_id]
    FROM @app AS a
    INNER LOOP JOIN [dbo].[part] AS t ON t.[app_id] = a.app_id
    OPTION (MAXDOP 1);

    SELECT
        a.app_id AS __app_id,
        t.[part_id] AS [part_id],
        t.[kind] AS [kind],
        t.[price] AS [price]
    FROM @app AS a
    INNER LOOP JOIN [dbo].[part] AS p1 ON p1.[app_id] = a.app_id
    INNER LOOP JOIN [dbo].[part_price] AS t ON t.[part_id] = p1.[part_id]
    OPTION (MAXDOP 1);

    SELECT
        a.app_id AS __app_id,
        t.[part_id] AS [part_id],
        t.[kind] AS [kind],
        CONVERT(nvarchar(max), t.[note]) AS [note]
    FROM @app AS a
    INNER LOOP JOIN [dbo].[part] AS p2 ON p2.[app_id] = a.app_id
    INNER LOOP JOIN [dbo].[part_price] AS p1 ON p1.[part_id] = p2.[part_id]
    INNER LOOP JOIN [dbo].[part_price_note] AS t ON t.[part_id] = p1.[part_id] AND t.[kind] = p1.[kind]
    OPTION (MAXDOP 1);
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
/*
Answers:    Which rows of the target tables of contract every-clause belong to which application?
            Generated by xmlshred contract sql: change the contract, not this text.
Columns:    table_ordinal, table_name: the target table; app_id
Note:       One row per row of a target table, also of applications that other programs wrote. With
            an app_id it seeks; without one it reads the target tables.
Example:    SELECT r.table_name, COUNT_BIG(*) AS row_count
            FROM [sandbox].[vw_TargetRows] AS r
            WHERE r.app_id = 101
            GROUP BY r.table_name;
*/
CREATE OR ALTER VIEW [sandbox].[vw_TargetRows]
AS
SELECT
    0 AS table_ordinal,
    CONVERT(nvarchar(257), N'dbo.base table with a name so long that no foreign key can have both names') AS table_name,
    t.[app_id] AS app_id
FROM [dbo].[base table with a name so long that no foreign key can have both names] AS t
UNION ALL
SELECT
    1 AS table_ordinal,
    CONVERT(nvarchar(257), N'dbo.child''s table with a name as long as its parent''s name') AS table_name,
    t.[app_id] AS app_id
FROM [dbo].[child's table with a name as long as its parent's name] AS t
UNION ALL
SELECT
    2 AS table_ordinal,
    CONVERT(nvarchar(257), N'dbo.part') AS table_name,
    t.[app_id] AS app_id
FROM [dbo].[part] AS t
UNION ALL
SELECT
    3 AS table_ordinal,
    CONVERT(nvarchar(257), N'dbo.part_price') AS table_name,
    p1.[app_id] AS app_id
FROM [dbo].[part_price] AS t
INNER JOIN [dbo].[part] AS p1 ON t.[part_id] = p1.[part_id]
UNION ALL
SELECT
    4 AS table_ordinal,
    CONVERT(nvarchar(257), N'dbo.part_price_note') AS table_name,
    p2.[app_id] AS app_id
FROM [dbo].[part_price_note] AS t
INNER JOIN [dbo].[part_price] AS p1 ON t.[part_id] = p1.[part_id] AND t.[kind] = p1.[kind]
INNER JOIN [dbo].[part] AS p2 ON p1.[part_id] = p2.[part_id];
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
GRANT EXECUTE ON OBJECT::[sandbox].[usp_ReadRows] TO [shred_operator];
GRANT SELECT ON OBJECT::[sandbox].[vw_TargetRows] TO [shred_operator];
GRANT SELECT ON OBJECT::[sandbox].[vw_TargetRows] TO [shred_monitor];
GO
DECLARE @described TABLE
(
    ordinal int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    kind varchar(9) NOT NULL,
    object_name nvarchar(128) NOT NULL,
    column_name nvarchar(128) NULL,
    description nvarchar(3500) NOT NULL
);
DECLARE @ordinal int = 1;
DECLARE @kind varchar(9);
DECLARE @object_name nvarchar(128);
DECLARE @column_kind varchar(6);
DECLARE @column_name nvarchar(128);
DECLARE @description nvarchar(3500);

INSERT INTO @described (kind, object_name, column_name, description)
VALUES
('PROCEDURE', N'usp_LoadApps', NULL, N'Deletes the rows that #clear_app names, and then loads those of the applications in #load_app from the #stage_* tables into the target tables of contract every-clause. Generated by xmlshred contract sql: change the contract, not this text.'),
('PROCEDURE', N'usp_BackfillRows', NULL, N'Inserts the rows in the #stage_* tables that the applications in #load_app do not have in the target tables of contract every-clause, and fills columns that are NULL in the rows they have. A row is sought by its key among the application''s; a table without one gets rows where the application has none in it. Changes no existing row or value. Generated by xmlshred contract sql: change the contract, not this text.'),
('PROCEDURE', N'usp_ReadRows', NULL, N'Reads the rows of applications in the target tables of contract every-clause. Generated by xmlshred contract sql: change the contract, not this text.'),
('VIEW', N'vw_TargetRows', NULL, N'Which rows of the target tables of contract every-clause belong to which application? Generated by xmlshred contract sql: change the contract, not this text.');

WHILE EXISTS (SELECT 1 FROM @described AS d WHERE d.ordinal = @ordinal)
BEGIN
    SELECT
        @kind = d.kind,
        @object_name = d.object_name,
        @column_kind = CASE WHEN d.column_name IS NOT NULL THEN 'COLUMN' END,
        @column_name = d.column_name,
        @description = d.description
    FROM @described AS d
    WHERE d.ordinal = @ordinal;

    IF EXISTS
    (
        SELECT 1
        FROM sys.extended_properties AS p
        WHERE p.class = 1
            AND p.major_id = OBJECT_ID(N'[sandbox].' + QUOTENAME(@object_name))
            AND p.minor_id = COALESCE(COLUMNPROPERTY(p.major_id, @column_name, 'ColumnId'), 0)
            AND p.name = N'MS_Description'
    )
    BEGIN
        EXEC sys.sp_dropextendedproperty
            @name = N'MS_Description',
            @level0type = 'SCHEMA',
            @level0name = N'sandbox',
            @level1type = @kind,
            @level1name = @object_name,
            @level2type = @column_kind,
            @level2name = @column_name;
    END;

    EXEC sys.sp_addextendedproperty
        @name = N'MS_Description',
        @value = @description,
        @level0type = 'SCHEMA',
        @level0name = N'sandbox',
        @level1type = @kind,
        @level1name = @object_name,
        @level2type = @column_kind,
        @level2name = @column_name;

    SET @ordinal = @ordinal + 1;
END;
GO
/* A worker runs this once per connection. */
CREATE TABLE [#stage_base table with a name so long that no foreign key can have both names]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [item_id] int NULL,
    [app_id] bigint NULL,
    [a_bit] bit NULL,
    [tiny] int NULL,
    [small] int NULL,
    [amount] decimal(12,2) NULL,
    [price] decimal(19,4) NULL,
    [a_float] float NULL,
    [a_real] float NULL,
    [a_date] datetime2(0) NULL,
    [a_time] datetime2(2) NULL,
    [old_time] datetime2(3) NULL,
    [minute] datetime2(0) NULL,
    [moment] datetime2(3) NULL,
    [offset] nvarchar(33) COLLATE DATABASE_DEFAULT NULL,
    [code] nvarchar(2) COLLATE DATABASE_DEFAULT NULL,
    [label] nvarchar(10) COLLATE DATABASE_DEFAULT NULL,
    [n_code] nvarchar(2) COLLATE DATABASE_DEFAULT NULL,
    [n_label] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [guid] uniqueidentifier NULL,
    [blob] varbinary(max) NULL,
    [an_xml] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [note] nvarchar(100) COLLATE DATABASE_DEFAULT NULL
);

CREATE UNIQUE CLUSTERED INDEX IX_stage ON [#stage_base table with a name so long that no foreign key can have both names] (__app_id, __row);

CREATE TABLE [#stage_child's table with a name as long as its parent's name]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [item_id] int NULL,
    [app_id] bigint NULL,
    [it's odd] nvarchar(10) COLLATE DATABASE_DEFAULT NULL
);

CREATE UNIQUE CLUSTERED INDEX IX_stage ON [#stage_child's table with a name as long as its parent's name] (__app_id, __row);

CREATE TABLE [#stage_part]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [part_id] int NULL,
    [app_id] int NULL
);

CREATE UNIQUE CLUSTERED INDEX IX_stage ON [#stage_part] (__app_id, __row);

CREATE TABLE [#stage_part_price]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [part_id] int NULL,
    [kind] int NULL,
    [price] decimal(9,2) NULL
);

CREATE UNIQUE CLUSTERED INDEX IX_stage ON [#stage_part_price] (__app_id, __row);

CREATE TABLE [#stage_part_price_note]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [part_id] int NULL,
    [kind] int NULL,
    [note] nvarchar(100) COLLATE DATABASE_DEFAULT NULL
);

CREATE UNIQUE CLUSTERED INDEX IX_stage ON [#stage_part_price_note] (__app_id, __row);
GO
