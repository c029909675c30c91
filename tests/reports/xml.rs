//! Values of the type `xml`, and what a DOCTYPE declares.

use xmlshred::outcome::FailureCategory;

use super::{contract, failure, rows};

/// A contract whose table `t` has one column for each root element.
fn table(document: &str, sql_type: &str, value: &str) -> String {
    format!(
        "[contract]\nname = \"t\"\n[document]\n{document}\n[[tables]]\nname = \"t\"\neach = \"/*\"\n\
         app_column = \"app_id\"\n[tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         v = {{ type = \"{sql_type}\", value = \"{value}\" }}\n"
    )
}

#[test]
fn case_10_markup_keeps_the_namespaces_around_it() {
    let text =
        table("root = \"h:rec\"\nnamespaces = { h = \"urn:h\" }", "xml", "INNER_XML(h:text)");
    let contract = contract(&text);
    let document =
        "<h:rec xmlns:h=\"urn:h\" xmlns:x=\"http://www.w3.org/1999/xhtml\" xmlns=\"urn:d\">\
                    <h:text><x:p>Hi <b>there</b></x:p></h:text></h:rec>";
    assert_eq!(
        rows(&contract, document, "t"),
        ["<x:p xmlns:x=\"http://www.w3.org/1999/xhtml\" xmlns=\"urn:d\">Hi <b>there</b></x:p>"]
    );
    let unchecked = "<h:rec xmlns:h=\"urn:h\"><h:text><b c=1>&nbsp; <i>x</i></b></h:text></h:rec>";
    let failure = failure(&contract, unchecked);
    assert_eq!(failure.category, FailureCategory::BadValue);
    assert_eq!(failure.column.as_deref(), Some("v"));
    assert!(failure.reason.contains("cannot become xml: attributes: "), "{}", failure.reason);
    // Text is the markup as it is written.
    let contract = super::contract(&text.replace("\"xml\"", "\"nvarchar(max)\""));
    assert_eq!(rows(&contract, document, "t"), ["<x:p>Hi <b>there</b></x:p>"]);
}

/// Also through other functions and operators.
#[test]
fn markup_keeps_its_namespaces_on_every_way_to_xml() {
    let document = "<r xmlns:x='urn:x'><a><x:b/></a><a><x:c x:k='1'/></a></r>";
    for (value, expected) in [
        ("INNER_XML(a[1])", "<x:b xmlns:x=\"urn:x\"/>"),
        ("'<w>' || INNER_XML(a[1]) || '</w>'", "<w><x:b xmlns:x=\"urn:x\"/></w>"),
        ("JOIN(a, '', INNER_XML(.))", "<x:b xmlns:x=\"urn:x\"/><x:c xmlns:x=\"urn:x\" x:k='1'/>"),
        ("LAST(a, INNER_XML(.))", "<x:c xmlns:x=\"urn:x\" x:k='1'/>"),
        ("CASE WHEN a[1] IS NULL THEN '' ELSE INNER_XML(a[1]) END", "<x:b xmlns:x=\"urn:x\"/>"),
    ] {
        let contract = contract(&table("root = \"r\"", "xml", value));
        assert_eq!(rows(&contract, document, "t"), [expected], "{value}");
    }
    let contract =
        contract(&table("root = \"r\"", "nvarchar(max)", "CAST(INNER_XML(a[1]) AS xml)"));
    assert_eq!(rows(&contract, document, "t"), ["<x:b xmlns:x=\"urn:x\"/>"]);
}

/// What is measured, compared or looked up is the markup as it is written.
#[test]
fn markup_is_carried_only_where_it_becomes_xml() {
    let document = "<r xmlns:x='urn:x1'><a><x:b/></a></r>";
    for (value, expected) in [
        ("CAST(LEN(INNER_XML(a)) AS varchar(9))", "6"),
        ("CASE WHEN LEN(INNER_XML(a)) = 6 THEN INNER_XML(a) END", "<x:b xmlns:x=\"urn:x1\"/>"),
        ("CASE WHEN INNER_XML(a) = '<x:b/>' THEN 'same' END", "same"),
        ("CASE INNER_XML(a) WHEN '<x:b/>' THEN 'same' END", "same"),
        ("CASE WHEN INNER_XML(a) LIKE '%urn%' THEN 'carried' ELSE 'written' END", "written"),
        ("LOOKUP('markup', INNER_XML(a))", "found"),
        ("COALESCE(DIGITS(INNER_XML(a)), 'none')", "none"),
        ("NULLIF('<x:b/>', INNER_XML(a))", "-"),
        ("REPLACE('<x:b/>', INNER_XML(a), 'gone')", "gone"),
        ("CONCAT(LEN(INNER_XML(a)), INNER_XML(a))", "6<x:b xmlns:x=\"urn:x1\"/>"),
        ("CAST(COUNT(a, NULLIF(INNER_XML(.), '<x:b/>')) AS varchar(9))", "0"),
        ("MAX(a, INNER_XML(.))", "<x:b xmlns:x=\"urn:x1\"/>"),
    ] {
        let lookup = "[lookups.markup]\nvalues = { \"<x:b/>\" = \"found\" }";
        let lookup = if value.starts_with("LOOKUP") { lookup } else { "" };
        let contract = contract(&table(&format!("root = \"r\"\n{lookup}"), "xml", value));
        assert_eq!(rows(&contract, document, "t"), [expected], "{value}");
    }
}

#[test]
fn case_22_xml_in_a_text_loses_its_declaration() {
    let contract = contract(&table("root = \"msg\"", "xml", "payload"));
    let of = |payload: &str| format!("<msg><payload>{payload}</payload></msg>");
    let declared = "<![CDATA[<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<order id=\"9\"/>]]>";
    for (payload, expected) in [
        (declared, "<order id=\"9\"/>"),
        ("&lt;a/&gt;text", "<a/>text"),
        (" ", "-"),
        ("<![CDATA[<?xml version=\"1.0\"?>]]>", "-"),
    ] {
        assert_eq!(rows(&contract, &of(payload), "t"), [expected], "{payload}");
    }
    for (payload, reason) in [
        ("a &lt; b &amp;", ""),
        (
            "<![CDATA[<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>]]>",
            "a DOCTYPE is not",
        ),
        ("&lt;a&gt;", "never closed"),
        ("&lt;x:a/&gt;", "is not declared"),
    ] {
        let failure = failure(&contract, &of(payload));
        assert_eq!(failure.category, FailureCategory::BadValue, "{payload}");
        assert!(failure.reason.contains(reason), "{payload}: {}", failure.reason);
    }
    let deep =
        |depth: usize| of(&format!("{}{}", "&lt;a&gt;".repeat(depth), "&lt;/a&gt;".repeat(depth)));
    assert_eq!(rows(&contract, &deep(128), "t").len(), 1);
    assert!(failure(&contract, &deep(129)).reason.contains("nested more than 128 deep"));
}

#[test]
fn case_16_a_doctype_that_changes_no_value_is_skipped() {
    let contract = contract(
        "[contract]\nname = \"dblp\"\n[document]\nroot = \"dblp\"\n[[tables]]\nname = \"author\"\n\
         each = \"/dblp/article/author\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\nauthor = { type = \"nvarchar(100)\", value = \".\" }\n",
    );
    let of = |doctype: &str, author: &str| {
        format!("{doctype}<dblp><article><author>{author}</author></article></dblp>")
    };
    for subset in [
        "",
        "<!ELEMENT dblp ANY><!ELEMENT article ANY><!ELEMENT author (#PCDATA)>",
        "<!ATTLIST article key CDATA #REQUIRED>",
        "<!-- ]> <!ENTITY e 'x'> -->",
    ] {
        let document = of(&format!("<!DOCTYPE dblp [{subset}]>"), "x");
        assert_eq!(rows(&contract, &document, "author"), ["x"], "{subset}");
    }
    for (doctype, author, reason) in [
        (
            "<!DOCTYPE dblp SYSTEM \"dblp.dtd\">",
            "J&uuml;rgen",
            "\"&uuml\" refers to an entity of a DTD",
        ),
        ("", "a&#x1F;b", "\"&#x1F\" refers to the character U+001F, which is not allowed"),
        ("", "a&#31;b", "refers to the character U+001F, which is not allowed"),
        ("", "AT&T", "is not a character reference or one of"),
        ("", "a &", "is not a character reference or one of"),
        ("", "a&#x;", "is not a character reference or one of"),
        (
            "<!DOCTYPE dblp [<!ENTITY uuml '&#252;'>]>",
            "J&uuml;rgen",
            "declares the entity \"uuml\"",
        ),
        (
            "<!DOCTYPE dblp [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
            "&x;",
            "declares the entity \"x\"",
        ),
        (
            "<!DOCTYPE dblp [<!ENTITY % p SYSTEM 'http://example.invalid/'> %p;]>",
            "x",
            "the entity \"p\"",
        ),
        ("<!DOCTYPE dblp [<!ATTLIST article key CDATA 'k'>]>", "x", "gives an attribute a default"),
    ] {
        let failure = failure(&contract, &of(doctype, author));
        assert_eq!(failure.category, FailureCategory::MalformedXml, "{doctype}{author}");
        assert!(failure.reason.contains(reason), "{doctype}{author}: {}", failure.reason);
    }
}

#[test]
fn a_full_check_knows_the_same_doctypes() {
    let contract = contract(&table("root = \"r\"\ncheck = \"full\"", "int", "@x"));
    for doctype in [
        "<!DOCTYPE r []>",
        "<!DOCTYPE r SYSTEM 'a[b].dtd' [<!ELEMENT r ANY>] >",
        "<!DOCTYPE r [<!ATTLIST r x CDATA #IMPLIED>]>",
    ] {
        assert_eq!(rows(&contract, &format!("{doctype}<r x='1'/>"), "t"), ["1"], "{doctype}");
    }
    let failure = failure(&contract, "<!DOCTYPE r SYSTEM [<!ELEMENT r ANY>]><r/>");
    assert!(failure.reason.contains("the DOCTYPE must be"), "{}", failure.reason);
}
