//! A difference as a person reads it.

use std::fmt;

use super::changes::{ContractDiff, Moved, TableDiff};
use super::rows::shown;
use crate::figures;
use crate::report::{Align, Table};

impl fmt::Display for ContractDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcomes = &self.outcomes;
        writeln!(
            f,
            "{}: {} differ, {} fail now, {} no longer fail, {} fail in another way",
            figures::counted(self.documents, "document"),
            figures::count(self.differing),
            figures::count(outcomes.fails_now),
            figures::count(outcomes.mapped_now),
            figures::count(outcomes.fails_otherwise),
        )?;
        for (moved, title) in [
            (Moved::FailsNow, "fail now"),
            (Moved::MappedNow, "no longer fail"),
            (Moved::FailsOtherwise, "fail in another way"),
        ] {
            let mut examples = outcomes.examples.iter().filter(|change| change.change == moved);
            let Some(first) = examples.next() else { continue };
            writeln!(f, "{title}:")?;
            for change in [first].into_iter().chain(examples) {
                writeln!(f, "  {}: {} -> {}", change.file, change.old, change.new)?;
            }
        }
        let right = Align::Right;
        let columns = ["before", "now", "appear", "vanish", "change"].map(|name| (name, right));
        let mut tables = Table::new(&[&[("table", Align::Left)], &columns[..]].concat());
        for table in &self.tables {
            let counts = [
                table.old_rows,
                table.new_rows,
                table.appear.count,
                table.vanish.count,
                table.change,
            ];
            let counts = counts.map(figures::count);
            tables.row([&table.table].into_iter().chain(&counts));
        }
        write!(f, "\nrows of the documents that both contracts map:\n{tables}")?;
        self.fmt_of_one(f)?;
        self.tables.iter().filter(|table| !table.is_alike()).try_for_each(|table| table.fmt(f))
    }
}

impl ContractDiff {
    /// Counts the rows of documents that one contract maps.
    fn fmt_of_one(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = |table: &TableDiff| [table.mapped_now.count, table.fails_now.count];
        if self.outcomes.mapped_now + self.outcomes.fails_now == 0 {
            return Ok(());
        }
        let right = Align::Right;
        let mut rows =
            Table::new(&[("table", Align::Left), ("no longer fail", right), ("fail now", right)]);
        for table in &self.tables {
            let counts = counts(table).map(figures::count);
            rows.row([&table.table].into_iter().chain(&counts));
        }
        write!(f, "\nrows of the documents that one contract maps:\n{rows}")
    }
}

impl fmt::Display for TableDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.contract {
            "new" => writeln!(f, "\n{} is new", self.table)?,
            "old" => writeln!(f, "\n{} is gone", self.table)?,
            _ => writeln!(f, "\n{}", self.table)?,
        }
        for column in &self.new_columns {
            writeln!(f, "  {column} is a new column")?;
        }
        for column in &self.gone_columns {
            writeln!(f, "  {column} is gone")?;
        }
        for (column, old, new) in &self.retyped_columns {
            writeln!(f, "  {column} was {old} and is {new}")?;
        }
        for (changes, what) in [
            (&self.appear, "added"),
            (&self.vanish, "removed"),
            (&self.mapped_now, "of documents that no longer fail"),
            (&self.fails_now, "of documents that fail now"),
        ] {
            if changes.count > 0 {
                writeln!(f, "  {} {what}", rows(changes.count))?;
            }
            for example in &changes.examples {
                writeln!(f, "    {}: {}", example.file, example.row)?;
            }
        }
        for column in &self.columns {
            writeln!(f, "  {} changes in {}", column.column, rows(column.count))?;
            for change in &column.examples {
                let (old, new) = (shown(change.old.as_deref()), shown(change.new.as_deref()));
                writeln!(f, "    {}: {}: {old} -> {new}", change.file, change.row)?;
            }
        }
        Ok(())
    }
}

fn rows(count: u64) -> String {
    figures::counted(count, "row")
}
