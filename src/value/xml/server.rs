//! What SQL Server asks of a value of the type `xml` beside that it is well-formed.

use super::tag::StartTag;
use crate::reason::{known, number, reason, Reason};

/// Elements inside each other (error 6335).
const DEPTH: usize = 128;

/// UTF-16 units of a name or a namespace: there is a limit (error 9461), whose number is not documented.
const NAME: usize = 4000;

/// Checks a tag that is so deep.
///
/// # Errors
/// Why SQL Server would refuse it.
pub(super) fn check(tag: &StartTag<'_>, depth: usize) -> Result<(), Reason> {
    if depth > DEPTH {
        return Err(reason!("elements are nested more than {} deep", known(DEPTH)));
    }
    check_length("a name", tag.name)?;
    for attribute in &tag.attributes {
        check_length("a name", attribute.name)?;
        // Error 9463.
        if attribute.name == "xml:space" && !matches!(&*attribute.value(), "default" | "preserve") {
            return Err("xml:space is either default or preserve: correct it".into());
        }
        if attribute.name == "xmlns" || attribute.name.starts_with("xmlns:") {
            check_length("a namespace", &attribute.value())?;
        }
    }
    Ok(())
}

fn check_length(what: &str, text: &str) -> Result<(), Reason> {
    let parts = text.split(':').map(|part| part.encode_utf16().count());
    let longest = match what {
        "a name" => parts.max().unwrap_or_default(),
        _ => text.encode_utf16().count(),
    };
    match longest > NAME {
        true => Err(reason!(
            "{} has {} characters, and {} are allowed: shorten it",
            known(what),
            number(longest),
            known(NAME)
        )),
        false => Ok(()),
    }
}
