//! One attribute.

use super::text;
use crate::contract::plan::Name;

/// One attribute by its offsets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute {
    pub hash: u32,
    pub name_start: u32,
    pub name_end: u32,
    pub start: u32,
    pub end: u32,
}

impl Attribute {
    pub fn name<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.name_start as usize..self.name_end as usize]
    }

    /// Whether the raw value is the value: no reference, no white space to normalise, and
    /// nothing that XML may not allow. Most values are never read, so that it is not decided before.
    #[inline]
    pub fn is_plain(&self, document: &str) -> bool {
        text::is_plain(document, self.start as usize..self.end as usize)
    }

    /// The name, to be looked up.
    #[inline(always)]
    pub fn key<'b>(&self, bytes: &'b [u8]) -> Name<'b> {
        Name::within(bytes, self.name_start as usize, self.name_end as usize)
    }
}
