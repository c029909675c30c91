//! The target tables of a database compared with a contract.

use std::fmt;

use self::DifferenceKind::{Missing, Null, Other, Type};
use crate::contract::{Contract, Identity, TargetColumn, TargetTable};
use crate::declared::{DeclaredColumn, DeclaredKey, DeclaredTable};

/// Which existing target tables an installation may give missing nullable columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlterTables {
    /// Those that xmlshred created.
    #[default]
    Own,
    /// Those of others too: a person has decided it.
    All,
}

/// One difference between a target table of the database and the contract's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The contract's table.
    pub table: String,
    /// The column, if the difference concerns one.
    pub column: Option<String>,
    /// What differs.
    pub kind: DifferenceKind,
    /// Whether it may prevent rows from being written, or change them. Other differences do no harm.
    pub refuses: bool,
    /// The difference, as a sentence that starts in lower case.
    pub what: String,
}

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// A column of the contract that the table does not have.
    Missing,
    /// The type of a column.
    Type,
    /// Whether a column may be NULL.
    Null,
    /// Anything else.
    Other,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.what)
    }
}

/// Whether a column of the database, by its index in [`DeclaredTable::columns`], holds every value
/// of a column of the contract unchanged.
pub(super) type Holds<'h> = &'h dyn Fn(&TargetColumn, usize) -> bool;

/// Every difference between a table of the contract and the table found.
pub(super) fn differences(
    contract: &Contract,
    table: &TargetTable,
    found: &DeclaredTable,
    holds: Holds<'_>,
) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut push = |column: Option<&str>, kind, refuses, what: String| {
        let (table, column) = (table.name.clone(), column.map(str::to_owned));
        all.push(Difference { table, column, kind, refuses, what });
    };
    if found.columns.is_empty() {
        let what = "the table does not exist, or this login has no permission to see it";
        push(None, Other, true, what.to_owned());
        return all;
    }
    for column in &table.columns {
        let name = &column.name;
        match found.columns.iter().position(|c| same(&c.name, name)) {
            None => push(Some(name), Missing, true, format!("column {name} does not exist")),
            Some(at) => {
                let is_key = table.primary_key.iter().any(|key| same(key, name));
                let columns =
                    column_differences(column, &found.columns[at], is_key, holds(column, at));
                for (kind, refuses, what) in columns {
                    push(Some(name), kind, refuses, format!("column {name} {what}"));
                }
            }
        }
    }
    let is_known = |name: &str| table.columns.iter().any(|known| same(&known.name, name));
    for extra in found.columns.iter().filter(|extra| !is_known(&extra.name)) {
        let name = &extra.name;
        let optional = extra.is_optional();
        let rest = if optional { "" } else { ", is NOT NULL and has no default" };
        push(Some(name), Other, !optional, format!("column {name} is not in the contract{rest}"));
    }
    let (wanted, actual) = (&table.primary_key, &found.primary_key);
    let same_key =
        wanted.len() == actual.len() && wanted.iter().zip(actual).all(|(a, b)| same(a, b));
    if !wanted.is_empty() && !same_key {
        let actual = if actual.is_empty() { "none".to_owned() } else { actual.join(", ") };
        let wanted = wanted.join(", ");
        push(
            None,
            Other,
            true,
            format!("the primary key is {actual}, but {wanted} in the contract"),
        );
    }
    for (refuses, what) in foreign_key_differences(contract, table, &found.foreign_keys) {
        push(None, Other, refuses, what);
    }
    all
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// What each difference is about, whether it may refuse rows, and the difference without the column's name.
fn column_differences(
    column: &TargetColumn,
    actual: &DeclaredColumn,
    is_key: bool,
    holds: bool,
) -> Vec<(DifferenceKind, bool, String)> {
    if actual.computed {
        return vec![(Other, true, "is a computed column".to_owned())];
    }
    match (column.identity, actual.identity) {
        (Identity::No, true) => {
            let what = "is an identity, and the contract gives it values; write `identity = \
                        \"explicit\"` there, or `identity = true` and no value";
            return vec![(Other, true, what.to_owned())];
        }
        (Identity::Generated, false) => {
            let what = "is not an identity, but `identity = true` in the contract; give it a value";
            return vec![(Other, true, what.to_owned())];
        }
        _ => {}
    }
    let never_null = column.required || column.is_generated() || is_key;
    let (there, here) = (&actual.sql_type, column.sql_type);
    let possible = [
        (!holds, Type, true, format!("is {there}, which cannot hold every {here} of the contract")),
        (
            !actual.nullable && !never_null,
            Null,
            true,
            "is NOT NULL, but nullable in the contract".to_owned(),
        ),
        (
            actual.nullable && never_null,
            Null,
            false,
            "is nullable, but required in the contract".to_owned(),
        ),
        (
            actual.has_default && !column.is_generated(),
            Other,
            false,
            "has a default, which no row of the contract uses".to_owned(),
        ),
    ];
    let differs = possible.into_iter().filter(|(differs, ..)| *differs);
    differs.map(|(_, kind, refuses, what)| (kind, refuses, what)).collect()
}

fn foreign_key_differences(
    contract: &Contract,
    table: &TargetTable,
    actual: &[DeclaredKey],
) -> Vec<(bool, String)> {
    let mut all = Vec::new();
    let declared = table.foreign_key.as_ref();
    if let Some(wanted) = declared {
        let has = |key: &DeclaredKey, column| key.columns.iter().any(|own| same(own, column));
        let exists = actual.iter().any(|key| {
            same(&key.parent, &wanted.references)
                && (key.columns.is_empty() || wanted.columns.iter().all(|c| has(key, c)))
        });
        if !exists {
            // Rows are loaded in this order all the same.
            all.push((false, format!("the foreign key to table {} is missing", wanted.references)));
        }
    }
    let place = |name: &str| contract.targets.iter().position(|t| same(&t.name, name));
    for DeclaredKey { parent, .. } in actual {
        if declared.is_some_and(|key| same(&key.references, parent)) {
            continue;
        }
        let late = place(parent).is_some_and(|at| Some(at) > place(&table.name));
        let rest = match late {
            true => "which the contract loads after it: declare the foreign key",
            false => "which is not in the contract",
        };
        all.push((late, format!("it has a foreign key to table {parent}, {rest}")));
    }
    all
}
