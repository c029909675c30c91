//! What a draft does not follow and leaves out, for people.

use std::fmt;

use crate::drafting::{schema_lines, Report};
use crate::figures::{bytes, count, counted};
use crate::outcome::Failure;

/// The report on a drafted contract.
#[derive(Debug)]
pub struct DraftReport<'r> {
    /// What the draft itself tells.
    pub report: &'r Report,
    /// Bytes that were read.
    pub bytes: u64,
    /// The names of the documents, in the order of their numbers.
    pub names: Vec<&'r str>,
    /// Positions of documents that cannot be read, and why.
    pub unreadable: &'r [(usize, Failure)],
    /// Documents that the draft maps.
    pub mapped: u64,
}

/// Lines that a list has at most.
const MOST: usize = 20;

impl fmt::Display for DraftReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let rests = report.rests();
        let (paths, tables) = (counted(report.paths, "path"), counted(report.tables, "table"));
        let columns = counted(report.columns, "column");
        if self.names.is_empty() {
            writeln!(f, "{rests}, {paths}: {tables}, {columns}")?;
        } else {
            writeln!(f, "{rests}, {}, {paths}: {tables}, {columns}", bytes(self.bytes))?;
            let all = counted(self.names.len(), "document");
            writeln!(f, "the draft maps {} of {all}", count(self.mapped))?;
        }
        let title = "values that the type of their column does not take; such documents fail";
        list(f, title, self.outliers())?;
        list(f, "left out", report.left_out.iter().map(ToString::to_string).collect())?;
        for (title, lines) in report.schema.iter().flat_map(schema_lines) {
            list(f, &title.to_lowercase(), lines)?;
        }
        let unreadable = list_unreadable(&self.names, self.unreadable);
        if unreadable.is_empty() {
            return Ok(());
        }
        write!(f, "\n{unreadable}")
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

impl DraftReport<'_> {
    fn outliers(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for outlier in &self.report.outliers {
            let (path, sql_type) = (&outlier.path, &outlier.sql_type);
            let (some, of) = (count(outlier.count), count(outlier.of));
            lines.push(format!("{path}: {some} of {of} not {sql_type}"));
            for example in &outlier.examples {
                let name = self.names[example.document as usize];
                lines.push(format!("  {name}:{}: {}", example.line, example.text));
            }
        }
        lines
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, items: Vec<String>) -> fmt::Result {
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
