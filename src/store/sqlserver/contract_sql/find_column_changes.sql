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

$(Rows)
UPDATE @wanted
SET table_id = OBJECT_ID($(Prefix) + QUOTENAME(table_name), N'U');

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
        N'ALTER TABLE ', $(Prefix), QUOTENAME(w.table_name), N' ADD ', QUOTENAME(w.column_name), N' ', w.new_type,
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
        N'ALTER TABLE ', $(Prefix), QUOTENAME(d.table_name), N' ALTER COLUMN ', QUOTENAME(d.column_name), N' ',
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
WHERE (w.owner IS NULL OR w.owner <> $(Pipeline))
    AND (h.column_id IS NOT NULL OR $(AddsToAll) = 0);

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
