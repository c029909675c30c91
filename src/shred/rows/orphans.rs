//! Rows whose parent row was dropped.

use super::parent::frames;
use super::rule_rows::RuleRows;
use crate::contract::plan::{ParentLink, Rule};
use crate::shred::capture::Captures;

/// Drops the rows of a rule that lie in no element with a row in the parent table.
pub(super) fn drop_orphans(rules: &mut [RuleRows], index: usize, rule: &Rule, captures: &Captures) {
    let has_all_rows = |(parent, _): &(usize, ParentLink)| rules[*parent].empty_frames.is_empty();
    if rule.parents.iter().all(has_all_rows) {
        return;
    }
    let sorted = |(parent, link): &(usize, ParentLink)| {
        let mut frames = rules[*parent].empty_frames.clone();
        frames.sort_unstable();
        (frames, *link)
    };
    let empty: Vec<(Vec<u32>, ParentLink)> = rule.parents.iter().map(sorted).collect();
    let made = &mut rules[index];
    for row in &mut made.rows {
        let (mut around, mut with_row) = (0, 0);
        for (empty, link) in &empty {
            let chosen = frames(*link, row.frame, captures).filter(|f| !captures.is_refused(*f));
            for frame in chosen {
                around += 1;
                with_row += usize::from(empty.binary_search(&frame).is_err());
            }
        }
        if around > 0 && with_row == 0 {
            row.dropped = true;
            made.empty_frames.push(row.frame);
        }
    }
}
