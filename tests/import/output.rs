//! What is printed: the TOML and the report.

use insta::{assert_snapshot, with_settings};

use super::{imported, legacy, mapping};

fn small() -> String {
    let keys = |keys: &str| keys.to_owned();
    let mappings = [
        mapping(
            "base",
            "received",
            "",
            "received",
            &keys(r#""data_type": "datetime", "nullable": false, "default_value": "1900-01-01""#),
        ),
        mapping(
            "base",
            "decision",
            "/app_product",
            "decision",
            &keys(
                r#""data_type": "smallint", "mapping_type": ["enum"], "enum_name": "decisions", "description": "What was decided""#,
            ),
        ),
        mapping(
            "extra",
            "apr",
            "/rmts_info",
            "apr",
            &keys(r#""data_type": "decimal", "data_length": 5"#),
        ),
        mapping("extra", "notes", "/rmts_info", "notes", &keys(r#""data_length": -1"#)),
        mapping(
            "contact",
            "con_id",
            "/contact",
            "con_id",
            &keys(r#""data_type": "int", "nullable": false, "mapping_type": ["identity_insert"]"#),
        ),
        mapping(
            "contact",
            "zip",
            "/contact/contact_address",
            "zip",
            &keys(r#""data_length": 5, "mapping_type": ["curr_address_only", "numbers_only"]"#),
        ),
        mapping(
            "address",
            "city",
            "/contact/contact_address",
            "city",
            &keys(r#""data_length": 50"#),
        ),
        mapping(
            "scores",
            "",
            "/app_product",
            "die",
            &keys(r#""data_type": "int", "mapping_type": ["add_score(TU_DIE)"]"#),
        ),
        mapping(
            "scores",
            "",
            "/app_product",
            "vantage",
            &keys(r#""data_type": "int", "mapping_type": ["add_score(V4)"]"#),
        ),
        mapping(
            "extra",
            "tier",
            "/rmts_info",
            "tier",
            &keys(r#""mapping_type": ["calculate_field"]"#),
        ),
    ];
    legacy(
        &mappings.join(",\n"),
        r#""decisions": { "APPRV": 50, "FGIAC Plus": 54 }, "unused": { "A": 1 }"#,
    )
}

#[test]
fn the_contract_reads_as_if_written_by_hand() {
    let imported = imported(&small());
    with_settings!({ omit_expression => true }, { assert_snapshot!(imported.toml) });
}

#[test]
fn the_report_lists_each_mapping() {
    let imported = imported(&small());
    with_settings!({ omit_expression => true }, { assert_snapshot!(imported.report.to_string()) });
}

#[test]
fn the_same_contract_is_printed_the_same_way() {
    assert_eq!(imported(&small()), imported(&small()));
}
