//! XML itself: which texts are well-formed, and which a column of the type `xml` takes.

mod check;
mod doctype;
mod fragment;
mod markup;
mod names;
mod namespaces;
mod prolog;
mod reference;
mod server;
mod tag;

pub(crate) use check::{check_document, markup_end};
pub(crate) use doctype::{past_doctype, DoctypeError, DECLARATION};
pub(crate) use fragment::fragment;
pub(crate) use names::is_name;
pub(crate) use namespaces::{XML, XMLNS};
pub(crate) use reference::{allowed, forbidden, reference, wrong_reference};

/// White space (production 3, S).
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
