//! `calculated_field`.

use super::{contract, document, legacy, mapping, rows_of};

fn evaluated(data_type: &str, expression: &str, attributes: &str, inside: &str) -> String {
    let keys = format!(
        r#""data_type": "{data_type}", "mapping_type": ["calculated_field"], "expression": "{expression}""#
    );
    let product = mapping("base", "v", "/app_product", "v", &keys);
    let contract = contract(&legacy(&product, ""));
    rows_of(&contract, &document(attributes, inside), "base").concat()
}

fn of_product(data_type: &str, expression: &str, product: &str) -> String {
    evaluated(data_type, expression, "", &format!("<app_product {product}/>"))
}

#[test]
fn fields_are_named_alone_by_element_and_of_the_contact() {
    let inside = "<app_product a='1'/><rmts x='2'/><app_product a='3'/><contact con_id='9' role='AUTHU' c='5'/>\
                  <contact con_id='8' role='PR' c='4'/><contact con_id='7' role='PR' c='6'/>";
    let of = |expression: &str| evaluated("string", expression, "b='7'", inside);
    assert_eq!(of("a"), "3");
    assert_eq!(of("A"), "3");
    assert_eq!(of("b"), "7", "the application may have what its own element lacks");
    assert_eq!(of("application.b"), "7");
    assert_eq!(of("app_product.A"), "3");
    assert_eq!(of("rmts.x"), "2");
    assert_eq!(of("contact.c"), "4");
}

#[test]
fn arithmetic_with_a_blank_operand_is_null() {
    assert_eq!(of_product("int", "a + (b * 12)", "a='5' b='2'"), "29");
    assert_eq!(of_product("int", "a + (b * 12)", "a='5' b=' '"), "-");
    assert_eq!(of_product("int", "a + b * 12", "a='5'"), "-");
    assert_eq!(of_product("int", "-a - -2", "a='5'"), "-3");
}

#[test]
fn division_keeps_its_fraction_and_two_slashes_drop_it() {
    assert_eq!(of_product("decimal", "a / 12", "a='30'"), "2.50");
    assert_eq!(of_product("decimal", "a / b", "a='30' b='12'"), "2.50");
    assert_eq!(of_product("decimal", "7 / b", "b='2'"), "3.50");
    assert_eq!(of_product("decimal", "a // 12", "a='-30'"), "-3.00");
    assert_eq!(of_product("int", "a % 12", "a='30'"), "6");
    assert_eq!(of_product("int", "a ** 2 + 1", "a='3'"), "10");
    assert_eq!(of_product("decimal", "a / b", "a='1' b='0'"), "-");
}

#[test]
fn case_takes_the_first_branch_that_holds() {
    let salary =
        "CASE WHEN basis = 'ANNUM' THEN salary / 12 WHEN basis = 'MONTH' THEN salary ELSE 0 END";
    assert_eq!(
        of_product("decimal", salary, "basis='ANNUM' salary='1,200'".replace(',', "").as_str()),
        "100.00"
    );
    assert_eq!(of_product("decimal", salary, "basis='MONTH' salary='1,200'"), "1200.00");
    assert_eq!(of_product("decimal", salary, "basis='?'"), "0.00");
    let without_else = "case when a = 'x' then 'y' end";
    assert_eq!(of_product("string", without_else, "a='x'"), "y");
    assert_eq!(of_product("string", without_else, "a='z'"), "-");
    assert_eq!(of_product("string", "CASE WHEN a = 'x' THEN 'y' ELSE '' END", "a='z'"), "-");
}

#[test]
fn conditions_compare_text_numbers_and_dates() {
    let holds = |condition: &str, product: &str| {
        let expression = format!("CASE WHEN {condition} THEN 1 ELSE 0 END");
        of_product("int", &expression, product) == "1"
    };
    assert!(holds("a = 'x' AND b != 'y'", "a='x' b='z'"));
    assert!(holds("a = 'y' OR b = 'z'", "a='x' b='z'"));
    assert!(holds("b != 'y'", "a='x'"), "an absent field differs from every text");
    assert!(holds("b = ''", "a='x'"));
    assert!(!holds("b != ''", "b=' '"));
    assert!(holds("a > 9", "a='10'"), "a number without quotes is a number");
    assert!(holds("a > '9'", "a='10'"), "and so is one in quotes beside an order");
    assert!(!holds("a > '0'", "a='0.00'"));
    assert!(holds("a <> 5", "b='1'"));
    assert!(holds("a IS NULL AND a IS EMPTY AND b IS NOT NULL AND b IS NOT EMPTY", "a=' ' b='1'"));
    assert!(holds("a LIKE 'V4_%'", "a='v4x1'"), "LIKE ignores case");
    assert!(!holds("a LIKE 'V4_%'", "a='v4'"));
    assert!(holds("a LIKE '%[x]%'", "a='.[X].'"), "brackets are brackets");
    assert!(holds("a > DATE('2023-10-11 00:00:00')", "a='10/12/2023'"));
    assert!(!holds("a > DATE('10/11/2023')", "a='2023-10-11'"));
    assert!(!holds("a > DATE('2023-10-11')", "a='never'"));
}

#[test]
fn logic_means_what_is_written() {
    let holds = |condition: &str, product: &str| {
        let expression = format!("CASE WHEN {condition} THEN 'y' ELSE 'n' END");
        of_product("string", &expression, product) == "y"
    };
    assert!(holds("(a = '1' OR a = '2') AND b = '3'", "a='1' b='3'"));
    assert!(!holds("(a = '1' OR a = '2') AND b = '3'", "a='1' b='4'"));
    assert!(holds("a = '1' OR a = '2' AND b = '3'", "a='1' b='4'"));
    assert!(holds("NOT a = '2'", "a='1'"));
    assert!(holds("NOT NOT NOT a IN ('2', '3')", "a='1'"));
    assert!(holds("a <> '2'", "a='1'"));
    assert!(holds("a BETWEEN 1 AND 10", "a='9'"));
    let nested =
        "CASE WHEN a = '1' THEN CASE WHEN b = '1' THEN 'both' ELSE 'a' END ELSE 'none' END";
    assert_eq!(of_product("string", nested, "a='1' b='1'"), "both");
    assert_eq!(of_product("string", nested, "a='1'"), "a");
}

#[test]
fn dates_are_moved_by_days() {
    let expression = "DATEADD(day, n, application.received)";
    let of = |attributes: &str, n: &str| {
        evaluated("date", expression, attributes, &format!("<app_product n='{n}'/>"))
    };
    assert_eq!(of("received='1/30/2024 10:20:30'", "3"), "2024-02-02");
    assert_eq!(of("received='2024-03-01'", "-1"), "2024-02-29");
    assert_eq!(of("received=''", "3"), "-");
}

#[test]
fn an_address_calculates_with_its_own_attributes() {
    let mappings = [
        mapping("address", "street", "/contact/contact_address", "street", ""),
        mapping(
            "address",
            "months",
            "/contact/contact_address",
            "months",
            r#""data_type": "int", "mapping_type": ["calculated_field"], "expression": "months + (years * 12)""#,
        ),
    ];
    let contract = contract(&legacy(&mappings.join(","), ""));
    let inside = "<contact con_id='1' role='PR' ssn='1' months='9'>\
                  <contact_address kind='CURR' street='s' months='2' YEARS='1'/></contact>";
    assert_eq!(rows_of(&contract, &document("months='99'", inside), "address"), ["s|14"]);
}

#[test]
fn an_enum_answers_where_the_expression_is_null() {
    let keys = r#""mapping_type": ["calculated_field", "enum"], "enum_name": "who",
        "expression": "CASE WHEN v LIKE '%WENDY%' THEN 'wendy@example.com' END""#;
    let contract = contract(&legacy(
        &mapping("base", "v", "/app_product", "v", keys),
        r#""who": { "JO": "jo@example.com" }"#,
    ));
    let of = |text: &str| {
        rows_of(&contract, &document("", &format!("<app_product v='{text}'/>")), "base").concat()
    };
    assert_eq!(of("Wendy D"), "wendy@example.com");
    assert_eq!(of("jo"), "jo@example.com");
    assert_eq!(of("else"), "-");
}
