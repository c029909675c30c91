//! What happens where a column has no value that it can hold.

use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin, Path, Predicate};
use crate::contract::model::{ColumnRule, Model, OnMissing, TooLong};
use crate::outcome::FailureCategory;
use crate::value::SqlType;

/// What happens in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// The case.
    pub case: String,
    /// What happens.
    pub effect: Effect,
}

/// What happens to a value, or to its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The document fails with this category.
    Fails(FailureCategory),
    /// The value becomes null.
    Null,
    /// The value is cut.
    Cut,
}

impl Effect {
    /// Its name: that of the category, `null` or `cut`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fails(category) => category.name(),
            Self::Null => "null",
            Self::Cut => "cut",
        }
    }
}

/// What can happen to the value of a column.
pub(super) fn consequences(
    column: &ColumnRule,
    value: Option<&Expr>,
    model: &Model,
) -> Vec<Consequence> {
    let mut found = Vec::new();
    if let Some(value) = value {
        of_value(column, value, model, &mut found);
    }
    if column.on_error_null {
        for consequence in &mut found {
            if let Effect::Fails(_) = consequence.effect {
                consequence.effect = Effect::Null;
            }
        }
    }
    if column.required && column.default.is_none() && !is_never_null(value) {
        let effect = Effect::Fails(FailureCategory::MissingRequired);
        found.push(Consequence { case: "no value".to_owned(), effect });
    }
    found
}

fn of_value(column: &ColumnRule, value: &Expr, model: &Model, found: &mut Vec<Consequence>) {
    let mut add = |case: String, category| {
        found.push(Consequence { case, effect: Effect::Fails(category) });
    };
    if may_be_many(value) {
        add("a path finds several nodes".to_owned(), FailureCategory::ManyValues);
    }
    if may_be_unmapped(value, model) {
        add("a code that the lookup lacks".to_owned(), FailureCategory::UnmappedLookup);
    }
    if computes(value) {
        let case = "text that the expression cannot compute with".to_owned();
        add(case, FailureCategory::BadValue);
    }
    let sql_type = column.sql_type;
    if is_counted(value) && sql_type.is_integer() {
        return;
    }
    let holds = sql_type.range_text();
    match sql_type {
        SqlType::Char(_) | SqlType::VarChar(_) => {
            let case = "a character that code page 1252 lacks".to_owned();
            add(case, FailureCategory::BadValue);
        }
        SqlType::NChar(_) | SqlType::NVarChar(_) => {}
        SqlType::Xml => add("text that is not XML".to_owned(), FailureCategory::BadValue),
        _ => add(format!("not {sql_type} ({holds})"), FailureCategory::BadValue),
    }
    let length = match sql_type {
        SqlType::VarBinary(length) => length,
        _ => sql_type.max_chars(),
    };
    if let Some(length) = length {
        let effect = match column.too_long {
            TooLong::Error => Effect::Fails(FailureCategory::TooLong),
            TooLong::Truncate => Effect::Cut,
        };
        found.push(Consequence { case: format!("longer than {length}"), effect });
    }
}

/// Whether it has a value for every row.
fn is_never_null(value: Option<&Expr>) -> bool {
    value.is_some_and(|value| {
        is_counted(value)
            || matches!(value.kind, ExprKind::Text(_) | ExprKind::Integer(_) | ExprKind::Decimal(_))
    })
}

/// Numbers that do not come from a document.
fn is_counted(value: &Expr) -> bool {
    matches!(
        value.kind,
        ExprKind::Call {
            function: Function::AppId
                | Function::Ordinal
                | Function::Position
                | Function::Count
                | Function::Flag,
            ..
        }
    )
}

/// Whether a plain path may find more than one node.
fn may_be_many(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Path(path) => finds_many(path),
        ExprKind::Call { function, arguments } if function.is_aggregate() => {
            let (fewest, _) = function.arity();
            arguments.get(fewest).is_some_and(may_be_many)
        }
        _ => {
            let mut many = false;
            value.parts(&mut |part| many |= may_be_many(part));
            many
        }
    }
}

fn finds_many(path: &Path) -> bool {
    // There is one root element.
    let own = match path.origin {
        Origin::Document => 1,
        Origin::Row { .. } | Origin::Anywhere => 0,
    };
    let one = |predicate: &Predicate| match predicate {
        Predicate::Position(_) | Predicate::Last => true,
        Predicate::Condition(_) => false,
    };
    path.steps.iter().skip(own).any(|step| !step.predicates.iter().any(one))
}

fn may_be_unmapped(value: &Expr, model: &Model) -> bool {
    let mut fails = false;
    value.walk(&mut |part| {
        let ExprKind::Call { function: Function::Lookup, arguments } = &part.kind else { return };
        let Some(ExprKind::Text(name)) = arguments.first().map(|first| &first.kind) else { return };
        let lookup = model.lookups.iter().find(|lookup| lookup.name.eq_ignore_ascii_case(name));
        fails |= lookup.is_some_and(|lookup| {
            [&lookup.on_blank, &lookup.on_unmapped].contains(&&OnMissing::Error)
        });
    });
    fails
}

/// Whether a part is converted before the column's own conversion.
fn computes(value: &Expr) -> bool {
    let mut computes = false;
    value.walk(&mut |part| {
        computes |= match &part.kind {
            ExprKind::Negate(_) | ExprKind::Cast { or_null: false, .. } => true,
            ExprKind::Binary { op, .. } => op.is_arithmetic(),
            ExprKind::Call { function, .. } => matches!(
                function,
                Function::Abs
                    | Function::Round
                    | Function::Floor
                    | Function::Ceiling
                    | Function::Power
                    | Function::DateAdd
                    | Function::DateDiff
                    | Function::Year
                    | Function::Month
                    | Function::Day
                    | Function::SwitchOffset
                    | Function::ParseDate
                    | Function::FromBase64
                    | Function::FromHex
                    | Function::Number
                    | Function::Sum
            ),
            _ => false,
        };
    });
    computes
}
