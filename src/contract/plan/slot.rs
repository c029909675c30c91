//! Places that captured values go to, as expressions see them.

/// A slot as an expression of a row reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotRef {
    pub frame: FrameRef,
    pub slot: u32,
}

/// A frame as seen from a row's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameRef {
    /// This many frames up; 0 is the row's own.
    Up(u32),
    Document,
}
