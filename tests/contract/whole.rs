//! Whole contracts: what comes of those without mistakes.

use std::fmt::Write as _;

use xmlshred::contract::{Contract, OnExisting};

use super::{diagnostics, said, COMPLETE, HEAD};

fn parsed(text: &str) -> Contract {
    Contract::parse(text, "contract.toml").unwrap_or_else(|mistakes| panic!("{mistakes}")).0
}

#[test]
fn the_examples_have_neither_errors_nor_warnings() {
    for name in ["credit-applications", "cldr"] {
        let path = format!("{}/examples/{name}/contract.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("the example is there");
        assert_eq!(said(&text), "");
    }
}

#[test]
fn a_contract_with_everything_has_neither_errors_nor_warnings() {
    assert_eq!(said(COMPLETE), "");
    let columns = parsed(COMPLETE).targets.iter().map(|target| target.columns.len()).sum::<usize>();
    assert_eq!(columns, 63);
}

#[test]
fn tables_of_one_name_become_one_target() {
    let contract = parsed(COMPLETE);
    let scores = contract.targets.last().expect("a target");
    assert_eq!(scores.name, "scores");
    assert_eq!(scores.on_existing, OnExisting::Skip);
    assert_eq!(scores.primary_key, ["score_id"]);
    assert_eq!(scores.app_column, Some(1));
    let columns: Vec<_> =
        scores.columns.iter().map(|c| (&*c.name, c.required, c.is_generated())).collect();
    let wanted = [
        ("score_id", true, true),
        ("app_id", true, false),
        ("score_identifier", false, false),
        ("score", false, false),
    ];
    assert_eq!(columns, wanted);
}

#[test]
fn parents_come_before_children_and_otherwise_the_order_stays() {
    let mut text = String::from("[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n");
    for (name, parent) in [("c", "b"), ("x", ""), ("b", "a"), ("y", ""), ("a", "")] {
        write!(text, "[[tables]]\nname = \"{name}\"\neach = \"/r\"\napp_column = \"id\"\n")
            .unwrap();
        text.push_str("primary_key = [\"ID\"]\n");
        if !parent.is_empty() {
            let references = parent.to_uppercase();
            writeln!(text, "foreign_key = {{ columns = [\"Id\"], references = \"{references}\" }}")
                .unwrap();
        }
        text.push_str("[tables.columns]\nid = { type = \"int\", value = \"APP_ID()\" }\n");
    }
    let contract = parsed(&text);
    let names: Vec<_> = contract.targets.iter().map(|t| &*t.name).collect();
    assert_eq!(names, ["x", "y", "a", "b", "c"]);
    let key = contract.targets[4].foreign_key.as_ref().expect("a foreign key");
    assert_eq!((&*key.columns[0], &*key.references), ("id", "b"));
    assert_eq!(contract.targets[4].primary_key, ["id"]);
}

#[test]
fn the_hash_ignores_how_lines_end_and_nothing_else() {
    let hash = |text: &str| parsed(text).hash;
    assert_eq!(hash(HEAD), hash(&HEAD.replace('\n', "\r\n")));
    assert_ne!(hash(HEAD), hash(&format!("{HEAD} ")));
    assert_eq!(parsed(HEAD).target_schema, "dbo");
}

#[test]
fn a_wide_contract_of_many_tables_has_no_mistakes() {
    let (tables, columns) = (60, 1_000);
    let mut text = String::from("[contract]\nname = \"wide\"\n[document]\nroot = \"r\"\n");
    for table in 0..tables {
        write!(text, "[[tables]]\nname = \"t{table}\"\neach = \"/r/g{table}/row\"\n").unwrap();
        text.push_str("primary_key = [\"app_id\", \"row\"]\napp_column = \"app_id\"\n");
        if table > 0 {
            let key = "columns = [\"app_id\", \"row\"]";
            writeln!(text, "foreign_key = {{ {key}, references = \"t{}\" }}", table / 2).unwrap();
        }
        text.push_str("[tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n");
        text.push_str("row = { type = \"int\", value = \"@row\" }\n");
        for column in (table..columns).step_by(tables) {
            writeln!(
                text,
                "c{column} = {{ type = \"decimal(18,4)\", value = \"CASE WHEN ../@kind = 'k{column}' \
                 THEN NUMBER(a{column}/b/@value) ELSE COALESCE(NUMBER(@c{column}), 0) * 2 END\" }}"
            )
            .unwrap();
        }
    }
    let contract = parsed(&text);
    assert_eq!(contract.targets.len(), tables);
    let all: usize = contract.targets.iter().map(|t| t.columns.len()).sum();
    assert_eq!(all, columns + 2 * tables);
}

#[test]
fn the_counts_are_those_of_what_is_shown() {
    let mistakes = diagnostics("[contract]\nnam = 1\n");
    assert_eq!(mistakes.counts(), "4 errors");
    assert_eq!(mistakes.to_string().matches("error: ").count(), mistakes.errors());
    let warned = format!("{HEAD}empty = {{ type = \"int\" }}\n");
    assert_eq!(diagnostics(&warned).counts(), "no errors, 1 warning");
    assert_eq!(diagnostics(HEAD).counts(), "no errors");
}
