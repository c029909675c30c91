//! The DOCTYPE, which declares nothing that a document's values depend on.

use memchr::{memchr, memmem};

use super::names;
use super::BLANKS;
use crate::reason::{self, reason, Reason};

/// The reason of a declaration that is not the DOCTYPE before the root element.
pub(crate) const DECLARATION: &str = "a declaration is not allowed here: remove it";

/// Why a declaration is not one that may be skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DoctypeError {
    NotDoctype,
    Unclosed,
    /// It declares an entity of this name.
    Entity(String),
    /// It reads a parameter entity.
    ParameterEntity,
    /// It gives an attribute a value where a document has none.
    AttributeDefault,
    /// Something in the brackets is not a declaration.
    Subset,
}

impl DoctypeError {
    /// What is wrong, and what to do.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotDoctype => DECLARATION.into(),
            Self::Unclosed => "the DOCTYPE is never closed: end it with >".into(),
            Self::Entity(name) => reason!(
                "the DOCTYPE declares the entity {}, which is refused, because entities are not \
                 expanded: remove the declaration, and write what the entity is for",
                reason::quoted(name)
            ),
            Self::ParameterEntity => "the DOCTYPE reads a parameter entity, which is refused, because \
                                      entities are not expanded: remove the reference"
                .into(),
            Self::AttributeDefault => {
                "the DOCTYPE gives an attribute a default, which would not be read: remove it, and write \
                 the attribute where it is meant"
                    .into()
            }
            Self::Subset => "the DOCTYPE has something in its brackets that is not a declaration of an \
                             element, an attribute or a notation: remove it"
                .into(),
        }
    }
}

/// Just past the DOCTYPE at `at`. Elements, attributes without defaults and notations may be declared in it:
/// their values are read as they are written, also where a declared type would take blanks away.
pub(crate) fn past_doctype(document: &[u8], at: usize) -> Result<usize, DoctypeError> {
    let body = &document[at..];
    if !body.starts_with(b"<!DOCTYPE") {
        return Err(DoctypeError::NotDoctype);
    }
    let mut offset = 1;
    while let Some(&byte) = body.get(offset) {
        offset += match byte {
            b'"' | b'\'' => quoted(&body[offset..]).ok_or(DoctypeError::Unclosed)?,
            b'[' => 1 + subset(&body[offset + 1..])?,
            b'<' => return Err(DoctypeError::Unclosed),
            b'>' => return Ok(at + offset + 1),
            _ => 1,
        };
    }
    Err(DoctypeError::Unclosed)
}

/// The length of a text in quotes.
fn quoted(text: &[u8]) -> Option<usize> {
    Some(memchr(text[0], &text[1..])? + 2)
}

/// The length of what is in the brackets, with the one that closes.
fn subset(text: &[u8]) -> Result<usize, DoctypeError> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        at += match byte {
            b']' => return Ok(at + 1),
            byte if BLANKS.contains(&char::from(byte)) => 1,
            b'%' => return Err(DoctypeError::ParameterEntity),
            _ if rest.starts_with(b"<!--") => past(rest, 4, b"-->")?,
            _ if rest.starts_with(b"<?") => past(rest, 2, b"?>")?,
            _ if rest.starts_with(b"<!ENTITY") => return Err(entity(&rest[8..])),
            _ if rest.starts_with(b"<!ELEMENT") || rest.starts_with(b"<!NOTATION") => {
                declaration(rest)?.0
            }
            _ if rest.starts_with(b"<!ATTLIST") => match declaration(rest)? {
                (length, false) => length,
                (_, true) => return Err(DoctypeError::AttributeDefault),
            },
            _ => return Err(DoctypeError::Subset),
        };
    }
    Err(DoctypeError::Unclosed)
}

/// The length of what begins with so many bytes, which are no part of what closes it.
fn past(text: &[u8], opening: usize, close: &[u8]) -> Result<usize, DoctypeError> {
    let found = memmem::find(&text[opening..], close).ok_or(DoctypeError::Unclosed)?;
    Ok(opening + found + close.len())
}

/// The length of a declaration, and whether it has a text in quotes.
fn declaration(text: &[u8]) -> Result<(usize, bool), DoctypeError> {
    let (mut at, mut has_text) = (1, false);
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'>' => return Ok((at + 1, has_text)),
            b'<' => return Err(DoctypeError::Subset),
            b'%' => return Err(DoctypeError::ParameterEntity),
            b'"' | b'\'' => {
                has_text = true;
                quoted(&text[at..]).ok_or(DoctypeError::Unclosed)?
            }
            _ => 1,
        };
    }
    Err(DoctypeError::Unclosed)
}

/// The error for a declaration of an entity, which goes on like this.
fn entity(text: &[u8]) -> DoctypeError {
    let name = text.trim_ascii_start();
    let name = name.strip_prefix(b"%").map_or(name, |name| name.trim_ascii_start());
    let name = String::from_utf8_lossy(&name[..name.len().min(100)]);
    DoctypeError::Entity(name[..names::length(&name)].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{past_doctype, DoctypeError};

    #[test]
    fn what_changes_no_value_is_skipped() {
        for doctype in [
            "<!DOCTYPE r>",
            "<!DOCTYPE r SYSTEM 'a]>b'>",
            "<!DOCTYPE r []>",
            "<!DOCTYPE r SYSTEM \"r.dtd\" [ ] >",
            "<!DOCTYPE r [<!ELEMENT r (a|b)*>\n<!ATTLIST r x CDATA #REQUIRED y (a|b) #IMPLIED>]>",
            "<!DOCTYPE r [<!NOTATION n SYSTEM 'a>]b'><?p ]>?><!-- ]> <!ENTITY e 'x'> -->]>",
        ] {
            let document = format!("{doctype}<r/>");
            assert_eq!(past_doctype(document.as_bytes(), 0), Ok(doctype.len()), "{doctype}");
        }
    }

    #[test]
    fn entities_and_defaults_are_refused_by_name() {
        let entity = |name: &str| DoctypeError::Entity(name.to_owned());
        for (doctype, expected) in [
            ("<!DOCTYPE r [<!ENTITY e 'x'>]>", entity("e")),
            (
                "<!DOCTYPE r [<!ELEMENT r ANY><!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]>",
                entity("p"),
            ),
            ("<!DOCTYPE r [%p;]>", DoctypeError::ParameterEntity),
            ("<!DOCTYPE r [<!ELEMENT r %p;>]>", DoctypeError::ParameterEntity),
            ("<!DOCTYPE r [<!ATTLIST r x CDATA 'default'>]>", DoctypeError::AttributeDefault),
            ("<!DOCTYPE r [<!ATTLIST r x CDATA #FIXED \"1\">]>", DoctypeError::AttributeDefault),
            ("<!DOCTYPE r [<![INCLUDE[]]>]>", DoctypeError::Subset),
            ("<!DOCTYPE r [x]>", DoctypeError::Subset),
            ("<!DOCTYPE r [<!ELEMENT r <a>]>", DoctypeError::Subset),
            ("<!DOCTYPE r [", DoctypeError::Unclosed),
            ("<!DOCTYPE r [<!-- ]>", DoctypeError::Unclosed),
            ("<!DOCTYPE r [<!-->]>", DoctypeError::Unclosed),
            ("<!DOCTYPE r [<!--->]>", DoctypeError::Unclosed),
            ("<!DOCTYPE r [<?>]>", DoctypeError::Unclosed),
            ("<!DOCTYPE r 'a>", DoctypeError::Unclosed),
            ("<!DOCTYPE r <r/>", DoctypeError::Unclosed),
            ("<!ELEMENT r ANY>", DoctypeError::NotDoctype),
        ] {
            assert_eq!(past_doctype(doctype.as_bytes(), 0), Err(expected), "{doctype}");
        }
    }
}
