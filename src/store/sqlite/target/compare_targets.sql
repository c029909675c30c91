-- The target tables as they are, for comparing them with a contract's.

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
