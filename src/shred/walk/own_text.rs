//! An element's own text, joined from the pieces between its children.

use super::events::Events;
use super::state::{Piece, Run, Walk};
use crate::shred::capture::{Node, NodeKind};
use crate::shred::fault::{Result, ShredFault};
use crate::shred::text;

impl<E: Events> Walk<'_, '_, '_, E> {
    /// Adds a piece to the innermost element's own text.
    pub(super) fn add_text(&mut self, from: usize, to: usize, cdata: bool) -> Result<()> {
        self.check_length(from, to)?;
        let run = self.top().run;
        if run == Run::Nothing && !cdata {
            self.top().run = Run::Piece { start: from as u32, end: to as u32 };
            return Ok(());
        }
        let pieces = &mut self.state.pieces;
        let first = match run {
            Run::Many { first } => first,
            Run::Nothing => pieces.len() as u32,
            Run::Piece { start, end } => {
                pieces.push(Piece { start, end, cdata: false });
                pieces.len() as u32 - 1
            }
        };
        pieces.push(Piece { start: from as u32, end: to as u32, cdata });
        self.top().run = Run::Many { first };
        Ok(())
    }

    /// Joins the pieces from `first` on, which are the last. Pieces are joined when their element
    /// ends, and each once, however much its children hold.
    pub(super) fn join(&mut self, first: u32) -> Result<Node> {
        let pieces = first as usize..self.state.pieces.len();
        let length = |piece: &Piece| (piece.end - piece.start) as usize;
        let total = self.state.pieces[pieces.clone()].iter().map(length).sum();
        let at = self.state.pieces[first as usize].start as usize;
        if total > self.limits.text_bytes {
            return Err(ShredFault::long_text(at, total, self.limits));
        }
        let taken = self.state.bytes() + total;
        self.meter.capture(taken)?;
        let scratch = &mut self.state.captures.scratch;
        let begin = scratch.len();
        for Piece { start, end, cdata } in &self.state.pieces[pieces] {
            let (start, end) = (*start as usize, *end as usize);
            match cdata {
                true => text::append_cdata(&self.text[start..end], start, scratch)?,
                false => text::append(&self.text[start..end], start, scratch)?,
            }
        }
        self.state.pieces.truncate(first as usize);
        Ok(Node::new(NodeKind::Merged, begin, self.state.captures.scratch.len(), at))
    }

    pub(super) fn cdata(&mut self, at: usize, end: usize) -> Result<()> {
        if self.state.open.is_empty() {
            return Err(ShredFault::malformed(
                at,
                "a CDATA section outside the root element: remove it",
            ));
        }
        if self.top().wants_text {
            self.add_text(at + "<![CDATA[".len(), end - "]]>".len(), true)?;
        }
        Ok(())
    }
}
