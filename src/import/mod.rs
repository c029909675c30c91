//! The way over from the earlier system: its JSON contract becomes a TOML contract that gives the
//! same rows. `docs/import.md` says what is translated and what differs on purpose.

mod build;
mod calculated;
mod conversion;
mod dates;
mod defaults;
mod json;
mod layout;
mod legacy;
mod output;
mod print;
mod read;
mod report;
mod row_makers;
mod tables;
mod tokens;

use crate::contract::expr::ast::{BinaryOp, ExprKind, Origin, Path, Read};
use crate::contract::Contract;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use layout::Layout;
use legacy::Legacy;
use output::{Lookup, Output};
use print::{Part, Printed};
use report::Difference;
use tables::Tables;

pub use report::Report;

/// A translated contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The contract, which has no mistakes.
    pub toml: String,
    /// What became of each mapping.
    pub report: Report,
    /// What in the JSON is probably not meant; without errors.
    pub warnings: Diagnostics,
}

/// Translates a contract of the earlier system. `file` is what messages call it, and its stem
/// becomes the contract's name.
///
/// # Errors
/// All mistakes for which the text is no such contract, each with its place.
pub fn import(text: &str, file: &str) -> Result<Imported, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut diagnostics = Diagnostics::new(file, text);
    let Some(legacy) = read::read(text, &mut diagnostics) else { return Err(diagnostics) };
    let layout = Layout::new(&legacy, tables::app_column(&legacy));
    let tables = tables::translate(&legacy, &layout);
    let report = told(&legacy, &tables, &diagnostics);
    let output = output(&legacy, &layout, file, tables);
    sound(&legacy, output, report, diagnostics)
}

/// What became of the mappings, as far as that is known before the contract is checked.
fn told(legacy: &Legacy, tables: &Tables, places: &Diagnostics) -> Report {
    let mut report = Report::new(places.file(), legacy.mappings.len());
    let mut translated = tables.translated.clone();
    translated.sort_unstable();
    translated.dedup();
    for index in translated {
        report.translated(&legacy.mappings[index], places);
    }
    for (difference, index) in &tables.different {
        report.differs(*difference, &legacy.mappings[*index], places);
    }
    for (difference, name) in &tables.tables_differ {
        report.table_differs(*difference, name);
    }
    report.table_differs(Difference::KeyIsAppId, "the document's key");
    for untranslated in &tables.failed {
        let mapping = &legacy.mappings[untranslated.mapping];
        report.failed(mapping.name(), mapping.start, untranslated.reason.clone(), places);
    }
    report
}

fn output(legacy: &Legacy, layout: &Layout<'_>, file: &str, tables: Tables) -> Output {
    let (origin, steps) = layout.application();
    let application = Path { origin, steps, read: Read::Text };
    let key = Path {
        origin: Origin::Document,
        steps: build::steps(&layout.request),
        read: Read::Attribute(layout.id_attribute.clone()),
    };
    let mut positive = key.clone();
    let above_zero =
        build::binary(BinaryOp::Greater, build::attribute(&layout.id_attribute), build::integer(0));
    if let Some(last) = positive.steps.pop() {
        positive.steps.push(build::chosen(&last.name, Some(above_zero), false));
    }
    let mut output = Output {
        name: contract_name(file),
        target_schema: legacy.target_schema.clone(),
        source: legacy.source_table.as_ref().map(|table| match &legacy.source_column {
            Some(column) => format!("{table}, column {column}"),
            None => table.clone(),
        }),
        root: legacy.root.clone(),
        require: vec![positive.to_string(), application.to_string()],
        key: key.to_string(),
        lookups: Vec::new(),
        tables: tables.tables,
    };
    output.lookups = lookups(legacy, &output);
    output
}

/// The file's name without folder and ending.
fn contract_name(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.split('.').next().unwrap_or(name).trim();
    match stem.is_empty() {
        true => "imported".to_owned(),
        false => stem.to_owned(),
    }
}

/// The lookups that some expression uses, in the order of the JSON.
fn lookups(legacy: &Legacy, output: &Output) -> Vec<Lookup> {
    let mut used: Vec<String> = Vec::new();
    let columns = output.tables.iter().flat_map(|t| &t.columns).filter_map(|c| c.value.as_ref());
    let rows = output.tables.iter().flat_map(|t| &t.rows);
    let rows = rows.flat_map(|r| r.when.iter().chain(r.values.iter().map(|(_, value)| value)));
    for expr in columns.chain(rows) {
        expr.walk(&mut |part| {
            let ExprKind::Call { function, arguments } = &part.kind else { return };
            let name = arguments.first().map(|argument| &argument.kind);
            if let (crate::contract::expr::ast::Function::Lookup, Some(ExprKind::Text(name))) =
                (function, name)
            {
                used.push(name.clone());
            }
        });
    }
    let bits = [
        ("char_to_bit", &legacy.bits.char_to_bit),
        ("boolean_to_bit", &legacy.bits.boolean_to_bit),
    ];
    let bits = bits.iter().map(|(name, table)| Lookup::of_bits(name, table));
    let enums = legacy.enums.0.iter().map(|(name, values)| Lookup::of_enum(name, values));
    enums.chain(bits).filter(|lookup| used.contains(&lookup.name)).collect()
}

/// The printed contract, without the parts that the contract's own check refuses: those are
/// reported as not translated.
fn sound(
    legacy: &Legacy,
    mut output: Output,
    mut report: Report,
    mut diagnostics: Diagnostics,
) -> Result<Imported, Diagnostics> {
    loop {
        if output.tables.is_empty() {
            let message = "no mapping of this contract can be translated";
            diagnostics.push(Diagnostic::error(0..1, message).hint(report.to_string()));
            return Err(diagnostics);
        }
        let Printed { text, parts } = print::print(&output);
        let Err(found) = Contract::parse(&text, "contract.toml") else {
            report.set_tables(distinct_names(&output));
            return Ok(Imported { toml: text, report, warnings: diagnostics });
        };
        let errors = found.iter().filter(|d| d.severity == Severity::Error);
        let mut refused: Vec<(Part, String)> = Vec::new();
        for error in errors {
            let inner = parts.iter().rfind(|(range, _)| range.contains(&error.span.start));
            match inner {
                Some((_, part)) if !refused.iter().any(|(p, _)| p == part) => {
                    refused.push((*part, error.message.clone()));
                }
                Some(_) => {}
                None => {
                    let message = format!("this cannot be made a contract: {}", error.message);
                    diagnostics.push(Diagnostic::error(0..1, message));
                }
            }
        }
        if diagnostics.errors() > 0 {
            return Err(diagnostics);
        }
        leave_out(legacy, &mut output, &mut report, &diagnostics, &refused);
    }
}

fn distinct_names(output: &Output) -> usize {
    let mut names: Vec<&str> = output.tables.iter().map(|table| table.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

/// Takes refused parts out, the last first, so that the indices of the others hold.
fn leave_out(
    legacy: &Legacy,
    output: &mut Output,
    report: &mut Report,
    places: &Diagnostics,
    refused: &[(Part, String)],
) {
    let mut refused = refused.to_vec();
    refused.sort_by_key(|(part, _)| match part {
        Part::Lookup(index) => (2, *index, 0, 0),
        Part::Table(table) => (1, *table, 0, 0),
        Part::Column(table, index) => (0, *table, 0, *index),
        Part::Row(table, index) => (0, *table, 1, *index),
    });
    for (part, reason) in refused.iter().rev() {
        let mappings = match *part {
            Part::Lookup(index) => {
                let lookup = output.lookups.remove(index);
                let mut uses = legacy.mappings.iter().enumerate();
                uses.find(|(_, m)| m.column == lookup.name).map(|(i, _)| i).into_iter().collect()
            }
            Part::Table(index) => {
                let table = output.tables.remove(index);
                let columns = table.columns.iter().filter_map(|c| c.mapping);
                columns
                    .chain(table.rows.iter().flat_map(|r| r.mappings.clone()))
                    .collect::<Vec<_>>()
            }
            Part::Row(table, index) => output.tables[table].rows.remove(index).mappings,
            Part::Column(table, index) => {
                let table = &mut output.tables[table];
                let column = table.columns.remove(index);
                table.missing.push(format!("{}: {reason}", column.name));
                for row in &mut table.rows {
                    row.values.retain(|(name, _)| *name != column.name);
                }
                column.mapping.into_iter().collect()
            }
        };
        for index in mappings {
            let mapping = &legacy.mappings[index];
            report.withdraw(mapping, places);
            report.failed(mapping.name(), mapping.start, reason.clone(), places);
        }
    }
}
