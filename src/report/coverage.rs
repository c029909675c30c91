//! What a contract leaves out of documents.

use serde_json::{json, Value};

use super::table::{Align, Table};
use crate::coverage::{Coverage, PathCoverage, Reader, State};
use crate::figures::{count, counted};

/// One line: how many of the paths that have a value are read.
pub fn coverage_line(coverage: &Coverage) -> String {
    let share = coverage.share();
    format!(
        "coverage: {} of {} with a value are read ({:.1} %)",
        count(share.read),
        counted(share.of, "path"),
        share.percent()
    )
}

/// Tables for people, ending in a line break.
pub fn render_coverage(coverage: &Coverage) -> String {
    let mut text = paths(coverage).to_string();
    let sections = [
        ("not read, the most frequent first", unread(coverage)),
        ("read by the contract, and in no document", absent(coverage)),
        ("several where one is read: a document may fail with many_values", repeated(coverage)),
        ("text columns that skip the text of elements inside", skipped(coverage)),
        ("documents with another root element, which fail with wrong_document", roots(coverage)),
    ];
    for (title, table) in sections {
        if !table.is_empty() {
            text += &format!("\n{title}:\n{table}");
        }
    }
    if let Some(path) = &coverage.unwrapped {
        text += &format!("\nthe paths are those after the XML in {path} was unwrapped\n");
    }
    text += &format!(
        "\n{}, {}\n{}\n",
        counted(coverage.documents, "document"),
        counted(coverage.paths.len(), "path"),
        coverage_line(coverage)
    );
    text
}

/// One JSON document, with field names that do not change.
pub fn coverage_json(coverage: &Coverage) -> String {
    let share = coverage.share();
    let absent = coverage.absent.iter();
    let repeated = coverage.repeated.iter().map(|found| {
        json!({
            "path": found.path,
            "reader": found.reader.to_string(),
            "element": found.element,
            "most": found.most,
        })
    });
    let skipped = coverage.skipped.iter().map(|found| {
        json!({
            "path": found.path,
            "reader": found.reader.to_string(),
            "inside": found.inside,
            "texts": found.texts,
        })
    });
    let roots = coverage.other_roots.iter();
    let unread: Vec<&str> = coverage.unread().iter().map(|path| path.path.as_str()).collect();
    let value = json!({
        "documents": coverage.documents,
        "percent": share.percent(),
        "read": share.read,
        "with_value": share.of,
        "unwrapped": coverage.unwrapped,
        "paths": coverage.paths.iter().map(path_json).collect::<Vec<Value>>(),
        "unread": unread,
        "absent": absent
            .map(|found| json!({ "path": found.path, "reader": found.reader.to_string() }))
            .collect::<Vec<Value>>(),
        "repeated": repeated.collect::<Vec<Value>>(),
        "skipped": skipped.collect::<Vec<Value>>(),
        "other_roots": roots
            .map(|(root, documents)| json!({ "root": root, "documents": documents }))
            .collect::<Vec<Value>>(),
    });
    format!("{value:#}\n")
}

fn path_json(path: &PathCoverage) -> Value {
    let reader = |reader: &Reader| {
        json!({
            "table": reader.table,
            "column": reader.column,
            "part": reader.part.name(),
            "predicate": reader.predicate,
            "value": reader.value,
        })
    };
    json!({
        "path": path.path,
        "state": path.state().name(),
        "count": path.count,
        "documents": path.documents,
        "values": path.values,
        "readers": path.readers.iter().map(reader).collect::<Vec<Value>>(),
        "example": path.example,
    })
}

/// The names of [`coverage_cells`].
pub const COVERAGE_HEADING: [&str; 7] =
    ["path", "state", "count", "documents", "values", "readers", "example"];

/// A path for CSV.
pub fn coverage_cells(path: &PathCoverage) -> [Option<String>; 7] {
    [
        Some(path.path.clone()),
        Some(path.state().name().to_owned()),
        Some(path.count.to_string()),
        Some(path.documents.to_string()),
        Some(path.values.to_string()),
        Some(readers(path)).filter(|readers| !readers.is_empty()),
        path.example.clone(),
    ]
}

fn readers(path: &PathCoverage) -> String {
    path.readers.iter().map(Reader::to_string).collect::<Vec<_>>().join(", ")
}

fn paths(coverage: &Coverage) -> Table {
    let mut table = Table::new(&[
        ("path", Align::Left),
        ("count", Align::Right),
        ("read by", Align::Left),
        ("example", Align::Left),
    ]);
    for path in &coverage.paths {
        let readers = match path.state() {
            State::Unread => "not read".to_owned(),
            State::Read | State::Presence | State::NoValue => readers(path),
        };
        table.row([&path.path, &count(path.count), &readers, example(path)]);
    }
    table
}

fn unread(coverage: &Coverage) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Right, Align::Left]);
    for path in coverage.unread() {
        table.row([&format!("  {}", path.path), &count(path.count), example(path)]);
    }
    table
}

fn absent(coverage: &Coverage) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Left]);
    for absent in &coverage.absent {
        table.row([format!("  {}", absent.path), absent.reader.to_string()]);
    }
    table
}

fn repeated(coverage: &Coverage) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Left, Align::Left]);
    for found in &coverage.repeated {
        let most = format!("{} up to {} times", found.element, count(found.most));
        table.row([format!("  {}", found.path), found.reader.to_string(), most]);
    }
    table
}

fn skipped(coverage: &Coverage) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Left, Align::Left]);
    for found in &coverage.skipped {
        let texts = format!("{} in {}", counted(found.texts, "text"), found.inside);
        table.row([format!("  {}", found.path), found.reader.to_string(), texts]);
    }
    table
}

fn roots(coverage: &Coverage) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Right]);
    for (root, documents) in &coverage.other_roots {
        table.row([format!("  {root}"), counted(*documents, "document")]);
    }
    table
}

fn example(path: &PathCoverage) -> &str {
    path.example.as_deref().unwrap_or_default()
}
