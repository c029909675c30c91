//! The T-SQL generated for a contract, as a person reviews it. `tools/tsql-check` parses it too.

mod agent_jobs;
pub mod dashboard;
mod defaults;
mod files;
mod indexes;
mod stage;

use xmlshred::contract::{Contract, Identity, OnExisting, TargetColumn, TargetTable};
use xmlshred::store::sqlserver::contract_sql::{
    load_procedure, make_column_changes, stage_ddl, target_ddl,
};
use xmlshred::store::sqlserver::install::{contract_script, script, Kind, Names, FILES};
use xmlshred::store::AlterTables;
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
    let script = script(&Names::placeholders(), None, AlterTables::Own, None);
    let files = FILES.iter().filter(|file| file.kind() != Kind::Migration);
    for file in files {
        for batch in file.text.split("\nGO\n").filter(|batch| !batch.is_empty()) {
            assert!(script.contains(batch), "{} is not in the script", file.name);
        }
    }
}

fn column(name: &str, sql_type: SqlType) -> TargetColumn {
    TargetColumn { name: name.into(), sql_type, required: false, identity: Identity::No }
}

#[test]
fn names_cannot_leave_their_quotes() {
    let odd = TargetTable {
        name: "o]d'd".into(),
        columns: vec![column("a]b", SqlType::NVarChar(None))],
        primary_key: vec!["app_id".into()],
        app_column: Some(0),
        foreign_key: None,
        on_existing: OnExisting::Fail,
    };
    let sql = target_ddl("p", "s", std::slice::from_ref(&odd)).join("");
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

/// The first load begins with empty tables, and a plan that is kept from then on may scan them.
#[test]
fn no_plan_depends_on_the_rows_of_a_target_table() {
    for on_existing in ["replace", "skip", "fail"] {
        let sql = script_of(&CONTRACT.replace("\"replace\"", &format!("\"{on_existing}\"")));
        assert!(!sql.contains("KEEPFIXED"), "{sql}");
        let (_, deletes) = sql.split_once("IF EXISTS (SELECT 1 FROM #clear_app)").expect("deletes");
        for delete in deletes.split("DELETE TOP (4000) FROM ").skip(1) {
            let (target, rest) = delete.split_once('\n').expect("a line");
            let (joins, _) = rest.split_once("WHERE").expect("a condition");
            let joins: Vec<&str> = joins.lines().map(str::trim).collect();
            let (last, from) = joins[..joins.len() - 1].split_last().expect("a join");
            assert_eq!(from[0], "FROM #clear_app AS c", "{delete}");
            assert!(last.starts_with(&format!("INNER LOOP JOIN {target} AS t ON ")), "{delete}");
            let between = from[1..].iter();
            assert!(between.cloned().all(|join| join.starts_with("INNER LOOP JOIN ")), "{delete}");
        }
    }
}

#[test]
fn an_application_s_column_is_compared_so_that_its_index_can_be_sought() {
    let table = |sql_type| TargetTable {
        name: "t".into(),
        columns: vec![column("id", sql_type)],
        primary_key: vec!["id".into()],
        app_column: Some(0),
        foreign_key: None,
        on_existing: OnExisting::Replace,
    };
    let generated = |sql_type| load_procedure("s", "c", "s", &[table(sql_type)]);
    assert!(generated(SqlType::Int).contains("AS t ON t.[id] = c.app_id\n"));
    let text = generated(SqlType::VarChar(Some(20)));
    assert!(text.contains("AS t ON t.[id] = TRY_CONVERT(varchar(20), c.app_id)\n"), "{text}");
}

/// Where a table has no column with the application's id, its rows are those of the parent's rows.
#[test]
fn rows_without_the_application_s_id_are_found_through_their_parents() {
    let sql = script_of(CONTRACT);
    for joins in [
        "FROM #clear_app AS c
                INNER LOOP JOIN [dbo].[part] AS p1 ON p1.[app_id] = c.app_id
                INNER LOOP JOIN [dbo].[part_price] AS t ON t.[part_id] = p1.[part_id]
                WHERE c.table_ordinal = 3",
        "FROM [dbo].[part] AS p2
                    INNER LOOP JOIN [dbo].[part_price] AS p1 ON p1.[part_id] = p2.[part_id]
                    INNER LOOP JOIN [dbo].[part_price_note] AS t \
         ON t.[part_id] = p1.[part_id] AND t.[kind] = p1.[kind]
                    WHERE p2.[app_id] = a.app_id",
        "    p1.[app_id] AS app_id
FROM [dbo].[part_price] AS t
INNER JOIN [dbo].[part] AS p1 ON t.[part_id] = p1.[part_id]",
    ] {
        assert!(sql.contains(joins), "{joins}\nis not in\n{sql}");
    }
    let index = "[IX_part_price_note_part_id_kind] ON [dbo].[part_price_note] ([part_id], [kind])";
    assert!(sql.contains(index), "{sql}");
    assert!(!sql.contains("IX_part_price_part_id"), "the primary key begins with it\n{sql}");
}

/// Around the INSERT of that table and no other, and off after an error, too.
#[test]
fn identity_values_from_documents_are_inserted_with_identity_insert() {
    let sql = script_of(CONTRACT);
    let place = |text: &str| sql.find(text).unwrap_or_else(|| panic!("{text} in\n{sql}"));
    let (on, off) =
        ("SET IDENTITY_INSERT [dbo].[part] ON;", "SET IDENTITY_INSERT [dbo].[part] OFF;");
    let condition = "IF COLUMNPROPERTY(OBJECT_ID(N'[dbo].[part]'), N'part_id', 'IsIdentity') = 1";
    assert!(place(condition) < place(on));
    let between = &sql[place(on)..place(off)];
    assert_eq!(between.matches("INSERT INTO [").count(), 1, "{between}");
    assert!(between.contains("INSERT INTO [dbo].[part]\n"), "{between}");
    let settings = sql.matches("SET IDENTITY_INSERT [").count();
    assert_eq!(settings, 6, "on, off, and off in the handler, twice\n{sql}");
    assert!(sql[place("BEGIN CATCH")..].contains(off), "{sql}");
    assert!(sql.contains("WITH EXECUTE AS OWNER"), "{sql}");
    let plain = script_of(&CONTRACT.replace(", identity = \"explicit\"", ""));
    assert!(!plain.contains("IDENTITY_INSERT") && !plain.contains("AS OWNER"), "{plain}");
}

/// Names of 128 characters are allowed, those of temp tables have 116.
#[test]
fn names_that_are_made_of_others_are_short_enough() {
    let table = TargetTable {
        name: "t".repeat(128),
        columns: vec![column(&"c".repeat(128), SqlType::Int)],
        primary_key: Vec::new(),
        app_column: Some(0),
        foreign_key: None,
        on_existing: OnExisting::Fail,
    };
    let targets = std::slice::from_ref(&table);
    let stage = stage_ddl(targets);
    let ddl =
        target_ddl("p", "s", targets).join("") + &stage + &load_procedure("s", "c", "s", targets);
    for name in ddl.split('[').skip(1).filter_map(|rest| rest.split(']').next()) {
        let longest = if name.starts_with('#') { 116 } else { 128 };
        assert!(name.len() <= longest, "{name}");
    }
    let (_, name) = stage.split_once("CREATE TABLE [#stage_ttt").expect("a stage");
    let (name, _) = name.split_once(']').expect("its end");
    assert!(ddl.matches(name).count() > 3, "the same name everywhere");
}

/// The statements for columns are there once, and each column is a line.
#[test]
fn a_column_more_is_a_line_more() {
    let batch = |columns: usize| {
        let names = (0..columns).map(|at| column(&format!("c{at}"), SqlType::NVarChar(Some(50))));
        let table = TargetTable {
            name: "t".into(),
            columns: names.collect(),
            primary_key: Vec::new(),
            app_column: Some(0),
            foreign_key: None,
            on_existing: OnExisting::Fail,
        };
        make_column_changes("p", "s", &[table], AlterTables::Own)
    };
    let (few, many) = (batch(10), batch(600));
    assert_eq!(many.lines().count() - few.lines().count(), 590);
    assert!(many.contains("\n(N't', N'c599', N'nvarchar(50)', 100, 1);\n"), "{many}");
    assert_eq!(many.matches("ALTER COLUMN").count(), few.matches("ALTER COLUMN").count());
}

#[test]
fn an_identity_column_is_left_to_the_database() {
    let sql = script_of(CONTRACT);
    assert_eq!(sql.matches("[row_id]").count(), 3, "declared, and read under its name\n{sql}");
    assert!(sql.contains("t.[row_id] AS [row_id]"), "{sql}");
    assert!(sql.contains("[row_id] bigint IDENTITY(1, 1) NOT NULL"), "{sql}");
}

#[test]
fn existing_rows_fail_an_application_unless_the_contract_says_otherwise() {
    let sql = script_of(&CONTRACT.replace("on_existing = \"replace\"\n", ""));
    assert!(sql.contains("'fail'"), "{sql}");
    assert!(sql.contains("existing rows fail the application"), "{sql}");
    assert!(!sql.contains("INSERT INTO #clear_app"), "only rows of earlier attempts\n{sql}");
    assert_eq!(sql.matches("DELETE TOP").count(), 5, "{sql}");
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
