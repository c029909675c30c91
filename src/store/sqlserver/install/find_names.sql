/*
Every name that the installation takes, and what has it now. is_ours: this program created it, which its
extended property xmlshred says. A module that was dropped and created again by hand has lost the property
and is ours by the record of the installation; so is everything of an installation that is older than the
property. Anything else that has the name is in the way.
*/
SET NOCOUNT ON;

DROP TABLE IF EXISTS #xmlshred_name;

CREATE TABLE #xmlshred_name
(
    ordinal int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    kind varchar(10) NOT NULL,
    schema_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    object_name nvarchar(128) COLLATE DATABASE_DEFAULT NOT NULL,
    table_name nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
    file_name nvarchar(200) COLLATE DATABASE_DEFAULT NULL,
    found_id int NULL,
    found_kind nvarchar(60) COLLATE DATABASE_DEFAULT NULL,
    parent_id int NULL,
    table_id int NULL,
    is_ours bit NOT NULL DEFAULT (0),
    is_in_the_way bit NOT NULL DEFAULT (0),
    shown nvarchar(600) COLLATE DATABASE_DEFAULT NULL
);

$(Rows)
/* Everything that an owner can have in a schema is one object by its name, constraints included. */
UPDATE #xmlshred_name
SET found_id = OBJECT_ID(QUOTENAME(schema_name) + N'.' + QUOTENAME(object_name)),
    table_id = OBJECT_ID(QUOTENAME(schema_name) + N'.' + QUOTENAME(table_name));

UPDATE #xmlshred_name
SET found_kind =
        CASE
            WHEN o.type IN ('U') THEN N'table'
            WHEN o.type IN ('V') THEN N'view'
            WHEN o.type IN ('P', 'PC', 'X') THEN N'procedure'
            WHEN o.type IN ('FN', 'IF', 'TF', 'FS', 'FT', 'AF') THEN N'function'
            WHEN o.type IN ('PK', 'UQ', 'F', 'C', 'D') THEN N'constraint'
            WHEN o.type IN ('TR', 'TA') THEN N'trigger'
            WHEN o.type IN ('SN') THEN N'synonym'
            WHEN o.type IN ('SO') THEN N'sequence'
            ELSE LOWER(REPLACE(o.type_desc, N'_', N' '))
        END,
    parent_id = NULLIF(o.parent_object_id, 0)
FROM sys.objects AS o
WHERE o.object_id = found_id;

UPDATE #xmlshred_name
SET found_kind = N'type'
WHERE found_id IS NULL
    AND TYPE_ID(QUOTENAME(schema_name) + N'.' + QUOTENAME(object_name)) IS NOT NULL;

INSERT INTO #xmlshred_name (kind, schema_name, object_name, found_kind)
SELECT 'ROLE', N'', p.name, N'user'
FROM sys.database_principals AS p
WHERE p.type <> 'R'
    AND p.principal_id IN
    (
        DATABASE_PRINCIPAL_ID(N'shred_worker'),
        DATABASE_PRINCIPAL_ID(N'shred_operator'),
        DATABASE_PRINCIPAL_ID(N'shred_monitor'),
        DATABASE_PRINCIPAL_ID(N'shred_loader')
    );

UPDATE #xmlshred_name
SET is_ours = 1
FROM sys.extended_properties AS p
WHERE p.class = 1
    AND p.major_id = found_id
    AND p.minor_id = 0
    AND p.name = N'xmlshred';

IF COL_LENGTH(N'[$(Schema)].[processing_install_file]', N'file_name') IS NOT NULL
    AND COL_LENGTH(N'[$(Schema)].[processing_install_file]', N'file_checksum') IS NOT NULL
    AND COL_LENGTH(N'[$(Schema)].[processing_install_file]', N'definition_checksum') IS NOT NULL
BEGIN
    EXEC (N'UPDATE #xmlshred_name
    SET is_ours = 1
    WHERE found_id IS NOT NULL
        AND file_name IN (SELECT f.file_name FROM [$(Schema)].[processing_install_file] AS f)
        AND
        (
            kind <> ''TABLE''
            OR NOT EXISTS
            (
                SELECT 1
                FROM #xmlshred_name AS i
                WHERE i.file_name = N''tables/processing_install_file.sql''
                    AND i.is_ours = 1
            )
        );');
END;

/* A constraint is created with its table: it is in the way of a table only that does not exist. */
UPDATE #xmlshred_name
SET is_ours = 1
WHERE kind = 'CONSTRAINT'
    AND
    (
        parent_id = table_id
        OR table_id IN
        (
            SELECT t.found_id
            FROM #xmlshred_name AS t
            WHERE (t.kind = 'TABLE' AND t.is_ours = 1)
                OR (t.kind = 'TARGET' AND t.found_kind = N'table')
        )
    );

UPDATE #xmlshred_name
SET is_in_the_way =
    CASE
        WHEN found_kind IS NULL OR is_ours = 1 THEN 0
        WHEN kind = 'TARGET' AND found_kind = N'table' THEN 0
        ELSE 1
    END,
    shown =
    CONCAT(
        found_kind,
        N' ',
        CASE WHEN kind <> 'ROLE' THEN QUOTENAME(schema_name) + N'.' END,
        QUOTENAME(object_name),
        N' of ' + QUOTENAME(OBJECT_NAME(parent_id))
    );
