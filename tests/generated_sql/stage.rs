//! `sql/README.md` says how the values of each type travel from the worker to the target table.

use xmlshred::contract::{Identity, OnExisting, TargetColumn, TargetTable};
use xmlshred::store::sqlserver::contract_sql::{load_procedure, stage_ddl};
use xmlshred::value::SqlType;

const README: &str = include_str!("../../sql/README.md");

/// The rows of the table: types of the contract, type of the stage, what `usp_LoadApps` does.
fn rows() -> Vec<[&'static str; 3]> {
    let (_, table) = README.split_once("| contract | stage | usp_LoadApps |\n").expect("the table");
    let rows = table.lines().skip(1).take_while(|line| line.starts_with("| "));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        [cells[1], cells[2], cells[3]]
    })
    .collect()
}

/// A type with numbers for its parameters.
fn example(name: &str) -> String {
    name.replace("(p,s)", "(12,2)").replace("(n)", "(4)").replace("(n|max)", "(4)")
}

/// The stage and the load procedure of a table with one column of this type.
fn generated(sql_type: SqlType) -> (String, String) {
    let column =
        TargetColumn { name: "c".into(), sql_type, required: false, identity: Identity::No };
    let table = [TargetTable {
        name: "t".into(),
        columns: vec![column],
        primary_key: Vec::new(),
        app_column: Some(0),
        foreign_key: None,
        on_existing: OnExisting::Fail,
    }];
    (stage_ddl(&table), load_procedure("s", "c", "s", &table))
}

#[test]
fn the_stage_has_the_types_of_the_readme() {
    for [types, stage, load] in rows() {
        for name in types.split(", ") {
            let sql_type = SqlType::parse(&example(name)).expect("a type");
            let (ddl, procedure) = generated(sql_type);
            let column = format!("[c] {} NULL\n", example(stage));
            assert!(ddl.contains(&column), "{name} is not staged as {stage}:\n{ddl}");
            let converts = !procedure.contains("    s.[c]\n");
            assert_eq!(converts, load == "`CONVERT`", "{name}:\n{procedure}");
        }
    }
}

/// The driver's bulk load is wrong for 2001 to 4000.
#[test]
fn a_long_text_is_staged_without_a_length() {
    for (name, stage) in [
        ("nvarchar(2000)", "nvarchar(2000)"),
        ("varchar(2001)", "nvarchar(max)"),
        ("nvarchar(max)", "nvarchar(max)"),
        ("datetimeoffset(7)", "nvarchar(33)"),
    ] {
        let (ddl, _) = generated(SqlType::parse(name).expect("a type"));
        assert!(ddl.contains(&format!("[c] {stage} COLLATE DATABASE_DEFAULT NULL\n")), "{ddl}");
    }
}

#[test]
fn every_type_is_in_the_readme() {
    let listed: Vec<&str> = rows().iter().flat_map(|row| row[0].split(", ")).collect();
    for name in SqlType::NAMES {
        let name = name.replace("(n|max)", "(n)");
        assert!(listed.contains(&name.as_str()), "{name} is not in sql/README.md");
    }
    assert_eq!(listed.len(), SqlType::NAMES.len());
}
