//! What became of the samples of a run, for people.

use std::collections::BTreeMap;
use std::fmt;

use crate::drafting::{schema_lines, LeftOut, Outlier, Report};
use crate::figures::{bytes, count, counted};
use crate::outcome::Failure;
use crate::profile::Example;

/// The samples of a run that drafts or updates a contract.
#[derive(Debug)]
pub struct RunReport<'r> {
    /// Bytes that all runs have read.
    pub bytes: u64,
    /// The names of this run's documents.
    pub names: Vec<&'r str>,
    /// The names of documents that examples are from, by their numbers.
    pub of_examples: &'r BTreeMap<u64, String>,
    /// This run's documents that earlier runs have read.
    pub known: u64,
    /// Runs that have read documents.
    pub runs: u64,
    /// Positions of documents that cannot be read, and why.
    pub unreadable: &'r [(usize, Failure)],
}

/// Lines that a list has at most.
const MOST: usize = 20;

impl RunReport<'_> {
    /// The head of a report: on what it rests, what came of it, and how many of this run's documents it
    /// maps.
    pub(super) fn head(
        &self,
        f: &mut fmt::Formatter<'_>,
        report: &Report,
        result: &str,
        mapped: &str,
    ) -> fmt::Result {
        let (rests, paths) = (report.rests(), counted(report.paths, "path"));
        if report.documents == 0 {
            return writeln!(f, "{rests}, {paths}: {result}");
        }
        writeln!(f, "{rests}, {}, {paths}: {result}", bytes(self.bytes))?;
        self.mapped(f, mapped)
    }

    /// What became of this run's documents: of how many `mapped` is.
    fn mapped(&self, f: &mut fmt::Formatter<'_>, mapped: &str) -> fmt::Result {
        let all = counted(self.names.len(), "document");
        let of_this_run = if self.runs > 1 { " of this run" } else { "" };
        if self.known > 0 {
            let known = count(self.known);
            let why = "are in the statistics already: not counted again";
            writeln!(f, "{known} of {all}{of_this_run} {why}")?;
        }
        match self.names.is_empty() {
            true => writeln!(f, "no samples in this run: which documents it maps was not tried"),
            false => writeln!(f, "{mapped} of {all}{of_this_run}"),
        }
    }

    /// Examples with their places, for a list.
    pub(super) fn examples<'e>(
        &'e self,
        examples: &'e [Example],
    ) -> impl Iterator<Item = String> + 'e {
        examples.iter().map(|example| {
            let name = self.of_examples.get(&example.document);
            let name = name.map_or("an earlier document", String::as_str);
            format!("  {name}:{}: {}", example.line, example.text)
        })
    }

    /// Values with what becomes of them, and examples with their places.
    pub(super) fn outliers(&self, outliers: &[&Outlier]) -> Vec<String> {
        let mut lines = Vec::new();
        for outlier in outliers {
            lines.push(outlier.to_string());
            lines.extend(self.examples(&outlier.examples));
        }
        lines
    }

    /// The end of a report: what is left out, and what cannot be read.
    pub(super) fn rest(&self, f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
        let numbered = report.numbered.iter();
        let numbered = numbered.map(|(first, last)| format!("{first} to {last}"));
        let title = "numbered siblings, which are columns; --unpivot makes tables of them";
        list(f, title, numbered.collect())?;
        list(f, "left out", report.left_out.iter().map(LeftOut::to_string).collect())?;
        for (title, lines) in report.schema.iter().flat_map(schema_lines) {
            list(f, &title.to_lowercase(), lines)?;
        }
        match list_unreadable(&self.names, self.unreadable) {
            unreadable if unreadable.is_empty() => Ok(()),
            unreadable => write!(f, "\n{unreadable}"),
        }
    }
}

/// The documents that cannot be read, and why; nothing where there are none.
pub fn list_unreadable(names: &[&str], unreadable: &[(usize, Failure)]) -> String {
    let unreadable = unreadable.iter().map(|(position, failure)| {
        let line = failure.line.map_or(String::new(), |line| format!(":{line}"));
        format!("{}{line}: {}", names[*position], failure.reason)
    });
    lines("documents that cannot be read", unreadable.collect())
}

/// A list below its title; nothing where it has no items.
pub(super) fn list(f: &mut fmt::Formatter<'_>, title: &str, items: Vec<String>) -> fmt::Result {
    match items.is_empty() {
        true => Ok(()),
        false => write!(f, "\n{}", lines(title, items)),
    }
}

fn lines(title: &str, items: Vec<String>) -> String {
    if items.is_empty() {
        return String::new();
    }
    let mut text = format!("{title}:\n");
    for item in items.iter().take(MOST) {
        text += &format!("  {item}\n");
    }
    if items.len() > MOST {
        text += &format!("  and {} more\n", counted(items.len() - MOST, "line"));
    }
    text
}
