//! Comments, CDATA sections and processing instructions (XML 1.0, 2.5 to 2.7): each begins at the start of a
//! text, and its length in bytes is returned.

use memchr::memchr_iter;

use super::names::is_plain_name;
use super::BLANKS;
use crate::reason::{quoted, reason, Reason};

/// The length of a comment.
///
/// # Errors
/// What is wrong with it.
pub(super) fn comment(text: &str) -> Result<usize, Reason> {
    const OPEN: usize = "<!--".len();
    let body = &text.as_bytes()[OPEN..];
    let mut dashes = memchr_iter(b'-', body);
    let Some(dashes) = dashes.find(|dash| body.get(dash + 1) == Some(&b'-')) else {
        return Err("the comment is never closed: end it with -->".into());
    };
    match text[OPEN + dashes..].starts_with("-->") {
        true => Ok(OPEN + dashes + "-->".len()),
        false => Err("-- is not allowed in a comment: remove it".into()),
    }
}

/// The length of a CDATA section.
///
/// # Errors
/// It is never closed.
pub(super) fn cdata(text: &str) -> Result<usize, Reason> {
    let close = text.find("]]>").map(|at| at + "]]>".len());
    close.ok_or_else(|| "the CDATA section is never closed: end it with ]]>".into())
}

/// The length of a processing instruction.
///
/// # Errors
/// It is never closed, or its target is not a name or reserved.
pub(super) fn instruction(text: &str) -> Result<usize, Reason> {
    let Some(content) = text[2..].find("?>").map(|length| &text[2..2 + length]) else {
        return Err("the processing instruction is never closed: end it with ?>".into());
    };
    let target = content.split(BLANKS).next().unwrap_or_default();
    match is_plain_name(target) && !target.eq_ignore_ascii_case("xml") {
        true => Ok(content.len() + "<??>".len()),
        false => Err(reason!(
            "{} cannot be the target of a processing instruction: it must be a name, directly after \
             <?, and not xml",
            quoted(target)
        )),
    }
}
