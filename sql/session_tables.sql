SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The temp tables that a connection needs before it calls usp_CompleteBatch or usp_CompleteApp, in
addition to the contract's #stage_* tables. Run it once per connection as a plain batch: a temp table
that is created inside a procedure or sp_executesql is dropped when that ends. sql/README.md
describes their contents.
*/
CREATE TABLE #outcome
(
    app_id bigint NULL,
    attempt int NULL,
    is_success bit NULL,
    failure_category nvarchar(30) COLLATE DATABASE_DEFAULT NULL,
    failure_table nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
    failure_column nvarchar(128) COLLATE DATABASE_DEFAULT NULL,
    failure_path nvarchar(1000) COLLATE DATABASE_DEFAULT NULL,
    failure_path_shape nvarchar(1000) COLLATE DATABASE_DEFAULT NULL,
    failure_line int NULL,
    failure_column_number int NULL,
    failure_value nvarchar(400) COLLATE DATABASE_DEFAULT NULL,
    failure_reason nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    fingerprint nvarchar(16) COLLATE DATABASE_DEFAULT NULL,
    shred_micros bigint NULL,
    document_bytes bigint NULL,
    source_hash varbinary(max) NULL,
    error_number int NULL
);

CREATE TABLE #load_app (app_id bigint NOT NULL PRIMARY KEY);

CREATE TABLE #clear_app
(
    table_ordinal int NOT NULL,
    app_id bigint NOT NULL,
    PRIMARY KEY (table_ordinal, app_id)
);

CREATE TABLE #loaded
(
    app_id bigint NOT NULL,
    table_ordinal int NOT NULL,
    row_count bigint NOT NULL
);
GO
