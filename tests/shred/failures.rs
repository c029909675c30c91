//! Every way in which a document fails, with category, place and value.

use std::sync::Arc;

use super::{contract, failure, one_column, shred, with_root};
use xmlshred::contract::Contract;
use xmlshred::id::AppId;
use xmlshred::outcome::{Failure, FailureCategory};
use xmlshred::shred::{Limits, Shredder};

fn column(sql_type: &str, value: &str, more: &str) -> Arc<Contract> {
    with_root(&format!(
        "[[tables]]\nname = \"t\"\neach = '/r/a'\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         v = {{ type = \"{sql_type}\", value = '''{value}'''{more} }}\n"
    ))
}

fn at(failure: &Failure) -> (u32, u32) {
    (failure.line.expect("a line"), failure.column_number.expect("a column"))
}

#[test]
fn a_root_of_another_namespace_is_reported_with_it() {
    let contract = super::contract(
        "[contract]\nname = \"t\"\n[document]\nroot = \"p:r\"\nnamespaces = { p = \"urn:p\" }\n\
         [[tables]]\nname = \"t\"\neach = '/p:r'\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\n",
    );
    let failure = failure(&contract, "<p:r xmlns:p='urn:q'/>");
    assert_eq!(failure.category, FailureCategory::WrongDocument);
    let start =
        "the root element is \"p:r\" of \"urn:q\", and the contract is for \"r\" of \"urn:p\"";
    assert!(failure.reason.starts_with(start), "{}", failure.reason);
}

#[test]
fn malformed_documents_have_a_place() {
    let contract = one_column("/r/a", "@x");
    for (document, place) in [
        ("<r>\n  <a x='1'></b></r>", (2, 12)),
        ("<r><a x='1'>", (1, 4)),
        ("<r/>\n<r/>", (2, 1)),
        ("<r/> text", (1, 6)),
        ("<r><a x=1/></r>", (1, 9)),
        ("<r><a x='1' x='2'/></r>", (1, 13)),
        ("<r><a x='1'y='2'/></r>", (1, 12)),
        ("<r><a x='<'/></r>", (1, 10)),
        ("<r><a x='&bogus;'/></r>", (1, 10)),
        ("<r><a x='&#0;'/></r>", (1, 10)),
        ("<r><q><w></q></r>", (1, 10)),
        ("<r><q>< w</q></r>", (1, 7)),
        ("<r><q'>'></q></r>", (1, 4)),
        ("<r><q=></q></r>", (1, 4)),
        ("<r><!-- never closed</r>", (1, 4)),
        ("<r><a x='never closed/></r>", (1, 24)),
        ("<!DOCTYPE r [<!ENTITY e 'x'>]><r/>", (1, 1)),
        ("", (1, 1)),
        ("\n<?xml version='1.0'?><r/>", (2, 1)),
        ("<r><q><?xml version='1.0'?></q></r>", (1, 7)),
        ("<r><q></q x='1'></r>", (1, 7)),
    ] {
        let failure = failure(&contract, document);
        assert_eq!(failure.category, FailureCategory::MalformedXml, "{document}");
        assert_eq!(at(&failure), place, "{document}: {}", failure.reason);
    }
}

/// What XML allows in no document is refused wherever a column reads it, as its reference is.
#[test]
fn a_character_that_xml_forbids_is_in_no_value() {
    let inner = "INNER_XML(a)";
    for (value, document, place) in [
        ("a/@x", "<r><a x='\u{0}'/></r>", (1, 10)),
        ("a/@x", "<r><a x='&lt;\u{1}'/></r>", (1, 14)),
        ("a/@x", "<r><a x='as long as sixteen bytes \u{1F}'/></r>", (1, 35)),
        ("a/@x", "<r><a x='1\u{FFFE}'/></r>", (1, 11)),
        ("a", "<r><a>\n\u{8}</a></r>", (2, 1)),
        ("a", "<r><a>1\u{FFFF}</a></r>", (1, 8)),
        ("a", "<r><a>\u{B}<!-- --></a></r>", (1, 7)),
        ("a", "<r><a><!-- -->\u{B}<!-- --></a></r>", (1, 15)),
        ("a", "<r><a><![CDATA[\u{C}]]></a></r>", (1, 16)),
        ("JOIN(//a, ' ')", "<r><a>1<b/>\u{E}</a></r>", (1, 12)),
        (inner, "<r><a><b>\u{1}</b></a></r>", (1, 10)),
    ] {
        let contract = one_column("/r", value);
        let failure = failure(&contract, document);
        assert_eq!(failure.category, FailureCategory::MalformedXml, "{document:?}");
        assert!(failure.reason.contains("is not allowed in an XML document"), "{}", failure.reason);
        assert_eq!(at(&failure), place, "{document:?}");
    }
}

/// Neighbours of what is forbidden.
#[test]
fn characters_that_xml_allows_are_values() {
    let value = "\u{D7FF}\u{E000}\u{F8FF}\u{FF0C}\u{FFFD}\u{10000}\u{7F}\u{85}";
    for path in ["a/@x", "a", "INNER_XML(a)"] {
        let contract = one_column("/r", path);
        let document = format!("<r><a x='{value}'>{value}</a></r>");
        let outcome = shred(&contract, &document);
        assert_eq!(super::rows_of(&contract, &outcome, "t"), [format!("7|{value}")], "{path}");
    }
}

#[test]
fn an_external_doctype_is_skipped() {
    let contract = one_column("/r", "@x");
    let document =
        "<?xml version='1.0'?>\n<!DOCTYPE r SYSTEM \"http://example.invalid/>.dtd\">\n<r x='1'/>";
    assert!(shred(&contract, document).is_ok());
}

#[test]
fn another_root_is_a_wrong_document() {
    let failure = failure(&one_column("/r", "@x"), "<!-- c -->\n<s/>");
    assert_eq!(failure.category, FailureCategory::WrongDocument);
    assert_eq!((at(&failure), failure.value.as_deref()), ((2, 1), Some("s")));
}

#[test]
fn a_wrong_root_ends_the_reading() {
    let failure = failure(&one_column("/r", "@x"), "<s><t></s>");
    assert_eq!(failure.category, FailureCategory::WrongDocument);
}

fn keyed() -> Arc<Contract> {
    contract(
        "[contract]\nname = \"t\"\ntarget_schema = \"dbo\"\n[document]\nroot = \"r\"\n\
         key = \"/r/q/@id\"\nrequire = [\"/r/q/@name\"]\n[[tables]]\nname = \"t\"\neach = '/r'\n\
         app_column = \"app_id\"\n[tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n",
    )
}

#[test]
fn a_key_must_be_the_applications_id() {
    assert!(shred(&keyed(), "<r><q id=' 7' name='n'/></r>").is_ok());
    let failure = failure(&keyed(), "<r><q id='8' name='n'/></r>");
    assert_eq!(failure.category, FailureCategory::KeyMismatch);
    assert_eq!(failure.path.as_deref(), Some("/r/q/@id"));
    assert_eq!((at(&failure), failure.value.as_deref()), ((1, 11), Some("8")));
}

#[test]
fn a_required_path_must_exist_and_not_be_blank() {
    for document in ["<r><q id='7'/></r>", "<r><q id='7' name=' '/></r>"] {
        let failure = failure(&keyed(), document);
        assert_eq!(failure.category, FailureCategory::MissingRequired);
        assert_eq!(failure.path.as_deref(), Some("/r/q/@name"));
    }
    let failure = failure(&column("int", "@x", ", required = true"), "<r><a/><a x='1'/></r>");
    assert_eq!(failure.category, FailureCategory::MissingRequired);
    assert_eq!(failure.column.as_deref(), Some("v"));
    assert_eq!(failure.path.as_deref(), Some("/r/a[1]"));
}

#[test]
fn a_value_that_does_not_convert_is_bad() {
    for (sql_type, value, text) in [
        ("int", "@x", "12x"),
        ("tinyint", "@x", "256"),
        ("date", "@x", "2026-02-30"),
        ("int", "@x + 1", "x"),
    ] {
        let failure = failure(&column(sql_type, value, ""), &format!("<r><a x='{text}'/></r>"));
        assert_eq!(failure.category, FailureCategory::BadValue, "{sql_type}");
        assert_eq!(failure.value.as_deref(), Some(text));
        assert_eq!(failure.path.as_deref(), Some("/r/a/@x"));
        assert_eq!(at(&failure), (1, 10));
    }
    assert!(shred(&column("int", "@x", ", on_error = \"null\""), "<r><a x='12x'/></r>").is_ok());
    assert!(shred(&column("int", "TRY_CAST(@x AS int)", ""), "<r><a x='12x'/></r>").is_ok());
}

#[test]
fn a_value_that_is_too_long_fails_unless_it_may_be_cut() {
    let failure = failure(&column("nvarchar(3)", "@x", ""), "<r><a x='abcd'/></r>");
    assert_eq!(failure.category, FailureCategory::TooLong);
    let cut = column("nvarchar(3)", "@x", ", too_long = \"truncate\"");
    let outcome = shred(&cut, "<r><a x='abcd'/></r>");
    assert_eq!(super::rows_of(&cut, &outcome, "t"), ["7|abc"]);
}

#[test]
fn a_missing_document_is_a_failure() {
    let mut shredder = Shredder::new(one_column("/r", "@x"), Limits::default());
    let outcome = shredder.shred(AppId(7), chrono::DateTime::UNIX_EPOCH, None);
    let failure = outcome.expect_err("nothing to shred");
    assert_eq!(failure.category, FailureCategory::MissingDocument);
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        document_bytes: 100,
        depth: 4,
        attributes: 3,
        text_bytes: 10,
        rows: 2,
        ..Limits::DEFAULT
    };
    let contract = one_column("//a", ". || @x");
    for document in [
        format!("<r>{}</r>", "x".repeat(100)),
        "<r><b><b><b><b/></b></b></b></r>".into(),
        "<r><a p='1' q='1' s='1' t='1'/></r>".into(),
        "<r><a x='12345678901'/></r>".into(),
        "<r><a>12345678901</a></r>".into(),
        "<r><a/><a/><a/></r>".into(),
    ] {
        let mut shredder = Shredder::new(contract.clone(), limits);
        let outcome =
            shredder.shred(AppId(7), chrono::DateTime::UNIX_EPOCH, Some(&super::text(&document)));
        let failure = outcome.expect_err(&document);
        assert_eq!(failure.category, FailureCategory::LimitExceeded, "{document}");
        assert!(failure.reason.contains("--max-"), "{}", failure.reason);
    }
}

#[test]
fn a_malformed_end_outranks_a_bad_value_before_it() {
    let contract = column("int", "@x", "");
    let failure = failure(&contract, "<r><a x='bad'/><b></r>");
    assert_eq!(failure.category, FailureCategory::MalformedXml);
}

/// A contract that reads nothing but the root, and checks everything.
fn full() -> Arc<Contract> {
    contract(
        "[contract]\nname = \"t\"\ntarget_schema = \"dbo\"\n[document]\nroot = \"r\"\n\
         check = \"full\"\n[[tables]]\nname = \"t\"\neach = '/r'\napp_column = \"app_id\"\n\
         [tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n",
    )
}

#[test]
fn parts_that_no_column_reads_are_checked_only_in_full() {
    let document = "<r><a/><q x=1 y='&bogus;'/></r>";
    assert!(shred(&one_column("/r/a", "@x"), document).is_ok());
    let full = full();
    assert!(shred(&full, "<r><q x='1'>&lt;<![CDATA[]]]]>></q></r>").is_ok());
    let reference = "<r><q x='&bogus;'/></r>";
    for document in [document, reference, "<r>\u{1}</r>", "<r>&bogus;</r>", "<r>]]></r>"] {
        assert_eq!(failure(&full, document).category, FailureCategory::MalformedXml, "{document}");
    }
}

#[test]
fn a_full_check_knows_all_of_xml_and_its_namespaces() {
    let (needed, full) = (one_column("/r/a", "@x"), full());
    for document in [
        "<?xml version='1.0'?><r/>",
        "<?xml version=\"1.1\" encoding='utf-8' standalone=\"yes\" ?>\n<r/>",
        "<!DOCTYPE r><r/>",
        "<!DOCTYPE r SYSTEM 'r.dtd' ><r/>",
        "<!DOCTYPE r PUBLIC \"-//A//B\" 'r.dtd'><r/>",
        "<?xml-stylesheet href='a'?><r><?p?><?p x?></r>",
        "<r é='1' xml:lang='cs' _-.1='2'/>",
        "<r xmlns:q='a' q:x='1' x='2'><p:b xmlns:p='b' p:x='1' q:x='2'/></r>",
        "<r xmlns='a'><b xmlns=''/><c xmlns:xml='http://www.w3.org/XML/1998/namespace'/></r>",
        "<r><a xmlns:q='a'/><q:b xmlns:q='b'/></r>",
    ] {
        assert!(shred(&full, document).is_ok(), "{document}: {:?}", shred(&full, document));
    }
    for (document, reason) in [
        ("<?xml?><r/>", "the XML declaration must be"),
        ("<?xml version='2.0'?><r/>", "the XML declaration must be"),
        ("<?xml anything goes?><r/>", "the XML declaration must be"),
        ("<?xml version='1.0' standalone='maybe'?><r/>", "the XML declaration must be"),
        ("<?xml encoding='utf-8' version='1.0'?><r/>", "the XML declaration must be"),
        ("<?xml version='1.0'encoding='utf-8'?><r/>", "the XML declaration must be"),
        ("<r><? x?></r>", "cannot be the target"),
        ("<r><?XmL?></r>", "cannot be the target"),
        ("<r><?1?></r>", "cannot be the target"),
        ("<!DOCTYPE r><!DOCTYPE r><r/>", "one DOCTYPE at most"),
        ("<!DOCTYPE r SYSTEM><r/>", "the DOCTYPE must be"),
        ("<!DOCTYPE 1><r/>", "the DOCTYPE must be"),
        ("<!DOCTYPE r 'r.dtd'><r/>", "the DOCTYPE must be"),
        ("<r 1n='1'/>", "is not a name"),
        ("<r q:n:m='1'/>", "is not a name"),
        ("<r n\u{7f}='1'/>", "is not a name"),
        ("<r><a,b/></r>", "is not a name"),
        ("<r><a:/></r>", "is not a name"),
        ("<r><q:a/></r>", "is not declared"),
        ("<r><a xmlns:q='a'/><q:b/></r>", "is not declared"),
        ("<r q:x='1'/>", "is not declared"),
        ("<r xmlns:q=''/>", "cannot undo a prefix"),
        ("<r xmlns:xml='a'/>", "the prefix xml stands for"),
        ("<r xmlns:xmlns='a'/>", "the prefix xmlns cannot be declared"),
        ("<r xmlns:q='http://www.w3.org/2000/xmlns/'/>", "cannot be declared as a namespace"),
        ("<r xmlns='http://www.w3.org/XML/1998/namespace'/>", "cannot be declared as a namespace"),
        ("<r xmlns:p='a' xmlns:q='a' p:x='1' q:x='2'/>", "duplicate attribute \"q:x\""),
    ] {
        let failure = failure(&full, document);
        assert_eq!(failure.category, FailureCategory::MalformedXml, "{document}");
        assert!(failure.reason.contains(reason), "{document}: {}", failure.reason);
        assert!(failure.line.is_some(), "{document}");
        assert!(shred(&needed, document).is_ok(), "what no column reads is skipped: {document}");
    }
}

#[test]
fn a_doctype_that_is_never_closed_is_malformed() {
    let contract = one_column("/r/a", "@x");
    for document in ["<!DOCTYPE r <r><a x='1'/></r>", "<!DOCTYPE r", "<!DOCTYPE r 'a><r/>"] {
        let failure = failure(&contract, document);
        assert_eq!(failure.category, FailureCategory::MalformedXml, "{document}: {failure:?}");
        assert_eq!(failure.reason, "the DOCTYPE is never closed: end it with >");
    }
}
