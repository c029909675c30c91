//! The earlier system's JSON contract becomes a TOML contract that produces the same rows.
//! `docs/import.md` has what is translated and what differs on purpose. Each layer uses those
//! above it:
//!
//! ```text
//! json, legacy, read                what the file contains, and its mistakes
//! sql, layout, tokens, calculated   where a value is in a document: expressions as text
//! conversion, row_makers, tables    columns, rows and tables of the draft; the report fills
//! existing                      the draft for tables that exist
//! print, refusals                   the draft as TOML, without what a contract cannot hold
//! ```

mod calculated;
mod conversion;
mod dates;
mod defaults;
mod difference;
mod draft;
mod existing;
mod json;
mod layout;
mod legacy;
mod lines;
mod print;
mod read;
mod references;
mod refusals;
mod report;
mod row_makers;
mod sql;
mod tables;
mod term;
mod tokens;

use difference::Difference;
use draft::{Draft, Lookup, Table};
use layout::Layout;
use legacy::{Bit, EnumValue};

use crate::contract::identifier::same_name;
use crate::contract::DEFAULT_SCHEMA;
use crate::declared::DeclaredTable;
use crate::diagnostic::Diagnostics;

pub use report::Report;

/// A translated contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The contract, which has no mistakes.
    pub toml: String,
    /// What became of each mapping.
    pub report: Report,
    /// What in the JSON is probably a mistake; without errors.
    pub warnings: Diagnostics,
}

/// The schema and the names of the tables that a contract of the earlier system fills.
///
/// # Errors
/// As [`import`].
pub fn table_names(text: &str, file: &str) -> Result<(String, Vec<String>), Diagnostics> {
    let mut diagnostics = Diagnostics::new(file, unmarked(text));
    let Some(legacy) = read::read(unmarked(text), &mut diagnostics) else {
        return Err(diagnostics);
    };
    let mut names: Vec<String> = Vec::new();
    for mapping in &legacy.mappings {
        if !names.iter().any(|name| same_name(name, &mapping.table)) {
            names.push(mapping.table.clone());
        }
    }
    Ok((legacy.target_schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()), names))
}

/// Translates a contract of the earlier system. `file` is its name in messages, and its stem
/// becomes the contract's name. With the tables as they are `declared`, types, nullability, identity
/// columns and keys are theirs.
///
/// # Errors
/// All mistakes for which the text is not such a contract, each with its place.
pub fn import(
    text: &str,
    file: &str,
    declared: Option<&[DeclaredTable]>,
) -> Result<Imported, Diagnostics> {
    let text = unmarked(text);
    let mut diagnostics = Diagnostics::new(file, text);
    let Some(legacy) = read::read(text, &mut diagnostics) else { return Err(diagnostics) };
    let layout = Layout::new(&legacy);
    let mut report = Report::new(&legacy, &diagnostics);
    let mut tables = tables::translate(&layout, &mut report);
    for table in &mut tables {
        let found = existing::of(declared.unwrap_or_default(), &table.name);
        // A child may have the column although the JSON does not say so.
        table.is_app_column_new &= found.is_none_or(|t| t.column(layout.app_column).is_none());
    }
    references::add(&mut tables, &layout, &mut report);
    report.differs_in(Difference::KeyIsAppId, "the document's key");
    let lookups = lookups(&layout, &tables);
    let mut draft = Draft { name: contract_name(file), lookups, tables };
    if let Some(declared) = declared {
        existing::apply(&mut draft, declared, &layout, &mut report);
    }
    match refusals::print_without(draft, &layout, &mut report, &mut diagnostics) {
        Some(toml) => Ok(Imported { toml, report, warnings: diagnostics }),
        None => Err(diagnostics),
    }
}

/// The text without a byte order mark.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The file's name without folder and extension.
fn contract_name(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.split('.').next().unwrap_or(name).trim();
    if stem.is_empty() { "imported" } else { stem }.to_owned()
}

/// The lookups that an expression uses, in the order of the JSON.
fn lookups(layout: &Layout<'_>, tables: &[Table]) -> Vec<Lookup> {
    let enums = layout.legacy.enum_mappings.0.iter().map(|(name, found)| {
        Lookup::new(name, found.blank_value().cloned(), found.0.iter().cloned())
    });
    let bits = &layout.legacy.bit_conversions;
    let bits = [("char_to_bit", &bits.char_to_bit), ("boolean_to_bit", &bits.boolean_to_bit)];
    let bits = bits.into_iter().map(|(name, table)| {
        // What a bit table does not list is 0.
        let blank = table.blank_value().map_or_else(|| EnumValue::Number(0.into()), Bit::value);
        Lookup::new(
            name,
            Some(blank),
            table.0.iter().map(|(text, bit)| (text.clone(), bit.value())),
        )
    });
    let all = enums.chain(bits);
    let uses = |expression: &String, lookup: &Lookup| {
        expression.contains(&format!("LOOKUP({},", sql::text(&lookup.name)))
    };
    all.filter(|lookup| {
        tables.iter().any(|table| {
            table.columns.iter().filter_map(|c| c.value.as_ref()).any(|e| uses(e, lookup))
                || table.rows.iter().any(|row| {
                    let values = row.values.iter().map(|(_, value)| value);
                    row.when.iter().chain(values).any(|e| uses(e, lookup))
                })
        })
    })
    .collect()
}
