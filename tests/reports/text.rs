//! What is read of elements: text with markup in it, and elements of any name.

use std::fs;

use assert_cmd::cargo::cargo_bin;
use assert_cmd::Command;

use super::{contract, failure, mistakes, rows};

/// A contract whose table `t` has the row path and these columns.
fn table(root: &str, each: &str, columns: &str) -> String {
    format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"{root}\"\n[[tables]]\nname = \"t\"\neach = \"{each}\"\n\
         app_column = \"app_id\"\n[tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         {columns}"
    )
}

#[test]
fn case_02_text_with_markup_in_it() {
    let text = table(
        "ArticleSet",
        "/ArticleSet/Article",
        "title = { type = \"nvarchar(500)\", value = \"STRING(Title)\" }\n\
         own = { type = \"nvarchar(500)\", value = \"Title\" }\n\
         authors = { type = \"nvarchar(500)\", value = \"JOIN(STRING(Author), '; ')\" }\n\
         first = { type = \"nvarchar(500)\", value = \"FIRST(STRING(Author))\" }\n\
         longest = { type = \"int\", value = \"MAX(LEN(STRING(Author)))\" }\n\
         editor = { type = \"nvarchar(99)\", value = \"Author[STRING(.) LIKE '%Lee']/@id\" }\n",
    );
    let document = "<ArticleSet><Article>\
        <Title>Telomere length at the <i>TERT</i> gene and CO<sub>2</sub> in <b a='>' c=\">'\">human</b> \
        <!-- <x> --><?p > ?>c<![CDATA[<e>]]>lls &amp; more</Title>\
        <Author id='1'><n>Ann</n> <n>Lee</n></Author><Author id='2'>Bo</Author></Article></ArticleSet>";
    assert_eq!(
        rows(&contract(&text), document, "t"),
        ["Telomere length at the TERT gene and CO2 in human c<e>lls & more|Telomere length at the  gene \
          and CO in  c<e>lls & more|Ann Lee; Bo|Ann Lee|7|1"]
    );
    let wrong = mistakes(&text.replace("STRING(Title)", "STRING(@title)"));
    assert!(wrong.contains("error: STRING takes a path to an element\n"), "{wrong}");
    assert!(wrong.contains("hint: for example `STRING(notes)`, or `STRING(.)`"), "{wrong}");
}

#[test]
fn the_text_around_a_row_and_inside_it() {
    let text = table(
        "r",
        "//b",
        "own = { type = \"nvarchar(99)\", value = \"STRING(.)\" }\n\
         around = { type = \"nvarchar(99)\", value = \"STRING(..)\" }\n\
         all = { type = \"nvarchar(99)\", value = \"STRING(/r)\" }\n\
         beside = { type = \"nvarchar(99)\", value = \"STRING(../c)\" }\n",
    );
    let document = "<r><a>1<b>2<b>3</b></b>4<c>5<d>6</d></c></a><b/></r>";
    assert_eq!(
        rows(&contract(&text), document, "t"),
        ["23|123456|123456|56", "3|23|123456|-", "-|123456|123456|-"]
    );
}

#[test]
fn case_03_elements_whose_names_are_not_known() {
    let text = table(
        "person",
        "/person/*",
        "name = { type = \"nvarchar(50)\", value = \"NAME()\" }\n\
         local = { type = \"nvarchar(50)\", value = \"LOCAL_NAME()\" }\n\
         value = { type = \"nvarchar(200)\", value = \".\" }\n\
         of = { type = \"int\", value = \"COUNT(../*)\" }\n",
    );
    let document = "<person xmlns:x='urn:x'><first>Ann</first><x:born>1980-02-29</x:born><Größe>170</Größe></person>";
    assert_eq!(
        rows(&contract(&text), document, "t"),
        ["first|first|Ann|3", "x:born|born|1980-02-29|3", "Größe|Größe|170|3"]
    );
    let deep = table(
        "r",
        "//*[@id]",
        "id = { type = \"int\", value = \"@id\" }\n\
         second = { type = \"nvarchar(50)\", value = \"*[2]/*/@x\" }\n\
         kinds = { type = \"nvarchar(50)\", value = \"JOIN(*[EXISTS(*) OR . = 'k'], '+')\" }\n\
         product = { type = \"int\", value = \"COUNT(*) * COUNT(*)\" }\n",
    );
    let document = "<r id='1'><a/><b>q<c x='y'/></b><d><e id='2'>k<f>k</f></e></d></r>";
    assert_eq!(rows(&contract(&deep), document, "t"), ["1|y|q+|9", "2|-|k|1"]);
    let wrong = mistakes(&text.replace("\".\"", "\"@*\""));
    assert!(wrong.contains("error: `@*` is not supported\n"), "{wrong}");
}

#[test]
fn case_02_samples_warn_of_text_that_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let text = table(
        "r",
        "/r/a",
        "title = { type = \"nvarchar(99)\", value = \"TRIM(title)\" }\n\
         plain = { type = \"nvarchar(99)\", value = \"COALESCE(plain, STRING(title))\" }\n\
         own = { type = \"nvarchar(99)\", value = \".\" }\n\
         n = { type = \"int\", value = \"CASE WHEN title IS NULL THEN 0 ELSE COUNT(title) END\" }\n\
         first = { type = \"nvarchar(99)\", value = \"FIRST(../a[2]/b)\" }\n",
    );
    let document = "<r><a>x<title>CO<sub>2</sub></title><plain>p<br/><i> </i></plain></a><a><title>y</title><b/></a></r>";
    fs::write(folder.path().join("contract.toml"), text).unwrap();
    fs::write(folder.path().join("a.xml"), document).unwrap();
    let mut command = Command::new(cargo_bin!("xmlshred"));
    let output = command
        .args(["contract", "check", "contract.toml", "--sample", "a.xml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("warning: `title` skips the text inside 1 element\n"), "{said}");
    assert!(said.contains("hint: `STRING(title)` reads all text in it\n"), "{said}");
    assert!(said.contains("warning: `.` skips the text inside 2 elements\n"), "{said}");
    assert_eq!(said.matches(" skips the text").count(), 2, "{said}");
}

#[test]
fn case_04_keys_and_values_by_their_order() {
    let text = table(
        "plist",
        "/plist/dict/key",
        "name = { type = \"nvarchar(50)\", value = \".\" }\n\
         value = { type = \"nvarchar(200)\", value = \"FOLLOWING(*)\", blank = \"keep\" }\n\
         whole = { type = \"nvarchar(200)\", value = \"FOLLOWING(string)\" }\n\
         part = { type = \"int\", value = \"FOLLOWING(*[part]/part[2]/@n)\" }\n\
         all = { type = \"nvarchar(99)\", value = \"FOLLOWING(STRING(*))\", blank = \"keep\" }\n\
         next = { type = \"nvarchar(50)\", value = \"UPPER(FOLLOWING(key))\" }\n",
    );
    let document = "<plist><dict><key>Major</key><integer>1</integer><key>Name</key>\
        <string>So<b>n</b>g<part n='1'/><part n='2'/></string><key>Compilation</key><true/></dict>\
        <dict><key>Label</key><string>Other</string><key>None</key></dict></plist>";
    assert_eq!(
        rows(&contract(&text), document, "t"),
        [
            "Major|1|Sog|2|1|NAME",
            "Name|Sog|Sog|2|Song|COMPILATION",
            "Compilation||-|-||-",
            "Label|Other|Other|-|Other|NONE",
            "None|-|-|-|-|-"
        ]
    );
    // The same below anything.
    let anywhere = contract(&text.replace("/plist/dict/key", "//key"));
    assert_eq!(rows(&anywhere, document, "t")[3], "Label|Other|Other|-|Other|NONE");
    for (value, message) in [
        ("FOLLOWING(../b)", "FOLLOWING takes a path that begins at a sibling"),
        ("FOLLOWING(@b)", "FOLLOWING takes a path that begins at a sibling"),
        ("FOLLOWING('b')", "FOLLOWING takes a path that begins at a sibling"),
        ("COUNT(UPPER(FOLLOWING(b)))", "FOLLOWING is not allowed inside COUNT"),
        ("b[FOLLOWING(c) = 1]", "`FOLLOWING` is not allowed here"),
    ] {
        let found = mistakes(&text.replace("FOLLOWING(*)", value));
        assert!(found.contains(&format!("error: {message}\n")), "{found}");
    }
    let root = mistakes(&text.replace("/plist/dict/key", "/plist"));
    assert!(root.contains("error: the root element has no siblings\n"), "{root}");
}

#[test]
fn case_28_a_failure_is_at_the_node_at_fault() {
    let value = |value: &str| {
        table("log", "/log/e", &format!("v = {{ type = \"datetime2(0)\", value = \"{value}\" }}\n"))
    };
    let moved = contract(&value("DATEADD(second, @ts, '1970-01-01')"));
    assert_eq!(rows(&moved, "<log><e ts='1700000000'/></log>", "t"), ["2023-11-14T22:13:20"]);
    let typed = mistakes(&value("DATEADD(hour, @ts, CAST(@d AS date))"));
    assert!(typed.contains("error: a date has no hour\n"), "{typed}");
    let at = |expression: &str| {
        let text =
            value("NULL").replace("datetime2(0)", "nvarchar(99)").replace("NULL", expression);
        failure(&contract(&text), "<log><e a='x' b='2' c='2026-01-01'/></log>").path.unwrap()
    };
    for (expression, path) in [
        ("CASE WHEN @a = 3 AND @b = 2 THEN 1 END", "/log/e/@a"),
        ("CASE WHEN NUMBER(@b) = @a THEN 1 END", "/log/e/@a"),
        ("CASE WHEN @a > CAST(@c AS date) THEN 1 END", "/log/e/@a"),
        ("CASE WHEN CAST(@c AS date) BETWEEN @a AND @c THEN 1 END", "/log/e/@a"),
        ("CASE WHEN @a IN (NUMBER(@b), 7) THEN 1 END", "/log/e/@a"),
        ("CASE @a WHEN NUMBER(@b) THEN 1 END", "/log/e/@a"),
        ("@a + @b", "/log/e/@a"),
        ("DATEADD(day, @b, @a)", "/log/e/@a"),
        ("DATEADD(day, @a, @c)", "/log/e/@a"),
        // Nothing of the document is at fault: the element is.
        ("LEFT(@a, 0 - 1)", "/log/e"),
        ("CASE WHEN @b = '2' THEN CAST(LEFT('abc', 2) AS int) END", "/log/e"),
        ("CAST(NULLIF(@a, @b) AS int)", "/log/e/@a"),
    ] {
        assert_eq!(at(expression), path, "{expression}");
    }
}

#[test]
fn case_28_what_needs_no_document_is_computed_when_the_contract_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let check = |columns: &str| {
        let lookup = "[lookups.c]\nvalues = { a = 1 }\n[[tables]]";
        let text = table("r", "/r/a", columns).replace("[[tables]]", lookup);
        fs::write(folder.path().join("contract.toml"), text).unwrap();
        let mut command = Command::new(cargo_bin!("xmlshred"));
        command.args(["contract", "check", "contract.toml"]).current_dir(folder.path());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let column = |value: &str| format!("v = {{ type = \"nvarchar(99)\", value = \"{value}\" }}\n");
    let (code, said) =
        check(&column("LEFT(@a, 3 - 1) || LOOKUP('c', 'a') || DATEADD(day, 1, '2024-01-31')"));
    assert_eq!((code, said.as_str()), (Some(0), ""));
    for (value, at, message) in [
        (
            "LEFT('abc', 1 - 2)",
            39,
            "a length of -1 is negative: LEFT, RIGHT and SUBSTRING take 0 or more",
        ),
        (
            "COALESCE(@a, PARSE_DATE('soon', 'dd.MM.yyyy'))",
            52,
            "`soon` matches none of the patterns of PARSE_DATE",
        ),
        (
            "CASE WHEN @a = DATEADD(year, 9000, '2024-01-01') THEN 1 END",
            54,
            "DATEADD(year, 9000, '2024-01-01') is outside 0001-01-01 to 9999-12-31",
        ),
        ("b[@x = NUMBER('x')]", 46, "`x` is not a number"),
        ("LOOKUP('c', 'z') || @a", 39, ""),
    ] {
        let (code, said) = check(&column(value));
        assert_eq!(code, Some(3), "{value}\n{said}");
        let place = format!("contract.toml:13:{at}: error: {message}");
        assert!(said.contains(&place), "{place}\n{said}");
        assert!(
            said.contains(
                "hint: correct it: it reads nothing, so that it would fail for every document\n"
            ),
            "{said}"
        );
    }
    let two = column("LEFT('a', 0 - 1)") + &column("NUMBER('y')").replace("v =", "w =");
    assert_eq!(check(&two).1.matches(": error: ").count(), 2);
    let forgiven = column("NUMBER('y')").replace(" }", ", on_error = \"null\" }");
    assert_eq!(
        check(&(forgiven + "w = { type = \"int\", value = \"LOOKUP('c', @a)\" }\n")).0,
        Some(0)
    );
}
