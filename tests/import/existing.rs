//! Imports for tables that exist: types, nullability, identity columns and keys are theirs.

use proptest::prelude::*;
use xmlshred::contract::Contract;
use xmlshred::declared::{read_script, DeclaredTable};
use xmlshred::import::{import, table_names, Imported};

use super::{legacy, mapping, one_column};

const JSON: &str = include_str!("takeover/contract.json");
const SCRIPT: &str = include_str!("takeover/schema.sql");
/// The same tables, as SSMS writes them.
const OF_SSMS: &str = include_str!("takeover/ssms.sql");

fn tables(script: &str) -> Vec<DeclaredTable> {
    read_script(script).expect("a script")
}

fn onto(json: &str, script: &str) -> Imported {
    let imported = import(json, "legacy.json", Some(&tables(script)));
    imported.unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// The lines below a title of the report.
fn below(imported: &Imported, title: &str) -> Vec<String> {
    let report = imported.report.to_string();
    let lines = report.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    lines.take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn types_nulls_identity_and_keys_are_those_of_the_tables() {
    let imported = onto(JSON, SCRIPT);
    assert_eq!(imported.report.failures(), 0, "{}", imported.report);
    insta::assert_snapshot!(below(&imported, "Taken from the tables").join("\n"));
    let (contract, _) = Contract::parse(&imported.toml, "contract.toml").expect("a contract");
    let types = |name: &str| {
        let table = contract.targets.iter().find(|t| t.name == name).expect("the table");
        let of = table.columns.iter().map(|c| format!("{} {}", c.name, c.sql_type));
        (of.collect::<Vec<_>>().join(", "), table.primary_key.join(", "))
    };
    let (columns, key) = types("app_contact_address");
    assert_eq!(
        columns,
        "con_id int, address_type_enum smallint, street_name varchar(50), city varchar(50), \
         state char(2), zip varchar(9), months_at_address smallint"
    );
    assert_eq!(key, "con_id, address_type_enum");
    let (columns, _) = types("app_terms");
    assert!(columns.contains("amount decimal(12,2)"), "{columns}");
}

#[test]
fn a_script_of_ssms_says_the_same() {
    assert_eq!(onto(JSON, OF_SSMS).toml, onto(JSON, SCRIPT).toml);
    let windows = OF_SSMS.replace('\n', "\r\n");
    assert_eq!(onto(JSON, &windows).toml, onto(JSON, SCRIPT).toml);
}

#[test]
fn the_tables_that_are_sought_are_those_of_the_mappings() {
    let (schema, names) = table_names(JSON, "legacy.json").expect("a contract");
    assert_eq!(schema, "sandbox");
    assert_eq!(names, ["app_base", "app_terms", "app_contact_base", "app_contact_address"]);
}

/// The line of column `v`, whose mapping has these keys, for a table in which it has this type.
fn line(keys: &str, declared: &str) -> (String, Imported) {
    let script =
        format!("CREATE TABLE base (app_id int IDENTITY NOT NULL PRIMARY KEY, v {declared})");
    let imported = onto(&one_column(keys, ""), &script);
    let line = imported.toml.lines().find(|line| line.starts_with("v ")).unwrap_or_default();
    let squeezed = line.split_whitespace().collect::<Vec<_>>().join(" ");
    (squeezed, imported)
}

/// Text was cut to the length in the JSON; the table refused what was longer than its own.
#[test]
fn text_is_cut_where_it_was() {
    let of = |declared| line(r#""data_length": 50, "nullable": true"#, declared).0;
    let value = "LAST(CustData/application/@v)";
    assert_eq!(
        of("varchar(50)"),
        format!("v = {{ type = \"varchar(50)\", value = \"{value}\", too_long = \"truncate\" }}")
    );
    assert_eq!(
        of("nvarchar(60)"),
        format!("v = {{ type = \"nvarchar(60)\", value = \"LEFT({value}, 50)\" }}")
    );
    assert_eq!(
        of("varchar(max)"),
        format!("v = {{ type = \"varchar(max)\", value = \"LEFT({value}, 50)\" }}")
    );
    assert_eq!(of("char(40)"), format!("v = {{ type = \"char(40)\", value = \"{value}\" }}"));
}

#[test]
fn a_column_is_required_or_an_identity_column_where_the_table_says_so() {
    let (required, _) = line(r#""data_length": 9"#, "varchar(9) NOT NULL");
    assert!(required.contains("required = true"), "{required}");
    let (nullable, _) = line(r#""data_length": 9"#, "varchar(9)");
    assert!(!nullable.contains("required"), "{nullable}");
    let (numbered, _) = line(r#""data_type": "int""#, "int IDENTITY (1, 1) NOT NULL");
    assert!(numbered.contains("identity = \"explicit\""), "{numbered}");
    let explicit = r#""data_type": "int", "mapping_type": ["identity_insert"]"#;
    let (plain, _) = line(explicit, "int NULL");
    assert!(!plain.contains("identity"), "{plain}");
}

#[test]
fn a_default_is_one_of_the_tables_type() {
    let keys = r#""data_type": "string", "default_value": "7", "nullable": false"#;
    let (line, imported) = line(keys, "int NOT NULL");
    assert!(line.contains("type = \"int\"") && line.contains("default = 7,"), "{line}");
    assert!(Contract::parse(&imported.toml, "contract.toml").is_ok(), "{}", imported.toml);
}

#[test]
fn a_type_that_a_contract_cannot_name_is_listed_and_stays() {
    let (line, imported) = line(r#""data_length": 9"#, "text NULL");
    assert!(line.contains("type = \"nvarchar(9)\""), "{line}");
    assert_eq!(
        below(&imported, "Taken from the tables"),
        [
            "base.v: text, which a contract cannot name: nvarchar(9) stays",
            "base: primary key: app_id"
        ]
    );
}

#[test]
fn a_column_that_the_table_lacks_computes_or_needs_is_a_failure() {
    let of = |columns: &str| {
        let json = one_column(r#""data_length": 9"#, "");
        onto(&json, &format!("CREATE TABLE base (app_id int PRIMARY KEY, {columns})"))
    };
    let lacking = of("w int");
    assert_eq!(lacking.report.failures(), 1, "{}", lacking.report);
    assert!(lacking.toml.contains("# NOT TRANSLATED: base.v: the table has no such column"));
    let computing = of("v AS CONCAT(app_id, 'x')");
    assert!(computing.toml.contains("# NOT TRANSLATED: base.v: the table computes this column"));
    let needing = of("v varchar(9), w int NOT NULL");
    assert_eq!(
        below(&needing, "Not filled"),
        ["base.w int: NOT NULL without a default, and no mapping fills it"]
    );
    let optional = "x int NOT NULL DEFAULT (0), y rowversion NOT NULL, z int IDENTITY";
    assert_eq!(of(&format!("v varchar(9), {optional}")).report.failures(), 0);
}

#[test]
fn a_child_with_the_applications_id_keeps_it() {
    let json = legacy(&mapping("address", "city", "/contact/contact_address", "city", ""), "");
    let of = |column: &str| {
        onto(
            &json,
            &format!(
                "CREATE TABLE address ({column} con_id int NOT NULL, city varchar(50) NULL,
                 PRIMARY KEY (con_id))"
            ),
        )
        .toml
    };
    let own = of("app_id int NOT NULL,");
    assert!(own.contains("app_column = \"app_id\""), "{own}");
}

#[test]
fn a_table_that_is_not_there_keeps_the_types_of_the_json() {
    let json = one_column(r#""data_length": 9"#, "");
    let imported = onto(&json, "CREATE TABLE other (v int)");
    assert!(imported.toml.contains("nvarchar(9)"), "{}", imported.toml);
    assert_eq!(
        below(&imported, "Taken from the tables"),
        ["base: is not there: its types are those of the JSON"]
    );
}

#[test]
fn a_parenthesis_that_is_not_closed_is_told_with_its_line() {
    let error =
        read_script("-- a script\nCREATE TABLE t\n(a int, b varchar(5").expect_err("broken");
    assert_eq!(error.to_string(), "3: the parenthesis before this is not closed");
}

proptest! {
    /// Any script is read or refused.
    #[test]
    fn no_script_stops_the_reader(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "CREATE", "TABLE", "ALTER", "ADD", "TYPE", "FROM", "t", "[a]", "\"b", "'", "N'x'", "(", ")",
                ",", ";", "GO", ".", "int", "NOT", "NULL", "DEFAULT", "PRIMARY", "KEY", "FOREIGN", "REFERENCES",
                "AS", "ON", "SET", "/*", "*/", "--", "\n", "é", "IDENTITY", "CONSTRAINT", "1.5",
            ]),
            0..40,
        ),
        gap in prop::bool::ANY,
    ) {
        let _ = read_script(&parts.join(if gap { " " } else { "" }));
    }
}
