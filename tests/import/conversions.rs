//! Mapping types for the value of one column.

use super::{contract, document, legacy, mapping, rows_of, shred, value};
use xmlshred::outcome::FailureCategory;

#[test]
fn text_is_stripped_and_blank_text_is_the_default_or_null() {
    assert_eq!(value("", "", "  two words &#10;"), "two words");
    assert_eq!(value("", "", " \t "), "-");
    assert_eq!(value(r#""default_value": "none given""#, "", "  "), "none given");
    assert_eq!(value(r#""default_value": "none given""#, "", "x"), "x");
}

#[test]
fn text_that_is_too_long_is_cut_unless_its_length_is_minus_one() {
    assert_eq!(value(r#""data_length": 3"#, "", "abcdef"), "abc");
    assert_eq!(value(r#""data_length": -1"#, "", "abcdef"), "abcdef");
    assert_eq!(value(r#""data_length": "2""#, "", " éàü"), "éà");
    assert_eq!(value(r#""data_length": 3, "default_value": "longer""#, "", ""), "lon");
}

#[test]
fn attribute_names_match_exactly_or_else_ignoring_case() {
    let json = legacy(&mapping("base", "v", "", "Value", ""), "");
    let contract = contract(&json);
    let base = |attributes: &str| rows_of(&contract, &document(attributes, ""), "base");
    assert_eq!(base("VALUE='other'"), ["other"]);
    assert_eq!(base("VALUE='other' Value='exact' value='last'"), ["exact"]);
    let below = legacy(&mapping("contact", "v", "/contact", "Value", ""), "");
    let contract = super::contract(&below);
    let contacts = "<contact con_id='1' role='PR' ssn='1' value='no' Value='yes'/>";
    assert_eq!(rows_of(&contract, &document("", contacts), "contact"), ["yes"]);
}

#[test]
fn the_last_of_several_elements_counts() {
    let product = mapping("base", "v", "/app_product", "v", "");
    let json = legacy(&[product, mapping("base", "w", "/app_product/part", "w", "")].join(","), "");
    let contract = contract(&json);
    let inside = "<app_product v='1'><part w='a'/><part w='b'/></app_product><app_product v='2'/>";
    assert_eq!(rows_of(&contract, &document("", inside), "base"), ["2|b"]);
    let without = "<app_product v='1'/><app_product/>";
    assert_eq!(rows_of(&contract, &document("", without), "base"), ["-|-"]);
}

#[test]
fn without_an_attribute_the_text_of_the_element_is_read() {
    let keys = r#""data_type": "string", "mapping_type": null, "xml_attribute": null"#;
    let json = legacy(&mapping("base", "v", "/notes", "x", keys), "");
    let json = json.replace(r#""xml_attribute": "x","#, "");
    let inside = "<notes>\n  one &amp; two\n</notes>";
    assert_eq!(rows_of(&contract(&json), &document("", inside), "base"), ["one & two"]);
}

const COLOURS: &str = r#""colours": { "RED": 1, "red": 2, "Blue": 3 }, "v": { "RED": 9 },
    "answered": { "A": 1, "": 7 }, "words": { "A": "apple" }, "always": { "": 600 }"#;

#[test]
fn an_enum_matches_exactly_then_ignoring_case() {
    let keys = r#""data_type": "smallint", "mapping_type": "enum", "enum_name": "colours""#;
    assert_eq!(value(keys, COLOURS, " red "), "2");
    assert_eq!(value(keys, COLOURS, "RED"), "1");
    assert_eq!(value(keys, COLOURS, "BLUE"), "3");
    assert_eq!(value(keys, COLOURS, "green"), "-");
    assert_eq!(value(keys, COLOURS, ""), "-");
}

#[test]
fn the_blank_entry_of_an_enum_answers_blanks_and_everything_unlisted() {
    let keys = r#""data_type": "int", "mapping_type": ["enum"], "enum_name": "answered""#;
    assert_eq!(value(keys, COLOURS, "a"), "1");
    assert_eq!(value(keys, COLOURS, ""), "7");
    assert_eq!(value(keys, COLOURS, "zzz"), "7");
    let keys = r#""data_type": "int", "mapping_type": ["enum"], "enum_name": "always""#;
    assert_eq!(value(keys, COLOURS, "zzz"), "600");
}

#[test]
fn an_enum_is_named_by_its_column_and_has_numbers_or_text() {
    let keys = r#""data_type": "smallint", "mapping_type": ["enum"]"#;
    assert_eq!(value(keys, COLOURS, "red"), "9");
    let keys = r#""mapping_type": ["enum"], "enum_name": "words""#;
    assert_eq!(value(keys, COLOURS, "a"), "apple");
}

#[test]
fn an_unlisted_code_is_null_when_that_is_allowed_and_the_default_otherwise() {
    let nullable = r#""data_type": "smallint", "mapping_type": "enum", "enum_name": "colours",
        "default_value": "5", "nullable": true"#;
    assert_eq!(value(nullable, COLOURS, "green"), "-");
    let never_null = nullable.replace("true", "false");
    assert_eq!(value(&never_null, COLOURS, "green"), "5");
    assert_eq!(value(&never_null, COLOURS, ""), "5");
}

#[test]
fn bits_come_from_the_contracts_tables_ignoring_case_and_are_never_null() {
    let keys = r#""data_type": "bit", "mapping_type": ["char_to_bit"], "default_value": "1""#;
    for (text, bit) in [("Y", "1"), ("y", "1"), ("N", "0"), ("?", "0"), ("", "0")] {
        assert_eq!(value(keys, "", text), bit, "{text}");
    }
    let keys = r#""data_type": "bit", "mapping_type": ["boolean_to_bit"]"#;
    for (text, bit) in [("TRUE", "1"), (" true ", "1"), ("false", "0"), ("Y", "0")] {
        assert_eq!(value(keys, "", text), bit, "{text}");
    }
}

#[test]
fn digits_are_text_or_a_number_by_the_columns_type() {
    let text = r#""data_length": 9, "mapping_type": ["numbers_only"], "default_value": "000""#;
    assert_eq!(value(text, "", "012-34 5"), "012345");
    assert_eq!(value(text, "", "none"), "000");
    let number = r#""data_type": "int", "mapping_type": ["extract_numeric"], "default_value": 4"#;
    assert_eq!(value(number, "", "Up to $40"), "40");
    assert_eq!(value(number, "", "none"), "4");
}

#[test]
fn integers_drop_commas_and_round_half_away_from_zero() {
    let keys = r#""data_type": "int""#;
    for (text, number) in [
        ("1,234", "1234"),
        ("2.5", "3"),
        ("-2.5", "-3"),
        ("36.4", "36"),
        ("about 12 months", "12"),
        ("Price: $36.50", "37"),
        ("none", "-"),
        ("", "-"),
    ] {
        assert_eq!(value(keys, "", text), number, "{text}");
    }
}

#[test]
fn an_integer_with_a_mapping_type_takes_no_number_out_of_other_text() {
    let keys = r#""data_type": "int", "mapping_type": ["extract_date"], "default_value": "8""#;
    assert_eq!(value(keys, "", "1,234.5"), "1235");
    assert_eq!(value(keys, "", "12 months"), "8");
}

#[test]
fn decimals_have_the_scale_of_their_length_or_two() {
    assert_eq!(value(r#""data_type": "decimal""#, "", "1,234.565"), "1234.57");
    assert_eq!(value(r#""data_type": "decimal", "data_length": 5"#, "", "0.1"), "0.10000");
    assert_eq!(value(r#""data_type": "decimal", "default_value": "0""#, "", "n/a"), "0.00");
}

#[test]
fn dates_are_read_in_every_form_of_the_earlier_system() {
    let keys = r#""data_type": "datetime""#;
    for (text, moment) in [
        ("2024-01-31 10:20:30.5", "2024-01-31T10:20:30.500"),
        ("2024-01-31 10:20:30", "2024-01-31T10:20:30.000"),
        ("2024-1-3 1:2:3", "2024-01-03T01:02:03.000"),
        ("2024-01-31", "2024-01-31T00:00:00.000"),
        ("1/31/2024", "2024-01-31T00:00:00.000"),
        ("01/31/2024 23:59:58", "2024-01-31T23:59:58.000"),
        ("1/31/2024 1:02:03 PM", "2024-01-31T13:02:03.000"),
        ("31/01/2024", "2024-01-31T00:00:00.000"),
        ("31/1/2024 10:20:30", "2024-01-31T10:20:30.000"),
        ("2024-01-31T10:20:30Z", "2024-01-31T10:20:30.000"),
        ("2024-01-31 10:20:30.123 EST", "2024-01-31T10:20:30.123"),
        ("2024-01-31 10:20:75", "2024-01-31T10:20:59.000"),
        ("2024-01-31 10:20:60.5", "2024-01-31T10:20:59.500"),
        ("yesterday", "-"),
        ("32/13/2024", "-"),
        ("", "-"),
    ] {
        assert_eq!(value(keys, "", text), moment, "{text}");
    }
    assert_eq!(value(r#""data_type": "date""#, "", "1/31/2024 23:59:58"), "2024-01-31");
    let keys = r#""data_type": "date", "default_value": "1900-01-01""#;
    assert_eq!(value(keys, "", "never"), "1900-01-01");
}

#[test]
fn a_blank_date_is_the_time_of_the_run() {
    let keys = r#""data_type": "datetime", "mapping_type": ["default_getutcdate_if_null"]"#;
    assert_eq!(value(keys, "", " "), "2023-11-14T22:13:20.000");
    assert_eq!(value(keys, "", "1/2/2024"), "2024-01-02T00:00:00.000");
}

#[test]
fn plain_markers_change_nothing() {
    assert_eq!(value(r#""data_type": "int", "mapping_type": ["identity_insert"]"#, "", "12"), "12");
    assert_eq!(
        value(r#""data_type": "date", "mapping_type": ["extract_date"]"#, "", "1/2/2024"),
        "2024-01-02"
    );
}

#[test]
fn a_column_that_is_never_null_fails_its_application_and_is_named() {
    let json = super::one_column(r#""nullable": false"#, "");
    let failed = shred(&contract(&json), &document("", "")).expect_err("it is required");
    assert_eq!(failed.category, FailureCategory::MissingRequired);
    assert!(failed.reason.contains("base.v is required"), "{}", failed.reason);
}

#[test]
fn documents_are_rejected_for_their_root_their_id_and_a_missing_application_only() {
    let contract = contract(&super::one_column("", ""));
    let refused = |document: &str| match shred(&contract, document) {
        Ok(_) => None,
        Err(failure) => Some(failure.category),
    };
    assert_eq!(refused(&document("", "<anything v='&quot;'/>")), None);
    assert_eq!(refused("<Other/>"), Some(FailureCategory::WrongDocument));
    let with_id = |id: &str| document("", "").replace("ID='7'", id);
    for id in ["ID='x'", "ID=''", "ID='-7'", "ID='7.5'", ""] {
        assert!(refused(&with_id(id)).is_some(), "{id}");
    }
    assert_eq!(refused(&with_id("id=' 7 '")), None);
    let without = "<Provenir><Request ID='7'><CustData/></Request></Provenir>";
    assert_eq!(refused(without), Some(FailureCategory::MissingRequired));
}

#[test]
fn a_child_row_of_nothing_but_defaults_is_dropped_and_a_base_row_is_not() {
    let default = r#""default_value": "d""#;
    let mappings = [
        mapping("base", "v", "/app_product", "v", default),
        mapping("extra", "a", "/rmts_info", "a", default),
        mapping(
            "extra",
            "b",
            "/rmts_info",
            "b",
            r#""default_value": "e", "exclude_default_when_record_empty": true"#,
        ),
    ];
    let contract = contract(&legacy(&mappings.join(","), ""));
    let rows = |inside: &str, table: &str| rows_of(&contract, &document("", inside), table);
    assert_eq!(rows("", "base"), ["d"]);
    assert_eq!(rows("", "extra"), [""; 0]);
    assert_eq!(rows("<rmts_info a=' ' b=''/>", "extra"), [""; 0]);
    assert_eq!(rows("<rmts_info a='1'/><rmts_info b='2'/>", "extra"), ["d|2"]);
}

#[test]
fn a_child_row_with_a_bit_is_never_empty() {
    let mappings = [
        mapping("extra", "a", "/rmts_info", "a", ""),
        mapping(
            "extra",
            "flag",
            "/rmts_info",
            "f",
            r#""data_type": "bit", "mapping_type": ["char_to_bit"]"#,
        ),
    ];
    let contract = contract(&legacy(&mappings.join(","), ""));
    assert_eq!(rows_of(&contract, &document("", ""), "extra"), ["-|0"]);
}

#[test]
fn the_last_of_several_mappings_that_has_a_value_fills_the_column() {
    let mappings =
        [mapping("base", "v", "", "a", ""), mapping("base", "v", "/app_product", "b", "")];
    let contract = contract(&legacy(&mappings.join(","), ""));
    let rows =
        |attributes: &str, inside: &str| rows_of(&contract, &document(attributes, inside), "base");
    assert_eq!(rows("a='1'", "<app_product b='2'/>"), ["2"]);
    assert_eq!(rows("a='1'", ""), ["1"]);
}
