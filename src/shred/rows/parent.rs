//! The rows of the parent table that the rows of a rule lie in, for `PARENT(column)`.

use super::rule_rows::RuleRows;
use crate::contract::plan::{ParentLink, Plan, Rule};
use crate::shred::capture::Captures;
use crate::shred::evaluate::ParentRow;
use crate::shred::fault::Result;
use crate::shred::meter::Meter;

/// Frames of the parent's elements around a row's, the innermost first.
pub(super) fn frames(
    link: ParentLink,
    frame: u32,
    captures: &Captures,
) -> impl Iterator<Item = u32> + '_ {
    let (up, slot) = match link {
        ParentLink::Up(hops) => (Some(captures.up(frame, hops)), None),
        ParentLink::Around(slot) => (None, Some(slot)),
    };
    let around = slot.into_iter().flat_map(move |slot| captures.all(frame, slot));
    up.into_iter().chain(around.map(|node| node.start))
}

/// The rows of the rules of a parent table, by the frames of their elements.
pub(super) struct ParentRows<'r> {
    rules: Vec<Found<'r>>,
}

struct Found<'r> {
    rule: &'r Rule,
    link: ParentLink,
    values: &'r RuleRows,
    /// Frame and number of each row, in the order of the frames.
    by_frame: Vec<(u32, u32)>,
}

impl<'r> ParentRows<'r> {
    pub fn of(
        rule: &Rule,
        plan: &'r Plan,
        rows: &'r [RuleRows],
        meter: &Meter<'_>,
    ) -> Result<Self> {
        let mut rules = Vec::new();
        for (parent, link) in rule.parents.iter().filter(|_| rule.reads_parent) {
            let made = &rows[*parent];
            meter.pass(made.rows.len() * size_of::<(u32, u32)>())?;
            let numbers = made.rows.iter().zip(0..);
            let mut by_frame: Vec<(u32, u32)> = numbers.map(|(row, n)| (row.frame, n)).collect();
            by_frame.sort_unstable();
            let rule = &plan.rules[*parent];
            rules.push(Found { rule, link: *link, values: made, by_frame });
        }
        Ok(Self { rules })
    }

    /// The row of the innermost element around a row's.
    pub fn around(&self, frame: u32, captures: &Captures) -> Option<ParentRow<'_>> {
        let of_rules = self.rules.iter().filter_map(|found| {
            frames(found.link, frame, captures).find_map(|frame| {
                let start = found.by_frame.partition_point(|(known, _)| *known < frame);
                let rest = &found.by_frame[start..];
                let numbers = &rest[..rest.partition_point(|(known, _)| *known == frame)];
                let (rule, values) = (found.rule, found.values.values.as_slice());
                let row = ParentRow { rule, values, numbers };
                (!numbers.is_empty()).then_some((captures.frame(frame).at, row))
            })
        });
        of_rules.max_by_key(|(at, _)| *at).map(|(_, row)| row)
    }
}
