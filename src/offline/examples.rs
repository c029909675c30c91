//! Values of documents, as examples for what a contract does with them.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use rayon::ThreadPool;

use super::mapping::{in_order, Mapping};
use super::source::Source;
use crate::contract::ParsedContract;
use crate::contract::{Contract, SourceProbe};
use crate::described::{ColumnValue, Described, Example, Samples, Shown};
use crate::outcome::{Outcome, TableRows};
use crate::value::{to_text, Value};

/// The first values of a document, with the number of its rule, the position of its column and the
/// number of its row template.
type Found = HashMap<(usize, usize, usize), Candidate>;

/// A value that may become an example.
struct Candidate {
    example: Example,
    /// Nothing better comes: something was read for it, or nothing is ever read.
    is_best: bool,
}

/// Characters of a value that are shown.
const MOST: usize = 120;

/// Adds an example to each value that the documents have: the first for which a document has
/// something, or else the first.
///
/// # Errors
/// None that come from documents: one that fails has no examples.
pub fn add_examples(
    described: &mut Described,
    parsed: &ParsedContract,
    mapping: &Mapping,
    sources: &[Source],
    threads: &ThreadPool,
) -> io::Result<()> {
    let probe = parsed.source_probe();
    let shows = Mapping { contract: Arc::clone(&probe.contract), ..mapping.clone() };
    let paths = paths_of(described);
    let mut samples = Samples::default();
    let work = |shredder: &mut _, source: &Source| {
        let mapped = shows.map(shredder, source);
        let found = found(&probe, &paths, &source.name, &mapped.outcome);
        (mapped.outcome.is_ok(), found)
    };
    in_order(
        sources,
        threads,
        || shows.shredder(),
        work,
        |(is_mapped, found)| {
            samples.documents += 1;
            samples.mapped += u64::from(is_mapped);
            for ((rule, position, template), candidate) in found {
                if let Some(value) = described.value_mut(rule, position, template) {
                    put(value, candidate);
                }
            }
            Ok(())
        },
    )?;
    described.samples = Some(samples);
    Ok(())
}

/// The better one stays.
fn put(value: &mut ColumnValue, candidate: Candidate) {
    let is_better = match &value.example {
        None => true,
        Some(known) => known.read.is_empty() && !candidate.example.read.is_empty(),
    };
    if is_better {
        value.example = Some(candidate.example);
    }
}

/// For each rule and position the paths that each template reads.
type Paths = HashMap<(usize, usize), Vec<(Option<usize>, Vec<String>)>>;

fn paths_of(described: &Described) -> Paths {
    let mut paths = Paths::new();
    for rule in described.tables.iter().flat_map(|table| &table.rules) {
        for column in &rule.columns {
            let of_values = column.values.iter().map(|value| {
                let paths = value.sources.iter().map(|source| source.path.clone());
                (value.template, paths.collect())
            });
            paths.insert((rule.number, column.position), of_values.collect());
        }
    }
    paths
}

fn found(probe: &SourceProbe, paths: &Paths, document: &str, outcome: &Outcome) -> Found {
    let mut found = Found::new();
    let Ok(tables) = outcome else { return found };
    for (index, rows) in tables.iter().enumerate() {
        of_table(&probe.contract, probe, index, rows, paths, document, &mut found);
    }
    found
}

fn of_table(
    contract: &Contract,
    probe: &SourceProbe,
    index: usize,
    rows: &TableRows,
    paths: &Paths,
    document: &str,
    found: &mut Found,
) {
    let target = &contract.targets[index];
    for row in rows.iter() {
        let Some(first) = probe.rules.iter().find(|rule| rule.target == index) else { return };
        let number = |at: usize| match &row[first.first + at] {
            Value::Text(text) => text.parse::<usize>().ok(),
            _ => None,
        };
        let (Some(rule), Some(template)) = (number(0), number(1)) else { continue };
        let Some(probed) = probe.rules.get(rule) else { continue };
        let reads: HashMap<&str, &Value> =
            probed.sources.iter().map(String::as_str).zip(&row[probed.first + 2..]).collect();
        for (position, column) in target.columns[..probed.first].iter().enumerate() {
            let Some(value) = to_text(&row[position], column.sql_type) else { continue };
            let key = (rule, position, template);
            if found.get(&key).is_some_and(|known| known.is_best) {
                continue;
            }
            let Some(values) = paths.get(&(rule, position)) else { continue };
            let own = values.iter().find(|(own, _)| own.is_none_or(|own| own == template));
            let read: Vec<Shown> = own
                .into_iter()
                .flat_map(|(_, paths)| paths)
                .filter_map(|path| {
                    let Some(Value::Text(text)) = reads.get(path.as_str()) else { return None };
                    Some(Shown { path: path.clone(), text: shortened(text) })
                })
                .collect();
            let has_read = !read.is_empty();
            let reads_nothing = own.is_none_or(|(_, paths)| paths.is_empty());
            if found.contains_key(&key) && !has_read {
                continue;
            }
            let example = Example { document: document.to_owned(), read, value: shortened(&value) };
            found.insert(key, Candidate { example, is_best: has_read || reads_nothing });
        }
    }
}

fn shortened(text: &str) -> String {
    let mut shortened: String = text.chars().take(MOST).collect();
    if shortened.len() < text.len() {
        shortened.push('…');
    }
    shortened
}
