//! Names are compared as the shredder compares them.

use super::{table, Folder, Found};

const OLD: &str = r#"<c:o xmlns:c="urn:1" xmlns:m="urn:m"><c:i m:p="1" q="2">x</c:i></c:o>"#;
const NEW: &str = r#"<o xmlns="urn:2" xmlns:n="urn:m"><i n:p="1" q="2">x</i></o>"#;

fn of(document: &str, each: &str, columns: &[(&str, &str)], documents: &[&str]) -> Found {
    Folder::new(document, &table(each, columns), documents).coverage()
}

#[test]
fn a_prefix_means_all_its_uris() {
    let document = "root = \"k:o\"\nnamespaces = { k = [\"urn:1\", \"urn:2\"], w = \"urn:m\" }";
    let found = of(document, "/k:o/k:i", &[("p", "@w:p"), ("text", ".")], &[OLD, NEW]);
    assert_eq!(found.unread(), ["/k:o/k:i/@q", "/k:o/k:i/@q"]);
    assert_eq!((found.absent().len(), found.0["read"].as_u64()), (0, Some(4)));
}

#[test]
fn the_default_namespace_is_that_of_elements_alone() {
    let document = "root = \"o\"\nnamespaces = { \"\" = \"urn:2\" }";
    let found = of(document, "/o/i", &[("q", "@q"), ("p", "@p")], &[NEW]);
    assert_eq!(found.path("/o/i/@q"), "read q");
    assert_eq!(found.path("/o/i/@n:p"), "unread");
    assert_eq!(found.absent(), ["@p t.p"]);
}

#[test]
fn ignored_namespaces_leave_local_names() {
    let document = "root = \"o\"\nnamespaces = \"ignore\"";
    let found = of(document, "/o/i", &[("p", "@p"), ("text", ".")], &[OLD, NEW]);
    assert_eq!(found.unread(), ["/o/i/@q", "/o/i/@q"]);
    assert_eq!(found.absent(), [""; 0]);
}

#[test]
fn without_namespaces_no_name_means_one_with_a_prefix() {
    let mixed = r#"<o xmlns="urn:d" xmlns:m="urn:m"><i>1</i><m:i>2</m:i></o>"#;
    let found = of("root = \"o\"", "/o/i", &[("text", ".")], &[mixed]);
    assert_eq!(found.path("/o/i"), "read each? text");
    assert_eq!(found.unread(), ["/o/m:i"]);
}

#[test]
fn the_case_of_attributes_is_ignored_where_the_contract_says_so() {
    let both = r#"<o><i ID="1"/><i id="2" ID="3"/></o>"#;
    let exact = of("root = \"o\"", "/o/i", &[("id", "@Id")], &[both]);
    assert_eq!(exact.absent(), ["@Id t.id"]);
    let ignoring = "root = \"o\"\nattribute_names = \"ignore-case\"";
    let found = of(ignoring, "/o/i", &[("id", "@id")], &[both]);
    // `ID` is read where there is no `id`.
    assert_eq!(
        (found.path("/o/i/@id"), found.path("/o/i/@ID")),
        ("read id".into(), "read id".into())
    );
    let always = of(ignoring, "/o/i", &[("id", "@id")], &[r#"<o><i id="2" ID="3"/></o>"#]);
    assert_eq!(always.unread(), ["/o/i/@ID"]);
}

#[test]
fn several_roots_are_covered_and_others_are_named() {
    let documents = ["<a><v>1</v></a>", "<b><v>2</v><w>3</w></b>", "<c><v>4</v></c>"];
    let tables = table("/*", &[("v", "v")]);
    let folder = Folder::new("root = [\"a\", \"b\"]", &tables, &documents);
    let found = folder.coverage();
    assert_eq!(found.path("/a/v"), "read v");
    assert_eq!((found.path("/b/v"), found.unread()), ("read v".into(), vec!["/b/w".to_owned()]));
    assert_eq!(found.texts("other_roots", &["root", "documents"]), ["c 1"]);
    let said = folder.run("contract coverage contract.toml --sample samples");
    assert_eq!(said.status, 1, "a document fails: {}", said.stdout);
    let said = folder.run("contract coverage contract.toml --sample samples --fail-on never");
    assert_eq!(said.status, 0);
    let said = folder.run("contract coverage contract.toml --sample samples/3.xml");
    assert_eq!(said.status, 3);
    assert!(said.stderr.contains("the root element c in 1 document"), "{}", said.stderr);
}

#[test]
fn what_describes_the_document_is_not_absent() {
    let xsi = "http://www.w3.org/2001/XMLSchema-instance";
    let nil = format!(r#"<o xmlns:x="{xsi}"><i x:nil="true" v="1"/></o>"#);
    let document = format!("root = \"o\"\nnamespaces = {{ xsi = \"{xsi}\" }}");
    let found = of(&document, "/o/i", &[("nil", "@xsi:nil"), ("v", "@v")], &[&nil]);
    assert_eq!((found.absent().len(), found.unread().len()), (0, 0));
}
