//! Values of the type `xml`, as SQL Server takes them.

use super::check::{check, Kind};
use crate::reason::Reason;

/// The text without its XML declaration, which would name another encoding than that in which it travels.
///
/// # Errors
/// Why SQL Server would not take it.
pub(crate) fn fragment(text: &str) -> Result<&str, Reason> {
    let fragment = without_declaration(text);
    match check(fragment, Kind::Fragment) {
        Ok(()) => Ok(fragment),
        Err((_, reason)) => Err(reason),
    }
}

/// The text behind a declaration and the white space after it.
fn without_declaration(text: &str) -> &str {
    const BLANKS: [char; 5] = [' ', '\t', '\n', '\r', '\u{feff}'];
    let declared = text.trim_start_matches(BLANKS).strip_prefix("<?xml");
    match declared.filter(|rest| rest.starts_with(BLANKS)).and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest.trim_start_matches(BLANKS),
        None => text.trim_start_matches('\u{feff}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_left_out_and_nothing_else() {
        for (text, expected) in [
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a/>", "<a/>"),
            ("\n <?xml version='1.0'?><a/>x", "<a/>x"),
            ("\u{feff}<a/>", "<a/>"),
            (" text <b/> and <b/> ", " text <b/> and <b/> "),
            ("<?xml-stylesheet href='x'?><a/>", "<?xml-stylesheet href='x'?><a/>"),
            (
                "<x:a xmlns:x='urn:x' x:b='1' xml:lang='de'/>",
                "<x:a xmlns:x='urn:x' x:b='1' xml:lang='de'/>",
            ),
            ("&lt;&#65;<![CDATA[&<]]><!-- & -->", "&lt;&#65;<![CDATA[&<]]><!-- & -->"),
        ] {
            assert_eq!(fragment(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_the_server_would_refuse_is_refused() {
        for (text, reason) in [
            ("a < b & c", ""),
            ("a & b", ""),
            ("<a>", "never closed"),
            ("<a></b>", ""),
            ("</a>", ""),
            ("<a b=1/>", "attributes"),
            ("<a b='1' b='2'/>", "attributes"),
            ("<a b='<'/>", "not allowed in an attribute"),
            ("<x:a/>", "prefix of \"x:a\" is not declared"),
            ("<a x:b='1'/>", "prefix of \"x:b\" is not declared"),
            ("&nbsp;", "an entity of a DTD"),
            ("&#x1F;", "refers to the character U+001F"),
            ("<a/>\u{1}", "U+0001"),
            ("a]]>b", "]]> is not allowed"),
            ("<a/><?xml version='1.0'?>", "only allowed at the beginning"),
            ("<!DOCTYPE a><a/>", "a DOCTYPE is not allowed"),
            ("<?xml version='1.0'?><!DOCTYPE a><a/>", "a DOCTYPE is not allowed"),
            ("<1a/>", ""),
            ("<!-- a -- b -->", ""),
        ] {
            let found = fragment(text).expect_err(text);
            assert!(found.text().contains(reason), "{text}: {found}");
        }
    }

    #[test]
    fn elements_are_nested_128_deep_at_most() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(fragment(&nested(128)).is_ok());
        let found = fragment(&nested(129)).expect_err("too deep");
        assert_eq!(found.text(), "elements are nested more than 128 deep");
        assert!(fragment(&format!("{}<b/>{}", "<a>".repeat(128), "</a>".repeat(128))).is_err());
    }
}
