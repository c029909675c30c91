//! Parts that no path reads: tags are balanced, nothing else is looked at.

use super::events::Events;
use super::state::{Open, Walk};
use crate::contract::plan::Name;
use crate::shred::fault::{Result, ShredFault};
use crate::shred::scan::{Markup, StartTag};
use crate::value::xml::DECLARATION;

impl<E: Events> Walk<'_, '_, '_, E> {
    /// Balances tags until the outermost element that nothing reads has ended, or a `//name`
    /// begins. Returns where to continue.
    pub(super) fn pass_over(&mut self, from: usize) -> Result<usize> {
        let mut markup = self.scanner.next_markup(from);
        while let Some(at) = markup {
            let end = match self.scanner.markup(at) {
                Markup::End => {
                    let end = self.close_tag(at)?;
                    if !self.state.open.last().is_some_and(|top| top.dead) {
                        return Ok(end);
                    }
                    end
                }
                Markup::Start => {
                    if self.state.open.len() >= self.limits.depth {
                        return Err(self.too_deep(at));
                    }
                    if self.watches && self.is_watched(at, self.tag_name(at)?) {
                        let end = self.start(at)?;
                        if !self.state.open.last().is_some_and(|top| top.dead) {
                            return Ok(end);
                        }
                        end
                    } else {
                        self.pass_over_start(at)?
                    }
                }
                Markup::Declaration => return Err(ShredFault::malformed(at, DECLARATION)),
                other => self.past(at, other)?,
            };
            markup = self.scanner.next_markup(end);
        }
        Ok(self.text.len())
    }

    /// Passes over a start tag, and over the end tag that follows it at once.
    #[inline(always)]
    fn pass_over_start(&mut self, at: usize) -> Result<usize> {
        let tag = match self.checks {
            true => self.checked_tag(at)?,
            false => {
                let name_end = self.tag_name(at)?;
                self.rest_of_tag(at, name_end)?
            }
        };
        let StartTag { name_end, end, empty } = tag;
        let next = self.scanner.next_markup(end);
        let leaf = match empty {
            true => Some((end, end)),
            false => self.leaf(Name::within(self.bytes(), at + 1, name_end), next),
        };
        if let Some((_, end)) = leaf {
            self.state.checks.prefixes.leave(self.state.open.len());
            return Ok(end);
        }
        self.state.open.push(Open {
            name_start: at as u32 + 1,
            name_end: name_end as u32,
            dead: true,
        });
        Ok(end)
    }

    fn is_watched(&self, at: usize, name_end: usize) -> bool {
        let document = &self.plan.nodes[0];
        !document.any_descendants.is_empty()
            || document.descendants.get(self.plan_name(at, name_end)).is_some()
    }
}
