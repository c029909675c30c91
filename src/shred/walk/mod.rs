//! One pass over a document: elements matched against the plan, what the contract reads captured,
//! everything else balanced and skipped.

mod ancestors;
mod declarations;
mod end;
mod events;
mod gather;
mod matches;
mod namespace;
mod own_text;
mod skip;
mod start;
mod state;

use declarations::Namespaces;
pub(super) use events::{Element, Events, Tag};
use state::{Live, Open};
pub(super) use state::{State, Walk};

use super::fault::{Result, ShredFault};
use super::limits::Limits;
use super::masks::Looks;
use super::meter::Meter;
use super::scan::{name_length, Markup, Scanner};
use crate::contract::model::Check;
use crate::contract::plan::Plan;
use crate::reason::{known, quoted, reason};
use crate::value::xml::{self, past_doctype, DECLARATION};

/// Bytes of the document between two looks at the clock.
const LOOK: usize = 64 << 10;

impl<'d, 'p, 's, E: Events> Walk<'d, 'p, 's, E> {
    pub fn new(
        plan: &'p Plan,
        text: &'d str,
        limits: &'p Limits,
        state: &'s mut State,
        events: &'s mut E,
        meter: &'p Meter<'p>,
    ) -> Self {
        state.begin(plan);
        let checks = plan.check == Check::Full;
        Self {
            watches: !plan.nodes[0].descendants.is_empty()
                || !plan.nodes[0].any_descendants.is_empty(),
            scanner: Scanner::new(text, if checks { Looks::ForAll } else { Looks::ForTags }),
            checks,
            plan,
            text,
            limits,
            state,
            events,
            meter,
            rooted: false,
            declared: false,
            namespaces: Namespaces::default(),
        }
    }

    /// Walks to the end, or to the first thing that makes the document no document.
    pub fn run(mut self) -> Result<()> {
        let mut at = 0;
        let mut look_at = LOOK;
        while let Some(markup) = self.scanner.next_markup(at) {
            self.meter.reach(markup);
            if markup >= look_at {
                self.meter.look()?;
                look_at = markup + LOOK;
            }
            self.between(at, markup)?;
            at = self.markup(markup)?;
            if self.state.open.last().is_some_and(|top| top.dead) {
                at = self.pass_over(at)?;
            }
            if self.events.done(&self.state.captures) {
                return Ok(());
            }
        }
        self.between(at, self.text.len())?;
        self.state.checks.doubt |= self.checks && self.scanner.finds_wrong();
        if let Some(open) = self.state.open.last() {
            return Err(ShredFault::malformed(
                open.name_start as usize - 1,
                reason!(
                    "the element {} is never closed: add its end tag",
                    quoted(self.name(*open))
                ),
            ));
        }
        if !self.rooted {
            return Err(ShredFault::malformed(
                self.text.len(),
                "the document has no element: it is empty or cut off",
            ));
        }
        if self.plan.gathers {
            let State { captures, pending, .. } = &mut *self.state;
            gather::gather(self.plan, self.text, captures, pending, self.meter)?;
        }
        self.release_pending(0, 0)
    }

    fn bytes(&self) -> &'d [u8] {
        self.text.as_bytes()
    }

    fn name(&self, open: Open) -> &'d str {
        &self.text[open.name_start as usize..open.name_end as usize]
    }

    /// Text between two pieces of markup.
    #[inline]
    fn between(&mut self, from: usize, to: usize) -> Result<()> {
        if from == to {
            return Ok(());
        }
        if self.state.open.is_empty() {
            let outside = &self.text[from..to];
            let stray = outside.trim_start_matches([' ', '\t', '\r', '\n']);
            if !stray.is_empty() {
                return Err(ShredFault::malformed(
                    to - stray.len(),
                    "text outside the root element: remove it",
                ));
            }
            return Ok(());
        }
        if self.top().wants_text {
            self.add_text(from, to, false)?;
        }
        Ok(())
    }

    fn top(&mut self) -> &mut Live {
        self.state.live.last_mut().expect("the document's entry is never removed")
    }

    #[inline]
    fn check_length(&self, from: usize, to: usize) -> Result<()> {
        match to - from > self.limits.text_bytes {
            true => Err(ShredFault::long_text(from, to - from, self.limits)),
            false => Ok(()),
        }
    }

    /// Handles the markup at `at` and returns where it ends.
    #[inline]
    fn markup(&mut self, at: usize) -> Result<usize> {
        match self.scanner.markup(at) {
            Markup::Start => self.start(at),
            Markup::End => self.end(at),
            Markup::Declaration => self.declaration(at),
            other => {
                let end = self.past(at, other)?;
                if other == Markup::CData {
                    self.cdata(at, end)?;
                }
                Ok(end)
            }
        }
    }

    /// Where the comment, CDATA section or instruction at `at` ends.
    fn past(&mut self, at: usize, markup: Markup) -> Result<usize> {
        if markup == Markup::Instruction && at > 0 && self.is_xml_declaration(at) {
            return Err(ShredFault::malformed(
                at,
                "an XML declaration is only allowed at the very beginning of a document: remove it, \
                 or what is before it",
            ));
        }
        let Some(end) = self.scanner.past(at, markup) else {
            let what = match markup {
                Markup::Comment => "comment",
                Markup::CData => "CDATA section",
                _ => "processing instruction",
            };
            let reason = reason!("the {} is never closed: close it", known(what));
            return Err(ShredFault::malformed(at, reason));
        };
        if self.checks && markup != Markup::CData {
            self.state.checks.doubt |= xml::markup_end(self.text, at) != Some(end);
        }
        Ok(end)
    }

    fn is_xml_declaration(&self, at: usize) -> bool {
        let target = &self.bytes()[at + 2..];
        target.starts_with(b"xml") && name_length(target) == 3
    }

    fn declaration(&mut self, at: usize) -> Result<usize> {
        if self.rooted {
            return Err(ShredFault::malformed(at, DECLARATION));
        }
        let past = past_doctype(self.bytes(), at);
        let end = past.map_err(|error| ShredFault::malformed(at, error.reason()))?;
        self.scanner.pass(at, end);
        let is_second = std::mem::replace(&mut self.declared, true);
        self.state.checks.doubt |= is_second || xml::markup_end(self.text, at) != Some(end);
        Ok(end)
    }
}
