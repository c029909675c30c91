//! What the tables that exist say of a draft's types, nullability, identity columns and keys. The JSON
//! only guesses: it has no precision of a decimal, and no char, varchar or key.

use super::defaults;
use super::difference::Difference;
use super::draft::{Column, Draft, Table};
use super::layout::Layout;
use super::report::Report;
use crate::contract::identifier::same_name;
use crate::declared::{DeclaredColumn, DeclaredTable};
use crate::value::SqlType;

/// The table of that name.
pub(super) fn of<'d>(declared: &'d [DeclaredTable], name: &str) -> Option<&'d DeclaredTable> {
    declared.iter().find(|table| same_name(&table.name, name))
}

/// Makes the draft one for these tables.
pub(super) fn apply(
    draft: &mut Draft,
    declared: &[DeclaredTable],
    layout: &Layout<'_>,
    report: &mut Report,
) {
    for table in &mut draft.tables {
        match of(declared, &table.name) {
            Some(found) => columns(table, found, layout, report),
            None => report.taken(&table.name, "is not there: its types are those of the JSON"),
        }
    }
    for at in 0..draft.tables.len() {
        if let Some(found) = of(declared, &draft.tables[at].name) {
            keys(draft, at, found, report);
        }
    }
}

fn columns(table: &mut Table, found: &DeclaredTable, layout: &Layout<'_>, report: &mut Report) {
    report.settles(Difference::MakerTypes, &table.name);
    let mut refused = Vec::new();
    for column in &mut table.columns {
        let subject = format!("{}.{}", table.name, column.name);
        match found.column(&column.name) {
            None => refused.push((column.name.clone(), "the table has no such column")),
            Some(own) if own.computed => {
                refused.push((column.name.clone(), "the table computes this column"));
            }
            Some(own) => take(column, own, &subject, layout, report),
        }
    }
    for (name, reason) in refused {
        let at = table.columns.iter().position(|column| column.name == name);
        let column = at.map(|at| table.columns.remove(at));
        for row in &mut table.rows {
            row.values.retain(|(own, _)| *own != name);
        }
        match column.and_then(|column| column.mapping) {
            Some(mapping) => report.failed(mapping, reason),
            None => report.taken(&format!("{}.{name}", table.name), reason),
        }
    }
    let is_known = |name: &str| table.columns.iter().any(|column| same_name(&column.name, name));
    for needed in found.columns.iter().filter(|own| !own.is_optional() && !is_known(&own.name)) {
        report.unfilled(&format!("{}.{}", table.name, needed.name), &needed.sql_type);
    }
}

/// Gives a column the type and the rest that its table has.
fn take(
    column: &mut Column,
    own: &DeclaredColumn,
    subject: &str,
    layout: &Layout<'_>,
    report: &mut Report,
) {
    match own.contract_type() {
        None => report.taken(
            subject,
            &format!("{}, which a contract cannot name: {} stays", own.sql_type, column.sql_type),
        ),
        Some(sql_type) => {
            if sql_type != column.sql_type {
                report.taken(subject, &format!("{}, not {}", own.sql_type, column.sql_type));
                cut(column, sql_type);
                column.sql_type = sql_type;
                let mapping = column.mapping.map(|index| &layout.legacy.mappings[index]);
                let text =
                    mapping.and_then(|m| m.default.as_ref()).filter(|_| column.default.is_some());
                if let Some(Ok(literal)) = text.map(|text| defaults::literal(text, sql_type)) {
                    column.default = Some(literal);
                }
            }
            if let Some(mapping) = column.mapping {
                report.settled(Difference::DecimalDigits, mapping);
            }
            column.forget(Difference::DecimalDigits.remark());
        }
    }
    if own.identity != column.identity {
        report.taken(
            subject,
            if own.identity { "an identity column" } else { "not an identity column" },
        );
        column.identity = own.identity;
    }
}

/// The earlier system cut text to the length in the JSON, and the table refused what was longer than
/// its own.
fn cut(column: &mut Column, sql_type: SqlType) {
    let Some(length) = column.sql_type.max_chars().filter(|_| sql_type.is_character()) else {
        column.truncate = false;
        return;
    };
    let is_shorter = sql_type.max_chars().is_none_or(|own| length < own);
    if column.truncate && sql_type.max_chars() != Some(length) {
        column.truncate = column.value.is_none() && is_shorter && sql_type.max_chars().is_some();
        column.value = column.value.take().map(|value| match is_shorter {
            true => format!("LEFT({value}, {length})"),
            false => value,
        });
    }
}

/// The primary key and the foreign key that the table has, where the contract has their columns.
fn keys(draft: &mut Draft, at: usize, found: &DeclaredTable, report: &mut Report) {
    let table = &draft.tables[at];
    let named = |key: &String| table.columns.iter().find(|column| same_name(&column.name, key));
    let key: Option<Vec<String>> =
        found.primary_key.iter().map(|key| named(key).map(|column| column.name.clone())).collect();
    let same = |a: &[String], b: &[String]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_name(a, b))
    };
    let key = key.unwrap_or_default();
    if !same(&key, &table.primary_key) {
        let is_referred_to = draft.tables.iter().any(|other| {
            other.foreign_key.as_ref().is_some_and(|(_, parent)| same_name(parent, &table.name))
        });
        // Without a key in the table, children still need one in the contract.
        if !key.is_empty() || !is_referred_to {
            let shown = if key.is_empty() { "none".to_owned() } else { key.join(", ") };
            report.taken(&table.name, &format!("primary key: {shown}"));
            draft.tables[at].primary_key = key;
        }
    }
    let table = &mut draft.tables[at];
    let is_key = |name: &str| table.primary_key.iter().any(|key| same_name(key, name));
    for column in table.columns.iter_mut().filter(|c| !c.required && !is_key(&c.name)) {
        if found.column(&column.name).is_some_and(|own| !own.nullable && !own.identity) {
            report.taken(&format!("{}.{}", table.name, column.name), "NOT NULL");
            column.required = true;
        }
    }
    if draft.tables[at].foreign_key.is_none() {
        let parent = found.foreign_keys.iter().find_map(|key| {
            let [column] = key.columns.as_slice() else { return None };
            let own = draft.tables[at].columns.iter().find(|c| same_name(&c.name, column))?;
            let parent = draft.tables.iter().find(|t| same_name(&t.name, &key.parent))?;
            let is_other = !same_name(&parent.name, &draft.tables[at].name);
            let is_key = parent.primary_key.len() == 1;
            (is_other && is_key).then(|| (own.name.clone(), parent.name.clone()))
        });
        if let Some((column, parent)) = parent {
            report.taken(&draft.tables[at].name, &format!("foreign key: {column} to {parent}"));
            draft.tables[at].foreign_key = Some((column, parent));
        }
    }
}
