//! Rows that belong to the rows around them.

use std::sync::Arc;

use xmlshred::contract::Contract;

use super::{contract, failure, mistakes, parsed, rows};

const CRATES: &str = r#"
[contract]
name = "crates"
[document]
root = "parcel"
[[tables]]
name = "crate"
each = "/parcel/crate"
app_column = "parcel_id"
primary_key = ["parcel_id", "crate_no"]
[tables.columns]
parcel_id = { type = "int", value = "APP_ID()" }
crate_no = { type = "int", value = "ORDINAL()" }
size = { type = "varchar(10)", value = "@size" }
[[tables]]
name = "piece"
each = "/parcel/crate/piece"
app_column = "parcel_id"
primary_key = ["parcel_id", "crate_no", "piece_no"]
foreign_key = { columns = ["parcel_id", "crate_no"], references = "crate" }
[tables.columns]
parcel_id = { type = "int", value = "APP_ID()" }
crate_no = { type = "int", value = "PARENT(crate_no)" }
piece_no = { type = "int", value = "POSITION()" }
piece = { type = "varchar(20)", value = "." }
"#;

/// A contract like the one for crates, with other lines.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(CRATES.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn case_01_a_row_names_the_row_it_lies_in() {
    let contract = contract(CRATES);
    let document =
        "<parcel>\n <crate size='plain'><piece>bolt</piece><piece>cog</piece></crate>\n \
                    <crate size='plain'><piece>nut</piece></crate>\n \
                    <crate size='padded'><piece>washer</piece></crate>\n</parcel>";
    assert_eq!(rows(&contract, document, "crate"), ["1|plain", "2|plain", "3|padded"]);
    assert_eq!(
        rows(&contract, document, "piece"),
        ["1|1|bolt", "1|2|cog", "2|1|nut", "3|1|washer"]
    );
    let silent = "<parcel><crate><piece>bolt</piece><piece>cog</piece></crate>\
                  <crate><piece>nut</piece></crate><crate/></parcel>";
    assert_eq!(rows(&contract, silent, "piece"), ["1|1|bolt", "1|2|cog", "2|1|nut"]);
}

#[test]
fn case_01_the_number_of_a_row_of_ones_own_is_no_reference() {
    let text = changed(&[("PARENT(crate_no)", "ORDINAL()")]);
    let (_, warnings) = parsed(&text);
    assert!(warnings.contains(
        "23:37: warning: `crate_no` refers to `crate`, but ORDINAL() numbers the rows of this table\n"
    ));
    assert!(warnings.contains("hint: write `PARENT(crate_no)`\n"));
}

#[test]
fn a_parents_column_is_the_one_of_its_finished_row() {
    // Crates that are left out, or replaced by another with the same key, are not counted.
    let text = changed(&[
        (
            "app_column = \"parcel_id\"\nprimary_key = [\"parcel_id\", \"crate_no\"]",
            "app_column = \"parcel_id\"\nprimary_key = [\"parcel_id\", \"crate_no\"]\n\
          where = \"@size IS NULL OR @size <> 'none'\"\n\
          distinct = { by = [\"@id\"], keep = \"last\" }",
        ),
        ("value = \"@size\"", "value = \"@size\", default = \"plain\""),
        (
            "piece = { type = \"varchar(20)\", value = \".\" }",
            "piece = { type = \"varchar(20)\", value = \"PARENT(Size) || ' ' || .\" }",
        ),
    ]);
    let document = "<parcel><crate id='0' size='none'><piece>a</piece></crate>\
                    <crate id='1'><piece>b</piece></crate><crate id='2' size='big'><piece>c</piece></crate>\
                    <crate id='1' size='wide'><piece>d</piece><piece>e</piece></crate>\
                    <crate id='3'><piece>f</piece></crate></parcel>";
    let contract = contract(&text);
    assert_eq!(rows(&contract, document, "crate"), ["1|wide", "2|big", "3|plain"]);
    assert_eq!(
        rows(&contract, document, "piece"),
        ["2|1|big c", "1|1|wide d", "1|2|wide e", "3|1|plain f"]
    );
}

#[test]
fn a_column_reaches_down_through_several_tables() {
    let text = changed(&[])
        + r#"
[[tables]]
name = "mark"
each = "/parcel/crate/piece/mark"
app_column = "parcel_id"
foreign_key = { columns = ["parcel_id", "crate_no", "piece_no"], references = "piece" }
[tables.columns]
parcel_id = { type = "int", value = "APP_ID()" }
crate_no = { type = "int", value = "PARENT(crate_no)" }
piece_no = { type = "int", value = "PARENT(piece_no)" }
mark = { type = "int", value = "10 * PARENT([piece_no]) + POSITION()" }
"#;
    let document =
        "<parcel><crate/><crate><piece/><piece><mark/><mark/></piece><piece><mark/></piece>\
                    </crate></parcel>";
    assert_eq!(rows(&contract(&text), document, "mark"), ["2|2|21", "2|2|22", "2|3|31"]);
}

#[test]
fn elements_are_numbered_among_those_that_the_row_path_selects() {
    let each = |each: &str| changed(&[("/parcel/crate/piece\"", &format!("{each}\""))]);
    let document = "<parcel><crate><piece>a</piece><piece x='1'>b</piece><piece>c</piece></crate>\
                    <crate><piece x='1'>d<mark/></piece><piece>e</piece><piece x='1'>f<mark/></piece></crate>\
                    </parcel>";
    for (path, expected) in [
        ("/parcel/crate/piece[@x]", &["1|1|b", "2|1|d", "2|2|f"][..]),
        ("/parcel/crate/piece[mark]", &["2|1|d", "2|2|f"]),
        ("/parcel/crate/piece[last()]", &["1|1|c", "2|1|f"]),
        ("/parcel/crate[2]/piece", &["2|1|d", "2|2|e", "2|3|f"]),
        ("//piece[@x]", &["1|1|b", "2|1|d", "2|2|f"]),
        ("//crate/piece[mark][2]", &["2|1|f"]),
    ] {
        assert_eq!(rows(&contract(&each(path)), document, "piece"), expected, "{path}");
    }
    // `where` leaves out rows, not elements.
    let text = changed(&[(
        "/parcel/crate/piece\"",
        "/parcel/crate/piece\"\nwhere = \"@x\\tIS NOT NULL AND POSITION() > 1\"",
    )]);
    assert_eq!(rows(&contract(&text), document, "piece"), ["1|2|b", "2|3|f"]);
}

#[test]
fn case_13_elements_of_one_name_inside_each_other() {
    let text = r#"
[contract]
name = "tests"
[document]
root = "testsuites"
[[tables]]
name = "suite"
each = "//testsuite"
app_column = "app_id"
primary_key = ["app_id", "suite_no"]
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
suite_no = { type = "int", value = "ORDINAL()" }
name = { type = "nvarchar(100)", value = "@name" }
parent = { type = "nvarchar(100)", value = "../@name" }
tests = { type = "int", value = "COUNT(testcase)" }
[[tables]]
name = "test"
each = "//testcase"
app_column = "app_id"
foreign_key = { columns = ["app_id", "suite_no"], references = "suite" }
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
suite_no = { type = "int", value = "PARENT(suite_no)" }
suite = { type = "nvarchar(100)", value = "PARENT(name)" }
test = { type = "nvarchar(100)", value = "@name" }
result = { type = "varchar(10)", value = "CASE WHEN EXISTS(failure) THEN 'failure' WHEN EXISTS(error) THEN 'error' WHEN EXISTS(skipped) THEN 'skipped' ELSE 'ok' END" }
secs = { type = "decimal(9,3)", value = "CAST(@time AS float)" }
"#;
    let document = "<testsuites><testsuite name='outer'>\
        <testsuite name='inner'><testcase name='t1' time='0.5'><skipped/></testcase>\
        <testcase name='t2' time='1e-3'/></testsuite>\
        <testcase name='t3' time='2'><error message='boom'/></testcase></testsuite>\
        <testcase name='alone' time='0'/></testsuites>";
    let tests = contract(text);
    assert_eq!(rows(&tests, document, "suite"), ["1|outer|-|1", "2|inner|outer|2"]);
    let expected = ["2|inner|t1|skipped|0.500", "2|inner|t2|ok|0.001", "1|outer|t3|error|2.000"];
    let rows_of = |contract: &Arc<Contract>| rows(contract, document, "test");
    assert_eq!(rows_of(&tests)[..3], expected);
    assert_eq!(rows_of(&tests)[3], "-|-|alone|ok|0.000");

    // The innermost element with a row; a test in no such suite has no row either.
    let without = |name: &str| {
        let each = format!("each = \"//testsuite\"\nwhere = \"@name <> '{name}'\"");
        contract(&text.replace("each = \"//testsuite\"", &each))
    };
    assert_eq!(rows_of(&without("inner"))[0], "1|outer|t1|skipped|0.500");
    assert_eq!(rows_of(&without("outer")).len(), 3);
    let filtered = text.replace("\"//testsuite\"", "\"//testsuite[testsuite]\"");
    assert_eq!(rows_of(&contract(&filtered))[0], "1|outer|t1|skipped|0.500");
}

#[test]
fn case_14_resources_in_a_bundle() {
    let contract = contract(
        r#"
[contract]
name = "bundle"
[document]
root = "f:Bundle"
namespaces = { f = "http://hl7.org/fhir" }
date_formats = ["yyyy-MM", "yyyy"]
[[tables]]
name = "patient"
each = "/f:Bundle/f:entry/f:resource/f:Patient"
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
id = { type = "varchar(64)", value = "f:id/@value" }
mrn = { type = "varchar(20)", value = "f:identifier[f:system/@value = 'urn:mrn']/f:value/@value" }
family = { type = "nvarchar(50)", value = "FIRST(f:name[f:use/@value = 'official']/f:family/@value)" }
given = { type = "nvarchar(50)", value = "JOIN(f:name[f:use/@value = 'official']/f:given/@value, ' ')" }
born = { type = "date", value = "f:birthDate/@value" }
[[tables]]
name = "observation"
each = "/f:Bundle/f:entry/f:resource/f:Observation"
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
patient = { type = "varchar(64)", value = "REPLACE(f:subject/f:reference/@value, 'Patient/', '')" }
quantity = { type = "decimal(18,6)", value = "CAST(f:valueQuantity/f:value/@value AS float)" }
"#,
    );
    let document = r#"<Bundle xmlns="http://hl7.org/fhir"><entry><resource><Patient><id value="p1"/>
<identifier><system value="urn:ssn"/><value value="9"/></identifier>
<identifier><system value="urn:mrn"/><value value="00042"/></identifier>
<name><use value="old"/><family value="Before"/></name>
<name><use value="official"/><family value="Lee"/><given value="Ann"/><given value="B."/></name>
<birthDate value="1980-02"/></Patient></resource></entry>
<entry><resource><Observation><subject><reference value="Patient/p1"/></subject>
<valueQuantity><value value="6.30E1"/></valueQuantity></Observation></resource></entry></Bundle>"#;
    assert_eq!(rows(&contract, document, "patient"), ["p1|00042|Lee|Ann B.|1980-02-01"]);
    assert_eq!(rows(&contract, document, "observation"), ["p1|63.000000"]);
}

#[test]
fn a_row_path_that_varies_finds_its_parent_in_the_document() {
    // Other predicates, and a parent that is the whole document.
    let text = changed(&[
        ("each = \"/parcel/crate\"", "each = \"/parcel/crate[@size]\""),
        ("/parcel/crate/piece\"", "/parcel/crate[@ok]/piece\""),
    ]);
    let document = "<parcel><crate/><crate size='1'><piece>a</piece></crate>\
                    <crate size='2' ok='1'><piece>b</piece></crate></parcel>";
    assert_eq!(rows(&contract(&text), document, "piece"), ["2|1|b"]);
    let whole = changed(&[
        ("each = \"/parcel/crate\"", "each = \"/parcel\""),
        ("/parcel/crate/piece\"", "//piece\""),
    ]);
    let document =
        "<parcel><a><piece>a</piece></a><b><c><piece>b</piece><piece>c</piece></c></b></parcel>";
    assert_eq!(rows(&contract(&whole), document, "piece"), ["1|1|a", "1|1|b", "1|2|c"]);
}

#[test]
fn a_parent_with_several_rows_must_say_one_thing() {
    let parents = "[[tables.rows]]\nsize = \"'a'\"\n[[tables.rows]]\nsize = \"'b'\"\n[[tables]]\nname = \"piece\"";
    let text = changed(&[
        ("[[tables]]\nname = \"piece\"", parents),
        ("PARENT(crate_no)", "1"),
        ("value = \".\"", "value = \"PARENT(size)\""),
    ]);
    let failure = failure(&contract(&text), "<parcel><crate>\n<piece/></crate></parcel>");
    assert_eq!(failure.category.name(), "many_values");
    assert_eq!((failure.path.as_deref(), failure.line), (Some("/parcel/crate/piece"), Some(2)));
    assert!(failure.reason.starts_with("the element gives 2 rows of crate, and their size differ"));
    let same = text.replace("PARENT(size)", "PARENT(parcel_id)");
    let document = "<parcel><crate><piece/></crate></parcel>";
    assert_eq!(rows(&contract(&same), document, "piece"), ["1|1|7"]);
}

#[test]
fn parent_is_explained_where_it_has_no_meaning() {
    let hint = |changes: &[(&str, &str)]| mistakes(&changed(changes));
    let call = "PARENT(crate_no)";
    for (changes, message, advice) in [
        (&[("/parcel/crate/piece", "/parcel/piece")][..],
         "the row path does not lie in the row path of `crate`",
         "begin `each` with that of `crate`, or read the value by a path"),
        (&[("foreign_key = { columns = [\"parcel_id\", \"crate_no\"], references = \"crate\" }", "")],
         "this table has no parent table",
         "declare `foreign_key = { columns = […], references = \"…\" }`"),
        (&[(call, "PARENT(crate_on)")], "unknown column `crate_on` of the table `crate`", "did you mean `crate_no`?"),
        (&[(call, "PARENT('crate_no')")], "expected a column's name, found `'crate_no'`", "write the name without quotes: `PARENT(crate_no)`"),
        (&[(call, "PARENT(@no)")], "expected a column's name, found `@`", "name a column of the parent table, such as `PARENT(order_no)`"),
        (&[(call, "PARENT()")], "PARENT takes one argument, not 0", "write `PARENT(column)`: "),
        (&[("app_column = \"parcel_id\"\nprimary_key = [\"parcel_id\", \"crate_no\", \"piece_no\"]",
            "app_column = \"parcel_id\"\nwhere = \"PARENT(crate_no) = 1\"")],
         "`PARENT` is not allowed here", "use it in a column's value: the parent's rows are known after some are left out"),
        (&[("app_column = \"parcel_id\"\nprimary_key = [\"parcel_id\", \"crate_no\", \"piece_no\"]",
            "app_column = \"parcel_id\"\nkeep_when = \"crate_no = 1\"")],
         "`crate_no` uses PARENT(column), which is not allowed here", "use another column: the parent's rows are known after `keep_when`"),
        (&[("value = \".\"", "value = \"mark[POSITION() = 1]\"")],
         "`POSITION` is not allowed here", "a predicate sees the element's attributes, its text, and elements inside it"),
        (&[("crate_no = { type = \"int\", value = \"ORDINAL()\" }", "crate_no = { type = \"int\", value = \"1\" }\nrow_id = { type = \"int\", identity = true }"), (call, "PARENT(row_id)")],
         "the database gives `crate.row_id` its value", "refer to a column that has a `value`"),
    ] {
        let found = hint(changes);
        assert!(found.contains(&format!("error: {message}\n")), "{found}");
        assert!(found.contains(&format!("hint: {advice}")), "{found}");
        assert_eq!(found.matches("error: ").count(), 1, "{found}");
    }
}
