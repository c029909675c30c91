//! The work of a document is linear in its size, regardless of its content. Each of these takes well
//! under a second, and took minutes where something was read again for each element: the bound is
//! for machines that do much besides.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xmlshred::contract::Contract;
use xmlshred::outcome::FailureCategory;

use super::{contract, failure, one_column, rows_of, shred};

const BOUND: Duration = Duration::from_secs(20);

/// Runs it and asserts the bound.
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let made = work();
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());
    made
}

fn with_namespaces(document: &str, tables: &str) -> Arc<Contract> {
    contract(&format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"p:r\"\n\
         namespaces = {{ p = \"urn:p\", q = \"urn:q\" }}\n{document}\
         [[tables]]\nname = \"t\"\n{tables}\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n"
    ))
}

#[test]
fn namespaces_are_kept_as_the_walk_goes() {
    let contract = with_namespaces(
        "",
        "each = \"/p:r/p:a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         n = { type = \"nvarchar(max)\", value = \"@q:n\" }\n\
         x = { type = \"nvarchar(max)\", value = \".\" }\n\
         b = { type = \"nvarchar(max)\", value = \"FIRST(p:b)\" }\n",
    );
    let mut document = String::from("<p:r xmlns:p='urn:p' xmlns:q='urn:q'");
    for number in 0..4_000 {
        write!(document, " xmlns:n{number}='u'").unwrap();
    }
    document.push('>');
    for number in 0..8_000 {
        write!(document, "<p:a q:n='{number}'/>").unwrap();
    }
    document.push_str("</p:r>");
    let outcome = soon(|| shred(&contract, &document));
    let rows = rows_of(&contract, &outcome, "t");
    assert_eq!((rows.len(), rows[7_999].as_str()), (8_000, "7999|-|-|7"));
}

#[test]
fn a_prefix_without_a_declaration_is_not_looked_for_again_and_again() {
    let contract = with_namespaces(
        "",
        "each = \"//p:a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         n = { type = \"nvarchar(max)\", value = \"@q:n\" }\n",
    );
    let mut document = String::from("<p:r xmlns:p='urn:p' xmlns:q='urn:q'>");
    for number in 0..400 {
        write!(document, "<p:a q:n='{number}'>").unwrap();
    }
    document.push_str(&"<p:a q:n='leaf'/>".repeat(20_000));
    document.push_str(&"</p:a>".repeat(400));
    document.push_str("<p:a z:n=''/></p:r>");
    let failure = soon(|| failure(&contract, &document));
    assert_eq!(failure.category, FailureCategory::MalformedXml);
    assert!(failure.reason.starts_with("the namespace prefix of \"z:n\""), "{}", failure.reason);
}

#[test]
fn a_long_namespace_is_not_copied_for_each_attribute() {
    let contract = with_namespaces(
        "",
        "each = \"/p:r/p:a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         n = { type = \"nvarchar(max)\", value = \"@q:n\" }\n",
    );
    let uri = "u".repeat(2_000_000);
    let mut document = format!("<p:r xmlns:p='urn:p' xmlns:q='{uri}'>");
    document.push_str(&"<p:a q:n='1'/>".repeat(100_000));
    document.push_str("</p:r>");
    let outcome = soon(|| shred(&contract, &document));
    assert_eq!(rows_of(&contract, &outcome, "t")[99_999], "-|7");
}

#[test]
fn declarations_end_with_their_element() {
    let contract = with_namespaces(
        "",
        "each = \"//p:a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         n = { type = \"nvarchar(max)\", value = \"@q:n\" }\n\
         up = { type = \"nvarchar(max)\", value = \"../@q:n\" }\n",
    );
    let document = "<p:r xmlns:p='urn:p' xmlns:q='urn:q' q:n='root'>\
        <p:a q:n='1'/>\
        <p:a xmlns:q='urn:other' q:n='2'/>\
        <p:a q:n='3'/>\
        <q:a xmlns:q='urn:p' xmlns:z='urn:q' z:n='4'><p:a z:n='5' q:n='x'/></q:a>\
        <p:a xmlns:p='urn:other' q:n='x'/>\
        <x xmlns:q='urn:other'><y><p:a q:n='6'/></y><p:a xmlns:q='urn:q' q:n='7'/></x>\
        <p:a q:n='8'></p:a>\
        </p:r>";
    let outcome = shred(&contract, document);
    assert_eq!(
        rows_of(&contract, &outcome, "t"),
        ["1|root|7", "-|root|7", "3|root|7", "4|root|7", "5|4|7", "-|-|7", "7|-|7", "8|root|7"]
    );
}

/// Names whose hashes are equal: these differ between their first and their last eight letters.
fn same_hash(number: usize) -> String {
    format!("aaaaaaaa{number:08}zzzzzzzz")
}

#[test]
fn many_attributes_of_one_element_differ() {
    let contract = one_column("/r/a", "@x");
    let mut element = String::from("<a x='1'");
    for number in 0..9_999 {
        write!(element, " {}=''", same_hash(number)).unwrap();
    }
    let mut document = String::from("<r>");
    for _ in 0..20 {
        document.push_str(&element);
        document.push_str("/>");
    }
    let whole = format!("{document}</r>");
    let outcome = soon(|| shred(&contract, &whole));
    assert_eq!(rows_of(&contract, &outcome, "t").len(), 20);

    let doubled = element.replacen(&same_hash(1), &same_hash(4_711), 1);
    let failure = soon(|| failure(&contract, &format!("<r>{doubled}/></r>")));
    assert!(failure.reason.contains("duplicate attribute"), "{}", failure.reason);
}

/// The own text of an element lies between its children, which have some, too.
#[test]
fn the_pieces_of_a_text_are_joined_once() {
    let contract = one_column("//a", ".");
    let child = "text<a>x<!-- -->y</a>";
    let document = format!("<r><a>{}</a></r>", child.repeat(100_000));
    let outcome = soon(|| shred(&contract, &document));
    let rows = rows_of(&contract, &outcome, "t");
    assert_eq!((rows.len(), rows[0].len(), rows[1].as_str()), (100_001, 400_002, "7|xy"));
}

/// Each row reads each of the nodes beside it, which all of them share.
#[test]
fn rows_that_read_all_their_siblings_share_them() {
    let contract = one_column("//a", "COUNT(../b) + SUM(../b)");
    let document = format!("<r>{}{}</r>", "<a/>".repeat(20_000), "<b>2</b>".repeat(20_000));
    let outcome = soon(|| shred(&contract, &document));
    let rows = rows_of(&contract, &outcome, "t");
    assert_eq!((rows.len(), rows[19_999].as_str()), (20_000, "7|60000"));
}
