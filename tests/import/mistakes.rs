//! Files that are not a contract of the earlier system, and mappings that cannot be translated.

use super::{imported, legacy, mapping, one_column};
use xmlshred::contract::Contract;
use xmlshred::import::import;

/// The messages of a refused import, each with its line and column.
fn refused(json: &str) -> Vec<String> {
    let diagnostics = import(json, "legacy.json", None).expect_err("it is refused");
    let errors = diagnostics.iter().map(|d| {
        let (line, column) = diagnostics.position(d.span.start);
        format!("{line}:{column}: {}", d.message)
    });
    errors.collect()
}

#[test]
fn all_mistakes_in_the_json_are_reported_at_once() {
    let json = "{ \"xml_root_element\": \"A\",,\n \"xml_application_path\": \"/A/B\"\n \"mappings\": [1,]\n}";
    assert_eq!(refused(json), ["1:27: invalid JSON: key must be a string"]);
    let json = "{ \"xml_root_element\": \"A\"\n \"xml_application_path\": \"/A/B\",\n \"mappings\": [[],],\n}";
    assert_eq!(
        refused(json),
        [
            "2:2: invalid JSON: missing comma before this",
            "3:17: invalid JSON: trailing comma",
            "3:19: invalid JSON: trailing comma",
        ]
    );
    assert_eq!(refused(""), ["1:1: invalid JSON: the file ends inside a value"]);
    assert_eq!(refused("{} x"), ["1:4: invalid JSON: trailing characters"]);
    assert_eq!(refused("{\"a\": tru}"), ["1:7: invalid JSON: expected `true`, `false` or `null`"]);
    assert_eq!(refused("[\"a"), ["1:2: invalid JSON: text without a closing `\"`"]);
}

#[test]
fn all_values_of_a_wrong_type_are_reported_at_once() {
    let json = r#"{ "xml_root_element": 5,
  "xml_application_path": "/A/B c",
  "element_filtering": { "filter_rules": [ { "element_type": "contcat", "xml_child_path": "/A/c" } ] },
  "relationships": {},
  "enum_mappings": { "e": { "a": [] } },
  "bit_conversions": { "char_to_bit": { "Y": 2 } },
  "mappings": [
    { "target_column": "a", "data_type": "strin", "nullable": "no" },
    { "target_table": "t", "target_column": "", "data_type": "int", "data_length": "x", "mapping_type": 3 },
    7
  ] }"#;
    assert_eq!(
        refused(json),
        [
            "1:23: `xml_root_element`: expected a string, found 5",
            "2:27: `xml_application_path`: expected names of elements such as `/Provenir/Request`, found \"/A/B c\"",
            "3:62: `element_type`: unknown value `contcat`",
            "4:20: `relationships`: expected an array, found {}",
            "5:34: `a`: expected a number or a string, found []",
            "6:46: `Y`: expected 0 or 1, found 2",
            "8:5: the mapping has no `target_table`",
            "8:42: `data_type`: unknown value `strin`",
            "8:63: `nullable`: expected a boolean, found \"no\"",
            "9:45: `target_column` is blank",
            "9:84: `data_length`: expected a whole number, or -1 for no limit, found \"x\"",
            "9:105: `mapping_type`: expected a string or an array of strings, found 3",
            "10:5: the mapping: expected an object, found 7",
        ]
    );
    assert_eq!(refused("[]"), ["1:1: the contract: expected an object, found []"]);
    let empty =
        "{ \"xml_root_element\": \"A\", \"xml_application_path\": \"/A\", \"mappings\": [] }";
    assert_eq!(refused(empty), ["1:70: the contract has no mappings"]);
}

/// The reason why column `v` is not translated.
fn untranslated(keys: &str) -> String {
    let json = one_column(keys, r#""colours": { "RED": 1 }"#);
    let imported = imported(&json);
    assert_eq!(imported.report.failures(), 1, "{}", imported.report);
    assert!(imported.toml.contains("# NOT TRANSLATED: base.v: "), "{}", imported.toml);
    let report = imported.report.to_string();
    let (_, reason) = report.split_once(": base.v: ").expect("it is reported");
    assert!(report.contains("legacy.json:43:1: base.v"), "{report}");
    reason.lines().next().expect("a line").to_owned()
}

#[test]
fn a_mapping_that_cannot_be_translated_is_left_out_and_named_with_its_place() {
    assert_eq!(untranslated(r#""mapping_type": "bogus""#), "unknown mapping type `bogus`");
    assert_eq!(
        untranslated(r#""mapping_type": ["numbers_onyl"]"#),
        "unknown mapping type `numbers_onyl`; did you mean `numbers_only`?"
    );
    assert_eq!(
        untranslated(r#""mapping_type": "enum", "enum_name": "colors""#),
        "unknown enum `colors`; did you mean `colours`?"
    );
    assert_eq!(untranslated(r#""mapping_type": "calculated_field""#), "it has no expression");
    assert_eq!(
        untranslated(r#""data_type": "int", "default_value": "many""#),
        "its default `many` is not a valid int"
    );
    assert_eq!(
        untranslated(r#""mapping_type": "last_valid_pr_contact""#),
        "its xml_path does not go through `contact`"
    );
    assert_eq!(
        untranslated(r#""mapping_type": "curr_address_only""#),
        "it reads the row's contact, and this table has no rows of contacts"
    );
}

#[test]
fn an_invalid_expression_is_reported() {
    let of = |expression: &str| {
        untranslated(&format!(
            r#""mapping_type": "calculated_field", "expression": "{expression}""#
        ))
    };
    assert_eq!(of("CASE WHEN a = 1 THEN 2"), "expected `END` in its expression, found the end");
    assert_eq!(of("a +"), "expected a value in its expression, found the end");
    assert_eq!(of("a = 1"), "its expression is a condition, not a value");
    assert_eq!(
        of("CASE WHEN a THEN 1 END"),
        "expected a condition in its expression, found a value"
    );
    assert_eq!(of("NOW()"), "its expression calls `NOW`, which is unknown");
    assert_eq!(of("a + 'x'"), "its expression calculates with the text 'x'");
    assert_eq!(of("a ? b"), "unexpected `?` in its expression");
    assert_eq!(of("'a"), "its expression has text without a closing quote");
    assert_eq!(
        of("CASE WHEN a > DATE('soon') THEN 1 END"),
        "`DATE('soon')` in its expression is not a date"
    );
    let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
    assert_eq!(of(&deep), "its expression is nested more than 40 deep");
}

#[test]
fn a_value_that_the_column_cannot_hold_does_not_break_the_contract() {
    let keys = r#""data_type": "tinyint", "mapping_type": "enum", "enum_name": "big""#;
    let imported = imported(&one_column(keys, r#""big": { "A": 300 }"#));
    assert_eq!(imported.report.failures(), 1, "{}", imported.report);
    assert!(imported
        .report
        .to_string()
        .contains("base.v: a value of the lookup `big` does not fit"));
    assert!(Contract::parse(&imported.toml, "contract.toml").is_ok());
}

#[test]
fn a_refused_table_leaves_the_right_columns_of_the_tables_behind_it() {
    let calculated =
        r#""data_type": "datetime", "mapping_type": "calculated_field", "expression": "1 + 1""#;
    let mappings = [
        mapping("contact", "con_id", "/contact", "con_id", ""),
        mapping("extra", "moment", "/rmts_info", "a", calculated),
        mapping("extra", "kept", "/rmts_info", "b", ""),
        mapping("address", "city", "/contact/contact_address", "city", ""),
    ];
    let imported = imported(&legacy(&mappings.join(","), ""));
    let report = imported.report.to_string();
    assert!(report.contains(": contact.con_id: "), "{report}");
    assert!(report.contains(": extra.moment: "), "{report}");
    assert!(!report.contains(": extra.kept: "), "{report}");
}

#[test]
fn a_misspelt_key_is_a_warning() {
    let json = one_column(r#""nulable": false"#, "");
    let warnings = imported(&json).warnings.to_string();
    assert!(
        warnings.contains("the mapping has an unknown key `nulable`, which is ignored"),
        "{warnings}"
    );
    assert!(warnings.contains("did you mean `nullable`?"), "{warnings}");
}

/// A small generator of numbers, so that a seed says which damage was done.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

const PIECES: [&str; 22] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "1e999",
    "\\u12",
    "\u{0}",
    "é日",
    "(",
    ")",
    " CASE ",
    "''",
    "enum",
    "add_score(",
    "/",
    "app_id",
];

fn everything() -> String {
    let mappings = [
        mapping("base", "v", "", "v", r#""data_type": "int", "default_value": "5""#),
        mapping(
            "extra",
            "e",
            "/app_product",
            "e",
            r#""data_type": "smallint", "mapping_type": ["enum"], "enum_name": "colours""#,
        ),
        mapping(
            "contact",
            "name",
            "/contact",
            "first_name",
            r#""nullable": false, "default_value": "X""#,
        ),
        mapping(
            "contact",
            "phone",
            "/contact/contact_address",
            "phone",
            r#""mapping_type": ["curr_address_only", "numbers_only"]"#,
        ),
        mapping("address", "city", "/contact/contact_address", "city", ""),
        mapping(
            "scores",
            "",
            "/app_product",
            "s",
            r#""data_type": "int", "mapping_type": ["add_score(V4)"]"#,
        ),
        mapping(
            "base",
            "c",
            "/app_product",
            "c",
            r#""data_type": "decimal", "mapping_type": ["calculated_field"], "expression": "CASE WHEN a.b > 1 AND c LIKE 'x%' THEN (d + 2) / 3 ELSE DATEADD(day, 1, e) END""#,
        ),
    ];
    legacy(&mappings.join(","), r#""colours": { "RED": 1, "": 2 }"#)
}

#[test]
fn damaged_contracts_never_panic_and_mistakes_point_inside_the_file() {
    let whole = everything();
    for seed in 1..=600u64 {
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut json = whole.clone();
        for _ in 0..=numbers.below(3) {
            let mut from = numbers.below(json.len());
            while !json.is_char_boundary(from) {
                from -= 1;
            }
            let mut to = (from + numbers.below(12)).min(json.len());
            while !json.is_char_boundary(to) {
                to -= 1;
            }
            json.replace_range(from..to.max(from), PIECES[numbers.below(PIECES.len())]);
        }
        match import(&json, "legacy.json", None) {
            Ok(imported) => {
                let checked = Contract::parse(&imported.toml, "contract.toml");
                assert!(
                    checked.is_ok(),
                    "seed {seed}: {}\n{}",
                    checked.unwrap_err(),
                    imported.toml
                );
            }
            Err(diagnostics) => {
                assert!(diagnostics.errors() > 0, "seed {seed}");
                for diagnostic in diagnostics.iter() {
                    assert!(diagnostic.span.end <= json.len(), "seed {seed}");
                    let (line, _) = diagnostics.position(diagnostic.span.start);
                    assert!(line <= json.lines().count().max(1), "seed {seed}");
                }
            }
        }
    }
}
