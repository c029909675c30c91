//! References by an id.

use std::fs;

use assert_cmd::cargo::cargo_bin;
use assert_cmd::Command;

use super::{contract, failure, mistakes, parsed, rows};

const TEXT: &str = r#"
[contract]
name = "xbrl"
[document]
root = "xbrl"
[keys.context]
each = "/xbrl/context"
key = "@id"
[[tables]]
name = "fact"
each = "/xbrl/Assets"
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
ctx = { type = "varchar(20)", value = "@contextRef" }
at = { type = "date", value = "LOOKUP('Context', @contextRef, instant)" }
parts = { type = "nvarchar(99)", value = "UPPER(LOOKUP('context', @contextRef, JOIN(part/@p, '+') || COUNT(part)))" }
assets = { type = "bigint", value = "." }
"#;

const DOCUMENT: &str = "<xbrl><Assets contextRef='c2'>100</Assets>\
    <context id='c1'><instant>2024-12-31</instant></context>\
    <context id=' c2 '><instant>2023-12-31</instant><part p='a'/><part p='b'/></context>\
    <context id='c1'><instant>1999-12-31</instant></context><context><instant>1999-01-01</instant></context>\
    <Assets contextRef='c1'>120</Assets><Assets contextRef='c9'>7</Assets><Assets>8</Assets><Assets contextRef=''>9</Assets></xbrl>";

#[test]
fn case_23_a_reference_finds_its_element() {
    assert_eq!(
        rows(&contract(TEXT), DOCUMENT, "fact"),
        ["c2|2023-12-31|A+B2|100", "c1|2024-12-31|-|120", "c9|-|-|7", "-|-|-|8", "-|-|-|9"]
    );
    let nested = TEXT
        .replace("\"/xbrl/context\"", "\"//context[instant]\"")
        .replace("key = \"@id\"", "key = \"ids/id[1] || '-' || @n\"");
    let document = "<xbrl><Assets contextRef='a-1'>1</Assets><deep><context n='1'><ids><id>a</id><id>b</id></ids>\
                    <instant>2020-01-01</instant></context><context n='2'><ids><id>a</id></ids></context></deep>\
                    <Assets contextRef='a-2'>2</Assets></xbrl>";
    assert_eq!(rows(&contract(&nested), document, "fact"), ["a-1|2020-01-01|-|1", "a-2|-|-|2"]);
    let required = TEXT.replace(
        "LOOKUP('Context', @contextRef, instant)\"",
        "LOOKUP('Context', @contextRef, instant)\", required = true",
    );
    let lost = failure(&contract(&required), DOCUMENT);
    assert_eq!(
        (lost.category.name(), lost.path.as_deref()),
        ("missing_required", Some("/xbrl/Assets[3]"))
    );
    let bad = DOCUMENT.replace("2023-12-31", "soon");
    let bad = failure(&contract(TEXT), &bad);
    assert_eq!(bad.path.as_deref(), Some("/xbrl/context[2]/instant"));
}

#[test]
fn a_reference_that_must_find_an_element_fails_where_there_is_none() {
    let strict = TEXT.replace("key = \"@id\"\n", "key = \"@id\"\non_unmapped = \"error\"\n");
    let lost = failure(&contract(&strict), DOCUMENT);
    assert_eq!(lost.category.name(), "unmapped_lookup");
    assert_eq!((lost.column.as_deref(), lost.value.as_deref()), (Some("at"), Some("c9")));
    assert_eq!(lost.path.as_deref(), Some("/xbrl/Assets[3]/@contextRef"));
    let found = DOCUMENT.replace("contextRef='c9'", "contextRef='c1'");
    assert_eq!(
        rows(&contract(&strict), &found, "fact")[2..],
        ["c1|2024-12-31|-|7", "-|-|-|8", "-|-|-|9"]
    );
}

#[test]
fn case_23_samples_tell_references_that_find_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("contract.toml"), TEXT).unwrap();
    fs::write(folder.path().join("a.xml"), DOCUMENT).unwrap();
    let mut command = Command::new(cargo_bin!("xmlshred"));
    let output = command
        .args(["contract", "check", "contract.toml", "--sample", "a.xml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("16:32: warning: 1 row of the samples refer"), "{said}");
    assert!(!said.contains("no sample has"), "{said}");
}

#[test]
fn keys_are_explained() {
    for (from, to, message, hint) in [
        (
            "LOOKUP('Context', @contextRef, instant)",
            "LOOKUP('contxt', @contextRef, instant)",
            "unknown key `contxt`",
            "did you mean `context`?",
        ),
        (
            "LOOKUP('Context', @contextRef, instant)",
            "LOOKUP('context', @contextRef)",
            "`context` is a key, which finds an element",
            "add what to read of it: `LOOKUP('context', text, path)`",
        ),
        (
            "LOOKUP('Context', @contextRef, instant)",
            "LOOKUP(@x, @contextRef, instant)",
            "a key's name must be a text literal",
            "write it in single quotes: ",
        ),
        (
            "LOOKUP('Context', @contextRef, instant)",
            "LOOKUP('context', @contextRef, ../x)",
            "this path leaves the aggregate's element",
            "an aggregate sees its own element",
        ),
        (
            "value = \".\"",
            "value = \"a[LOOKUP('context', @x, @y) = 1]\"",
            "`LOOKUP` of a key is not allowed here",
            "use it in a column's value: ",
        ),
        (
            "value = \".\"",
            "value = \"COUNT(LOOKUP('context', a, '1'))\"",
            "LOOKUP is not allowed inside COUNT",
            "write `COUNT(path, [expression])`",
        ),
        (
            "key = \"@id\"",
            "key = \"../@id\"",
            "this path leaves the aggregate's element",
            "an aggregate sees",
        ),
        (
            "key = \"@id\"",
            "kee = \"@id\"",
            "missing `key` in [keys.context]",
            "for example `key = ",
        ),
        (
            "each = \"/xbrl/context\"",
            "each = \"context\"",
            "a path in `each` must begin at the document",
            "write `/root/context` or `//context`",
        ),
        (
            "[keys.context]",
            "[lookups.CONTEXT]\nvalues = { a = 1 }\n[keys.context]",
            "duplicate lookup `context`",
            "rename one: ",
        ),
    ] {
        let found = mistakes(&TEXT.replace(from, to));
        assert!(found.contains(&format!("error: {message}\n")), "{message}\n{found}");
        assert!(found.contains(&format!("hint: {hint}")), "{hint}\n{found}");
    }
    let unused = TEXT
        .replace("LOOKUP('Context', @contextRef, instant)", "NULL")
        .replace("LOOKUP('context', @contextRef, JOIN(part/@p, '+') || COUNT(part))", "'x'");
    let (_, warnings) = parsed(&unused);
    assert!(warnings.contains("6:7: warning: the key `context` is never used\n"), "{warnings}");
}
