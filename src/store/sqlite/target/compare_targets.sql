-- The columns and keys of an existing target table. SQL Server has no such procedure: there the
-- catalog is read.

-- name: columns
SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden
FROM pragma_table_xinfo(:table)
ORDER BY cid;

-- name: foreign_keys
SELECT id, "table", "from"
FROM pragma_foreign_key_list(:table)
ORDER BY id, seq;

-- name: identity
SELECT 1
FROM sqlite_schema
WHERE type = 'table' AND name = :table COLLATE NOCASE AND sql LIKE '%AUTOINCREMENT%';
