//! Parts of the translated contract that the contract's own check refuses.

use super::draft::Draft;
use super::layout::Layout;
use super::legacy::Legacy;
use super::print::{self, Part, Printed};
use super::report::Report;
use crate::contract::Contract;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// The printed contract without the parts that the check refuses: they are reported as not
/// translated. None when nothing is left; then `diagnostics` says why.
pub(super) fn print_without(
    mut draft: Draft,
    layout: &Layout<'_>,
    report: &mut Report,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    while !draft.tables.is_empty() {
        let Printed { text, parts } = print::print(&draft, layout, report);
        let Err(found) = Contract::parse(&text, "contract.toml") else {
            report.set_tables(draft.tables.len());
            return Some(text);
        };
        let mut refused: Vec<(Part, String)> = Vec::new();
        for error in found.iter().filter(|d| d.severity == Severity::Error) {
            match parts.iter().rfind(|(range, _)| range.contains(&error.span.start)) {
                Some((_, part)) if refused.iter().any(|(other, _)| other == part) => {}
                Some((_, part)) => refused.push((*part, error.message.clone())),
                None => {
                    let message = format!("this is not a valid contract: {}", error.message);
                    let hint = "correct the JSON, and import it again";
                    diagnostics.push(Diagnostic::error(0..1, message).hint(hint));
                }
            }
        }
        if diagnostics.errors() > 0 {
            return None;
        }
        // Inner parts and the last first, so that the positions of the others hold.
        refused.sort_by_key(|(part, _)| std::cmp::Reverse(*part));
        for (part, reason) in refused {
            for mapping in remove(part, &mut draft, layout.legacy) {
                report.failed(mapping, reason.clone());
            }
        }
    }
    let message = "no mapping of this contract can be translated";
    diagnostics.push(Diagnostic::error(0..1, message).hint(report.to_string()));
    None
}

/// Removes a part, and returns its mappings.
fn remove(part: Part, draft: &mut Draft, legacy: &Legacy) -> Vec<usize> {
    match part {
        Part::Lookup(index) => {
            let name = draft.lookups.remove(index).name;
            let uses = legacy.mappings.iter().filter(|m| m.has_type("enum"));
            uses.filter(|m| m.enum_name() == name).map(|m| m.index).collect()
        }
        Part::Table(index) => {
            let table = draft.tables.remove(index);
            let columns = table.columns.iter().filter_map(|c| c.mapping);
            columns.chain(table.rows.iter().flat_map(|r| r.mappings.clone())).collect()
        }
        Part::Row(table, index) => draft.tables[table].rows.remove(index).mappings,
        Part::Column(table, index) => {
            let table = &mut draft.tables[table];
            let column = table.columns.remove(index);
            for row in &mut table.rows {
                row.values.retain(|(name, _)| *name != column.name);
            }
            column.mapping.into_iter().collect()
        }
    }
}
