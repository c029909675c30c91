-- Records the installed contract. The target tables' own statements come from the contract.

-- name: installed
SELECT contract_hash, tables
FROM processing_contract
ORDER BY installation DESC
LIMIT 1;

-- name: record
INSERT INTO processing_contract (contract_hash, name, tables, installed_at)
VALUES (:contract_hash, :name, :tables, :now);

-- name: exists
SELECT 1
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name = :table COLLATE NOCASE;

-- name: columns
SELECT name, type, "notnull", dflt_value IS NOT NULL, pk > 0
FROM pragma_table_info(:table)
ORDER BY cid;

-- name: foreign_keys
SELECT "table", "from"
FROM pragma_foreign_key_list(:table)
ORDER BY id, seq;
