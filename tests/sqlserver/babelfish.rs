//! Babelfish, for tests without a SQL Server: its dialect, and the tests that it cannot run.

use std::process::{Command, ExitCode};

use xmlshred::store::sqlserver::install::{Kind, FILES};
use xmlshred::store::sqlserver::Dialect;

use crate::database::Server;

/// Its differences from SQL Server.
pub const DIALECT: Dialect = Dialect {
    installation,
    owner,
    error_number,
    documents_as_text: true,
    ordered_bulk_load: false,
    decimals_as_text: true,
    openjson_level: 110,
    reads_json_escapes: false,
};

/// How a character document is returned, around its column.
const DOCUMENT: [&str; 2] = [
    "\n            ELSE CONVERT(varbinary(max), CONVERT(nvarchar(max), s.[",
    "]))\n        END AS document,",
];

/// Its `varbinary` of nvarchar is not UTF-16.
fn documents_as_text(batch: String) -> String {
    let parts = batch.split_once(DOCUMENT[0]).and_then(|(before, rest)| {
        let (column, after) = rest.split_once(DOCUMENT[1])?;
        Some((before, column, after))
    });
    let Some((before, column, after)) = parts else { return batch };
    format!(
        "{before}
        END AS document,
        CASE WHEN @document_type <> N'varbinary' THEN CONVERT(nvarchar(max), s.[{column}]) END AS document_text,{after}"
    )
}

const CREATE_OR_ALTER: &str = "CREATE OR ALTER ";

/// It knows no `CREATE OR ALTER`, so a module is dropped and created; no VIEW DEFINITION, because
/// its catalog shows everybody everything; no EXECUTE AS, so that a caller needs the permissions;
/// HASHBYTES takes no more than 8,000 bytes; and a column that is altered keeps its NOT NULL or
/// NULL, which may not be said. The errors that it has no number for, such as that of a missing table, are
/// 33557097: here they are the server's, not a trigger's. An application lock that is not to be waited
/// for at all is an error. Names of indexes are longer than they were given, and its catalog says of
/// every table that pages are locked and locks escalate. No index can be altered, and nothing can be
/// waited for by time. CONVERT knows no style 2 for binary values, and fails for bytes that are no
/// character of Windows-1252.
pub fn installation(batch: &str) -> Vec<String> {
    let known = |line: &&str| !line.trim_start().starts_with("GRANT VIEW DEFINITION ");
    let lines: Vec<String> = batch
        .lines()
        .filter(known)
        .map(|line| match line.contains(" ALTER COLUMN ") {
            true => line.replace(" NOT NULL;", ";").replace(" NULL;", ";"),
            false if line.contains(" ALTER INDEX ALL ON ") => "SET NOCOUNT ON;".to_owned(),
            false => line.to_owned(),
        })
        .collect();
    let batch = lines
        .join("\n")
        .replacen(CREATE_OR_ALTER, "CREATE ", 1)
        .replace("ERROR_NUMBER()", ERROR_NUMBER)
        .replace("\nWITH EXECUTE AS OWNER\n", "\n")
        .replace("@error_number >= 50000", "@error_number BETWEEN 50000 AND 33557096")
        .replace("@error_number BETWEEN 823 AND 825", "@error_number IN (823, 824, 825, 33557097)")
        .replace("WAITFOR DELAY @wait;", "SET @wait = @wait;")
        .replace("@LockTimeout = 0;", "@LockTimeout = 1;")
        .replace("', m.definition)", "', SUBSTRING(m.definition, 1, 4000))")
        .replace("', m.[definition])", "', SUBSTRING(m.definition, 1, 4000))")
        .replace("N'SCHEMA', N'VIEW DEFINITION')", "N'SCHEMA', N'EXECUTE')")
        .replace("i.name = w.index_name", "LOWER(i.name) LIKE LOWER(w.index_name) + N'%'")
        .replace("CONVERT(varchar(16), s.contract_hash, 2)", "CHECKSUM(s.contract_hash)")
        .replace(HASH_AS_TEXT.0, "RIGHT('0000000000000000' + CONVERT(varchar(16), ABS(CONVERT(bigint, CHECKSUM(")
        .replace(HASH_AS_TEXT.1, "\n)))), 16)\n")
        // A function returns char(16) without its length.
        .replace(
            "f.example_path,\n    f.fingerprint\n",
            "f.example_path,\n    CONVERT(varchar(16), f.fingerprint) AS fingerprint\n",
        )
        .replace(
            "l.failure_path AS example_path,\n        f.fingerprint\n",
            "l.failure_path AS example_path,\n        CONVERT(varchar(16), f.fingerprint) AS fingerprint\n",
        )
        .replace("            EXEC (@statement);", ALTERED_COLUMN)
        .replace("i.allow_page_locks = 1", "1 = 0")
        .replace("t.lock_escalation_desc <> N'DISABLE'", "1 = 0");
    drops(&lines.join("\n")).into_iter().chain([documents_as_text(batch)]).collect()
}

/// Instead of the statement as it is.
const ALTERED_COLUMN: &str = "            IF @statement LIKE N'% ALTER COLUMN %'
                SET @statement = REPLACE(REPLACE(@statement, N' NOT NULL;', N';'), N' NULL;', N';');
            EXEC (@statement);";

/// Where the first bytes of a hash become hexadecimal digits: before what is hashed, and after it.
const HASH_AS_TEXT: (&str, &str) = (
    "CONVERT(
                            varchar(16),
                            SUBSTRING(
                                HASHBYTES(
                                    'SHA2_256',",
    "
                                ),
                                1,
                                8
                            ),
                            2
                        )
",
);

/// A lock timeout has the number of a missing table there.
const ERROR_NUMBER: &str = "CASE WHEN ERROR_MESSAGE() LIKE N'%due to lock timeout%' THEN 1222 \
                            ELSE ERROR_NUMBER() END";

/// What has to go before a batch creates what it creates or alters: the module itself, and before a
/// function all views, which may call it; they are created after it.
fn drops(sql: &str) -> Vec<String> {
    let Some((schema, drop)) = drop_of_module(sql) else { return Vec::new() };
    let views = FILES.iter().rev().filter(|file| file.kind() == Kind::Module("VIEW"));
    let views = views.map(|view| format!("DROP VIEW IF EXISTS {schema}.[{}];", view.object()));
    let first: Vec<String> = match drop.starts_with("DROP FUNCTION ") {
        true => views.collect(),
        false => Vec::new(),
    };
    first.into_iter().chain([drop]).collect()
}

/// The schema, and `DROP PROCEDURE IF EXISTS …`, for a batch that creates or alters a module.
fn drop_of_module(sql: &str) -> Option<(&str, String)> {
    let (_, definition) = sql.split_once(CREATE_OR_ALTER)?;
    let (kind, rest) = definition.split_once(' ')?;
    let dot = rest.find("].[")?;
    let end = dot + 3 + rest[dot + 3..].find(']')?;
    Some((&rest[..=dot], format!("DROP {kind} IF EXISTS {};", &rest[..=end])))
}

/// The schema dbo belongs to db_owner there, and what dbo owns elsewhere to dbo.
fn owner(name: &str) -> &str {
    match name {
        "db_owner" => "dbo",
        other => other,
    }
}

/// A lock that was waited for too long has a number that says nothing.
fn error_number(number: i64, message: &str) -> i64 {
    match message {
        "canceling statement due to lock timeout" => 1222,
        _ => number,
    }
}

/// Says to this program, started by [`program`], that it is to be `xmlshred`.
const AS_PROGRAM: &str = "SQLSERVER_SUITE_AS_PROGRAM";

/// The executable; on Babelfish this one, which is the same program that speaks [`DIALECT`].
pub fn program() -> Command {
    if !Server::from_environment().is_some_and(|server| server.is_babelfish) {
        return Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(AS_PROGRAM, "1");
    command
}

/// Is `xmlshred` if [`program`] has started us.
pub fn as_program() -> Option<ExitCode> {
    std::env::var_os(AS_PROGRAM)?;
    DIALECT.speak();
    Some(xmlshred::cli::main().into())
}

/// Names of tests, without `sqlserver::`, and why they are skipped there.
const SKIPPED: &[(&str, &str)] = &[
    ("course::a_report_reconciles_and_lists_contracts", ESTIMATED_ROWS),
    (
        "ownership::a_contract_that_does_not_require_a_column_lets_it_be_null",
        "ALTER COLUMN … NULL is not there",
    ),
    (
        "changing::an_expression_of_a_column_is_named_before_the_server_refuses",
        "sys.sql_expression_dependencies is empty",
    ),
    (
        "changing::what_waits_too_long_for_a_table_changes_nothing",
        "TRY does not catch a lock timeout",
    ),
    ("reporting::status_counts_every_application_in_one_place", ESTIMATED_ROWS),
    ("reporting::status_of_an_empty_store_is_all_zero", ESTIMATED_ROWS),
    (
        "source::a_source_row_that_is_not_committed_is_waited_for",
        "it always reads versions of rows, and no lock hint changes that",
    ),
    (
        "program::a_database_that_may_not_be_written_is_no_error",
        "ALTER DATABASE … SET READ_ONLY is not there",
    ),
    ("monitoring::a_secondary_replica_is_found", "ALTER DATABASE … SET READ_ONLY is not there"),
    (
        "monitoring::readers_that_wait_for_writers_are_found_and_helped",
        "READ_COMMITTED_SNAPSHOT cannot be turned off",
    ),
    ("monitoring::a_disabled_index_is_found_and_rebuilt", "ALTER INDEX … DISABLE is not there"),
    ("findings::a_lock_that_is_held_too_long_is_a_finding", "TRY does not catch a lock timeout"),
    (
        "inspecting::a_pause_is_started_and_ended_by_one_person",
        "no lock hint changes what it locks, so that two pauses may begin at once",
    ),
    ("types::the_seventh_digit_of_a_second_is_kept", "times have six digits"),
];

const ESTIMATED_ROWS: &str =
    "sys.partitions has an estimate of each table's rows, which is renewed some time later";

/// Applications a batch where many batches are loaded: so few that their outcomes fit into a packet.
/// Babelfish reads a bulk load up to the first byte of the DONE token that ends it; where the other
/// twelve are in another packet, it takes that packet for the next request (its BABEL-6317, fixed
/// in January 2026). A message may go from one packet into the next anywhere.
pub const BATCH_SIZE: u32 = 10;

/// Why a test is skipped on Babelfish.
pub fn skips(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("sqlserver::")?;
    SKIPPED.iter().find(|(skipped, _)| *skipped == name).map(|(_, reason)| *reason)
}
