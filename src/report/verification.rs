//! What a verification found.

use serde_json::{json, Value};

use super::table::{Align, Table};
use super::Format;
use crate::figures::{count, counted};
use crate::verify::{self, Difference, Example, Report, Verdict};

/// A verification's findings, ending in a line break. `seed` is the one of a sample.
pub fn render_verification(report: &Report, seed: Option<u64>, format: Format) -> String {
    match format {
        Format::Table => as_table(report),
        Format::Json => format!("{}\n", as_json(report, seed)),
    }
}

fn as_table(report: &Report) -> String {
    let mut text = apps(report).to_string();
    text += &format!("\n{}", tables(report));
    let columns = columns(report);
    if !columns.is_empty() {
        text += &format!("\ncolumns that differ\n{columns}");
    }
    let exceptions = exceptions(report);
    if !exceptions.is_empty() {
        text += &format!("\ncolumns that are not compared\n{exceptions}");
    }
    if !report.examples.is_empty() {
        text += &format!("\nexamples\n{}", examples(report));
    }
    if !report.not_compared.is_empty() {
        text += &format!("\napplications that are not compared\n{}", not_compared(report));
    }
    text
}

fn apps(report: &Report) -> Table {
    let mut table = Table::new(&[("applications", Align::Left), ("", Align::Right)]);
    for verdict in Verdict::ALL {
        let number = report.count(verdict);
        if number > 0 || matches!(verdict, Verdict::Equal | Verdict::Different) {
            table.row([verdict.meaning(), &count(number)]);
        }
        if verdict == Verdict::Different && report.without_rows > 0 {
            table.row(["  of them without any row", &count(report.without_rows)]);
        }
    }
    let remarks = [
        ("rows that the log does not know", report.unlogged),
        ("finished by the earlier system", report.adopted),
        ("shredded with another contract", report.other_contract),
    ];
    for (remark, number) in remarks {
        if number > 0 {
            table.row([remark, &count(number)]);
        }
    }
    table
}

fn tables(report: &Report) -> Table {
    let mut table = Table::new(&[
        ("table", Align::Left),
        ("rows of documents", Align::Right),
        ("rows in the table", Align::Right),
        ("equal", Align::Right),
        ("different", Align::Right),
        ("missing", Align::Right),
        ("surplus", Align::Right),
    ]);
    for found in &report.tables {
        let numbers = [
            found.expected,
            found.found,
            found.equal,
            found.different,
            found.missing,
            found.surplus,
        ];
        table.row(std::iter::once(found.name.to_string()).chain(numbers.map(count)));
    }
    table
}

/// Each column of each table, with the table.
fn each_column(report: &Report) -> impl Iterator<Item = (&verify::Table, &verify::Column)> {
    report.tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)))
}

fn columns(report: &Report) -> Table {
    let mut table =
        Table::new(&[("table", Align::Left), ("column", Align::Left), ("rows", Align::Right)]);
    for (of, column) in each_column(report).filter(|(_, column)| column.different > 0) {
        table.row([&*of.name, &*column.name, &count(column.different)]);
    }
    table
}

fn exceptions(report: &Report) -> Table {
    let mut table =
        Table::new(&[("table", Align::Left), ("column", Align::Left), ("why", Align::Left)]);
    for (of, column) in each_column(report) {
        if let Some(why) = column.exception {
            table.row([&*of.name, &*column.name, why]);
        }
    }
    table
}

fn examples(report: &Report) -> Table {
    let mut table = Table::new(&[
        ("app_id", Align::Right),
        ("table", Align::Left),
        ("column", Align::Left),
        ("row", Align::Left),
        ("expected", Align::Left),
        ("found", Align::Left),
    ]);
    for example in &report.examples {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
        let (expected, found) = match example.difference {
            Difference::Value => (value(&example.expected), value(&example.found)),
            Difference::MissingRow => ("a row".to_owned(), "none".to_owned()),
            Difference::SurplusRow => ("none".to_owned(), "a row".to_owned()),
        };
        table.row([
            &example.app_id.to_string(),
            table_name(report, example),
            column_name(report, example).unwrap_or_default(),
            &example.key,
            &expected,
            &found,
        ]);
    }
    table
}

fn table_name<'r>(report: &'r Report, example: &Example) -> &'r str {
    &report.tables[example.table].name
}

fn column_name<'r>(report: &'r Report, example: &Example) -> Option<&'r str> {
    Some(&*report.tables[example.table].columns[example.column?].name)
}

fn not_compared(report: &Report) -> Table {
    let mut table = Table::new(&[("app_id", Align::Right), ("why", Align::Left)]);
    for app in &report.not_compared {
        let meaning = app.verdict.meaning();
        let why = meaning.split_once(": ").map_or(meaning, |(_, why)| why);
        let reason = app.reason.as_ref().map(|reason| format!(" ({reason})"));
        table.row([app.app_id.to_string(), format!("{why}{}", reason.unwrap_or_default())]);
    }
    table
}

/// The field names do not change.
fn as_json(report: &Report, seed: Option<u64>) -> Value {
    let mut applications: serde_json::Map<String, Value> = Verdict::ALL
        .iter()
        .map(|verdict| (verdict.name().to_owned(), json!(report.count(*verdict))))
        .collect();
    applications.insert("without_rows".to_owned(), json!(report.without_rows));
    applications.insert("unlogged".to_owned(), json!(report.unlogged));
    applications.insert("adopted".to_owned(), json!(report.adopted));
    applications.insert("other_contract".to_owned(), json!(report.other_contract));
    let column = |column: &verify::Column| {
        json!({
            "column": &*column.name,
            "different": column.different,
            "not_compared": column.exception,
        })
    };
    let table = |table: &verify::Table| {
        json!({
            "table": &*table.name,
            "document_rows": table.expected,
            "table_rows": table.found,
            "equal": table.equal,
            "different": table.different,
            "missing": table.missing,
            "surplus": table.surplus,
            "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
        })
    };
    let example = |example: &Example| {
        json!({
            "app_id": example.app_id.0,
            "table": table_name(report, example),
            "column": column_name(report, example),
            "difference": example.difference.name(),
            "row": example.key,
            "expected": example.expected,
            "found": example.found,
        })
    };
    let not_compared = |app: &verify::AppExample| json!({ "app_id": app.app_id.0, "why": app.verdict.name(), "reason": app.reason });
    json!({
        "complete": report.is_complete,
        "verified_to": report.after.map(|app_id| app_id.0),
        "seed": seed,
        "applications": applications,
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "examples": report.examples.iter().map(example).collect::<Vec<_>>(),
        "not_compared": report.not_compared.iter().map(not_compared).collect::<Vec<_>>(),
    })
}

/// The line of a log that says how far a verification is.
pub fn verification_line(report: &Report) -> String {
    format!(
        "{} compared, {} different",
        counted(report.compared(), "application"),
        count(report.count(Verdict::Different))
    )
}
