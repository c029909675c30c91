//! `distinct`: of the rows with one key, one stays.

use std::cmp::Ordering;

use super::rule_rows::{Key, RuleRows};
use crate::contract::model::Keep;
use crate::contract::plan::DistinctPlan;
use crate::shred::evaluate::{Datum, Scope};
use crate::shred::fault::{Result, ShredFault};
use crate::value::{plain_text, Value};

/// Appends to the rule's keys the key by which rows are the same, and what prefers one of them.
/// Returns the key's index.
pub(super) fn add_key<'s>(
    distinct: &'s DistinctPlan,
    scope: &Scope<'s>,
    made: &mut RuleRows,
) -> Result<u32> {
    let meter = scope.setting.meter;
    let texts = &mut made.key_texts;
    let start = texts.len();
    for op in &distinct.by {
        // Null and blank are one key; a separator keeps the parts apart.
        match scope.value(op)? {
            Datum::Text(text) => {
                meter.pass(text.len())?;
                texts.push_str(text.trim_end_matches(' '));
            }
            Datum::Value(value) => texts.push_str(&plain_text(&value).unwrap_or_default()),
        }
        texts.push('\0');
    }
    let prefer = match &distinct.prefer {
        None => Datum::Value(Value::Null),
        Some(op) => {
            let value = scope.value(op)?;
            if let Datum::Text(text) = &value {
                meter.keep(text.len())?;
            }
            value.into_owned()
        }
    };
    let text = start..texts.len();
    meter.keep(size_of::<Key>() + text.len())?;
    made.keys.push(Key { text, prefer });
    Ok(made.keys.len() as u32 - 1)
}

/// Of rows with one key the preferred stays, in the place of the first. `scope` compares.
pub(super) fn drop_duplicates(
    made: &mut RuleRows,
    distinct: &DistinctPlan,
    scope: &Scope<'_>,
    width: usize,
) -> Result<()> {
    if made.rows.len() < 2 {
        return Ok(());
    }
    let key = |number: &usize| {
        let Key { text, .. } = &made.keys[made.rows[*number].key as usize];
        &made.key_texts[text.clone()]
    };
    let mut order: Vec<usize> =
        (0..made.rows.len()).filter(|number| !made.rows[*number].dropped).collect();
    // Stable: the rows of one key stay in document order.
    order.sort_by_key(key);
    let mut losers = Vec::new();
    // The first row of a key and the row that stays.
    let mut winners = Vec::new();
    let mut failed: Option<(usize, Box<ShredFault>)> = None;
    for same in order.chunk_by(|one, other| key(one) == key(other)).filter(|same| same.len() > 1) {
        let mut winner = same[0];
        for number in same[1..].iter().copied() {
            let prefer = |number: usize| &made.keys[made.rows[number].key as usize].prefer;
            let wins = match preference(scope, prefer(number), prefer(winner)) {
                Ok(Ordering::Less) => true,
                Ok(Ordering::Equal) => distinct.keep == Keep::Last,
                Ok(Ordering::Greater) => false,
                Err(fault) => {
                    // Of all, the one of the first row is reported.
                    if failed.as_ref().is_none_or(|(first, _)| number < *first) {
                        failed = Some((number, fault));
                    }
                    break;
                }
            };
            losers.push(if wins { std::mem::replace(&mut winner, number) } else { number });
        }
        if winner != same[0] {
            winners.push((same[0], winner));
        }
    }
    if let Some((_, fault)) = failed {
        return Err(fault);
    }
    if losers.is_empty() {
        return Ok(());
    }
    let mut lost: Vec<u32> = losers.iter().map(|loser| made.rows[*loser].frame).collect();
    for loser in losers {
        made.rows[loser].dropped = true;
    }
    for (first, winner) in winners {
        made.rows.swap(first, winner);
        for column in 0..width {
            made.values.swap(first * width + column, winner * width + column);
        }
        // The values move, the place in document order does not.
        made.rows[first].at = made.rows[winner].at;
    }
    let mut kept: Vec<u32> =
        made.rows.iter().filter(|row| !row.dropped).map(|row| row.frame).collect();
    kept.sort_unstable();
    lost.sort_unstable();
    lost.dedup();
    lost.retain(|frame| kept.binary_search(frame).is_err());
    made.empty_frames.append(&mut lost);
    Ok(())
}

/// Lower is better, and null is worst.
fn preference(scope: &Scope<'_>, new: &Datum<'static>, best: &Datum<'static>) -> Result<Ordering> {
    match (new.is_null(), best.is_null()) {
        (false, false) => {
            let order = scope.compare(new, best)?;
            Ok(order.unwrap_or(Ordering::Equal))
        }
        (new, best) => Ok(new.cmp(&best)),
    }
}
