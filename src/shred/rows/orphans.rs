//! Rows whose parent row was dropped.

use std::collections::HashSet;

use super::rule_rows::RuleRows;
use crate::contract::plan::Rule;
use crate::shred::capture::Captures;

/// Drops the rows of a rule that lie in no element with a row in the parent table.
pub(super) fn drop_orphans(rules: &mut [RuleRows], index: usize, rule: &Rule, captures: &Captures) {
    let has_all_rows = |(parent, _): &(usize, u32)| rules[*parent].empty_frames.is_empty();
    if rule.parents.is_empty() || rule.parents.iter().any(has_all_rows) {
        return;
    }
    let empty: Vec<(HashSet<u32>, u32)> = rule
        .parents
        .iter()
        .map(|(parent, hops)| (rules[*parent].empty_frames.iter().copied().collect(), *hops))
        .collect();
    let made = &mut rules[index];
    for row in &mut made.rows {
        let is_empty =
            |(frames, hops): &(HashSet<u32>, u32)| frames.contains(&captures.up(row.frame, *hops));
        if empty.iter().all(is_empty) {
            row.dropped = true;
            made.empty_frames.push(row.frame);
        }
    }
}
