//! XML itself: which texts are well-formed, and which a column of the type `xml` takes.

mod check;
mod fragment;
mod names;
mod namespaces;
mod prolog;
mod reference;

pub(crate) use check::check_document;
pub(crate) use fragment::fragment;
pub(crate) use reference::{allowed, forbidden, reference, wrong_reference};
