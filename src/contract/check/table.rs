//! One `[[tables]]`: its columns, its keys, its row templates.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::checks::Checks;
use super::targets::Target;
use crate::contract::draft::{ColumnDraft, ForeignKeyDraft, Located, Placed, RowDraft, TableDraft};
use crate::contract::expr::ast::{Expr, ExprKind, Function};
use crate::contract::expr::check::Parent;
use crate::contract::expr::kind::Kind;
use crate::contract::identifier::{same_name, NameIndex};
use crate::contract::target::Identity;
use crate::diagnostic::{spelling, Diagnostic};
use crate::value::SqlType;

impl Checks<'_> {
    pub(super) fn table(&mut self, table: &TableDraft, target: Option<&Target>) {
        self.row_path(table);
        self.conditions(table);
        let kinds = self.column_kinds(table);
        self.app_column(table);
        self.key_columns(table);
        for (index, column) in table.columns.iter().enumerate() {
            self.identity(table, index, column);
            self.given(table, column, &kinds[index], target);
        }
    }

    /// For each column the kinds of its own expression and of each row template's.
    fn column_kinds(&mut self, table: &TableDraft) -> Vec<Given> {
        let mut all = Vec::new();
        let by_column = |row: &'_ RowDraft| -> HashMap<usize, usize> {
            row.values.iter().enumerate().map(|(at, (column, _))| (*column, at)).collect()
        };
        let values: Vec<_> = table.rows.iter().map(by_column).collect();
        let unreadable: Vec<HashSet<usize>> =
            table.rows.iter().map(|row| row.unreadable.iter().copied().collect()).collect();
        for (index, column) in table.columns.iter().enumerate() {
            let own = column.value.as_ref().map(|expr| self.column_value(table, column, expr));
            let mut rows = Vec::new();
            for (number, row) in table.rows.iter().enumerate() {
                if unreadable[number].contains(&index) {
                    rows.push(Some(Kind::Any));
                    continue;
                }
                let own_row = values[number].get(&index).map(|at| &row.values[*at].1);
                rows.push(own_row.map(|expr| self.column_value(table, column, expr)));
            }
            all.push(Given { own, rows });
        }
        all
    }

    /// The column of a list of names, or what is wrong with it.
    fn known_column(&mut self, table: &TableDraft, name: &Located<String>) -> Option<usize> {
        let found = table.columns.iter().position(|c| same_name(&c.name.value, &name.value));
        if found.is_none() {
            let message = format!("unknown column `{}`", name.value);
            let names = table.columns.iter().map(|c| c.name.value.as_str());
            let hint = spelling::suggestion(&name.value, names);
            self.report(Diagnostic::error(name.span.clone(), message).maybe_hint(hint));
        }
        found
    }

    fn key_columns(&mut self, table: &TableDraft) {
        if let Some(key) = &table.primary_key {
            self.distinct_names(&key.value);
            for name in &key.value {
                if let Some(index) = self.known_column(table, name) {
                    self.can_be_key(&table.columns[index], &name.span);
                }
            }
        }
        if let Some(key) = &table.foreign_key {
            self.distinct_names(&key.value.columns);
            for name in &key.value.columns {
                let index = self.known_column(table, name);
                if index.is_some_and(|index| table.columns[index].is_generated()) {
                    let message =
                        format!("the identity column `{}` cannot refer to a parent", name.value);
                    let hint = "refer with a column that has a `value`";
                    self.report(Diagnostic::error(name.span.clone(), message).hint(hint));
                }
                if let Some(index) = index {
                    self.numbered_reference(table, index, &key.value);
                }
            }
        }
    }

    /// `ORDINAL()` numbers the rows of its own table, which only by chance are those of the parent.
    fn numbered_reference(&mut self, table: &TableDraft, index: usize, key: &ForeignKeyDraft) {
        let column = &table.columns[index];
        let Parent::Table { name: parent, key: theirs, apart: false, .. } = self.parent else {
            return;
        };
        let is_own = |expr: &&Placed<Expr>| is_call(&expr.tree, Function::Ordinal);
        let numbered = column.value.iter().chain(row_values(table, index)).filter(is_own);
        for span in numbered.map(Placed::whole) {
            let message = format!(
                "`{}` refers to `{parent}`, but ORDINAL() numbers the rows of this table",
                column.name.value
            );
            let at = key.columns.iter().position(|c| same_name(&c.value, &column.name.value));
            let theirs = at.and_then(|at| theirs.get(at)).map_or("…", String::as_str);
            let hint = format!("write `PARENT({theirs})`");
            self.report(Diagnostic::warning(span, message).hint(hint));
        }
    }

    fn distinct_names(&mut self, names: &[Located<String>]) {
        let mut index = NameIndex::default();
        for name in names {
            if index.insert(&name.value, 0).is_some() {
                let message = format!("duplicate column `{}`", name.value);
                self.report(
                    Diagnostic::error(name.span.clone(), message).hint("name each column once"),
                );
            }
        }
    }

    fn can_be_key(&mut self, column: &ColumnDraft, span: &Range<usize>) {
        let unlimited = matches!(
            column.sql_type.as_ref().map(|t| t.value),
            Some(
                SqlType::Xml
                    | SqlType::VarChar(None)
                    | SqlType::NVarChar(None)
                    | SqlType::VarBinary(None)
            )
        );
        if unlimited {
            let message =
                format!("`{}` cannot be part of a key: its length is unlimited", column.name.value);
            let hint = "give the column a length, such as nvarchar(50)";
            self.report(Diagnostic::error(span.clone(), message).hint(hint));
        }
    }

    fn app_column(&mut self, table: &TableDraft) {
        let Some(name) = &table.app_column else { return };
        let Some(index) = self.known_column(table, name) else { return };
        let column = &table.columns[index];
        if let Some(sql_type) = &column.sql_type {
            let fits = Kind::of(sql_type.value).is_number() && sql_type.value != SqlType::Bit
                || sql_type.value.is_character();
            if !fits {
                let message = format!("{} cannot hold an application's id", sql_type.value);
                let hint = "use `int` or `bigint`, as in the source table";
                self.report(Diagnostic::error(sql_type.span.clone(), message).hint(hint));
            }
        }
        if let Some(identity) = column.identity.as_ref().filter(|_| column.is_generated()) {
            let message = "the application's column cannot be an identity column";
            let hint = "write `value = \"APP_ID()\"`";
            self.report(Diagnostic::error(identity.span.clone(), message).hint(hint));
        }
        let others = column.value.iter().chain(row_values(table, index));
        let others = others.filter(|expr| !expr.broken && !is_call(&expr.tree, Function::AppId));
        let default = column.default.iter().map(|default| default.span.clone());
        for span in others.map(Placed::whole).chain(default) {
            let message = "the application's column must hold its id";
            let hint = format!("write `value = \"APP_ID()\"` for `{}`", name.value);
            self.report(Diagnostic::error(span, message).hint(hint));
        }
    }

    fn identity(&mut self, table: &TableDraft, index: usize, column: &ColumnDraft) {
        let Some(identity) = column.identity.as_ref().filter(|i| i.value != Identity::No) else {
            return;
        };
        let whole_number = column.sql_type.as_ref().is_none_or(|t| {
            t.value.is_integer() || matches!(t.value, SqlType::Decimal { scale: 0, .. })
        });
        if !whole_number {
            let message = "an identity column must hold whole numbers";
            let hint = "use `int`, `bigint`, or `decimal` without digits after the point";
            self.report(Diagnostic::error(identity.span.clone(), message).hint(hint));
        }
        if !column.is_generated() {
            return;
        }
        let values = column.value.iter().chain(row_values(table, index)).map(Placed::whole);
        let default = column.default.iter().map(|default| default.span.clone());
        for span in values.chain(default) {
            let message =
                format!("the identity column `{}` must not have a value", column.name.value);
            let hint = "leave out the value, or `identity = true`";
            let given = Diagnostic::error(span, message).hint(hint);
            self.report(given.related(identity.span.clone(), "the identity column"));
        }
    }

    /// Reports columns that can only be null, and rows that lack what is required.
    fn given(
        &mut self,
        table: &TableDraft,
        column: &ColumnDraft,
        given: &Given,
        target: Option<&Target>,
    ) {
        if column.is_generated() || column.default.is_some() || column.unreadable {
            return;
        }
        let name = &column.name.value;
        let required = target.is_some_and(|target| target.is_required(name));
        if !given.ever() {
            let span = column.name.span.clone();
            self.report(match required {
                true => Diagnostic::error(
                    span,
                    format!("the required column `{name}` never has a value"),
                )
                .hint("add `value` or `default`"),
                false => Diagnostic::warning(span, format!("`{name}` is always null"))
                    .hint("add `value` or `default`, or remove the column"),
            });
            return;
        }
        if !required {
            return;
        }
        for (row, kind) in table.rows.iter().zip(&given.rows) {
            if !is_given(kind.or(given.own)) {
                let message = format!("missing required column `{name}`");
                let hint =
                    format!("add `{name}` to the row, or a `value` or `default` to the column");
                self.report(Diagnostic::error(row.span.clone(), message).hint(hint));
            }
        }
    }
}

/// The kinds of a column's expressions.
struct Given {
    own: Option<Kind>,
    rows: Vec<Option<Kind>>,
}

impl Given {
    /// Whether some row can have a value other than null.
    fn ever(&self) -> bool {
        match self.rows.as_slice() {
            [] => is_given(self.own),
            rows => rows.iter().any(|row| is_given(row.or(self.own))),
        }
    }
}

fn is_given(kind: Option<Kind>) -> bool {
    kind.is_some_and(|kind| kind != Kind::Null)
}

fn is_call(expr: &Expr, wanted: Function) -> bool {
    matches!(expr.kind, ExprKind::Call { function, .. } if function == wanted)
}

fn row_values(table: &TableDraft, column: usize) -> impl Iterator<Item = &Placed<Expr>> {
    let values = table.rows.iter().flat_map(|row| &row.values);
    values.filter(move |(c, _)| *c == column).map(|(_, expr)| expr)
}
