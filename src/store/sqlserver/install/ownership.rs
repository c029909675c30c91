//! What is ours: each object that an installation creates has the extended property `xmlshred`, set in
//! its transaction. An object of others is never altered, replaced or dropped. The checks are part of
//! the script, because a DBA may run it without this program.

use std::fmt::Write;

use super::files::{Kind, Names, SqlFile};
use super::generated::GENERATED;
use crate::contract::Contract;
use crate::store::sqlserver::contract_sql::{constraint_names, literal};

/// The most rows of one `VALUES`.
const MOST_ROWS: usize = 900;

const FIND: &str = include_str!("find_names.sql");
const REFUSE: &str = include_str!("refuse_names.sql");
const MARK: &str = include_str!("mark_objects.sql");
const ADOPTED_NAMES: &str = include_str!("adopted_names.sql");
const RESTORE_NAMES: &str = include_str!("restore_names.sql");
const UNINSTALL: &str = include_str!("uninstall.sql");
const DROP_SCHEMA: &str = include_str!("drop_schema.sql");

/// A completion locks the claims and then waits for the contract, which an installation has locked before it comes
/// to the claims. The server then undoes the completion, which its worker repeats.
pub const SURVIVE_DEADLOCKS: &str = "SET DEADLOCK_PRIORITY HIGH;\n";

/// After [`find`]: what has the names.
pub const FOUND: &str = "SELECT
    n.kind,
    n.object_name,
    n.shown,
    CONVERT(int, n.is_ours) AS is_ours,
    CONVERT(int, n.is_in_the_way) AS is_in_the_way
FROM #xmlshred_name AS n
WHERE n.found_kind IS NOT NULL
ORDER BY n.ordinal;
";

/// The batch that fills `#xmlshred_name` with every name that an installation takes.
pub fn find(files: &[SqlFile], names: &Names, contract: Option<&Contract>) -> String {
    let mut rows = Vec::new();
    for file in files {
        let kind = match file.kind() {
            Kind::Table => "TABLE",
            Kind::Module(kind) => kind,
            Kind::Migration | Kind::Other => continue,
        };
        rows.push(row(kind, names.schema(), file.object(), None, Some(file.name)));
        if kind == "TABLE" {
            let of_table =
                |name| row("CONSTRAINT", names.schema(), name, Some(file.object()), None);
            rows.extend(constraints(file.text).map(of_table));
        }
    }
    for of_contract in &GENERATED {
        let (kind, object) = (of_contract.kind, of_contract.object);
        rows.push(row(kind, names.schema(), object, None, Some(of_contract.file)));
    }
    for (contract, table) in
        contract.into_iter().flat_map(|c| c.targets.iter().map(move |t| (c, t)))
    {
        rows.push(row("TARGET", &contract.target_schema, &table.name, None, None));
        for name in constraint_names(table) {
            let (schema, table) = (&contract.target_schema, Some(table.name.as_str()));
            rows.push(row("CONSTRAINT", schema, &name, table, None));
        }
    }
    let inserts = rows.chunks(MOST_ROWS).fold(String::new(), |mut sql, rows| {
        let _ = writeln!(
            sql,
            "INSERT INTO #xmlshred_name (kind, schema_name, object_name, table_name, file_name)\n\
             VALUES\n{};\n",
            rows.join(",\n")
        );
        sql
    });
    names.fill(&FIND.replace("$(Rows)\n", &inserts))
}

fn row(kind: &str, schema: &str, name: &str, table: Option<&str>, file: Option<&str>) -> String {
    let or_null = |text: Option<&str>| text.map_or("NULL".to_owned(), literal);
    format!(
        "('{kind}', {}, {}, {}, {})",
        literal(schema),
        literal(name),
        or_null(table),
        or_null(file)
    )
}

/// The names of the constraints that a file of `tables/` creates.
fn constraints(text: &str) -> impl Iterator<Item = &str> {
    text.split("CONSTRAINT ").skip(1).filter_map(|rest| rest.split_whitespace().next())
}

/// The batch that refuses to go on where something is in the way.
pub fn refuse() -> String {
    REFUSE.to_owned()
}

/// The batch after everything is created.
pub fn mark(names: &Names) -> String {
    names.fill(MARK)
}

/// The batches that drop what is ours, with or without the tables; the last one returns which log of an
/// earlier system has its name again. Source and target tables do not change, and the roles stay: other
/// pipelines of the database may use them.
pub fn uninstall(files: &[SqlFile], names: &Names, with_data: bool) -> Vec<String> {
    let begin = format!("{SURVIVE_DEADLOCKS}SET XACT_ABORT ON;\n\nBEGIN TRANSACTION;\n");
    let kinds = "'PROCEDURE', 'VIEW', 'FUNCTION'";
    let last = match with_data {
        true => {
            let kinds = format!("{kinds}, 'TABLE'");
            vec![
                names.fill(ADOPTED_NAMES),
                UNINSTALL.replace("$(Kinds)", &kinds),
                names.fill(RESTORE_NAMES),
                names.fill(DROP_SCHEMA),
                names.fill(RESTORED),
            ]
        }
        false => vec![UNINSTALL.replace("$(Kinds)", kinds), names.fill(FORGET_MODULES)],
    };
    let find = find(files, names, None);
    let mut batches = vec![begin, find];
    batches.extend(last);
    batches
}

const RESTORED: &str =
    "SELECT QUOTENAME(OBJECT_SCHEMA_NAME(OBJECT_ID(N'[$(Schema)].' + QUOTENAME(n.original_name))))
        + N'.' + QUOTENAME(n.original_name) AS log_name
FROM #adoption_name AS n
WHERE OBJECT_ID(N'[$(Schema)].' + QUOTENAME(n.original_name), N'U') IS NOT NULL;
";

/// A module that others create from now on under one of the names is not ours.
const FORGET_MODULES: &str = "IF EXISTS
(
    SELECT 1
    FROM #xmlshred_name AS n
    WHERE n.file_name = N'tables/processing_install_file.sql'
        AND n.is_ours = 1
        AND n.found_id IS NOT NULL
)
BEGIN
    EXEC (N'DELETE FROM [$(Schema)].[processing_install_file] WHERE definition_checksum IS NOT NULL;');
END;
";
