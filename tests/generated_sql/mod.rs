//! The T-SQL generated for a contract, as a person reviews it. `tools/tsql-check` parses it too.

mod agent_jobs;
mod defaults;
mod files;
mod stage;

use xmlshred::contract::{Contract, OnExisting, TargetColumn, TargetTable};
use xmlshred::store::sqlserver::contract_sql::{load_procedure, target_ddl};
use xmlshred::store::sqlserver::install::{contract_script, script, Kind, Names, FILES};
use xmlshred::value::SqlType;

const CONTRACT: &str = include_str!("contract.toml");

#[test]
fn the_t_sql_of_a_contract_with_every_clause_is_the_reviewed_one() {
    insta::assert_binary_snapshot!("every_clause.sql", script_of(CONTRACT).into_bytes());
}

fn script_of(contract: &str) -> String {
    let (contract, _) = Contract::parse(contract, "contract.toml").expect("a valid contract");
    contract_script("sandbox", &contract)
}

/// `xmlshred install --script` prints what `xmlshred install` runs.
#[test]
fn the_script_for_sqlcmd_is_what_install_runs() {
    let script = script(&Names::placeholders(), None);
    let files = FILES.iter().filter(|file| file.kind() != Kind::Migration);
    for file in files {
        for batch in file.text.split("\nGO\n").filter(|batch| !batch.is_empty()) {
            assert!(script.contains(batch), "{} is not in the script", file.name);
        }
    }
}

fn column(name: &str, sql_type: SqlType) -> TargetColumn {
    TargetColumn { name: name.into(), sql_type, required: false, identity: false }
}

#[test]
fn names_cannot_leave_their_quotes() {
    let odd = TargetTable {
        name: "o]d'd".into(),
        columns: vec![column("a]b", SqlType::NVarChar(None))],
        primary_key: vec!["app_id".into()],
        app_column: 0,
        foreign_key: None,
        on_existing: OnExisting::Fail,
    };
    let sql = target_ddl("s", std::slice::from_ref(&odd)).join("");
    assert!(sql.contains("OBJECT_ID(N'[s].[o]]d''d]', N'U')"), "{sql}");
    assert!(sql.contains("[a]]b] nvarchar(max)"), "{sql}");
    let sql = load_procedure("s", "x */ y", "s", &[odd]);
    assert_eq!(sql.matches("*/").count(), 1, "{sql}");
}

#[test]
fn rows_are_deleted_children_first_and_inserted_parents_first() {
    let sql = script_of(CONTRACT);
    let place = |text: &str| sql.find(text).unwrap_or_else(|| panic!("{text} in\n{sql}"));
    assert!(
        place("DELETE TOP (4000) FROM [dbo].[child's ")
            < place("DELETE TOP (4000) FROM [dbo].[base ")
    );
    assert!(place("INSERT INTO [dbo].[base ") < place("INSERT INTO [dbo].[child's "));
}

#[test]
fn an_identity_column_is_left_to_the_database() {
    let sql = script_of(CONTRACT);
    assert_eq!(sql.matches("[row_id]").count(), 1, "{sql}");
    assert!(sql.contains("[row_id] bigint IDENTITY(1, 1) NOT NULL"), "{sql}");
}

#[test]
fn existing_rows_fail_an_application_unless_the_contract_says_otherwise() {
    let sql = script_of(&CONTRACT.replace("on_existing = \"replace\"\n", ""));
    assert!(sql.contains("'fail'"), "{sql}");
    assert!(sql.contains("existing rows fail the application"), "{sql}");
    assert_eq!(sql.matches("FROM #loaded AS n").count(), 2, "only rows of earlier attempts\n{sql}");
    assert_eq!(sql.matches("DELETE TOP").count(), 2, "{sql}");
}

/// Comments nest in T-SQL, so that both ends of one in a contract's name would move the end of the
/// header, and an apostrophe that of a literal.
#[test]
fn a_contract_s_name_stays_inside_comments_and_literals() {
    let named = |name: &str| {
        let sound = CONTRACT.replacen("name = \"", &format!("name = \"{name}"), 1);
        assert!(sound.contains(name));
        script_of(&sound)
    };
    for name in ["/* ", "*/ ", "/*/ ", "*/* "] {
        let script = named(name);
        let (_, header) = script.split_once("/*\nPurpose:").expect("a header");
        let (header, _) = header.split_once("\n*/\n").expect("its end");
        assert!(!header.contains("/*") && !header.contains("*/"), "{header}");
    }
    assert!(named("O'Hara ").contains("@contract_name = N'O''Hara "));
}
