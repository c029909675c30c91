//! `contract init --update`: a contract with what it lacked.

use std::fs;

use xmlshred::contract::ParsedContract;
use xmlshred::drafting::{update, Options, Updated};

use super::{drafted, profiled, xmlshred};

fn updated(contract: &str, documents: &[&str]) -> Updated {
    updated_with(contract, documents, &Options::default())
}

fn updated_with(contract: &str, documents: &[&str], options: &Options) -> Updated {
    let parsed = ParsedContract::parse(contract, "old.toml").unwrap_or_else(|e| panic!("{e}"));
    let updated = update(&profiled(documents), &parsed, contract, options).expect("sections");
    ParsedContract::parse(&updated.toml, "new.toml")
        .unwrap_or_else(|e| panic!("{e}\n{}", updated.toml));
    let parsed = ParsedContract::parse(&updated.toml, "new.toml").expect("a contract");
    let again = update(&profiled(documents), &parsed, &updated.toml, options).expect("sections");
    assert_eq!(again.toml, updated.toml);
    updated
}

/// The lines that are new, the old ones being there in their order.
fn new_lines(old: &str, new: &str) -> String {
    let mut old = old.lines().peekable();
    let added = new.lines().filter(|line| old.next_if_eq(line).is_none());
    let added: String = added.map(|line| format!("{line}\n")).collect();
    assert_eq!(old.next(), None, "{new}");
    added
}

/// A contract that somebody wrote, and did not draft.
const WRITTEN: &str = r#"# Ours. 
[contract]
name="shop"
[document]
root    =   "order"   # one kind

[lookups.state]
values = { NEW = 1, SHIPPED = 2 }

[[tables]]
name = "Orders"
each = "/order"
primary_key = ["order_id"]
app_column = "app"
on_existing = "replace"
columns.app      = { type = "int", value = "APP_ID()" }
columns.order_id = { type = "int", value = "@no" } # theirs
columns.state    = { type = "tinyint", value = "LOOKUP('state', @state)" }
columns.total    = { type = "decimal(19,4)", value = "SUM(line[@kind <> 'GIFT'], @qty * @price)" }
"#;

#[test]
fn what_is_read_by_anything_is_not_added() {
    let read = "<order no=\"1\" state=\"NEW\"><line kind=\"X\" qty=\"1\" price=\"2\"/></order>";
    let updated = updated(WRITTEN, &[read]);
    assert_eq!(updated.toml, WRITTEN);
    assert!(updated.report.added.is_empty());
}

#[test]
fn a_contract_that_nobody_drafted_gets_what_it_lacks() {
    let document =
        "<order no=\"1\" state=\"NEW\" author=\"Ann\"><line qty=\"1\" price=\"2\" sku=\"A\"/>\
        <line qty=\"1\" price=\"2\" sku=\"B\"><tax>5</tax><tax>6</tax></line></order>";
    let updated = updated(WRITTEN, &[document]);
    assert_eq!(
        new_lines(WRITTEN, &updated.toml),
        r#"columns.author   = { type = "varchar(4)", value = "@author" }

# 2 rows in 1 document, at most 2 in one parent
[[tables]]
name = "line"
each = "/order/line"
primary_key = ["app", "order_id", "line_no"]
app_column = "app"
foreign_key = { columns = ["order_id"], references = "Orders" }
on_existing = "replace"
[tables.columns]
app      = { type = "int", value = "APP_ID()" }
order_id = { type = "int", value = "PARENT(order_id)" }
line_no  = { type = "int", value = "POSITION()" }
qty      = { type = "tinyint", value = "@qty" }
price    = { type = "tinyint", value = "@price" }
sku      = { type = "varchar(2)", value = "@sku" }

# 2 rows in 1 document, at most 2 in one parent
[[tables]]
name = "tax"
each = "/order/line/tax"
primary_key = ["app", "order_id", "line_no", "tax_no"]
app_column = "app"
foreign_key = { columns = ["app", "order_id", "line_no"], references = "line" }
on_existing = "replace"
[tables.columns]
app      = { type = "int", value = "APP_ID()" }
order_id = { type = "int", value = "PARENT(order_id)" }
line_no  = { type = "int", value = "PARENT(line_no)" }
tax_no   = { type = "int", value = "POSITION()" }
tax      = { type = "tinyint", value = "." }
"#
    );
}

#[test]
fn every_way_to_write_columns_gets_more() {
    let head = "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n[[tables]]\nname = \"t\"\n\
        each = \"/r\"\napp_column = \"id\"\n";
    let document = "<r a=\"1\" b=\"2\"/>";
    for (columns, expected) in [
        (
            "columns = { id = { type = \"int\", value = \"APP_ID()\" } }",
            "columns = { id = { type = \"int\", value = \"APP_ID()\" }, a = { type = \"tinyint\", value = \"@a\" }, b = { type = \"tinyint\", value = \"@b\" } }",
        ),
        (
            "[tables.columns]\nid = { type = \"int\", value = \"APP_ID()\" } # id",
            "[tables.columns]\nid = { type = \"int\", value = \"APP_ID()\" } # id\na  = { type = \"tinyint\", value = \"@a\" }\nb  = { type = \"tinyint\", value = \"@b\" }",
        ),
        (
            "[tables.columns.id]\ntype = \"int\"\nvalue = \"APP_ID()\"\n",
            "[tables.columns.id]\ntype = \"int\"\nvalue = \"APP_ID()\"\n[tables.columns.a]\ntype = \"tinyint\"\nvalue = \"@a\"\n[tables.columns.b]\ntype = \"tinyint\"\nvalue = \"@b\"\n",
        ),
        (
            "[tables.columns]\nid.type = \"int\"\nid.value = '''\nAPP_ID()'''\n# end\n",
            "[tables.columns]\nid.type = \"int\"\nid.value = '''\nAPP_ID()'''\na = { type = \"tinyint\", value = \"@a\" }\nb = { type = \"tinyint\", value = \"@b\" }\n# end\n",
        ),
        (
            "[tables.columns]\r\nid = { type = \"int\", value = \"APP_ID()\" }\r\n\r\n",
            "[tables.columns]\r\nid = { type = \"int\", value = \"APP_ID()\" }\r\na  = { type = \"tinyint\", value = \"@a\" }\r\nb  = { type = \"tinyint\", value = \"@b\" }\r\n\r\n",
        ),
    ] {
        let updated = updated(&format!("{head}{columns}"), &[document]);
        assert_eq!(updated.toml, format!("{head}{expected}"));
    }
    // One array of tables cannot get sections.
    let array = "tables = [{ name = \"t\", each = \"/r\", app_column = \"id\", columns = { id = { type = \"int\", value = \"APP_ID()\" } } }]\n\
        [contract]\nname = \"t\"\n[document]\nroot = \"r\"\n";
    let with_column = self::updated(array, &[document]).toml;
    assert!(
        with_column.contains(", b = { type = \"tinyint\", value = \"@b\" } } }]"),
        "{with_column}"
    );
    let parsed = ParsedContract::parse(array, "old.toml").expect("a contract");
    let documents = profiled(&["<r><a x=\"1\"/><a x=\"2\"/></r>"]);
    assert!(update(&documents, &parsed, array, &Options::default()).is_none());
}

#[test]
fn a_wider_type_is_a_comment_and_replaced_by_a_wider_one() {
    let old = drafted(&["<r><q>5</q><n>Ann</n></r>", "<r><q>6</q><n>Bo</n></r>"]).toml;
    let first = ["<r><q>5</q><n>Ann</n></r>", "<r><q>3000</q></r>"];
    let once = updated(&old, &first).toml;
    assert_eq!(new_lines(&old, &once), "# wider: smallint\n# wider: without `required`\n");
    let twice = updated(&once, &[first[0], first[1], "<r><q>3000000</q></r>"]).toml;
    assert_eq!(twice, once.replace("smallint", "int"));
    // Empty lines that somebody put below a comment stay.
    let spaced = once.replace("# wider: smallint\n", "# wider: smallint\n\n\n");
    let twice = updated(&spaced, &[first[0], first[1], "<r><q>3000000</q></r>"]).toml;
    assert_eq!(twice, spaced.replace("smallint", "int"));
}

#[test]
fn what_is_left_out_stays_so() {
    let document = "<r><a>1</a><scan>x</scan><p>t<b>u</b></p></r>";
    let skip = Options { skip: vec!["/r/scan".to_owned()], ..Options::default() };
    let old = super::drafted_with(&[document], &skip).toml;
    let second = "<r><a>1</a><scan page=\"1\">x</scan><p>t<b>u</b></p><big>9</big></r>";
    assert_eq!(updated(&old, &[document, second]).toml.matches("scan").count(), 1);
    let skip = Options { skip: vec!["/r/big".to_owned()], ..Options::default() };
    let new = updated_with(&old, &[document, second], &skip).toml;
    assert_eq!(new_lines(&old, &new), "#   /r/big (1): left out by --skip\n");
    // What was always empty has a value now.
    let old = drafted(&["<r x=\"1\"><flag/></r>"]).toml;
    let new = updated(&old, &["<r x=\"1\"><flag>on</flag></r>"]).toml;
    assert!(new_lines(&old, &new).starts_with("flag "), "{new}");
}

#[test]
fn namespaces_are_declared_where_names_need_them() {
    let with = |namespaces: &str| {
        format!(
            "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n{namespaces}[[tables]]\nname = \"t\"\neach = \"/r\"\n\
             app_column = \"id\"\n[tables.columns]\nid = {{ type = \"int\", value = \"APP_ID()\" }}\n"
        )
    };
    let document = "<r xmlns:x=\"urn:x\"><x:a>1</x:a></r>";
    for (old, expected) in [
        ("", "namespaces = { x = \"urn:x\" }\na = { type = \"tinyint\", value = \"x:a\" }\n"),
        ("namespaces = \"ignore\"\n", "a  = { type = \"tinyint\", value = \"a\" }\n"),
        (
            "namespaces = {}\n",
            "namespaces = { x = \"urn:x\" }\na  = { type = \"tinyint\", value = \"x:a\" }\n",
        ),
        ("namespaces = { y = \"urn:x\" }\n", "a  = { type = \"tinyint\", value = \"y:a\" }\n"),
    ] {
        let old = with(old);
        let new = updated(&old, &[document]).toml;
        let new = new_lines(&old.replace("namespaces = {}\n", ""), &new);
        assert_eq!(new, expected.replace("a = {", "a  = {"), "{old}");
    }
    let old = with("namespaces = { x = \"urn:other\" }\n");
    let new = updated(&old, &[document]).toml;
    assert!(new.contains("{ x = \"urn:other\", x2 = \"urn:x\" }"), "{new}");
    assert!(new.contains("value = \"x2:a\""), "{new}");
    // A prefix would take from names without one their meaning in the default namespace.
    let old = with("");
    let both = "<r xmlns=\"urn:r\" xmlns:x=\"urn:x\"><x:a>1</x:a></r>";
    let new = updated(&old, &[both]);
    let why = "the contract has no name that means it alone";
    assert_eq!(new_lines(&old, &new.toml), format!("\n# Left out:\n#   /r/x:a (1): {why}\n"));
}

#[test]
fn the_report_names_what_is_new_gone_and_too_wide() {
    let folder = tempfile::tempdir().expect("a folder");
    let save = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
    save("1.xml", "<order placed=\"2026-11-24\"><line qty=\"2\"/><line qty=\"3\"/></order>");
    save("2.xml", "<order by=\"Ann\"><line qty=\"x\"><tax>1</tax><tax>2</tax></line></order>");
    let (_, old, _) = xmlshred(folder.path(), "contract init 1.xml");
    save("old.toml", &old.replace(", required = true", ""));
    let (status, new, report) = xmlshred(folder.path(), "contract init --update old.toml 2.xml");
    assert_eq!(status, 0, "{report}");
    insta::assert_snapshot!("update_report", report);
    save("new.toml", &new);
    let (status, _, errors) = xmlshred(folder.path(), "contract check new.toml");
    assert_eq!(status, 0, "{errors}");
    save("empty.toml", "");
    let (status, _, errors) = xmlshred(folder.path(), "contract init --update empty.toml 2.xml");
    assert_eq!(status, 2);
    assert!(errors.contains("the contract empty.toml is empty"), "{errors}");
    save("3.xml", "<invoice/>");
    let (status, _, errors) = xmlshred(folder.path(), "contract init --update old.toml 3.xml");
    assert_eq!(status, 3);
    assert!(errors.contains("is for no document of the samples"), "{errors}");
}

#[test]
fn a_numbered_sibling_without_a_value_is_added_once() {
    let documents = ["<r><a><s_1/></a></r>", "<r><a><s_2>011</s_2></a></r>"];
    let options = Options { unpivot: true, ..Options::default() };
    let first = super::drafted_with(&["<r/>"], &options);
    let once = updated_with(&first.toml, &documents, &options);
    let twice = updated_with(&once.toml, &documents, &options);
    assert_eq!(twice.toml, once.toml);
}

#[test]
fn rows_of_a_table_with_a_condition_are_not_parents() {
    let contract = r#"[contract]
name = "vip"
[document]
root = "order"
[[tables]]
name = "vip"
each = "/order"
where = "@vip = '1'"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
vip    = { type = "bit", value = "@vip" }
"#;
    let documents = [
        "<order vip='1'><line n='1'/><line n='2'/></order>",
        "<order vip='0'><line n='1'/></order>",
    ];
    let updated = updated(contract, &documents);
    assert!(updated.toml.contains("each = \"/order/line\""), "{}", updated.toml);
    assert!(!updated.toml.contains("foreign_key"), "{}", updated.toml);
}

/// A contract whose only table has rows of this path.
fn with_rows(each: &str, more: &str) -> String {
    format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n{more}[[tables]]\nname = \"t\"\neach = \"{each}\"\n\
         app_column = \"id\"\n[tables.columns]\nid = {{ type = \"int\", value = \"APP_ID()\" }}\n"
    )
}

#[test]
fn one_update_adds_what_its_own_new_tables_reach() {
    // What is in a new table below rows of several names, one of which lies inside itself.
    let contract = with_rows("/r/*", "");
    let document = "<r><s><s/></s><a><b><s>1</s></b><b/></a></r>";
    let new = updated(&contract, &[document, "<r/>"]).toml;
    assert!(new.contains("each = \"/r/*/b\""), "{new}");
    assert!(new.contains("value = \"s\""), "{new}");
    // An element that lies inside itself, in rows of several names.
    let document = "<r><a><s n='1'><s n='2'/></s></a><b><s n='3'/></b></r>";
    let new = updated(&contract, &[document]).toml;
    assert!(new.contains("each = \"//s\""), "{new}");
    // Nothing that it lacks has a name that means it alone: no table for the root.
    let contract = with_rows("/r/a", "namespaces = \"ignore\"\n");
    let document = "<r><c><a><c>0</c></a></c><d><a><c/></a></d></r>";
    let new = new_lines(&contract, &updated(&contract, &[document]).toml);
    assert!(new.starts_with("\n# Left out:\n#   /r/c ("), "{new}");
}

#[test]
fn what_only_some_rows_leave_out_is_listed_for_the_others() {
    let first = "<r><case>0<left/><a><case/></a></case></r>";
    let old = drafted(&[first]).toml;
    let new = updated(&old, &[first, "<r><a><case><left n='0'/></case></a></r>"]).toml;
    let added = new_lines(&old, &new);
    assert_eq!(added, "#   /r/a/case/left (1): markup inside text\n");
}

#[test]
fn a_new_column_takes_what_the_rows_of_other_tables_have() {
    let contract = format!(
        "{}[[tables]]\nname = \"a\"\neach = \"/r/a\"\napp_column = \"id\"\n[tables.columns]\n\
         id = {{ type = \"int\", value = \"APP_ID()\" }}\nx = {{ type = \"varchar(10)\", value = \"JOIN(x, ',')\" }}\n\
         y = {{ type = \"varchar(10)\", value = \"@y\" }}\n",
        with_rows("/r/*", "")
    );
    let document = "<r><a y='A-1'><x>1</x><x>2</x></a><b y='1'><x>3</x></b></r>";
    let new = new_lines(&contract, &updated(&contract, &[document]).toml);
    // A column of one value would refuse the two of `a`; one of numbers its letters.
    assert!(new.contains("each = \"/r/*/x\""), "{new}");
    assert!(new.contains("y  = { type = \"varchar(4)\", value = \"@y\" }"), "{new}");
}
