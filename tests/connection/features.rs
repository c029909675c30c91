//! What the catalog may say of a target table, and what is said of it before anything is changed.

use xmlshred::contract::{Contract, OnExisting, TargetTable};
use xmlshred::store::sqlserver::{feature_differences, ColumnFeatures, TableFeatures};

const CONTRACT: &str = r#"
[contract]
name = "features"
target_schema = "sandbox"

[document]
root = "a"

[[tables]]
name = "person"
each = "/a"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
ssn    = { type = "varchar(11)", value = "@ssn" }
"#;

fn table() -> TargetTable {
    Contract::parse(CONTRACT, "features.toml").expect("a contract").0.targets.remove(0)
}

/// A table without features.
fn plain() -> TableFeatures {
    TableFeatures { object_type: "U".into(), ..TableFeatures::default() }
}

/// Whether each difference may refuse rows, and its sentence.
fn said(found: &TableFeatures) -> Vec<(bool, String)> {
    let all = feature_differences(&table(), found).into_iter();
    all.map(|difference| (difference.refuses, difference.to_string())).collect()
}

/// The one difference, which refuses rows or does not, contains this.
#[track_caller]
fn assert_said(found: &TableFeatures, refuses: bool, part: &str) {
    let said = said(found);
    assert!(
        matches!(said.as_slice(), [(is, text)] if *is == refuses && text.contains(part)),
        "{part}: {said:?}"
    );
}

fn column(name: &str) -> ColumnFeatures {
    ColumnFeatures { name: name.into(), ..ColumnFeatures::default() }
}

#[test]
fn a_plain_table_and_none_at_all_have_no_features() {
    assert_eq!(said(&plain()), []);
    assert_eq!(said(&TableFeatures::default()), [], "that it is missing is said elsewhere");
}

#[test]
fn what_is_no_table_is_called_what_it_is() {
    for (object_type, part) in [
        ("V", "person: it is a view; name the table"),
        ("SN", "it is a synonym; name the table that it refers to"),
        ("IF", "it is not a table"),
    ] {
        let found = TableFeatures { object_type: object_type.into(), ..plain() };
        assert_said(&found, true, part);
    }
}

#[test]
fn tables_that_take_no_rows_are_refused() {
    let external = TableFeatures { is_external: true, ..plain() };
    assert_said(&external, true, "external table");
    for history in
        [TableFeatures { temporal_type: 1, ..plain() }, TableFeatures { ledger_type: 1, ..plain() }]
    {
        assert_said(&history, true, "it is the history of another table");
    }
    assert_said(&TableFeatures { is_filetable: true, ..plain() }, true, "FileTable");
    assert_said(&TableFeatures { is_edge: true, ..plain() }, true, "$from_id and $to_id");
}

#[test]
fn memory_optimized_tables_need_a_setting_of_the_database() {
    let mut found = TableFeatures { is_memory_optimized: true, ..plain() };
    assert_said(&found, true, "SET MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT = ON;");
    found.elevates_to_snapshot = true;
    assert_eq!(said(&found), []);
}

#[test]
fn where_rows_stay_after_they_were_deleted_is_said() {
    for kept in
        [TableFeatures { temporal_type: 2, ..plain() }, TableFeatures { ledger_type: 2, ..plain() }]
    {
        assert_said(&kept, false, "its history keeps the rows that are replaced");
    }
}

#[test]
fn an_append_only_table_takes_rows_and_loses_none() {
    let found = TableFeatures { ledger_type: 3, ..plain() };
    assert_said(&found, false, "neither replaced nor erased");
    let replacing = TargetTable { on_existing: OnExisting::Replace, ..table() };
    let all = feature_differences(&replacing, &found);
    assert!(matches!(all.as_slice(), [one] if one.refuses), "{all:?}");
}

#[test]
fn a_security_policy_is_named() {
    let found = TableFeatures { security_predicates: 2, ..plain() };
    assert_said(&found, false, "it has a security policy");
}

/// In any case of their names, and only those of the contract.
#[test]
fn columns_are_refused_that_this_program_cannot_write() {
    let of = |column: ColumnFeatures| TableFeatures { columns: vec![column], ..plain() };
    let encrypted = ColumnFeatures { encryption_type: 1, ..column("SSN") };
    assert_said(
        &of(encrypted.clone()),
        true,
        "person: column ssn is encrypted with Always Encrypted",
    );
    assert_said(&of(ColumnFeatures { is_column_set: true, ..column("ssn") }), true, "column set");
    assert_said(&of(ColumnFeatures { is_masked: true, ..column("ssn") }), false, "without UNMASK");
    for other in [
        ColumnFeatures { name: "other".into(), ..encrypted },
        ColumnFeatures { is_masked: true, ..column("other") },
        column("ssn"),
    ] {
        assert_eq!(said(&of(other)), []);
    }
}
