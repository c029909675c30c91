//! Two contracts over the same documents: which rows appear, vanish or change.

mod changes;
mod pair;
mod print;
mod rows;

use std::io;

use rayon::ThreadPool;

use self::changes::DocumentDiff;
pub use self::changes::{
    ColumnDiff, ContractDiff, Moved, OutcomeChange, OutcomeChanges, RowChanges, RowExample,
    TableDiff, ValueChange,
};
use self::pair::Pair;
use super::mapping::{in_order, Mapped, Mapping};
use super::source::Source;
use crate::outcome::Outcome;
use crate::shred::Shredder;

/// Maps all documents with both contracts and compares the rows. Of each kind of difference the
/// first `examples` are kept.
///
/// # Errors
/// None that come from documents: what cannot be read fails under both.
pub fn diff(
    old: &Mapping,
    new: &Mapping,
    sources: &[Source],
    threads: &ThreadPool,
    examples: usize,
) -> io::Result<ContractDiff> {
    let pairs = pair::pairs(&old.contract, &new.contract);
    let mut found = ContractDiff {
        documents: 0,
        differing: 0,
        outcomes: OutcomeChanges::default(),
        tables: pairs.iter().map(TableDiff::of).collect(),
    };
    let work = |shredders: &mut (Shredder, Shredder), source: &Source| {
        let source = source.in_memory(old.limits.document_bytes);
        let (old, new) = (old.map(&mut shredders.0, &source), new.map(&mut shredders.1, &source));
        compare(&pairs, &source.name, &old, &new)
    };
    in_order(
        sources,
        threads,
        || (old.shredder(), new.shredder()),
        work,
        |document| {
            found.add(document, examples);
            Ok(())
        },
    )?;
    Ok(found)
}

fn compare(pairs: &[Pair<'_>], file: &str, old: &Mapped, new: &Mapped) -> DocumentDiff {
    let (before, now) = (described(&old.outcome), described(&new.outcome));
    let moved = match (&old.outcome, &new.outcome) {
        (Ok(_), Ok(_)) => None,
        (Ok(_), Err(_)) => Some(Moved::FailsNow),
        (Err(_), Ok(_)) => Some(Moved::MappedNow),
        (Err(_), Err(_)) => (before != now).then_some(Moved::FailsOtherwise),
    };
    let tables = match (&old.outcome, &new.outcome) {
        (Ok(old), Ok(new)) => pairs.iter().map(|pair| rows::rows_diff(pair, old, new)).collect(),
        (Err(_), Ok(new)) => pairs.iter().map(|pair| rows::mapped_now(pair, new)).collect(),
        (Ok(old), Err(_)) => pairs.iter().map(|pair| rows::fails_now(pair, old)).collect(),
        (Err(_), Err(_)) => Vec::new(),
    };
    let outcome = moved.map(|moved| (before, now, moved));
    DocumentDiff { file: file.to_owned(), outcome, tables }
}

/// `mapped`, or the failure and its place.
fn described(outcome: &Outcome) -> String {
    let Err(failure) = outcome else { return "mapped".to_owned() };
    let mut text = failure.category.name().to_owned();
    if let (Some(table), Some(column)) = (&failure.table, &failure.column) {
        text += &format!(" {table}.{column}");
    }
    if let Some(path) = &failure.path {
        text += &format!(" at {path}");
    }
    if let Some(value) = &failure.value {
        text += &format!(" `{value}`");
    }
    text
}
