//! Checks a contract against sample documents: paths that no sample has, columns too narrow for their
//! values.

use std::collections::BTreeSet;
use std::io;
use std::time::Instant;

use quick_xml::events::Event;
use quick_xml::Reader;
use rayon::ThreadPool;

use super::mapping::{counts, in_order, Mapping};
use super::source::{Content, Source};
use super::summary::MapSummary;
use crate::contract::expr::ast::{Path, Read};
use crate::contract::probe::{PathProbe, Width, WidthProbe};
use crate::contract::ParsedContract;
use crate::diagnostic::spelling;
use crate::diagnostic::Diagnostic;
use crate::outcome::{Failure, TableRows};
use crate::shred::Shredder;
use crate::value::convert::ConversionFault::TooLong;
use crate::value::{SqlType, Value};

/// The result of the samples.
#[derive(Debug)]
pub struct SampleReport {
    /// The counts of all samples.
    pub summary: MapSummary,
    /// The first documents that failed, at most [`SampleReport::MOST_FAILURES`], and why.
    pub failures: Vec<(String, Failure)>,
}

impl SampleReport {
    /// Failures that are kept.
    pub const MOST_FAILURES: usize = 5;
}

/// Maps the samples with the contract and adds the findings to its diagnostics.
///
/// # Errors
/// None that come from documents: what cannot be read is a failed document.
pub fn examine(
    parsed: &mut ParsedContract,
    mapping: &Mapping,
    sources: &[Source],
    threads: &ThreadPool,
) -> io::Result<SampleReport> {
    let began = Instant::now();
    let (paths, widths) = (parsed.path_probe(), parsed.width_probe());
    let mut report =
        SampleReport { summary: MapSummary::new(&mapping.contract), failures: Vec::new() };
    let mut seen = Seen::new(&paths, &widths);
    let shredders = || Shredders {
        own: mapping.shredder(),
        paths: Shredder::new(paths.contract.clone(), mapping.limits),
        widths: Shredder::new(widths.contract.clone(), mapping.limits),
    };
    let work = |shredders: &mut Shredders, source: &Source| {
        let look = shredders.look(mapping, source, &widths);
        (source.name.clone(), look)
    };
    in_order(sources, threads, shredders, work, |(name, look)| {
        report.summary.add(look.mapped.bytes, &counts(&look.mapped.outcome));
        seen.add(&name, look.counts, look.lengths, look.names);
        if let (Err(failure), true) =
            (look.mapped.outcome, report.failures.len() < SampleReport::MOST_FAILURES)
        {
            report.failures.push((name, *failure));
        }
        Ok(())
    })?;
    report.summary.elapsed = began.elapsed();
    seen.report(parsed, &paths, &widths);
    Ok(report)
}

/// The shredders of one thread.
struct Shredders {
    own: Shredder,
    paths: Shredder,
    widths: Shredder,
}

/// The findings of one sample.
struct Look {
    mapped: super::Mapped,
    /// Per table of the path probe: rows, then the matches of each path; none where it failed.
    counts: Option<Vec<Vec<u64>>>,
    /// Per table and column of the width probe: the longest text that does not fit.
    lengths: Vec<Vec<usize>>,
    names: BTreeSet<String>,
}

impl Shredders {
    fn look(&mut self, mapping: &Mapping, source: &Source, widths: &WidthProbe) -> Look {
        // Read once: stdin cannot be read again.
        let source = match source.read(mapping.limits.document_bytes) {
            Ok(document) => Source { content: Content::Stored(document), ..source.clone() },
            Err(_) => source.clone(),
        };
        let mapped = mapping.map(&mut self.own, &source);
        let Content::Stored(Some(document)) = &source.content else {
            return Look { mapped, counts: None, lengths: Vec::new(), names: BTreeSet::new() };
        };
        let probe = |shredder: &mut Shredder| {
            shredder.shred(mapped.app_id, mapping.now, Some(document)).ok()
        };
        let counts = probe(&mut self.paths);
        let counts = counts.map(|tables| tables.iter().map(sums).collect());
        let texts = probe(&mut self.widths).unwrap_or_default();
        let texts = texts.iter().zip(&widths.tables);
        let lengths = texts.map(|(rows, widths)| excess(rows, widths)).collect();
        let names = names(&document.bytes);
        Look { mapped, counts, lengths, names }
    }
}

/// The number of rows, and the sum of each column from the second on.
fn sums(rows: &TableRows) -> Vec<u64> {
    let mut sums = vec![rows.len() as u64];
    sums.resize(rows.width.max(1), 0);
    for row in rows.iter() {
        for (sum, value) in sums.iter_mut().zip(row).skip(1) {
            if let Value::Int(count) = value {
                *sum += *count as u64;
            }
        }
    }
    sums
}

/// For each column the length of the longest text that does not fit, in UTF-16 units; 0 where all
/// fit.
fn excess(rows: &TableRows, widths: &[Width]) -> Vec<usize> {
    let mut longest = vec![0; widths.len()];
    for row in rows.iter() {
        for ((longest, width), value) in longest.iter_mut().zip(widths).zip(row) {
            let (Some(conversion), Value::Text(text)) = (&width.conversion, value) else {
                continue;
            };
            let length = text.trim_end_matches(' ').encode_utf16().count();
            if length > *longest
                && conversion.text(text).is_err_and(|error| matches!(error.fault, TooLong(_)))
            {
                *longest = length;
            }
        }
    }
    longest
}

/// The most names kept for suggestions.
const MOST_NAMES: usize = 5_000;

/// The local names of elements and, with an `@`, of attributes; as far as the document is UTF-8
/// and well-formed.
fn names(document: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Ok(text) = std::str::from_utf8(document) else { return names };
    let mut reader = Reader::from_str(text);
    while names.len() < MOST_NAMES {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                let name = tag.local_name();
                names.insert(String::from_utf8_lossy(name.as_ref()).into_owned());
                for attribute in tag.attributes().flatten() {
                    let name = attribute.key.local_name();
                    names.insert(format!("@{}", String::from_utf8_lossy(name.as_ref())));
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    names
}

/// The findings of all samples together.
struct Seen {
    /// Whether any document was counted.
    counted: bool,
    counts: Vec<Vec<u64>>,
    /// The longest text that does not fit, and the sample that has it.
    lengths: Vec<Vec<(usize, String)>>,
    names: BTreeSet<String>,
}

impl Seen {
    fn new(paths: &PathProbe, widths: &WidthProbe) -> Self {
        let (counts, widths) = (&paths.tables, &widths.tables);
        Self {
            counted: false,
            counts: counts.iter().map(|(_, paths)| vec![0; paths.len() + 1]).collect(),
            lengths: widths.iter().map(|w| vec![(0, String::new()); w.len()]).collect(),
            names: BTreeSet::new(),
        }
    }

    fn add(
        &mut self,
        name: &str,
        counts: Option<Vec<Vec<u64>>>,
        lengths: Vec<Vec<usize>>,
        names: BTreeSet<String>,
    ) {
        self.counted |= counts.is_some();
        let both = self.counts.iter_mut().zip(counts.unwrap_or_default());
        for (sum, count) in both.flat_map(|(sums, counts)| sums.iter_mut().zip(counts)) {
            *sum += count;
        }
        let both = self.lengths.iter_mut().zip(lengths);
        for (longest, length) in both.flat_map(|(all, new)| all.iter_mut().zip(new)) {
            if length > longest.0 {
                *longest = (length, name.to_owned());
            }
        }
        if self.names.len() < MOST_NAMES {
            self.names.extend(names);
        }
    }

    fn report(&self, parsed: &mut ParsedContract, paths: &PathProbe, widths: &WidthProbe) {
        let tables = if self.counted { &paths.tables[..] } else { &[] };
        for ((each, paths), counts) in tables.iter().zip(&self.counts) {
            let rows = counts[0];
            if let (Some(each), 0) = (each, rows) {
                let message = format!("no sample has an element `{}`", each.path);
                let warning = Diagnostic::warning(each.span.clone(), message);
                parsed.diagnostics.push(warning.hint(self.advice(&each.path)));
            }
            for (place, _) in paths.iter().zip(&counts[1..]).filter(|(_, n)| rows > 0 && **n == 0) {
                let message = format!("no sample has `{}`", place.path);
                let warning = Diagnostic::warning(place.span.clone(), message);
                parsed.diagnostics.push(warning.hint(self.advice(&place.path)));
            }
        }
        let widths = widths.tables.iter().flatten();
        for (width, (length, sample)) in widths.zip(self.lengths.iter().flatten()) {
            if let (Some(conversion), 1..) = (&width.conversion, *length) {
                let warning = too_narrow(width, conversion.sql_type(), *length, sample);
                parsed.diagnostics.push(warning);
            }
        }
    }

    /// The first name of a path that no sample has, and the nearest name.
    fn advice(&self, path: &Path) -> String {
        let local = |name: &str| name.rsplit(':').next().unwrap_or(name).to_owned();
        let steps = path.steps.iter().map(|step| local(&step.name));
        let attribute = match &path.read {
            Read::Attribute(name) => Some(format!("@{}", local(name))),
            Read::Text | Read::String => None,
        };
        let unknown = steps.chain(attribute).find(|name| !self.names.contains(name));
        let Some(name) = unknown else {
            return "the samples have these names, but not in this place".to_owned();
        };
        let attribute = name.starts_with('@');
        let alike = self.names.iter().filter(|n| n.starts_with('@') == attribute);
        match spelling::nearest(&name, alike.map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("no sample has `{name}` anywhere: check the spelling"),
        }
    }
}

fn too_narrow(width: &Width, sql_type: SqlType, length: usize, sample: &str) -> Diagnostic {
    let message = format!(
        "{}.{} is {sql_type}, and the longest value among the samples has {length} characters \
         (in {sample})",
        width.table, width.column
    );
    let hint = "widen the column, or write `too_long = \"truncate\"`";
    Diagnostic::warning(width.span.clone(), message).hint(hint)
}
