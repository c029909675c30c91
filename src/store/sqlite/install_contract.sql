-- Records the installed contract. Mirrors usp_RegisterContract; the target tables' own statements
-- come from the contract.

-- name: installed
SELECT contract_hash
FROM processing_contract
WHERE retired_at IS NULL;

-- name: installation
SELECT contract_name, contract_hash, installed_at
FROM processing_contract
WHERE retired_at IS NULL;

-- name: tables
SELECT t.table_name
FROM processing_contract_table AS t
INNER JOIN processing_contract AS c ON c.contract_hash = t.contract_hash
WHERE c.retired_at IS NULL
ORDER BY t.table_ordinal;

-- name: retire
UPDATE processing_contract
SET retired_at = :now
WHERE retired_at IS NULL;

-- name: record
INSERT INTO processing_contract (contract_hash, contract_name, installed_at, retired_at)
VALUES (:contract_hash, :contract_name, :now, NULL)
ON CONFLICT (contract_hash) DO UPDATE
SET contract_name = excluded.contract_name,
    installed_at = excluded.installed_at,
    retired_at = NULL;

-- name: forget_tables
DELETE FROM processing_contract_table
WHERE contract_hash = :contract_hash;

-- name: record_table
INSERT INTO processing_contract_table
    (contract_hash, table_ordinal, table_name, app_column, on_existing)
VALUES
    (:contract_hash, :table_ordinal, :table_name, :app_column, :on_existing);

-- name: exists
SELECT 1
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name = :table COLLATE NOCASE;

-- name: index_exists
SELECT 1
FROM sqlite_schema
WHERE type = 'index' AND name = :index COLLATE NOCASE;

-- name: columns
SELECT name, type, "notnull", dflt_value IS NOT NULL, pk > 0
FROM pragma_table_info(:table)
ORDER BY cid;

-- name: foreign_keys
SELECT "table", "from"
FROM pragma_foreign_key_list(:table)
ORDER BY id, seq;
