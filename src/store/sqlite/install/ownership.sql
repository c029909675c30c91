-- What has the names of a contract's tables. SQL Server has an extended property for what is ours;
-- here it is a comment in the declaration, which SQLite keeps.

-- name: object
SELECT type, tbl_name
FROM sqlite_schema
WHERE name = :name COLLATE NOCASE AND type <> 'trigger';

-- name: is_ours
SELECT 1
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name = :table COLLATE NOCASE
  AND instr(sql, '-- created by xmlshred') > 0;

-- name: all
SELECT type || ' ' || name
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
ORDER BY name;
