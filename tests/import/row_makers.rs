//! Mapping types that make rows of their own.

use super::{contract, document, legacy, mapping, rows_of};

fn rows(mappings: &[String], table: &str, attributes: &str, inside: &str) -> Vec<String> {
    let json = legacy(&mappings.join(","), "");
    rows_of(&contract(&json), &document(attributes, inside), table)
}

fn maker(table: &str, below: &str, attribute: &str, keys: &str) -> String {
    mapping(table, "", below, attribute, keys)
}

#[test]
fn a_score_is_a_row_when_it_is_a_number() {
    let score = |attribute: &str, name: &str| {
        let keys = format!(r#""data_type": "int", "mapping_type": ["add_score({name})"]"#);
        maker("scores", "/app_product", attribute, &keys)
    };
    let mappings = [score("a", "TU_DIE"), score("b", "V4"), score("c", "AJ"), score("d", "00W83")];
    let inside = "<app_product a='1' b='1'/><app_product a='700.5' b='n/a' c='' d='1,200'/>";
    assert_eq!(rows(&mappings, "scores", "", inside), ["TU_DIE|701", "00W83|1200"]);
}

#[test]
fn an_indicator_is_a_row_when_it_is_set() {
    let of = |value: &str| {
        let mapping =
            maker("indicators", "", "fraud", r#""mapping_type": "add_indicator(fraud_ind)""#);
        rows(&[mapping], "indicators", &format!("fraud='{value}'"), "")
    };
    for set in ["y", "YES", " True ", "t", "1"] {
        assert_eq!(of(set), ["fraud_ind|1"], "{set}");
    }
    for unset in ["", "n", "2", "yes!"] {
        assert_eq!(of(unset), [""; 0], "{unset}");
    }
}

#[test]
fn history_names_its_attribute_and_its_element() {
    let history = |below: &str, attribute: &str, keys: &str| {
        maker(
            "history",
            below,
            attribute,
            &format!("{keys} \"mapping_type\": [{}]", r#""add_history""#),
        )
    };
    let mappings = [
        history("/app_product", "a", r#""data_length": 3,"#),
        history("/app_product", "b", r#""data_length": 5,"#),
        history("/app_product", "c", ""),
        history("/app_product", "d", ""),
        maker(
            "history",
            "/contact",
            "spouse",
            r#""mapping_type": ["last_valid_pr_contact", "add_history"]"#,
        ),
    ];
    let inside = "<app_product a='abcdef' b='abcdef' c='NULL' d=' none '/>\
                  <contact con_id='1' role='PR' spouse='Jo'/>";
    assert_eq!(
        rows(&mappings, "history", "", inside),
        ["[a]|[app_product]|abc", "[b]|[app_product]|abcde", "[spouse]|[contact]|Jo"]
    );
    let short = history("/app_product", "a", r#""data_length": 2,"#);
    assert_eq!(rows(&[short], "history", "", inside), ["[a]|[app_product]|ab"]);
}

#[test]
fn a_report_value_has_its_key() {
    let mappings = [
        maker(
            "reports",
            "/app_product",
            "giact",
            r#""mapping_type": ["add_report_lookup(GIACT)"]"#,
        ),
        maker("reports", "/app_product", "idv", r#""mapping_type": ["add_report_lookup(IDV)"]"#),
    ];
    let inside = "<app_product giact=' ND00 ' idv=''/>";
    assert_eq!(rows(&mappings, "reports", "", inside), ["giact|ND00|GIACT"]);
}

#[test]
fn a_policy_exception_is_a_row_when_there_is_a_reason_and_notes_are_shared() {
    let exception = |attribute: &str, link: &str| {
        maker(
            "exceptions",
            "/decision",
            attribute,
            &format!(r#""mapping_type": ["policy_exceptions({link})"]"#),
        )
    };
    let mappings = [
        exception("cap", "630"),
        exception("col", "631"),
        exception("cre", "632"),
        exception("why", ""),
    ];
    let inside = "<decision cap='A' col='' cre='B' why='because'/>";
    assert_eq!(rows(&mappings, "exceptions", "", inside), ["630|A|because", "632|B|because"]);
    assert_eq!(rows(&mappings, "exceptions", "", "<decision cap='A'/>"), ["630|A|-"]);
}

#[test]
fn a_warranty_is_a_row_when_it_has_more_than_its_flag() {
    let field = |number: i32, attribute: &str, column: &str, keys: &str| {
        let keys = format!(r#"{keys} "warranty_field({number})"]"#);
        mapping("warranties", column, "/policies", attribute, &keys)
    };
    let plain = r#""mapping_type": ["#;
    let mappings = [
        field(623, "gap_company", "company_name", plain),
        field(623, "gap_amount", "amount", r#""data_type": "decimal", "mapping_type": ["#),
        field(
            623,
            "gap_lien",
            "lienholder_flag",
            r#""data_type": "bit", "mapping_type": ["char_to_bit","#,
        ),
        field(620, "vsc_company", "company_name", plain),
    ];
    let of =
        |attributes: &str| rows(&mappings, "warranties", "", &format!("<policies {attributes}/>"));
    assert_eq!(
        of("gap_company='Acme' gap_lien='y' vsc_company='Best'"),
        ["623|Acme|-|1", "620|Best|-|0"]
    );
    assert_eq!(of("gap_amount='100' gap_lien=''"), ["623|-|100.00|0"]);
    assert_eq!(of("gap_lien='Y'"), [""; 0]);
}

#[test]
fn a_collateral_is_a_row_when_it_has_a_value() {
    let field = |slot: i32, attribute: &str, column: &str, keys: &str| {
        let keys = format!(r#"{keys} "add_collateral({slot})"]"#);
        mapping("collateral", column, "/items", &format!("c{slot}_{attribute}"), &keys)
    };
    let of_slot = |slot: i32| {
        [
            field(
                slot,
                "type",
                "kind_enum",
                r#""data_type": "smallint", "expression": "CASE WHEN application.app_type = 'MARINE' THEN 412 ELSE 423 END", "mapping_type": ["calculated_field","#,
            ),
            field(
                slot,
                "make",
                "make",
                r#""default_value": "UNKNOWN", "nullable": false, "mapping_type": ["#,
            ),
            field(
                slot,
                "year",
                "year",
                r#""data_type": "smallint", "default_value": "1900", "mapping_type": ["numbers_only","#,
            ),
            field(slot, "value", "wholesale_value", r#""data_type": "decimal", "mapping_type": ["#),
            field(
                slot,
                "used",
                "used_flag",
                r#""data_type": "bit", "mapping_type": ["char_to_bit","#,
            ),
        ]
    };
    let mappings = [of_slot(1), of_slot(2), of_slot(3), of_slot(4)].concat();
    let inside = "<items c1_make='BOAT' c1_year=\"'25\" c2_value='0' c2_used='Y' c3_value='0.5' c4_year='y2k'/>";
    assert_eq!(
        rows(&mappings, "collateral", "app_type='MARINE'", inside),
        ["1|412|BOAT|25|-|0", "3|412|UNKNOWN|1900|0.50|0", "4|412|UNKNOWN|2|-|0"]
    );
    let make = field(1, "make", "make", r#""data_length": 3, "mapping_type": ["#);
    assert_eq!(rows(&[make], "collateral", "", inside), ["1|BOA"]);
}

#[test]
fn a_row_maker_that_cannot_be_translated_is_named_once() {
    let mappings = [
        maker("history", "/app_product", "a", r#""mapping_type": ["add_history"]"#),
        maker(
            "history",
            "/app_product",
            "b",
            r#""mapping_type": ["enum", "add_history"], "enum_name": "none""#,
        ),
        maker("history", "/app_product", "c", r#""mapping_type": ["add_score(X)"]"#),
    ];
    let imported = super::imported(&legacy(&mappings.join(","), ""));
    assert_eq!(imported.report.failures(), 2, "{}", imported.report);
    let left_out = imported.toml.matches("# NOT TRANSLATED: history(@").count();
    assert_eq!(left_out, 2, "{}", imported.toml);
    assert!(imported.toml.contains("`add_score` is in a table of `add_history`"));
}
