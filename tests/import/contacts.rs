//! Contacts, their addresses and employments, and what other tables read of them.

use super::{contract, document, legacy, mapping, rows_of};

fn contacts() -> String {
    let mappings = [
        mapping(
            "contact",
            "con_id",
            "/contact",
            "con_id",
            r#""data_type": "int", "nullable": false, "mapping_type": ["identity_insert"]"#,
        ),
        mapping("contact", "role", "/contact", "role", ""),
        mapping("contact", "first_name", "/contact", "first_name", r#""default_value": "UNKNOWN""#),
        mapping("contact", "channel", "", "channel", ""),
        mapping(
            "contact",
            "phone",
            "/contact/contact_address",
            "phone",
            r#""data_length": 10, "mapping_type": ["curr_address_only", "numbers_only"]"#,
        ),
        mapping("address", "kind", "/contact/contact_address", "kind", ""),
        mapping("address", "street_name", "/contact/contact_address", "street", ""),
        mapping(
            "address",
            "city",
            "/contact/contact_address",
            "city",
            r#""default_value": "MISSING""#,
        ),
        mapping("address", "state", "/contact/contact_address", "state", ""),
        mapping(
            "address",
            "zip",
            "/contact/contact_address",
            "zip",
            r#""mapping_type": ["numbers_only"]"#,
        ),
        mapping("address", "unit", "/contact/contact_address", "unit", ""),
        mapping("employment", "kind", "/contact/contact_employment", "kind", ""),
        mapping("employment", "business_name", "/contact/contact_employment", "business", ""),
        mapping(
            "employment",
            "monthly_salary",
            "/contact/contact_employment",
            "salary",
            r#""data_type": "decimal""#,
        ),
        mapping("employment", "job_title", "/contact/contact_employment", "title", ""),
        mapping("employment", "phone", "/contact/contact_employment", "phone", ""),
    ];
    legacy(&mappings.join(","), "")
}

fn rows(inside: &str, table: &str) -> Vec<String> {
    rows_of(&contract(&contacts()), &document("channel='web'", inside), table)
}

#[test]
fn valid_contacts_anywhere_become_rows() {
    let inside = "<contact con_id='1' role='PR' ssn='5'/>\
        <joint><contact con_id='2' role=' AUTHU ' first_name='Bo'/></joint>\
        <contact con_id='' role='PR' ssn='5'/><contact con_id='3' role='OTHER' ssn='5'/>\
        <contact con_id='4' role='pr' ssn='5'/><contact con_id='5' role='PR' ssn=' ' email='x'/>";
    assert_eq!(rows(inside, "contact"), ["1|PR|UNKNOWN|web|-", "2|AUTHU|Bo|web|-"]);
}

#[test]
fn of_contacts_with_the_same_id_the_best_role_is_kept_in_the_place_of_the_first() {
    let inside = "<contact con_id='1' role='AUTHU' first_name='a'/>\
        <contact con_id='2' role='PR' first_name='b'/>\
        <contact con_id='1' role='PR' first_name='c'/>\
        <contact con_id='1' role='PR' first_name='d'/>\
        <contact con_id='1' role='AUTHU' first_name='e'/>";
    assert_eq!(rows(inside, "contact"), ["1|PR|d|web|-", "2|PR|b|web|-"]);
}

#[test]
fn the_phone_comes_from_the_last_current_address_of_the_rows_contact() {
    let inside = "<contact con_id='1' role='PR' ssn='5'>\
        <contact_address kind='CURR' phone='111'/><contact_address kind='CURR' phone='(22) 2'/>\
        <contact_address kind='PREV' phone='333'/></contact>\
        <contact con_id='2' role='PR' ssn='5'><contact_address kind='PREV' phone='4'/></contact>";
    assert_eq!(rows(inside, "contact"), ["1|PR|UNKNOWN|web|222", "2|PR|UNKNOWN|web|-"]);
}

#[test]
fn addresses_belong_to_the_kept_contacts_and_are_the_first_of_their_type() {
    let inside = "<contact con_id='1' role='AUTHU' ssn='5'><contact_address kind='CURR' city='lost'/></contact>\
        <contact con_id='1' role='PR' ssn='5'>\
          <contact_address kind='CURR' city='first' zip='01-2'/>\
          <contact_address kind='CURR' city='second'/>\
          <contact_address kind='PREV' street='old'/>\
          <contact_address kind='MAIL' city='not allowed'/></contact>\
        <contact con_id='9' role='OTHER' ssn='5'><contact_address kind='CURR' city='no'/></contact>";
    assert_eq!(rows(inside, "address"), ["1|CURR|-|first|-|012|-", "1|PREV|old|MISSING|-|-|-"]);
}

#[test]
fn an_address_without_values_is_dropped() {
    let inside = "<contact con_id='1' role='PR' ssn='5'>\
        <contact_address kind='CURR' unit='4'/><contact_address kind='PREV' state='NY'/></contact>";
    assert_eq!(rows(inside, "address"), ["1|PREV|-|MISSING|NY|-|-"]);
}

#[test]
fn an_employment_is_kept_for_its_business_its_salary_or_its_title() {
    let inside = "<contact con_id='1' role='PR' ssn='5'>\
        <contact_employment kind='CURR' salary='0' phone='5'/>\
        <contact_employment kind='PREV' salary='12.5'/></contact>\
        <contact con_id='2' role='PR' ssn='5'><contact_employment kind='CURR' title='smith'/></contact>";
    assert_eq!(rows(inside, "employment"), ["1|PREV|-|12.50|-|-", "2|CURR|-|-|smith|-"]);
}

fn from_contacts(column: &str, below: &str, attribute: &str, keys: &str, inside: &str) -> String {
    let json = legacy(&mapping("base", column, below, attribute, keys), "");
    let rows = rows_of(&contract(&json), &document("", inside), "base");
    assert_eq!(rows.len(), 1);
    rows[0].clone()
}

#[test]
fn an_attribute_of_the_last_contact_with_the_first_or_second_role() {
    let inside = "<contact con_id='1' role='PR' bank='a'/><other><contact con_id='2' role='PR' bank='b'/></other>\
        <contact con_id=' ' role='PR' bank='c'/><contact con_id='3' role='AUTHU' bank='d'/>";
    let of = |keys: &str| from_contacts("v", "/contact", "bank", keys, inside);
    assert_eq!(of(r#""mapping_type": ["last_valid_pr_contact"]"#), "b");
    assert_eq!(of(r#""mapping_type": ["last_valid_sec_contact"]"#), "d");
}

#[test]
fn through_an_address_the_preferred_type_counts_first() {
    let keys = r#""mapping_type": ["last_valid_pr_contact"]"#;
    let of = |inside: &str| from_contacts("v", "/contact/contact_address", "rent", keys, inside);
    let contact = |addresses: &str| {
        format!(
            "<contact con_id='1' role='PR'><contact_address kind='CURR' rent='0'/></contact>\
                 <contact con_id='2' role='PR'>{addresses}</contact>"
        )
    };
    let preferred = "<contact_address kind='PREV' rent='1'/><contact_address kind='CURR' rent=''/>\
                     <contact_address kind='CURR' rent='2'/><contact_address kind='CURR' rent='3'/>";
    assert_eq!(of(&contact(preferred)), "2");
    assert_eq!(of(&contact("<contact_address kind='PREV' rent='1'/>")), "1");
    assert_eq!(of(&contact("")), "-");
}

#[test]
fn through_a_product_the_last_one_of_the_last_contact_counts() {
    let inside = "<contact con_id='1' role='PR'><card line='1'/></contact>\
        <contact con_id='2' role='PR'><card line='2'/><card line='3,000'/></contact>\
        <contact con_id='3' role='AUTHU'><card line='4'/><card line='5'/></contact>";
    let of = |keys: &str| from_contacts("v", "/contact/card", "line", keys, inside);
    assert_eq!(of(r#""data_type": "int", "mapping_type": ["last_valid_pr_contact"]"#), "3000");
    assert_eq!(of(r#""data_type": "int", "mapping_type": ["authu_contact"]"#), "5");
}

#[test]
fn a_value_of_a_contact_is_converted_by_the_rest_of_the_chain() {
    let inside = "<contact con_id='1' role='PR' kind='c'/>";
    let keys = r#""data_type": "int", "mapping_type": ["last_valid_pr_contact", "enum"]"#;
    let json =
        legacy(&mapping("base", "account", "/contact", "kind", keys), r#""account": { "C": 70 }"#);
    assert_eq!(rows_of(&contract(&json), &document("", inside), "base"), ["70"]);
}

#[test]
fn a_conversion_gives_null_where_there_is_no_such_contact() {
    let enums = r#""kind": { "C": 70, "": 60 }"#;
    let value = |path: &str, keys: &str, inside: &str| {
        let json = legacy(&mapping("base", "kind", path, "kind", keys), enums);
        rows_of(&contract(&json), &document("", inside), "base").join(" ")
    };
    let nobody = "<contact con_id='1' role='PR' kind='Y'/>";
    let blank = "<contact con_id='2' role='AUTHU' kind=' '/>";
    let unknown = "<contact con_id='2' role='AUTHU' kind='?'/>";
    let bit = r#""data_type": "bit", "mapping_type": ["authu_contact", "char_to_bit"]"#;
    assert_eq!(value("/contact", bit, nobody), "-");
    assert_eq!(value("/contact", bit, blank), "0");
    assert_eq!(value("/contact", bit, unknown), "0");
    assert_eq!(value("/contact", bit, "<contact con_id='2' role='AUTHU' kind='Y'/>"), "1");
    // The contact is there, its card is not.
    assert_eq!(value("/contact/card", bit, unknown), "0");
    assert_eq!(value("/contact/card", bit, nobody), "-");
    let required = format!("{bit}, \"nullable\": false");
    assert_eq!(value("/contact", &required, nobody), "0");
    let looked_up = r#""data_type": "int", "mapping_type": ["authu_contact", "enum"]"#;
    assert_eq!(value("/contact", looked_up, nobody), "-");
    assert_eq!(value("/contact", looked_up, unknown), "60");
    let plain = r#""data_type": "bit", "mapping_type": ["char_to_bit"]"#;
    assert_eq!(value("/contact/none", plain, nobody), "0", "nothing selects a contact");
}
