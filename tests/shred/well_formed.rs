//! XML 1.0 and Namespaces in XML, production by production: what `check = "full"` and the type `xml` refuse.

use chrono::DateTime;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::FailureCategory;
use xmlshred::shred::{Limits, Shredder};

use super::{failure, shred, with_root};

/// A contract that checks everything, and one with a column of the type `xml`.
fn contracts() -> [std::sync::Arc<xmlshred::contract::Contract>; 2] {
    let table =
        "[[tables]]\nname = \"t\"\neach = '/r'\napp_column = \"app_id\"\n[tables.columns]\n\
                 app_id = { type = \"int\", value = \"APP_ID()\" }\n";
    [
        with_root(&format!("check = \"full\"\n{table}")),
        with_root(&format!("{table}v = {{ type = \"xml\", value = \"f\" }}\n")),
    ]
}

/// As text of an element, which is read as XML for the type `xml`.
fn escaped(fragment: &str) -> String {
    fragment.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}

/// What both refuse of this inside an element, and why.
fn refused(fragment: &str) -> [Option<String>; 2] {
    let [full, xml] = contracts();
    let document = format!("<r>{fragment}</r>");
    let in_document = shred(&full, &document).err().map(|failure| {
        assert_eq!(failure.category, FailureCategory::MalformedXml, "{document}");
        failure.reason
    });
    let document = format!("<r><f>{}</f></r>", escaped(fragment));
    let in_value = shred(&xml, &document).err().map(|failure| {
        let is_bad = [FailureCategory::BadValue, FailureCategory::MalformedXml];
        assert!(is_bad.contains(&failure.category), "{document}: {failure:?}");
        failure.reason
    });
    [in_document, in_value]
}

const WELL_FORMED: &[&str] = &[
    "text > ]] ]>",
    "&lt;&gt;&amp;&apos;&quot;&#9;&#x10FFFF;&#xE9;",
    "<a/><a /><a></a><a></a ><a\n></a\t>",
    "<a b='1'\n\tc = \"2\" d=''/>",
    "<a b='>' c='&lt;\"' d=\"'\"/>",
    "<_/><é/><a.b-c_d·1/><日本/>",
    "<!----><!-- - --><!-- <a> & ]]> -->",
    "<?p?><?p ?><?p <a> & -- ??><?xml-stylesheet href='x'?><?xmlx?>",
    "<![CDATA[]]><![CDATA[<a> & ]] ]> ]]]]>",
    "<a xml:space='default' xml:lang='' xml:other=''/><a xml:space=\"&#112;reserve\"/>",
    "<a xmlns='urn:a'><b xmlns=''/></a>",
    "<p:a xmlns:p='urn:p' p:b='1' b='2'/>",
    "<p:a xmlns:p='urn:p'><p:a xmlns:p='urn:q'/></p:a>",
    "<a xmlns:p='urn:p' xmlns:q='urn:P' p:b='1' q:b='2'/>",
    "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns:xmlp='urn:a' xmlp:b='1'/>",
    "<a xmlns='urn:a' xmlns:p='urn:a' b='1' p:b='2'/>",
];

#[test]
fn what_is_well_formed_is_taken() {
    for fragment in WELL_FORMED {
        assert_eq!(refused(fragment), [None, None], "{fragment}");
    }
}

/// Fragments, and a part of why they are refused.
const NOT_WELL_FORMED: &[(&str, &str)] = &[
    // Char (2)
    ("\u{1}", "U+0001"),
    ("\u{b}", "U+000B"),
    ("\u{fffe}", "U+FFFE"),
    ("<a b='\u{1f}'/>", "U+001F"),
    ("<!--\u{ffff}-->", "U+FFFF"),
    // Name (4, 5), NCName and QName (Namespaces, 4 and 7)
    ("<1/>", "is not a name"),
    ("<-a/>", "is not a name"),
    ("<a$/>", "is not a name"),
    ("<a·/><·a/>", "is not a name"),
    ("<:a/>", "is not a name"),
    ("<a:/>", "is not a name"),
    ("<a:b:c/>", "is not a name"),
    ("<a:1/>", "is not a name"),
    ("<a :b='1'/>", "is not a name"),
    ("<a 1='1'/>", "is not a name"),
    ("< a/>", "is not a name"),
    ("<>", "is not a name"),
    ("<a='1'/>", ""),
    // AttValue (10)
    ("<a b='<'/>", "not allowed in an attribute"),
    ("<a b='&'/>", "is not a character reference"),
    ("<a b='&b;'/>", "an entity of a DTD"),
    ("<a b='1/>", ""),
    // CharData (14)
    ("a]]>b", "]]> is not allowed"),
    ("]]]>", "]]> is not allowed"),
    ("a & b", "is not a character reference"),
    // Comment (15)
    ("<!-- a -- b -->", "-- is not allowed in a comment"),
    ("<!-- a --->", "-- is not allowed in a comment"),
    ("<!--->", ""),
    ("<!-->", ""),
    ("<!- a -->", ""),
    // PI and PITarget (16, 17)
    ("<a/><?xml version='1.0'?>", "only allowed at the beginning"),
    ("<?XML?>", "cannot be the target"),
    ("<?xMl a?>", "cannot be the target"),
    ("<? a?>", "cannot be the target"),
    ("<??>", "cannot be the target"),
    ("<?>?>", "cannot be the target"),
    ("<?<?x?>", "cannot be the target"),
    ("<?1?>", "cannot be the target"),
    ("<?a:b?>", "cannot be the target"),
    ("<?a", ""),
    // CDSect (18)
    ("<![CDATA[a]]", ""),
    ("<![cdata[a]]>", ""),
    ("<![CDATA [a]]>", ""),
    ("<![INCLUDE[a]]>", ""),
    // doctypedecl (28)
    ("<!DOCTYPE a><a/>", ""),
    ("<!ELEMENT a ANY>", ""),
    // STag, Attribute and EmptyElemTag (40, 41, 44)
    ("<a b='1'c='2'/>", "a blank is missing"),
    ("<a b=\"1\"c=\"2\"></a>", "a blank is missing"),
    ("<a/b='1'>", ""),
    ("<a b/>", "has no value in quotes"),
    ("<a b=1/>", "has no value in quotes"),
    ("<a b 'c'/>", "has no value in quotes"),
    ("<a b=/>", "has no value in quotes"),
    ("<a b='1' b='2'/>", "duplicate attribute \"b\""),
    ("<a / >", ""),
    ("<a", ""),
    // ETag (42), and element types match
    ("</a>", ""),
    ("<a>", ""),
    ("<a></b>", ""),
    ("<a></A>", ""),
    ("<a></a b='1'>", ""),
    ("<a></ a>", ""),
    ("<a><b></a></b>", ""),
    // CharRef (66)
    ("&#0;", "U+0000"),
    ("&#x1F;", "U+001F"),
    ("&#xD800;", "not"),
    ("&#x110000;", "not"),
    ("&#;", "is not a character reference"),
    ("&#x;", "is not a character reference"),
    ("&#65", "is not a character reference"),
    ("&#X41;", "is not a character reference"),
    ("&#6A;", "is not a character reference"),
    // EntityRef (68)
    ("&nbsp;", "an entity of a DTD"),
    ("&LT;", "an entity of a DTD"),
    ("&;", "is not a character reference"),
    ("& lt;", "is not a character reference"),
    // Namespaces: declared, reserved, unique
    ("<p:a/>", "is not declared"),
    ("<a p:b='1'/>", "is not declared"),
    ("<a><b xmlns:p='urn:p'/><p:c/></a>", "is not declared"),
    ("<xmlns:a/>", "is not declared"),
    ("<a xmlns:p=''/>", "cannot undo a prefix"),
    ("<a xmlns:xml='urn:a'/>", "the prefix xml stands for"),
    ("<a xmlns:xmlns='urn:a'/>", "the prefix xmlns cannot be declared"),
    ("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", "cannot be declared"),
    ("<a xmlns='http://www.w3.org/XML/1998/namespace'/>", "cannot be declared"),
    ("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", "cannot be declared"),
    ("<a xmlns='&#104;ttp://www.w3.org/2000/xmlns/'/>", "cannot be declared"),
    ("<a xmlns:p='urn:a' xmlns:p='urn:b'/>", "duplicate attribute \"xmlns:p\""),
    ("<a xmlns='urn:a' xmlns='urn:b'/>", "duplicate attribute \"xmlns\""),
    ("<a xmlns:p='urn:a' xmlns:q='urn:a' p:b='1' q:b='2'/>", "duplicate attribute \"q:b\""),
    ("<a xmlns:p='urn:a' xmlns:q='urn:&#97;' p:b='1' q:b='2'/>", "duplicate attribute \"q:b\""),
    ("<a xmlns:p='a&amp;b' xmlns:q='a&#x26;b' p:b='1' q:b='2'/>", "duplicate attribute \"q:b\""),
    ("<a xmlns:p='a b' xmlns:q='a\tb' p:b='1' q:b='2'/>", "duplicate attribute \"q:b\""),
];

#[test]
fn what_is_not_well_formed_is_refused() {
    for (fragment, reason) in NOT_WELL_FORMED {
        let [in_document, in_value] = refused(fragment);
        let in_document = in_document.unwrap_or_else(|| panic!("{fragment} in a document"));
        let in_value = in_value.unwrap_or_else(|| panic!("{fragment} in a value"));
        // Tags that do not nest are known before.
        let nests = in_document.contains(reason);
        assert!(nests || in_value.contains(reason), "{fragment}: {in_document}, {in_value}");
        assert!(in_value.contains(reason), "{fragment}: {in_value}");
    }
}

/// Tags that came before are known by their bytes, and so are the same tags in the next document.
#[test]
fn what_came_before_does_not_hide_what_is_wrong() {
    let [full, _] = contracts();
    let mut shredder = Shredder::new(full, Limits::default());
    let mut taken = |inside: &str| {
        let document = Document {
            bytes: format!("<r>{inside}</r>{}", "\n".repeat(100)).into_bytes(),
            encoding: DocumentEncoding::Utf8,
        };
        shredder.shred(AppId(1), DateTime::UNIX_EPOCH, Some(&document)).is_ok()
    };
    let usual = "<a b='1' c='2'/><a b='1'>t</a><a/><b/><a c='2' b='1'/><a b=\"1\" />\
                 <a><b xmlns:p='urn:p'/></a><a xmlns:p='urn:p' p:b='1'/>";
    let long = format!("<a {}='1' {0}s='2' b='{}'/>", "name".repeat(12), "value".repeat(20));
    let before = format!("{usual}{long}{}", WELL_FORMED.concat());
    for _ in 0..2 {
        assert!(taken(&before));
        for (fragment, _) in NOT_WELL_FORMED {
            assert!(!taken(&format!("{before}{fragment}")), "{fragment}");
        }
        for fragment in [
            long.replace("name='1'", "nams='1'"),
            long.replace("names=", "name="),
            long.replace("value'", "valu<'"),
            "<a b='1' c='2' b='1'/>".to_owned(),
            "<a b='1' c='&'/>".to_owned(),
            "<a b='1' c='2'b='1'/>".to_owned(),
            "<a b='1' c='\u{1}'/>".to_owned(),
            "<a b='1' c/>".to_owned(),
        ] {
            let is_right = fragment.contains("nams=");
            assert_eq!(taken(&format!("{before}{fragment}")), is_right, "{fragment}");
        }
    }
}

/// A document may have this: the server refuses it in a value.
#[test]
fn what_only_the_server_refuses_is_refused_in_a_value() {
    let name = |length: usize| "n".repeat(length);
    let (longest, longer) = (name(4000), name(4001));
    for taken in [
        format!("<{longest}/>"),
        format!("<p{0}:{1} xmlns:p{0}='{2}'/>", name(3999), longest, longest),
    ] {
        assert_eq!(refused(&taken), [None, None], "{taken}");
    }
    for (fragment, reason) in [
        ("<a xml:space='none'/>".to_owned(), "xml:space is either"),
        ("<a xml:space=''/>".to_owned(), "xml:space is either"),
        ("<a xml:space=' default'/>".to_owned(), "xml:space is either"),
        (format!("<{longer}/>"), "a name has 4001 characters"),
        (format!("<a {longer}='1'/>"), "a name has 4001 characters"),
        (format!("<a xmlns:{longer}='1'/>"), "a name has 4001 characters"),
        (format!("<a xmlns:p='{longer}'/>"), "a namespace has 4001 characters"),
        (format!("{}{}", "<a>".repeat(129), "</a>".repeat(129)), "nested more than 128 deep"),
    ] {
        let [in_document, in_value] = refused(&fragment);
        assert_eq!(in_document, None, "{fragment}");
        assert!(in_value.expect("refused").contains(reason), "{fragment}");
    }
}

#[test]
fn what_comes_around_the_root_element_is_checked() {
    let [full, _] = contracts();
    for document in [
        "<!-- a --><?p?>\n<r/>\n<!-- b --><?q?>\n",
        "<?xml version='1.0'?><!-- a --><!DOCTYPE r [<!-- ' --><?p '?><!ELEMENT r ANY>]><?p?><r/>",
        "<!DOCTYPE r PUBLIC '' \"it's\" [ <!NOTATION n SYSTEM '<!--'> ] ><r/>",
    ] {
        assert!(shred(&full, document).is_ok(), "{document}: {:?}", shred(&full, document));
    }
    for document in [
        "<!-- a -- b --><r/>",
        "<r/><!-- a -- b -->",
        "<r/><?XML?>",
        "<r/><!DOCTYPE r>",
        "<r/><r/>",
        "<r/>text",
        "&#32;<r/>",
        "<![CDATA[]]><r/>",
        "<r/><![CDATA[]]>",
        " <?xml version='1.0'?><r/>",
        "<!DOCTYPE r [<!-- a -- b -->]><r/>",
        "<!DOCTYPE r [<!-->]><r/>",
        "<!DOCTYPE r [<?>]><r/>",
        "<!DOCTYPE r [<?XML?>]><r/>",
        "<!DOCTYPE r [<?a:b?>]><r/>",
        "<!DOCTYPE r[]x><r/>",
        "<!DOCTYPEr><r/>",
        "<!DOCTYPE><r/>",
    ] {
        let found = failure(&full, document);
        assert_eq!(found.category, FailureCategory::MalformedXml, "{document}: {found:?}");
    }
}
