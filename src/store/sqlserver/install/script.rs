//! The scripts that install and uninstall, as text with `GO` between the batches: what is printed
//! by `--dry-run` is what is run.

use std::fmt::Write;

use super::files::{batches, checksum, Kind, Names, SqlFile};
use crate::contract::{Contract, OnExisting};
use crate::store::sqlserver::contract_sql::{self, bracketed, literal};

/// Version of the objects of `sql/`: raised when an executable of before could not work with
/// them.
pub const SCHEMA_VERSION: i32 = 1;

/// Version of this program.
const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `processing_install_file` calls the contract's procedure.
pub const LOAD_APPS: &str = "contract/usp_LoadApps.sql";

/// After each file: a script that was started without `:on error exit` must not go on outside
/// the transaction that an error ended.
const GUARD: &str = "IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
";

/// One batch of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What it belongs to, for messages: a file below `sql/`, or words.
    pub part: String,
    /// Its T-SQL.
    pub sql: String,
}

impl Batch {
    fn new(part: &str, sql: impl Into<String>) -> Self {
        Self { part: part.to_owned(), sql: sql.into() }
    }
}

/// The last batch of an installation.
pub const COMMIT: &str = "COMMIT TRANSACTION;\n";

/// The batches that install all files and, with one, a contract.
pub fn install_batches(
    files: &[SqlFile],
    names: &Names,
    contract: Option<&Contract>,
) -> Vec<Batch> {
    let mut script = vec![Batch::new("the installation lock", begin(names))];
    for file in files {
        let text = names.fill(file.text);
        let own = match file.kind() {
            Kind::Migration => vec![once(names, file.name, &text)],
            Kind::Table | Kind::Module(_) | Kind::Other => batches(&text),
        };
        let own = own.into_iter().chain([GUARD.to_owned()]);
        script.extend(own.map(|sql| Batch::new(file.name, sql)));
    }
    if let Some(contract) = contract {
        script.extend(contract_batches(names.schema(), contract));
    }
    script.push(Batch::new("the record of the installation", record(files, names, contract)));
    script.push(commit());
    script
}

/// A migration, unless it is recorded. Each of its batches is compiled when the ones before have
/// run, as between `GO`.
fn once(names: &Names, file_name: &str, text: &str) -> String {
    let parts: String =
        batches(text).iter().map(|batch| format!("    EXEC ({});\n", literal(batch))).collect();
    format!(
        "IF NOT EXISTS
(
    SELECT 1
    FROM [{schema}].[processing_install_file] AS f
    WHERE f.file_name = {name}
)
BEGIN
{parts}END;
",
        schema = names.schema(),
        name = literal(file_name),
    )
}

/// A script for sqlcmd, or for SSMS in SQLCMD mode.
pub fn as_sqlcmd(names: &Names, batches: &[Batch]) -> String {
    let mut text = format!(
        "/*
Installs xmlshred {PROGRAM_VERSION} in one transaction. Running it again changes nothing but the
record of installations.

    sqlcmd -S SERVER -d DATABASE -b -I -i install.sql{}
*/
:on error exit
",
        match names == &Names::placeholders() {
            true => {
                " -v Schema=sandbox SourceSchema=dbo SourceTable=app_xml

Printed by xmlshred install --script: change the files of sql/, not this one."
            }
            false => "",
        }
    );
    for batch in batches {
        let _ = write!(text, "{}\nGO\n", batch.sql.trim_end());
    }
    text
}

fn begin(names: &Names) -> String {
    let resource = literal(&format!("xmlshred install {}", names.schema()));
    let table = format!("[{}].[processing_install]", names.schema());
    format!(
        "SET XACT_ABORT ON;
SET IMPLICIT_TRANSACTIONS OFF;
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;

BEGIN TRANSACTION;

DECLARE @lock_name nvarchar(255) = LEFT(CONCAT({resource}, N' in ', DB_NAME()), 255);
DECLARE @lock_result int;
DECLARE @installed_version int;
DECLARE @message nvarchar(2048);

EXEC @lock_result = sp_getapplock
    @Resource = @lock_name,
    @LockMode = 'Exclusive',
    @LockOwner = 'Transaction',
    @LockTimeout = 60000;

IF @lock_result < 0
BEGIN
    ROLLBACK TRANSACTION;
    THROW 50033, N'Another installation is running: wait for it, then install again.', 1;
END;

IF OBJECT_ID(N'{table}', N'U') IS NOT NULL
BEGIN
    SELECT TOP (1) @installed_version = i.schema_version
    FROM {table} AS i
    ORDER BY i.install_id DESC;
END;

IF @installed_version > {SCHEMA_VERSION}
BEGIN
    ROLLBACK TRANSACTION;
    SET @message = CONCAT(
        N'Version ', @installed_version, N' is installed, which is newer than version {SCHEMA_VERSION} of',
        N' this script: install with the newer xmlshred.'
    );
    THROW 50040, @message, 1;
END;
"
    )
}

/// The batches that make a contract the installed one, its target tables included.
pub fn contract_batches(schema: &str, contract: &Contract) -> Vec<Batch> {
    let ddl = contract_sql::target_ddl(&contract.target_schema, &contract.targets);
    let tables = contract.targets.iter().zip(ddl);
    let mut script: Vec<Batch> = tables
        .map(|(table, ddl)| Batch::new(&format!("target table {}", table.name), ddl))
        .collect();
    script.push(Batch::new("the grants on the target tables", grants(contract)));
    script.push(Batch::new("the contract's registration", register(schema, contract)));
    script.push(Batch::new(LOAD_APPS, load_procedure(schema, contract)));
    script.push(Batch::new(LOAD_APPS, GUARD));
    script
}

/// Begins the transaction that installs a contract alone.
pub fn begin_contract(schema: &str) -> Batch {
    let names = Names::in_schema(schema);
    Batch::new("the installation lock", begin(&names))
}

/// Records the contract's procedure.
pub fn end_contract(schema: &str, contract: &Contract) -> Batch {
    Batch::new("the record of the installation", record_load_apps(schema, contract))
}

/// Ends the transaction.
pub fn commit() -> Batch {
    Batch::new("the commit", COMMIT)
}

/// The contract's `usp_LoadApps`.
pub fn load_procedure(schema: &str, contract: &Contract) -> String {
    contract_sql::load_procedure(schema, &contract.name, &contract.target_schema, &contract.targets)
}

/// The catalog shows a worker only the tables it may see.
fn grants(contract: &Contract) -> String {
    let mut batch = "SET NOCOUNT ON;\n".to_owned();
    for table in &contract.targets {
        let target = format!("{}.{}", bracketed(&contract.target_schema), bracketed(&table.name));
        for role in ["shred_worker", "shred_operator"] {
            let _ = writeln!(batch, "    GRANT VIEW DEFINITION ON OBJECT::{target} TO [{role}];");
        }
    }
    batch
}

fn register(schema: &str, contract: &Contract) -> String {
    let rows: Vec<String> = contract
        .targets
        .iter()
        .enumerate()
        .map(|(ordinal, table)| {
            format!(
                "({ordinal}, {}, {}, {}, '{}')",
                literal(&contract.target_schema),
                literal(&table.name),
                literal(&table.columns[table.app_column].name),
                on_existing(table.on_existing),
            )
        })
        .collect();
    format!(
        "CREATE TABLE #contract_table
(
    table_ordinal int NOT NULL,
    schema_name nvarchar(128) NOT NULL,
    table_name nvarchar(128) NOT NULL,
    app_column nvarchar(128) NOT NULL,
    on_existing varchar(7) NOT NULL
);

INSERT INTO #contract_table
(
    table_ordinal,
    schema_name,
    table_name,
    app_column,
    on_existing
)
VALUES
{};

EXEC {}.[usp_InstallContract]
    @contract_hash = 0x{},
    @contract_name = {};

DROP TABLE #contract_table;
",
        rows.join(",\n"),
        bracketed(schema),
        contract.hash,
        literal(&contract.name),
    )
}

fn on_existing(rule: OnExisting) -> &'static str {
    match rule {
        OnExisting::Fail => "fail",
        OnExisting::Skip => "skip",
        OnExisting::Replace => "replace",
    }
}

/// Records what was installed, so that a change by hand can be told from an older version.
fn record(files: &[SqlFile], names: &Names, contract: Option<&Contract>) -> String {
    let schema = format!("[{}]", names.schema());
    let mut rows: Vec<String> = files
        .iter()
        .map(|file| {
            let definition = match file.kind() {
                Kind::Module(_) => definition_checksum(names.schema(), file.object()),
                Kind::Table | Kind::Migration | Kind::Other => "NULL".to_owned(),
            };
            recorded_row(file.name, &file.checksum(), &definition)
        })
        .collect();
    if let Some(contract) = contract {
        rows.push(recorded_load_apps(names.schema(), contract));
    }
    format!(
        "INSERT INTO {schema}.[processing_install] (schema_version, program_version)
VALUES ({SCHEMA_VERSION}, N'{PROGRAM_VERSION}');

DELETE FROM {schema}.[processing_install_file]
WHERE file_name <> N'{kept}';

INSERT INTO {schema}.[processing_install_file]
(
    file_name,
    schema_version,
    file_checksum,
    definition_checksum
)
VALUES
{rows};
",
        // Without a contract in this script, what was recorded of the installed one stays.
        kept = if contract.is_some() { "" } else { LOAD_APPS },
        rows = rows.join(",\n"),
    )
}

fn record_load_apps(schema: &str, contract: &Contract) -> String {
    format!(
        "DELETE FROM {schema}.[processing_install_file]
WHERE file_name = N'{LOAD_APPS}';

INSERT INTO {schema}.[processing_install_file]
(
    file_name,
    schema_version,
    file_checksum,
    definition_checksum
)
VALUES
{row};
",
        row = recorded_load_apps(schema, contract),
        schema = bracketed(schema),
    )
}

fn recorded_load_apps(schema: &str, contract: &Contract) -> String {
    let text = load_procedure(schema, contract);
    recorded_row(LOAD_APPS, &checksum(&text), &definition_checksum(schema, "usp_LoadApps"))
}

fn recorded_row(name: &str, checksum: &[u8; 32], definition: &str) -> String {
    format!("({}, {SCHEMA_VERSION}, {}, {definition})", literal(name), hex(checksum))
}

/// The SQL expression for the checksum of a module as it is in the database now.
pub fn definition_checksum(schema: &str, object: &str) -> String {
    let name = literal(&format!("[{schema}].[{object}]"));
    format!(
        "(SELECT HASHBYTES('SHA2_256', m.definition) FROM sys.sql_modules AS m \
         WHERE m.object_id = OBJECT_ID({name}))"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// The batch that removes the objects: all but the tables, or the tables too. Source and target
/// tables are never touched, and the roles stay: other pipelines of the database may use them.
pub fn uninstall_batch(files: &[SqlFile], names: &Names, with_data: bool) -> String {
    let schema = names.schema();
    let mut drops = format!(
        "SET XACT_ABORT ON;\n\nBEGIN TRANSACTION;\n\nDROP PROCEDURE IF EXISTS [{schema}].[usp_LoadApps];\n"
    );
    for file in files.iter().rev() {
        let object = format!("[{schema}].[{}]", file.object());
        let _ = match file.kind() {
            Kind::Module(kind) => writeln!(drops, "DROP {kind} IF EXISTS {object};"),
            Kind::Table if with_data => writeln!(drops, "DROP TABLE IF EXISTS {object};"),
            Kind::Table | Kind::Migration | Kind::Other => Ok(()),
        };
    }
    if with_data {
        let _ = write!(
            drops,
            "
IF SCHEMA_ID(N'{schema}') <> SCHEMA_ID(N'dbo')
    AND NOT EXISTS (SELECT 1 FROM sys.objects AS o WHERE o.schema_id = SCHEMA_ID(N'{schema}'))
BEGIN
    EXEC (N'DROP SCHEMA [{schema}];');
END;
"
        );
    }
    drops.push_str("\nCOMMIT TRANSACTION;\n");
    drops
}
