-- The installed contract. Mirrors usp_GetContract.

-- name: installed
SELECT contract_hash, contract_name, installed_at_utc
FROM processing_contract
WHERE retired_at_utc IS NULL;

-- name: tables
SELECT t.table_name
FROM processing_contract_table AS t
INNER JOIN processing_contract AS c ON c.contract_hash = t.contract_hash
WHERE c.retired_at_utc IS NULL
ORDER BY t.table_ordinal;
