-- Records the installed contract. Mirrors usp_InstallContract; the statements for the target tables
-- come from the contract.

-- name: retire
UPDATE processing_contract
SET retired_at_utc = :now
WHERE retired_at_utc IS NULL;

-- name: record
INSERT INTO processing_contract (contract_hash, contract_name, installed_at_utc, retired_at_utc)
VALUES (:contract_hash, :contract_name, :now, NULL)
ON CONFLICT (contract_hash) DO UPDATE
SET contract_name = excluded.contract_name,
    installed_at_utc = excluded.installed_at_utc,
    retired_at_utc = NULL;

-- name: forget_tables
DELETE FROM processing_contract_table
WHERE contract_hash = :contract_hash;

-- name: record_table
INSERT INTO processing_contract_table
    (contract_hash, table_ordinal, table_name, on_existing)
VALUES
    (:contract_hash, :table_ordinal, :table_name, :on_existing);

-- name: index_exists
SELECT 1
FROM sqlite_schema
WHERE type = 'index' AND name = :index COLLATE NOCASE;

-- name: view_text
SELECT sql
FROM sqlite_schema
WHERE type = 'view' AND name = :view;
