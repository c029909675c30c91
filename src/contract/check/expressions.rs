//! The expressions of one table.

use super::checks::Checks;
use crate::contract::draft::{ColumnDraft, Placed, TableDraft};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin};
use crate::contract::expr::check::{
    check_column, check_condition, check_path, check_value, Checked, Place, Scope,
};
use crate::contract::expr::kind::Kind;
use crate::contract::expr::mistake::{self, Mistake};
use crate::contract::model::LookupValue;
use crate::contract::model::TooLong;
use crate::value::convert::Conversion;
use crate::value::Value;

impl Checks<'_> {
    pub(super) fn row_path(&mut self, table: &TableDraft) {
        if let Some(each) = &table.each {
            let checked = check_path(&each.tree, self.scope(Place::Value));
            self.take(checked, &each.map);
        }
    }

    /// `where`, `distinct`, `keep_when`
    pub(super) fn conditions(&mut self, table: &TableDraft) {
        if let Some(where_) = &table.where_ {
            self.in_document(table, where_, check_condition);
        }
        if let Some(distinct) = &table.distinct {
            for expr in distinct.by.iter().chain(&distinct.prefer) {
                self.in_document(table, expr, check_value);
            }
        }
        if let Some(keep_when) = &table.keep_when {
            self.keep_when(table, keep_when);
        }
        for when in table.rows.iter().filter_map(|row| row.when.as_ref()) {
            self.in_document(table, when, check_condition);
        }
    }

    fn in_document(
        &mut self,
        table: &TableDraft,
        expr: &Placed<Expr>,
        check: fn(&Expr, Scope<'_>) -> Checked,
    ) {
        let scope = Scope { broken: expr.broken, ..self.row_scope(table, Place::Document) };
        let checked = check(&expr.tree, scope);
        self.take(checked, &expr.map);
    }

    fn row_scope(&self, table: &TableDraft, place: Place) -> Scope<'_> {
        let each = table.each.as_ref().map(|each| &each.tree);
        let depth = each.filter(|e| e.origin == Origin::Document).map(|e| e.steps.len());
        Scope { depth, of_parts: table.split.is_some(), ..self.scope(place) }
    }

    fn keep_when(&mut self, table: &TableDraft, keep_when: &Placed<Expr>) {
        let typed = |c: &ColumnDraft| Some((c.name.value.clone(), c.sql_type.as_ref()?.value));
        let columns: Vec<_> = table.columns.iter().filter_map(typed).collect();
        let scope = Scope { columns: &columns, broken: keep_when.broken, ..self.scope(Place::Row) };
        let mut checked = check_condition(&keep_when.tree, scope);
        checked.mistakes.extend(late_columns(table, &keep_when.tree));
        self.take(checked, &keep_when.map);
    }

    /// The kind of a column's expression, its own or a row template's.
    pub(super) fn column_value(
        &mut self,
        table: &TableDraft,
        column: &ColumnDraft,
        expr: &Placed<Expr>,
    ) -> Kind {
        let scope = Scope { broken: expr.broken, ..self.row_scope(table, Place::Value) };
        let Some(sql_type) = &column.sql_type else {
            let checked = check_value(&expr.tree, scope);
            return self.take(checked, &expr.map);
        };
        let conversion = Conversion::for_column(sql_type.value)
            .truncate(column.too_long == TooLong::Truncate)
            .keep_blank(column.blank_keep)
            .date_formats(self.draft.document.scope.date_formats.clone());
        let mut checked = check_column(&expr.tree, &conversion, scope);
        if table.split.is_some() {
            checked.mistakes.extend(part_known_late(&expr.tree));
        }
        if !expr.broken && !column.on_error_null {
            checked.mistakes.extend(self.lookup_values(&expr.tree, &conversion));
        }
        self.take(checked, &expr.map)
    }

    /// Values of a lookup that the column it is read into cannot hold.
    fn lookup_values(&self, expr: &Expr, conversion: &Conversion) -> Option<Mistake> {
        let ExprKind::Call { function: Function::Lookup, arguments } = &expr.kind else {
            return None;
        };
        let ExprKind::Text(name) = &arguments.first()?.kind else { return None };
        let mut lookups = self.draft.lookups.iter().map(|l| &l.lookup);
        let lookup = lookups.find(|lookup| lookup.name.eq_ignore_ascii_case(name))?;
        let error = lookup.results().find_map(|value| {
            let value = match value {
                LookupValue::Integer(integer) => Value::Int(*integer),
                LookupValue::Decimal(decimal) => Value::Decimal(*decimal),
                LookupValue::Text(text) => Value::Text(text.into()),
            };
            conversion.value(value).err()
        })?;
        let (message, hint) = mistake::of_literal(&error);
        let message = format!("a value of the lookup `{}` does not fit: {message}", lookup.name);
        Some(Mistake::error(expr.span, message).hint(hint))
    }
}

/// Uses of columns whose values are known after `keep_when` has decided.
fn late_columns(table: &TableDraft, keep_when: &Expr) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    keep_when.walk(&mut |part| {
        let ExprKind::Column(name) = &part.kind else { return };
        let column = table.columns.iter().position(|c| c.name.value == *name);
        let used = column.and_then(|c| expressions_of(table, c).find_map(known_late));
        let Some(function) = used else { return };
        let message = format!("`{name}` uses {}, which is not allowed here", function.form());
        let hint = match function {
            Function::Ordinal => "use another column: rows are numbered after `keep_when`",
            _ => "use another column: the parent's rows are known after `keep_when`",
        };
        mistakes.push(Mistake::error(part.span, message).hint(hint));
    });
    mistakes
}

/// A column's own expression and those of the row templates.
pub(super) fn expressions_of(table: &TableDraft, column: usize) -> impl Iterator<Item = &Expr> {
    let templates = table.rows.iter().flat_map(|row| &row.values);
    let templates = templates.filter(move |(c, _)| *c == column).map(|(_, expr)| &expr.tree);
    table.columns[column].value.iter().map(|expr| &expr.tree).chain(templates)
}

/// The part of a list beside a number that is known only when all rows are.
fn part_known_late(expr: &Expr) -> Option<Mistake> {
    let late = known_late(expr)?;
    let mut found = None;
    expr.walk(&mut |part| {
        if let ExprKind::Call { function: f @ (Function::Part | Function::Position), .. } =
            part.kind
        {
            found = Some((part.span, f));
        }
    });
    let (span, part) = found?;
    let message = format!("{} and {} in one expression", part.form(), late.form());
    Some(Mistake::error(span, message).hint("write a column for each"))
}

/// What an expression needs that is known only when it is known which rows there are.
fn known_late(expr: &Expr) -> Option<Function> {
    let mut found = None;
    expr.walk(&mut |part| {
        if let ExprKind::Call { function: f @ (Function::Ordinal | Function::Parent), .. } =
            part.kind
        {
            found = Some(f);
        }
    });
    found
}
