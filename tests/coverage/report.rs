//! What the command prints, and how it ends.

use super::{table, Folder};

const ORDER: &str = r#"<order id="17"><customer name="Bell, Inc."><phone>1</phone><phone>2</phone></customer>
<line sku="A" price="4.50"/><line sku="B" price="3"/><line sku="A" price="4.50"/>
<note>leave it <b>at the door</b></note><empty/></order>"#;

fn folder() -> Folder {
    let columns = [
        ("customer", "customer/@name"),
        ("phone", "customer/phone"),
        ("note", "note"),
        ("fax", "customer/fax"),
    ];
    let lines = table("/order/line", &[("sku", "@sku")]).replace("\"t\"", "\"line\"");
    let tables = format!("{}{lines}", table("/order", &columns));
    Folder::new("root = \"order\"\nkey = \"/order/@id\"", &tables, &[ORDER])
}

#[test]
fn the_report_lists_all_paths_and_what_is_left_out() {
    let said = folder().run("contract coverage contract.toml --sample samples");
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("tables", said.stdout);
}

#[test]
fn csv_has_one_line_for_each_path() {
    let said = folder().run("contract coverage contract.toml --sample samples --format csv");
    insta::assert_snapshot!("csv", said.stdout);
}

/// Five of seven are 71.4 %.
#[test]
fn the_share_decides_the_exit_status() {
    let folder = folder();
    for (percent, expected) in
        [("0", 0), ("71.4", 0), ("71.42", 0), ("71.43", 1), ("100", 1), ("72%", 1)]
    {
        let command = "contract coverage contract.toml --sample samples --fail-under";
        let said = folder.run(&format!("{command} {percent}"));
        assert_eq!(said.status, expected, "{percent}: {}", said.stdout);
    }
    let said = folder.run("contract coverage contract.toml --sample samples --fail-under 101");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("a percentage from 0 to 100"), "{}", said.stderr);
}

#[test]
fn a_check_with_samples_says_the_share() {
    let said = folder().run("contract check contract.toml --sample samples");
    assert!(
        said.stdout.contains("coverage: 5 of 7 paths with a value are read (71.4 %)\n"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_document_that_is_not_well_formed_is_named_and_the_others_are_read() {
    let tables = table("/o", &[("v", "@v")]);
    let folder =
        Folder::new("root = \"o\"", &tables, &["<o v='1'/>", "<o v='1'>\n<x", "<o w='1'/>"]);
    let said = folder.run("contract coverage contract.toml --sample samples");
    assert!(said.stderr.contains("samples/2.xml:2: "), "{}", said.stderr);
    assert!(said.stdout.contains("2 documents, 3 paths\n"), "{}", said.stdout);
    assert_eq!(said.status, 1);
}
