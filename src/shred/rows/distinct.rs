//! `distinct`: of the rows with one key, one stays.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::rule_rows::RuleRows;
use crate::contract::model::Keep;
use crate::contract::plan::DistinctPlan;
use crate::shred::evaluate::{Datum, Scope};
use crate::shred::fault::Result;
use crate::value::{plain_text, Value};

/// The key by which rows are the same, and what prefers one of them.
pub(super) fn key<'s>(
    distinct: &'s DistinctPlan,
    scope: &Scope<'s>,
) -> Result<(String, Datum<'static>)> {
    let mut key = String::new();
    for op in &distinct.by {
        // Null and blank are one key; a separator keeps the parts apart.
        match scope.value(op)? {
            Datum::Text(text) => {
                scope.setting.meter.pass(text.len())?;
                key.push_str(text.trim_end_matches(' '));
            }
            Datum::Value(value) => key.push_str(&plain_text(&value).unwrap_or_default()),
        }
        key.push('\0');
    }
    let prefer = match &distinct.prefer {
        None => Datum::Value(Value::Null),
        Some(op) => {
            let value = scope.value(op)?;
            if let Datum::Text(text) = &value {
                scope.setting.meter.keep(text.len())?;
            }
            value.into_owned()
        }
    };
    Ok((key, prefer))
}

/// Of rows with one key the preferred stays, in the place of the first. `scope` compares.
pub(super) fn drop_duplicates(
    made: &mut RuleRows,
    distinct: &DistinctPlan,
    scope: &Scope<'_>,
    width: usize,
) -> Result<()> {
    // By key: the first row and the row that stays.
    let mut winners: HashMap<&str, (usize, usize)> = HashMap::new();
    let mut losers = Vec::new();
    for (number, row) in made.rows.iter().enumerate().filter(|(_, row)| !row.dropped) {
        let (key, prefer) = &made.keys[row.key as usize];
        let Some((_, winner)) = winners.get_mut(key.as_str()) else {
            winners.insert(key, (number, number));
            continue;
        };
        let best = &made.keys[made.rows[*winner].key as usize].1;
        let wins = match preference(scope, prefer, best)? {
            Ordering::Less => true,
            Ordering::Equal => distinct.keep == Keep::Last,
            Ordering::Greater => false,
        };
        losers.push(if wins { std::mem::replace(winner, number) } else { number });
    }
    let winners: Vec<_> = winners.into_values().collect();
    let lost: HashSet<u32> = losers.iter().map(|loser| made.rows[*loser].frame).collect();
    for loser in losers {
        made.rows[loser].dropped = true;
    }
    for (first, winner) in winners {
        if first == winner {
            continue;
        }
        made.rows.swap(first, winner);
        for column in 0..width {
            made.values.swap(first * width + column, winner * width + column);
        }
        // The values move, the place in document order does not.
        made.rows[first].at = made.rows[winner].at;
    }
    let kept: HashSet<u32> =
        made.rows.iter().filter(|row| !row.dropped).map(|row| row.frame).collect();
    made.empty_frames.extend(lost.difference(&kept));
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
