//! Lists in one text.

use super::{contract, failure, mistakes, rows};

const TEXT: &str = r#"
[contract]
name = "tags"
[document]
root = "r"
[[tables]]
name = "item"
each = "/r/item"
app_column = "app_id"
primary_key = ["app_id", "item_no"]
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
item_no = { type = "int", value = "ORDINAL()" }
name = { type = "nvarchar(20)", value = "@name" }
[[tables]]
name = "tag"
each = "SPLIT(/r/item/@tags, ';')"
app_column = "app_id"
primary_key = ["app_id", "item_no", "tag_no"]
foreign_key = { columns = ["app_id", "item_no"], references = "item" }
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
item_no = { type = "int", value = "PARENT(item_no)" }
tag_no = { type = "int", value = "POSITION()" }
tag = { type = "nvarchar(20)", value = "PART()" }
upper = { type = "nvarchar(20)", value = "UPPER(PART()) || @name || ../@x" }
"#;

#[test]
fn each_part_of_a_list_is_a_row() {
    let document = "<r x='!'><item name='A' tags='red; green ;;blue'/><item name='B'/><item name='C' tags=' '/><item name='D' tags='x'/></r>";
    assert_eq!(
        rows(&contract(TEXT), document, "tag"),
        ["1|1|red|REDA!", "1|2|green|GREENA!", "1|3|blue|BLUEA!", "4|1|x|XD!"]
    );
    let kept = TEXT.replace(
        "app_column = \"app_id\"\nprimary_key = [\"app_id\", \"item_no\", \"tag_no\"]",
        "app_column = \"app_id\"\nwhere = \"PART() <> 'red'\"\nkeep_when = \"tag <> 'x'\"",
    );
    assert_eq!(rows(&contract(&kept), document, "tag"), ["1|2|green|GREENA!", "1|3|blue|BLUEA!"]);
    // Of elements' own text and of all text in them, in any place and with any separator.
    let text = TEXT
        .replace("SPLIT(/r/item/@tags, ';')", "split(//item[@name <> 'B']/w, ', ')")
        .replace("@name ||", "COALESCE(../@name, '') ||")
        .replace("../@x", "/r/@x");
    let words =
        "<r x='?'><item name='A'><w>a, b,c</w><w>d</w></item><item name='B'><w>e</w></item></r>";
    assert_eq!(rows(&contract(&text), words, "tag"), ["1|1|a|AA?", "1|2|b,c|B,CA?", "1|1|d|DA?"]);
    let whole = text
        .replace("split(//item[@name <> 'B']/w, ', ')", "SPLIT(STRING(/r/item), ' ')")
        .replace("COALESCE(../@name, '')", "@name");
    assert_eq!(
        rows(&contract(&whole), "<r x='.'><item name='A'>p <b>q r</b></item></r>", "tag"),
        ["1|1|p|PA.", "1|2|q|QA.", "1|3|r|RA."]
    );
    let numbers = TEXT.replace("tag = { type = \"nvarchar(20)\"", "tag = { type = \"int\"");
    let bad = failure(&contract(&numbers), "<r><item tags='1;x'/></r>");
    assert_eq!((bad.path.as_deref(), bad.value.as_deref()), (Some("/r/item/@tags"), Some("x")));
}

#[test]
fn templates_apply_to_each_part() {
    let text = TEXT.replace("item_no = { type = \"int\", value = \"PARENT(item_no)\" }", "item_no = { type = \"int\", value = 1 }")
        + "[[tables.rows]]\ntag = \"PART()\"\n[[tables.rows]]\nwhen = \"POSITION() = 1\"\ntag = \"'first'\"\n";
    let found = rows(&contract(&text), "<r x='.'><item name='A' tags='a;b'/></r>", "tag");
    assert_eq!(found, ["1|1|a|AA.", "1|1|first|AA.", "1|2|b|BA."]);
}

#[test]
fn lists_are_explained() {
    for (from, to, message, hint) in [
        (
            "SPLIT(/r/item/@tags, ';')",
            "SPLIT(@tags, ';')",
            "invalid SPLIT in `each`",
            "write an absolute path and a separator: ",
        ),
        (
            "SPLIT(/r/item/@tags, ';')",
            "SPLIT(/r/item/@tags, '')",
            "invalid SPLIT in `each`",
            "write an absolute path and a separator: ",
        ),
        (
            "SPLIT(/r/item/@tags, ';')",
            "SPLIT(/r/item/@tags, @by)",
            "invalid SPLIT in `each`",
            "write an absolute path and a separator: ",
        ),
        (
            "SPLIT(/r/item/@tags, ';')",
            "SPLIT(/r/item/@tags)",
            "invalid SPLIT in `each`",
            "write an absolute path and a separator: ",
        ),
        (
            "SPLIT(/r/item/@tags, ';')",
            "SPLIT(/x/item/@tags, ';')",
            "this path never matches: the root element is `r`",
            "begin with",
        ),
        (
            "\"PART()\"",
            "\"SPLIT(@tags, ';')\"",
            "`SPLIT` is not allowed here",
            "use it as a row source: ",
        ),
        ("value = \"@name\"", "value = \"PART()\"", "`PART` is not allowed here", "write `each = "),
        (
            "\"PART()\"",
            "\"PART() || PARENT(name)\"",
            "PART() and PARENT(column) in one expression",
            "write a column for each",
        ),
        (
            "\"PART()\"",
            "\"SUM(w, PART())\"",
            "`PART` is not allowed here",
            "use it in a column's value, or in `where`",
        ),
    ] {
        let found = mistakes(&TEXT.replace(from, to));
        assert!(found.contains(&format!("error: {message}\n")), "{message}\n{found}");
        assert!(found.contains(&format!("hint: {hint}")), "{hint}\n{found}");
    }
}
