//! Fingerprints are causes: the same mistake with other values of a document has the same one, and another
//! mistake has another.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::DateTime;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::Failure;
use xmlshred::shred::{Limits, Shredder};

use super::{one_column, shred_document, with_root};

/// A contract whose column `v` of this type has this value.
fn column(sql_type: &str, value: &str, more: &str) -> Arc<Contract> {
    with_root(&format!(
        "{more}\n[[tables]]\nname = \"t\"\neach = \"/r/a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         v = {{ type = \"{sql_type}\", value = '''{value}''' }}\n"
    ))
}

fn failure(contract: &Arc<Contract>, document: &[u8]) -> Failure {
    let document = Document { bytes: document.to_vec(), encoding: DocumentEncoding::Detect };
    let shown = String::from_utf8_lossy(&document.bytes).into_owned();
    *shred_document(contract, &document).expect_err(&shown)
}

/// Two documents with one mistake and other values.
type Pair = (&'static str, &'static str);

/// What is wrong with the XML, also where little of it is read.
const MALFORMED: &[Pair] = &[
    ("<r><a x='1'></b></r>", "<r><c x='1'></d9></r>"),
    ("<r><a></a b></r>", "<r><c></c d></r>"),
    ("<r><a x='1'>", "<r><c x='1'/>"),
    ("<r><a x='1' x='2'/></r>", "<r><a y='1' y='2'/></r>"),
    ("<r/>\n<r/>", "<r/>\n<s/>"),
    ("<r/> text", "<r/> 5"),
    ("<r><q><? </q></r>", "<r><q><?a </q></r>"),
    ("<r><!-- a</r>", "<r><!-- b</r>"),
    ("<r><![CDATA[a</r>", "<r><![CDATA[b</r>"),
    ("<r><a x='&bogus;'/></r>", "<r><a x='&other2;'/></r>"),
    ("<r><a x='&#0;'/></r>", "<r><a x='&#xB;'/></r>"),
    ("<r><a x='& '/></r>", "<r><a x='&1;'/></r>"),
    ("<r><a x='\u{1}'/></r>", "<r><a x='\u{fffe}'/></r>"),
    ("<!DOCTYPE r [<!ENTITY e 'x'>]><r/>", "<!DOCTYPE r [<!ENTITY f1 'x'>]><r/>"),
    ("<r><a'>'></a></r>", "<r><b'>'></b></r>"),
    (
        "<?xml version='1.0' encoding='nothing-1'?><r/>",
        "<?xml version='1.0' encoding='else-22'?><r/>",
    ),
];

/// What only a whole check finds, in a document or in a value of the type `xml`.
const FRAGMENTS: &[Pair] = &[
    ("<q></p>", "<b2></c>"),
    ("</q>", "</b2>"),
    ("<?xMl a?>", "<?1 a?>"),
    ("<1n/>", "<-n/>"),
    ("<p b='1' b='2'/>", "<p c='1' c='2'/>"),
    ("<x:a/>", "<y2:a/>"),
    (
        "<p xmlns:q='a' xmlns:s='a' q:x='1' s:x='2'/>",
        "<p xmlns:m='a' xmlns:n='a' m:y='1' n:y='2'/>",
    ),
    ("<p xmlns:q=''/>", "<p xmlns:other=''/>"),
    ("<p b=1/>", "<p c2=1/>"),
    ("<p b='1/>", "<p c2='1/>"),
    ("<p b='1'c='2'/>", "<p d='1'e2='2'/>"),
    ("<p></p b>", "<q></q c>"),
    ("&nbsp;", "&copy;"),
    ("&#1;", "&#xB;"),
    ("a & b", "a &1; b"),
    ("\u{1}", "\u{b}"),
];

/// What an expression cannot make of a value; the values are of an attribute.
const VALUES: &[(&str, &str, Pair)] = &[
    ("int", "@x", ("1x", "`a` \"b\" 2")),
    ("tinyint", "@x", ("256", "9999")),
    ("nvarchar(3)", "@x", ("abcd", "abcdefghijklmnop")),
    ("varchar(9)", "@x", ("\u{3b1}", "a \u{3b2}")),
    ("int", "@x + 1", ("x", "y 2")),
    ("int", "12 / CAST(@x AS int)", ("0", "00")),
    ("decimal(9,2)", "NUMBER(@x)", ("1,5", "x y")),
    ("decimal(9,2)", "POWER(NUMBER(@x), 0.5)", ("-2", "-7")),
    ("nvarchar(9)", "LEFT(@x, 0 - LEN(@x))", ("abc", "abcde")),
    ("date", "PARSE_DATE(@x, 'dd.MM.yyyy')", ("x", "2024-01-01")),
    ("date", "DATEADD(year, 9000, CAST(@x AS date))", ("2024-01-02", "2023-11-12")),
    ("int", "DATEDIFF(day, @x, '2024-01-01')", ("x", "y z")),
    ("varbinary(9)", "FROM_BASE64(@x)", ("?", "!!")),
    ("varbinary(9)", "FROM_HEX(@x)", ("0xz", "123")),
    ("bit", "CASE WHEN 'a' LIKE @x THEN 1 ELSE 0 END", ("[a", "b[")),
    ("nvarchar(9)", "LOOKUP('color', @x)", ("red", "red")),
];

fn pairs() -> Vec<(String, Failure, Failure)> {
    let lookup = "[lookups.color]\non_unmapped = \"error\"\nvalues = { blue = \"b\" }";
    let read = one_column("/r/a", "@x");
    let (full, xml) = (column("int", "@x", "check = \"full\""), column("xml", "@x", ""));
    let mut all = Vec::new();
    for (one, other) in MALFORMED {
        all.push((
            format!("read: {one}"),
            failure(&read, one.as_bytes()),
            failure(&read, other.as_bytes()),
        ));
    }
    for (one, other) in FRAGMENTS {
        let document = |fragment: &str| format!("<r><f>{fragment}</f></r>");
        let (a, b) = (document(one), document(other));
        all.push((
            format!("full: {one}"),
            failure(&full, a.as_bytes()),
            failure(&full, b.as_bytes()),
        ));
        let value = |fragment: &str| {
            let escaped =
                fragment.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
            format!("<r><a x='{escaped}'/></r>")
        };
        if one.contains('\u{1}') {
            continue;
        }
        let (a, b) = (value(one), value(other));
        all.push((format!("xml: {one}"), failure(&xml, a.as_bytes()), failure(&xml, b.as_bytes())));
    }
    for (sql_type, value, (one, other)) in VALUES {
        let more = if value.contains("LOOKUP") { lookup } else { "" };
        let contract = column(sql_type, value, more);
        let document = |text: &str| {
            format!("<r><a x='{text}'/></r>").replace("'`a` \"b\" 2'", "'`a` &quot;b&quot; 2'")
        };
        let (a, b) = (document(one), document(other));
        all.push((
            format!("{sql_type} of {value}"),
            failure(&contract, a.as_bytes()),
            failure(&contract, b.as_bytes()),
        ));
    }
    all
}

#[test]
fn one_mistake_with_other_values_is_one_cause() {
    for (name, one, other) in pairs() {
        assert_eq!(one.template, other.template, "{name}: {one:?}\n{other:?}");
        assert_eq!(one.fingerprint(), other.fingerprint(), "{name}: {one:?}\n{other:?}");
        let template = one.template.as_deref().expect("a template");
        assert!(!template.is_empty() && !one.reason.is_empty(), "{name}");
    }
}

#[test]
fn another_mistake_is_another_cause() {
    let mut known: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (name, failure, _) in pairs() {
        let template = failure.template.clone().expect("a template");
        let entry = known.entry(failure.fingerprint()).or_insert((name.clone(), template.clone()));
        // The same sentence about markup may come from reading and from the whole check.
        assert_eq!(entry.1, template, "{name} and {}", entry.0);
    }
    assert!(known.len() > 40, "{}", known.len());
}

/// What differs from one document to the next is not in a template: the values are found in none.
#[test]
fn a_template_has_no_value_of_the_document() {
    let marked = "q7q7";
    let contract = column("int", "@x", "");
    for document in [
        format!("<r><a x='{marked}'/></r>"),
        format!("<{marked}/>"),
        format!("<r><{marked}></r>"),
        format!("<r><a x='&{marked};'/></r>"),
        format!("<r><a {marked}='1' {marked}='1'/></r>"),
        format!("<?xml version='1.0' encoding='{marked}'?><r/>"),
        format!("<!DOCTYPE r [<!ENTITY {marked} 'x'>]><r/>"),
    ] {
        let failure = failure(&contract, document.as_bytes());
        assert!(failure.reason.contains(marked), "{failure:?}");
        assert!(!failure.template.as_deref().expect("a template").contains(marked), "{failure:?}");
    }
}

#[test]
fn sizes_and_limits_are_no_part_of_a_cause() {
    let contract = one_column("/r/a", "@x");
    let limits = |document_bytes| Limits { document_bytes, ..Limits::default() };
    let of = |length: usize, limit: u64| {
        let bytes = format!("<r>{}</r>", "x".repeat(length)).into_bytes();
        let document = Document { bytes, encoding: DocumentEncoding::Utf8 };
        let mut shredder = Shredder::new(Arc::clone(&contract), limits(limit));
        shredder
            .shred(AppId(7), DateTime::UNIX_EPOCH, Some(&document))
            .expect_err("too long")
            .fingerprint()
    };
    assert_eq!(of(100, 50), of(200, 70));
}
