//! Examples from samples.

use super::{contract, with_value, Folder, Line};

/// What a line says of its example: document, what was read, and what it became.
fn example(line: &Line) -> (String, String, String) {
    let cell = |name: &str| line.cell(name).to_owned();
    (cell("example_document"), cell("example_read"), cell("example_value"))
}

/// The example of a column with this value.
fn of_value(sql_type: &str, value: &str, documents: &[(&str, &str)]) -> (String, String, String) {
    let folder = Folder::new(&with_value(sql_type, value), documents);
    let names: Vec<&str> = documents.iter().map(|(name, _)| *name).collect();
    example(&folder.lines(&format!("--sample {}", names.join(" ")))[1])
}

fn texts(document: &str, read: &str, value: &str) -> (String, String, String) {
    (document.to_owned(), read.to_owned(), value.to_owned())
}

#[test]
fn the_first_document_that_fills_a_column_gives_its_example() {
    let documents = [
        ("1.xml", "<r><a/></r>"),
        ("2.xml", "<r><a/><a x=\" 7 \"/></r>"),
        ("3.xml", "<r><a x=\"8\"/></r>"),
    ];
    assert_eq!(of_value("int", "@x", &documents), texts("2.xml", "/r/a/@x =  7 ", "7"));
    // A document in which nothing is read also has a value, but tells less.
    assert_eq!(
        of_value("int", "COALESCE(@x, 5)", &documents),
        texts("2.xml", "/r/a/@x =  7 ", "7")
    );
    assert_eq!(of_value("int", "@y", &documents), texts("", "", ""));
    assert_eq!(of_value("int", "40 + 2", &documents), texts("1.xml", "", "42"));
}

#[test]
fn all_that_an_expression_reads_is_shown() {
    let document = "<r z=\"9\"><a x=\"1\" y=\"2\"><b n=\"3\">p<i>q</i></b><b n=\"4\"/></a><c v=\"s\"/><c v=\"t\"/></r>";
    let documents = [("1.xml", document)];
    for (value, read, became) in [
        ("@x + @y", "/r/a/@x = 1\n/r/a/@y = 2", "3"),
        ("SUM(b/@n)", "/r/a/b/@n = 3", "7"),
        ("SUM(b, @n * 2)", "/r/a/b/@n = 3", "14"),
        ("FIRST(b/@n)", "/r/a/b/@n = 3", "3"),
        ("STRING(b[1])", "/r/a/b[1] = pq", "pq"),
        ("INNER_XML(b[1])", "/r/a/b[1] = p<i>q</i>", "p<i>q</i>"),
        ("../@z", "/r/@z = 9", "9"),
        ("/r/@z", "/r/@z = 9", "9"),
        ("FOLLOWING(c/@v)", "/r/c/@v = s", "s"),
    ] {
        let found = of_value("nvarchar(max)", value, &documents);
        assert_eq!(found, texts("1.xml", read, became), "{value}");
    }
}

#[test]
fn each_row_template_and_each_part_of_a_list_has_its_own() {
    let text = contract(
        "[[tables]]\nname = \"s\"\neach = \"/r/a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\n\
         v = { type = \"int\" }\n\
         [[tables.rows]]\nv = \"@one\"\n[[tables.rows]]\nv = \"@two\"\n\
         [[tables]]\nname = \"s\"\neach = \"/r/b\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\n\
         v = { type = \"int\", value = \"@three\" }\n\
         [[tables]]\nname = \"l\"\neach = \"SPLIT(/r/@l, ';')\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\n\
         p = { type = \"varchar(9)\", value = \"UPPER(PART())\" }\n",
    );
    let document = "<r l=\"x; y\"><a one=\"1\" two=\"2\"/><b three=\"3\"/></r>";
    let folder = Folder::new(&text, &[("1.xml", document)]);
    let lines = folder.lines("--sample 1.xml");
    let found = |column: &str| -> Vec<(String, String)> {
        let lines = lines.iter().filter(|line| line.cell("column") == column);
        lines
            .map(|line| (line.cell("example_read").into(), line.cell("example_value").into()))
            .collect()
    };
    let pair = |read: &str, value: &str| (read.to_owned(), value.to_owned());
    assert_eq!(
        found("v"),
        [pair("/r/a/@one = 1", "1"), pair("/r/a/@two = 2", "2"), pair("/r/b/@three = 3", "3")]
    );
    assert_eq!(found("p"), [pair("/r/@l = x", "X")]);
}

#[test]
fn a_sample_that_fails_is_counted_and_gives_no_example() {
    let folder = Folder::new(
        &with_value("int", "@x"),
        &[("1.xml", "<r><a x=\"5\"/><a x=\"soon\"/></r>"), ("2.xml", "<r><a x=\"6\"/></r>")],
    );
    let said = folder.run("contract docs contract.toml --sample 1.xml 2.xml");
    assert_eq!(said.status, 1);
    assert!(said.stderr.contains("1 sample failed and gave no examples"), "{}", said.stderr);
    assert!(said.stdout.contains("from 2 sample documents, of which 1 could be mapped"));
    assert!(said.stdout.contains("keep this page as you keep those"));
    let lines = folder.lines("--sample 1.xml 2.xml");
    assert_eq!(example(&lines[1]), texts("2.xml", "/r/a/@x = 6", "6"));
}

/// A page without samples has no values of documents, and no column for them.
#[test]
fn without_samples_there_are_no_examples() {
    let folder = Folder::new(&with_value("int", "@x"), &[]);
    let page = folder.run("contract docs contract.toml").stdout;
    assert!(!page.contains("Example</th>"), "{page}");
}

#[test]
fn a_reference_by_an_id_shows_the_id() {
    let text = contract(
        "[keys.person]\neach = \"/r/p\"\nkey = \"@id\"\n\
         [[tables]]\nname = \"t\"\neach = \"/r/a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\n\
         name = { type = \"nvarchar(9)\", value = \"LOOKUP('person', @of, @name)\" }\n",
    );
    let document = "<r><p id=\"1\" name=\"Ann\"/><p id=\"2\" name=\"Bo\"/><a of=\"2\"/></r>";
    let folder = Folder::new(&text, &[("1.xml", document)]);
    let lines = folder.lines("--sample 1.xml");
    assert_eq!(lines[1].cell("sources"), "/r/a/@of\n/r/p/@name");
    assert_eq!(lines[1].cell("lookups"), "person");
    assert_eq!(example(&lines[1]), texts("1.xml", "/r/a/@of = 2", "Bo"));
}
