//! Contracts held against samples and against each other.

use insta::{assert_snapshot, with_settings};

use super::notes::{workbench, CONTRACT};
use super::workbench::Said;

/// A transcript without durations, the same on every system.
fn transcript(said: &Said) -> String {
    let time = regex::Regex::new(r"in \d+(\.\d)? m?s").unwrap();
    let hash = regex::Regex::new(r"hash [0-9a-f]{64}").unwrap();
    let text = said.transcript().replace('\\', "/");
    hash.replace(&time.replace_all(&text, "in [time]"), "hash [hash]").into_owned()
}

#[test]
fn samples_show_what_no_document_has_and_what_is_too_narrow() {
    let bench = workbench();
    let contract = CONTRACT
        .replace("nvarchar(50)", "nvarchar(6)")
        .replace("\"@price\"", "\"NUMBER(@pricee) + NUMBER(/note/total/@sum)\"");
    let column = "sku = { type = \"int\", value = \"@sku\" }\n";
    let table = "[[tables]]\nname = \"page\"\neach = \"//pgae\"\napp_column = \"app_id\"\n\
                 [tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n";
    bench.write("contract.toml", format!("{contract}{column}{table}{column}"));
    bench.write("docs/note-6.xml", "<note title='six'><line>seven..</line><page/></note>");
    let said = bench.run("contract check contract.toml --sample docs");
    with_settings!({ omit_expression => true }, { assert_snapshot!(transcript(&said)) });
}

#[test]
fn samples_that_have_everything_are_only_counted() {
    let bench = workbench();
    let said = bench.run("contract check contract.toml --sample docs/note-1.xml");
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    assert!(said.stdout.contains("1 document: 1 mapped, 0 failed"), "{said:?}");
}

/// A contract that gives other rows than [`CONTRACT`] in every way.
fn changed() -> String {
    CONTRACT
        .replace(
            "type = \"nvarchar(20)\", value = \"@title\"",
            "type = \"nvarchar(3)\", value = \"UPPER(@title)\"",
        )
        .replace("price  = { type = \"decimal(9,2)\"", "price  = { type = \"decimal(9,1)\"")
        .replace("text   =", "words  =")
        .replace("each = \"/note/line\"", "each = \"/note/line[1]\"")
        + "\n[[tables]]\nname = \"tag\"\neach = \"/note/tag\"\napp_column = \"app_id\"\n\
           [tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n\
           tag = { type = \"nvarchar(20)\", value = \".\" }\n"
}

#[test]
fn a_diff_counts_and_shows_what_appears_vanishes_and_changes() {
    let bench = workbench();
    bench.write("new.toml", changed());
    bench.write("docs/note-6.xml", "<note title='six'><tag>x</tag></note>");
    let said = bench.run("contract diff contract.toml new.toml --sample docs --show 2");
    with_settings!({ omit_expression => true }, { assert_snapshot!(transcript(&said)) });
}

#[test]
fn an_import_that_lacks_a_mapping_prints_the_rest_and_does_not_pass_for_the_whole() {
    let bench = workbench();
    let json = |chain: &str| {
        format!(
            r#"{{"xml_root_element": "P", "xml_application_path": "/P/R/application", "mappings": [
            {{"xml_path": "/P/R", "xml_attribute": "ID", "target_table": "t",
              "target_column": "app_id", "data_type": "int"}},
            {{"xml_path": "/P/R/application", "xml_attribute": "b", "target_table": "t",
              "target_column": "b", "data_type": "string"}},
            {{"xml_path": "/P/R/application", "xml_attribute": "a", "target_table": "t",
              "target_column": "a", "data_type": "string"{chain}}}]}}"#
        )
    };
    bench.write("legacy.json", json(""));
    let said = bench.run("contract import legacy.json");
    assert_eq!(said.status, 0, "{said:?}");
    bench.write("legacy.json", json(r#", "mapping_type": ["enum"]"#));
    let said = bench.run("contract import legacy.json");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.contains("# NOT TRANSLATED: t.a"), "{said:?}");
    assert!(said.stderr.contains("error: the contract lacks 1 mapping\nhint: "), "{said:?}");
    bench.write("made.toml", &said.stdout);
    assert_eq!(bench.run("contract check made.toml").status, 0);
}

const EARLIER: &str = include_str!("../import/takeover/contract.json");
const SSMS: &str = include_str!("../import/takeover/ssms.sql");

/// SSMS saves scripts as UTF-16 or, at will, in the code page of the machine.
#[test]
fn an_import_takes_its_types_from_a_script_in_any_encoding_of_ssms() {
    let bench = workbench();
    bench.write("legacy.json", EARLIER);
    let units = |script: &str| script.replace('\n', "\r\n").encode_utf16().collect::<Vec<u16>>();
    let utf_16: Vec<u8> =
        [0xfeff].into_iter().chain(units(SSMS)).flat_map(u16::to_le_bytes).collect();
    let in_code_page = [b"-- Schl\xfcssel\r\n", SSMS.as_bytes()].concat();
    let imported = ["plain", "utf-16", "code page"].map(|encoding| {
        match encoding {
            "plain" => bench.write("tables.sql", SSMS),
            "utf-16" => bench.write("tables.sql", &utf_16),
            _ => bench.write("tables.sql", &in_code_page),
        };
        let said = bench.run("contract import legacy.json --ddl tables.sql");
        assert_eq!(said.status, 0, "{encoding}: {said:?}");
        assert!(
            said.stderr.contains("  app_terms.amount: decimal(12,2), not decimal(38,2)"),
            "{said:?}"
        );
        said.stdout
    });
    assert!(imported[0].contains("\"char(3)\"") && imported.iter().all(|one| *one == imported[0]));
}

#[test]
fn an_import_says_where_its_tables_are_not() {
    let bench = workbench();
    bench.write("legacy.json", EARLIER);
    bench.write("tables.sql", "CREATE TABLE dbo.app_base (app_id int)");
    let said = bench.run("contract import legacy.json --ddl tables.sql");
    assert_eq!((said.status, said.stdout.as_str()), (3, ""), "{said:?}");
    assert!(said.stderr.contains("is in schema sandbox there\nhint: "), "{said:?}");
    bench.write("tables.sql", "CREATE TABLE t (\na int");
    let said = bench.run("contract import legacy.json --ddl tables.sql");
    assert!(said.stderr.contains("tables.sql:2: the parenthesis"), "{said:?}");
    let said = bench.run("contract import legacy.json --ddl nothing.sql");
    assert_eq!(said.status, 2, "{said:?}");
}

#[test]
fn a_diff_is_one_json_document_for_programs() {
    let bench = workbench();
    bench.write("new.toml", changed());
    let said = bench.run("contract diff contract.toml new.toml --sample docs --format json");
    let diff: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(diff["documents"], 5);
    assert_eq!(diff["outcomes"]["fails_now"], 2);
    assert_eq!(diff["tables"][0]["columns"][0]["column"], "title");
    assert_eq!(diff["tables"][0]["columns"][0]["examples"][0]["old"], "one");
    assert_eq!(diff["tables"][1]["vanish"]["count"], 1);
    assert_eq!(diff["tables"][1]["new_columns"], serde_json::json!(["words"]));
    assert_eq!(diff["tables"][2]["contract"], "new");
}

/// A document that the old contract could not map has no rows to compare: all of its rows are shown.
#[test]
fn a_diff_shows_the_rows_of_documents_that_one_contract_maps() {
    let bench = workbench();
    // The three that lack a price fail now, the one that lacks a title no longer does.
    let new = CONTRACT.replace("\"@title\", required = true", "\"@title\"");
    bench.write("new.toml", new.replace("\"@price\" }", "\"@price\", required = true }"));
    bench.write("docs/note-3.xml", "<note price='2'><line>d</line></note>");
    let said = bench.run("contract diff contract.toml new.toml --sample docs --show 2");
    with_settings!({ omit_expression => true }, { assert_snapshot!(transcript(&said)) });

    let said = bench.run("contract diff contract.toml new.toml --sample docs --format json");
    let diff: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(diff["outcomes"]["fails_now"], 3, "{diff}");
    assert_eq!(diff["outcomes"]["mapped_now"], 1, "{diff}");
    let changes = diff["outcomes"]["examples"].as_array().unwrap();
    assert_eq!(changes.iter().filter(|e| e["change"] == "mapped_now").count(), 1, "{diff}");
    let line = &diff["tables"][1];
    assert_eq!(line["mapped_now"]["count"], 1);
    assert_eq!(line["mapped_now"]["examples"][0]["row"], "app_id=3 number=1 text=d");
    assert_eq!(line["fails_now"]["count"], 3, "{diff}");
    assert_eq!(line["appear"]["count"], 0, "counted apart: {diff}");
}

#[test]
fn a_contract_differs_in_nothing_from_itself() {
    let bench = workbench();
    let said = bench.run("contract diff contract.toml contract.toml --sample docs");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("5 documents: 0 differ, 0 fail now"), "{said:?}");
}

#[test]
fn a_diff_needs_samples_and_two_sound_contracts() {
    let bench = workbench();
    let said = bench.run("contract diff contract.toml contract.toml");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("--sample"), "{said:?}");
    bench.write("new.toml", CONTRACT.replace("app_column", "app_colum"));
    let said = bench.run("contract diff contract.toml new.toml --sample docs");
    assert_eq!(said.status, 3);
    assert!(said.stderr.contains("did you mean `app_column`?"), "{said:?}");
}

#[cfg(feature = "sqlserver")]
#[test]
fn the_t_sql_of_a_contract_is_the_same_every_time_and_makes_parents_first() {
    let bench = workbench();
    let said = bench.run("contract sql contract.toml");
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    assert_eq!(bench.run("contract sql contract.toml").stdout, said.stdout);
    let place = |part: &str| said.stdout.find(part).unwrap_or_else(|| panic!("{part}: {said:?}"));
    assert!(
        place("CREATE TABLE [sandbox].[note]") < place("CREATE TABLE [sandbox].[line]"),
        "{said:?}"
    );
    assert!(said.stdout.contains("IF OBJECT_ID(N'[sandbox].[note]', N'U') IS NULL"), "{said:?}");
    place("usp_LoadApps");
}

#[test]
fn a_draft_for_one_root_element_says_what_it_is_not_for() {
    let bench = workbench();
    for (name, document) in [("1", "<a x='1'/>"), ("2", "<b/>"), ("3", "<a x='2'/>"), ("4", "<c/>")]
    {
        bench.write(&format!("mixed/{name}.xml"), document);
    }
    let said = bench.run("contract init mixed --root a");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stderr.contains("the draft maps 2 of 4 documents\n"), "{said:?}");
    assert!(said.stderr.contains("not for 2 documents with another root element\n"), "{said:?}");
}

#[test]
fn the_longest_key_of_the_samples_is_told_where_keys_may_be_too_long() {
    let bench = workbench();
    let contract = CONTRACT
        .replace("primary_key = [\"app_id\"]", "primary_key = [\"app_id\", \"title\"]")
        .replace("nvarchar(20)", "nvarchar(460)")
        .replace("foreign_key = { columns = [\"app_id\"], references = \"note\" }\n", "");
    bench.write("long.toml", contract);
    let told = |title: &str| {
        bench.write("title.xml", format!("<note title='{title}'/>"));
        bench.run("contract check long.toml --sample title.xml docs/note-1.xml").stderr
    };
    let short = told("ten chars!");
    assert!(short.contains("has 24 bytes (in title.xml)"), "{short}");
    let long = told(&"ü".repeat(455));
    assert!(long.contains("the longest key of note among the samples has 914 bytes"), "{long}");
    let narrow = bench.run("contract check contract.toml --sample docs/note-1.xml").stderr;
    assert!(!narrow.contains("longest key"), "{narrow}");
}
