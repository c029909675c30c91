//! What a walk reports while elements start and end.

use crate::contract::plan::Op;
use crate::shred::attributes::Attributes;
use crate::shred::capture::Captures;
use crate::shred::fault::Result;

/// Decides predicates and takes the rows that a walk finds.
pub trait Events {
    /// Whether a predicate holds for the element.
    fn holds(&mut self, condition: &Op, element: Element<'_>) -> Result<bool>;

    /// A row of a rule has everything it reads. Its failure does not end the walk.
    fn row(&mut self, rule: usize, frame: u32, captures: &Captures) -> Result<()>;

    /// Whether the walk may stop, because what was wanted is known.
    fn done(&self, _captures: &Captures) -> bool {
        false
    }
}

/// The element that a predicate is about.
pub enum Element<'a> {
    Begins(Tag<'a>),
    Ends { frame: u32, captures: &'a Captures },
}

/// The start tag of an element.
pub struct Tag<'a> {
    pub text: &'a str,
    pub attributes: &'a Attributes,
}
