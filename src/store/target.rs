//! The target tables of a database compared with a contract.

use std::fmt;

use crate::contract::{Contract, TargetColumn, TargetTable};

/// One difference between a target table of the database and the contract's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The contract's table.
    pub table: String,
    /// The column, if the difference concerns one.
    pub column: Option<String>,
    /// Whether it may prevent rows from being written, or change them. Other differences do no harm.
    pub refuses: bool,
    /// The difference, as a sentence that starts in lower case.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.what)
    }
}

/// A table of the database.
#[derive(Debug, Clone, Default)]
pub(super) struct FoundTable {
    /// In the table's order; empty if the table does not exist.
    pub columns: Vec<FoundColumn>,
    /// Columns of the primary key, in its order.
    pub primary_key: Vec<String>,
    pub foreign_keys: Vec<FoundKey>,
}

/// A column of the database.
#[derive(Debug, Clone)]
pub(super) struct FoundColumn {
    pub name: String,
    /// The type as DDL writes it.
    pub sql_type: String,
    pub nullable: bool,
    pub identity: bool,
    pub computed: bool,
    pub has_default: bool,
}

/// A foreign key of the database.
#[derive(Debug, Clone, Default)]
pub(super) struct FoundKey {
    pub parent: String,
    /// Its columns; empty if they were not read.
    pub columns: Vec<String>,
}

/// Whether a column of the database, by its index in [`FoundTable::columns`], holds every value
/// of a column of the contract unchanged.
pub(super) type Holds<'h> = &'h dyn Fn(&TargetColumn, usize) -> bool;

/// Every difference between a table of the contract and the table found.
pub(super) fn differences(
    contract: &Contract,
    table: &TargetTable,
    found: &FoundTable,
    holds: Holds<'_>,
) -> Vec<Difference> {
    let mut differences = Differences { table, found: Vec::new() };
    if found.columns.is_empty() {
        differences.table("the table does not exist, or this login has no permission to see it");
        return differences.found;
    }
    for column in &table.columns {
        let at = found.columns.iter().position(|c| same(&c.name, &column.name));
        match at {
            None => differences.column(column, format!("column {} does not exist", column.name)),
            Some(at) => differences.compare(column, &found.columns[at], holds(column, at)),
        }
    }
    differences.extra_columns(&found.columns);
    differences.primary_key(&found.primary_key);
    differences.foreign_keys(contract, &found.foreign_keys);
    differences.found
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn is_key(table: &TargetTable, column: &str) -> bool {
    table.primary_key.iter().any(|name| same(name, column))
}

struct Differences<'t> {
    table: &'t TargetTable,
    found: Vec<Difference>,
}

impl Differences<'_> {
    fn push(&mut self, column: Option<&str>, refuses: bool, what: impl Into<String>) {
        self.found.push(Difference {
            table: self.table.name.clone(),
            column: column.map(str::to_owned),
            refuses,
            what: what.into(),
        });
    }

    fn table(&mut self, what: impl Into<String>) {
        self.push(None, true, what);
    }

    fn column(&mut self, column: &TargetColumn, what: String) {
        self.push(Some(&column.name), true, what);
    }

    fn compare(&mut self, column: &TargetColumn, actual: &FoundColumn, holds: bool) {
        let name = &column.name;
        if actual.computed {
            return self.column(column, format!("column {name} is a computed column"));
        }
        if column.identity != actual.identity {
            let (is, should) = match actual.identity {
                true => ("is", "is not"),
                false => ("is not", "is"),
            };
            let what = format!("column {name} {is} an identity, but {should} in the contract");
            return self.column(column, what);
        }
        if !holds {
            let (there, here) = (&actual.sql_type, column.sql_type);
            let what =
                format!("column {name} is {there}, which cannot hold every {here} of the contract");
            self.column(column, what);
        }
        let never_null = column.required || column.identity || is_key(self.table, name);
        if !actual.nullable && !never_null {
            let what = format!("column {name} is NOT NULL, but nullable in the contract");
            self.column(column, what);
        }
        if actual.nullable && never_null {
            let what = format!("column {name} is nullable, but required in the contract");
            self.push(Some(name), false, what);
        }
        if actual.has_default && !column.identity {
            let what = format!("column {name} has a default, which no row of the contract uses");
            self.push(Some(name), false, what);
        }
    }

    fn extra_columns(&mut self, columns: &[FoundColumn]) {
        for column in columns {
            let name = &column.name;
            if self.table.columns.iter().any(|known| same(&known.name, name)) {
                continue;
            }
            if column.nullable || column.has_default || column.identity || column.computed {
                self.push(Some(name), false, format!("column {name} is not in the contract"));
            } else {
                let what =
                    format!("column {name} is not in the contract, is NOT NULL and has no default");
                self.push(Some(name), true, what);
            }
        }
    }

    fn primary_key(&mut self, actual: &[String]) {
        let wanted = &self.table.primary_key;
        let same =
            wanted.len() == actual.len() && wanted.iter().zip(actual).all(|(a, b)| same(a, b));
        if wanted.is_empty() || same {
            return;
        }
        let has = if actual.is_empty() { "none".to_owned() } else { actual.join(", ") };
        let wanted = wanted.join(", ");
        self.table(format!("the primary key is {has}, but {wanted} in the contract"));
    }

    fn foreign_keys(&mut self, contract: &Contract, actual: &[FoundKey]) {
        if let Some(wanted) = &self.table.foreign_key {
            let there = actual.iter().any(|key| {
                let columns = wanted.columns.iter();
                same(&key.parent, &wanted.references)
                    && (key.columns.is_empty()
                        || columns.clone().all(|c| key.columns.iter().any(|k| same(k, c))))
            });
            if !there {
                self.table(format!("the foreign key to table {} is missing", wanted.references));
            }
        }
        let place = |name: &str| contract.targets.iter().position(|t| same(&t.name, name));
        let own = place(&self.table.name);
        for key in actual {
            let parent = &key.parent;
            let declared =
                self.table.foreign_key.as_ref().is_some_and(|own| same(&own.references, parent));
            if declared {
                continue;
            }
            match place(parent) {
                Some(at) if Some(at) > own => self.table(format!(
                    "it has a foreign key to table {parent}, which the contract loads after it: \
                     declare the foreign key"
                )),
                _ => self.push(
                    None,
                    false,
                    format!("it has a foreign key to table {parent}, which is not in the contract"),
                ),
            }
        }
    }
}
