//! How tables, columns, types, names and keys are chosen.

use toml::Value;
use xmlshred::drafting::Options;

use super::{drafted, drafted_with};

/// Each table, its keys and its columns, in lines: `order(app_id, no)` and `  no int = POSITION()`.
pub(super) fn outline(toml: &str) -> String {
    let parsed: Value = toml::from_str(toml).expect("TOML");
    let mut text = String::new();
    let list = |value: &Value| {
        let names = value.as_array().expect("names").iter().map(|n| n.as_str().expect("a name"));
        names.collect::<Vec<_>>().join(", ")
    };
    for table in parsed["tables"].as_array().expect("tables") {
        let name = table["name"].as_str().expect("a name");
        text += &format!("{name}({})", list(&table["primary_key"]));
        if let Some(key) = table.get("foreign_key") {
            text +=
                &format!(" -> {}({})", key["references"].as_str().unwrap(), list(&key["columns"]));
        }
        text += &format!(" {}\n", table["each"].as_str().expect("a path"));
        for (name, column) in table["columns"].as_table().expect("columns") {
            let (of, value) = (column["type"].as_str().unwrap(), column["value"].as_str().unwrap());
            let required = if column.get("required").is_some() { " required" } else { "" };
            let default = column.get("default");
            let default = default.map_or(String::new(), |value| format!(" default {value}"));
            text += &format!("  {name} {of} = {value}{default}{required}\n");
        }
    }
    text
}

/// The column of one attribute with these values, as `type = value`.
fn column(values: &[&str]) -> String {
    let documents: Vec<String> =
        values.iter().map(|value| format!("<r><x kind=\"{value}\"/></r>")).collect();
    let outline = outline(&drafted(&documents).toml);
    let line = outline.lines().find(|line| line.contains(" = ") && !line.contains("APP_ID"));
    let line = line.unwrap_or_else(|| panic!("{outline}"));
    line.trim().strip_prefix("kind ").expect("its name").trim_end_matches(" required").to_owned()
}

#[test]
fn types_follow_the_values() {
    for (values, expected) in [
        (&["true", "false", "1"][..], "bit = x/@kind"),
        (&["0", "1"], "tinyint = x/@kind"),
        (&["-3", "25"], "smallint = x/@kind"),
        (&["12000"], "int = x/@kind"),
        (&["3000000000"], "bigint = x/@kind"),
        (&["1234567890123456789"], "varchar(25) = x/@kind"),
        (&["0042", "17"], "varchar(5) = x/@kind"),
        (&["12.5", "3"], "decimal(9,2) = x/@kind"),
        (&["12345678.1234"], "decimal(19,4) = x/@kind"),
        (&["1.5E3", "2"], "float = x/@kind"),
        (&["$ 1,234.50", "12"], "decimal(9,2) = NUMBER(x/@kind)"),
        (&["12,50", "3"], "decimal(9,2) = REPLACE(x/@kind, ',', '.')"),
        (&["2026-11-24"], "date = x/@kind"),
        (&["20261124", "20261125"], "date = x/@kind"),
        (&["2026-11-24", "2026-11-24T10:15:00.25"], "datetime2(2) = x/@kind"),
        (&["2026-11-24T10:15:00Z", "2026-11-24T10:15+02:00"], "datetimeoffset(0) = x/@kind"),
        // Whether the first is of the same zone, nobody knows.
        (&["2026-11-24T10:15:00", "2026-11-24T10:15:00Z"], "varchar(25) = x/@kind"),
        (&["24.11.2026"], "date = x/@kind"),
        (&["10:15", "10:15:30.5"], "time(1) = x/@kind"),
        (&["6f9619ff-8b86-d011-b42d-00c04fc964ff"], "uniqueidentifier = x/@kind"),
        (&["A12", "B7"], "varchar(4) = x/@kind"),
        (&["Łódź"], "nvarchar(5) = x/@kind"),
        (&["12", "twelve"], "varchar(10) = x/@kind"),
    ] {
        assert_eq!(column(values), expected, "{values:?}");
    }
    let same: Vec<&str> = (0..60).map(|n| if n % 2 == 0 { "EUR" } else { "NOK" }).collect();
    assert_eq!(column(&same), "char(3) = x/@kind");
}

#[test]
fn days_and_months_are_told_apart_or_asked_about() {
    let document = |date: &str| vec![format!("<r><x day=\"{date}\"/></r>")];
    for (date, expected, asks) in [
        ("13/01/2026", "dd/MM/yyyy", false),
        ("01/13/2026", "MM/dd/yyyy", false),
        ("01/02/2026", "MM/dd/yyyy", true),
        ("01.02.2026", "dd.MM.yyyy", true),
        ("1.2.2026 10:15", "d.M.yyyy H:mm", true),
        ("4 MAR 2026", "d MMM yyyy", false),
        ("March 14, 2026", "MMMM dd, yyyy", false),
    ] {
        let toml = drafted(&document(date)).toml;
        assert!(toml.contains(&format!("date_formats = [\"{expected}\"]")), "{date}: {toml}");
        assert_eq!(toml.contains("check the pattern"), asks, "{date}: {toml}");
    }
    // Each reads the other's dates as other days, so that neither can be the document's.
    let toml = drafted(&["<r><x us=\"01/13/2026\" uk=\"13/01/2026\"/></r>"]).toml;
    assert!(!toml.contains("date_formats"), "{toml}");
    assert!(toml.contains("PARSE_DATE(x/@us, 'MM/dd/yyyy')"), "{toml}");
    assert!(toml.contains("PARSE_DATE(x/@uk, 'dd/MM/yyyy')"), "{toml}");
}

#[test]
fn what_repeats_is_a_table_below_the_nearest_one() {
    let document = "<order no=\"7\"><customer name=\"Ann\"><phone>1</phone><phone>2</phone></customer>\
        <lines><line><sku>A</sku><tax>x</tax><tax>y</tax></line><line><sku>B</sku></line></lines></order>";
    assert_eq!(
        outline(&drafted(&[document]).toml),
        "orders(app_id) /order
  app_id bigint = APP_ID()
  no int = @no required
  customer_name varchar(4) = customer/@name required
phone(app_id, phone_no) -> orders(app_id) /order/customer/phone
  app_id bigint = APP_ID()
  phone_no int = POSITION()
  phone tinyint = . required
line(app_id, line_no) -> orders(app_id) /order/lines/line
  app_id bigint = APP_ID()
  line_no int = POSITION()
  sku varchar(2) = sku required
tax(app_id, line_no, tax_no) -> line(app_id, line_no) /order/lines/line/tax
  app_id bigint = APP_ID()
  line_no int = PARENT(line_no)
  tax_no int = POSITION()
  tax varchar(2) = . required
"
    );
}

#[test]
fn ids_that_differ_in_each_document_are_keys() {
    let lines: String =
        (1..=20).map(|n| format!("<line id=\"{n}\"><part/><part x=\"1\"/></line>")).collect();
    let text = outline(&drafted(&[format!("<r>{lines}</r>")]).toml);
    assert!(text.starts_with("line(app_id, line_id) /r/line\n"), "{text}");
    assert!(text.contains("part(app_id, line_id, part_no) -> line(app_id, line_id)"), "{text}");
    assert!(text.contains("line_id int = PARENT(line_id)"), "{text}");
    let twice = format!("<r>{lines}<line id=\"1\"/></r>");
    assert!(outline(&drafted(&[twice]).toml).starts_with("line(app_id, line_no)"));
}

#[test]
fn names_are_short_and_free() {
    let document = "<r><group><select>1</select><app_id>2</app_id><a><name>x</name></a><b><name>y</name><city>z</city></b></group></r>";
    let text = outline(&drafted(&[document]).toml);
    let names: Vec<&str> =
        text.lines().skip(1).map(|line| line.trim().split(' ').next().unwrap()).collect();
    assert_eq!(names, ["app_id", "group_select", "group_app_id", "a_name", "b_name", "city"]);
}

#[test]
fn few_repetitions_are_the_first_and_said_so() {
    let mut documents = vec!["<r><a>1</a></r>"; 200];
    documents[7] = "<r><a>1</a><a>2</a></r>";
    let draft = drafted(&documents);
    assert!(draft.toml.contains("value = \"FIRST(a)\""), "{}", draft.toml);
    assert!(draft.toml.contains("1 of 200 have several: the first is taken"), "{}", draft.toml);
    documents[8] = documents[7];
    documents[9] = documents[7];
    assert!(drafted(&documents).toml.contains("each = \"/r/a\""));
}

#[test]
fn namespaces_get_the_prefixes_of_the_documents() {
    let document = "<o xmlns=\"urn:example:order\" xmlns:m=\"urn:money\"><m:sum m:currency=\"EUR\">5</m:sum></o>";
    let toml = drafted(&[document]).toml;
    assert!(toml.contains("root = \"o\""), "{toml}");
    let declared = "namespaces = { \"\" = \"urn:example:order\", m = \"urn:money\" }";
    assert!(toml.contains(declared), "{toml}");
    assert!(toml.contains("value = \"m:sum/@m:currency\""), "{toml}");
    // The inner one has no namespace, so that no prefix cannot mean the outer one's.
    let document = "<o xmlns=\"urn:example:order\"><x xmlns=\"\" v=\"1\"/></o>";
    let toml = drafted(&[document]).toml;
    assert!(toml.contains("namespaces = { order = \"urn:example:order\" }"), "{toml}");
    assert!(toml.contains("each = \"/order:o\""), "{toml}");
    assert!(toml.contains("value = \"x/@v\""), "{toml}");
}

#[test]
fn recursion_and_markup_in_text_have_an_answer() {
    let document = "<r><s t=\"1\"><s t=\"2\"><s t=\"3\"/></s></s><p>a <b>bold</b> word</p></r>";
    let draft = drafted(&[document]);
    let text = outline(&draft.toml);
    assert!(text.contains("s(app_id, s_no) -> r(app_id) //s"), "{text}");
    assert!(text.contains("s_no int = ORDINAL()"), "{text}");
    assert!(text.contains("p nvarchar(max) = STRING(p)"), "{text}");
    assert_eq!(draft.report.left_out[0].path, "/r/p/b");
}

#[test]
fn what_never_has_a_value_is_left_out_or_asked_for() {
    let draft = drafted(&["<r><always/><vip/><x v=\" \"/></r>", "<r><always/><x v=\"\"/></r>"]);
    assert!(outline(&draft.toml).contains("vip bit = CASE WHEN EXISTS(vip) THEN 1 ELSE 0 END"));
    let left_out: Vec<&str> = draft.report.left_out.iter().map(|left| left.path.as_str()).collect();
    assert_eq!(left_out, ["/r/always", "/r/x/@v"]);
}

#[test]
fn numbered_siblings_are_columns_or_rows() {
    let document = "<r><a n=\"1\"><s_1>5</s_1><s_2/></a><a n=\"2\"><s_2>700</s_2></a><x b0=\"A\" b1=\"B\"/>\
        <L01><q>1</q><u>kg</u></L01><L02><q>2</q></L02><md5>x</md5><p_1><z/><z/></p_1><p_2>1</p_2></r>";
    let columns = drafted(&[document]);
    let numbered: Vec<String> =
        columns.report.numbered.iter().map(|(first, last)| format!("{first} to {last}")).collect();
    let expected = ["/r/L01 to /r/L02", "/r/a/s_1 to /r/a/s_2", "/r/x/@b0 to /r/x/@b1"];
    assert_eq!(numbered, expected);
    assert!(outline(&columns.toml).contains("s_1 tinyint = s_1"), "{}", columns.toml);
    let options = Options { unpivot: true, ..Options::default() };
    let rows = drafted_with(&[document], &options);
    assert!(rows.report.numbered.is_empty());
    let table = "each = \"/r/a\"\nprimary_key = [\"app_id\", \"a_no\", \"s_no\"]\napp_column = \"app_id\"\n\
        foreign_key = { columns = [\"app_id\", \"a_no\"], references = \"a\" }\non_existing = \"replace\"\n\
        [tables.columns]\napp_id = { type = \"bigint\", value = \"APP_ID()\" }\n\
        a_no   = { type = \"int\", value = \"PARENT(a_no)\" }\ns_no   = { type = \"int\" }\n\
        s      = { type = \"smallint\" }  # in 2 of 3\n\
        [[tables.rows]]\nwhen = \"s_1 IS NOT EMPTY\"\ns_no = \"1\"\ns = \"s_1\"\n\
        [[tables.rows]]\nwhen = \"s_2 IS NOT EMPTY\"\ns_no = \"2\"\ns = \"s_2\"\n";
    assert!(rows.toml.contains(table), "{}", rows.toml);
    let group =
        "[[tables.rows]]\nwhen = \"EXISTS(L01)\"\nl_no = \"1\"\nq = \"L01/q\"\nu = \"L01/u\"\n\
        [[tables.rows]]\nwhen = \"EXISTS(L02)\"\nl_no = \"2\"\nq = \"L02/q\"\n";
    assert!(rows.toml.contains(group), "{}", rows.toml);
    assert!(rows.toml.contains("b = \"x/@b0\""), "{}", rows.toml);
}

#[test]
fn options_leave_out_and_make_lookups() {
    let document = "<r><a s=\"OPEN\"/><a s=\"OPEN\"/><a s=\"SHUT\"/><a s=\"OPEN\"/><a s=\"OPEN\"/><a s=\"OPEN\"/>\
        <a s=\"OPEN\"/><a s=\"SHUT\"/><scan>x</scan></r>";
    let options = Options { skip: vec!["/r/scan".to_owned()], lookups: true, ..Options::default() };
    let draft = drafted_with(&[document], &options);
    assert!(draft.toml.contains("values = { \"OPEN\" = 1, \"SHUT\" = 2 }"), "{}", draft.toml);
    assert!(draft.toml.contains("LOOKUP('a_s', @s)"), "{}", draft.toml);
    assert_eq!(draft.report.left_out[0].why, "left out by --skip");
}
