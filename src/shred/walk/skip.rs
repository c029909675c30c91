//! Parts that no path reads: tags are balanced, nothing else is looked at.

use super::events::Events;
use super::state::{Open, Walk};
use crate::contract::plan::Name;
use crate::shred::fault::{Result, ShredFault};
use crate::shred::scan::Markup;
use crate::value::xml::DECLARATION;

impl<E: Events> Walk<'_, '_, '_, E> {
    /// Balances tags until the outermost element that nothing reads has ended, or a `//name`
    /// begins. Returns where to continue.
    pub(super) fn pass_over(&mut self, from: usize) -> Result<usize> {
        let mut markup = self.scanner.next_markup(from);
        while let Some(at) = markup {
            let next = self.scanner.near_markup(at + 1);
            markup = match self.scanner.markup(at) {
                Markup::End => {
                    let end = self.close_tag(at)?;
                    if !self.state.open.last().is_some_and(|top| top.dead) {
                        return Ok(end);
                    }
                    self.behind(end, next)
                }
                Markup::Start => {
                    if self.state.open.len() >= self.limits.depth {
                        return Err(self.too_deep(at));
                    }
                    let name_end = self.tag_name(at)?;
                    if self.watches && self.is_watched(at, name_end) {
                        let end = self.start(at)?;
                        if !self.state.open.last().is_some_and(|top| top.dead) {
                            return Ok(end);
                        }
                        self.scanner.next_markup(end)
                    } else {
                        self.pass_over_start(at, name_end, next)?
                    }
                }
                Markup::Declaration => return Err(ShredFault::malformed(at, DECLARATION)),
                other => {
                    let end = self.past(at, other)?;
                    self.scanner.next_markup(end)
                }
            };
        }
        Ok(self.text.len())
    }

    /// Passes over a start tag, and over the end tag that follows it at once. `next` is the next
    /// markup, and so is what is returned.
    #[inline(always)]
    fn pass_over_start(
        &mut self,
        at: usize,
        name_end: usize,
        next: Option<usize>,
    ) -> Result<Option<usize>> {
        let tag = self.rest_of_tag(at, name_end)?;
        let next = self.behind(tag.end, next);
        if tag.empty {
            return Ok(next);
        }
        if let Some((end_tag, _)) = self.leaf(Name::within(self.bytes(), at + 1, name_end), next) {
            return Ok(self.scanner.next_markup(end_tag + 1));
        }
        self.state.open.push(Open {
            name_start: at as u32 + 1,
            name_end: name_end as u32,
            dead: true,
        });
        Ok(next)
    }

    fn is_watched(&self, at: usize, name_end: usize) -> bool {
        let document = &self.plan.nodes[0];
        !document.any_descendants.is_empty()
            || document.descendants.get(self.plan_name(at, name_end)).is_some()
    }
}
