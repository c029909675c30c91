//! An element's own text, joined from the pieces between its children.

use super::events::Events;
use super::state::{Run, Walk};
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
        let (start, at) = self.begin_merge(run, from)?;
        let scratch = &mut self.state.captures.scratch;
        if cdata {
            text::append_cdata(&self.text[from..to], from, scratch)?;
        } else {
            text::append(&self.text[from..to], from, scratch)?;
        }
        let end = scratch.len() as u32;
        self.top().run = Run::Merged { start, end, at };
        Ok(())
    }

    /// Brings a run to the end of the scratch buffer, where it can grow. Returns where it starts
    /// there and where it is in the document.
    fn begin_merge(&mut self, run: Run, from: usize) -> Result<(u32, u32)> {
        let scratch = &mut self.state.captures.scratch;
        let begin = scratch.len() as u32;
        match run {
            Run::Nothing => Ok((begin, from as u32)),
            Run::Piece { start, end } => {
                let piece = &self.text[start as usize..end as usize];
                text::append(piece, start as usize, scratch)?;
                Ok((begin, start))
            }
            Run::Merged { start, end, at } if end == begin => Ok((start, at)),
            // An element inside has put its own text behind this one's.
            Run::Merged { start, end, at } => {
                scratch.extend_from_within(start as usize..end as usize);
                Ok((begin, at))
            }
        }
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
