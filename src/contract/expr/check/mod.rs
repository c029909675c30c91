//! The types of an expression, and what of it makes no sense.

mod call;
mod path;

pub(crate) use self::call::DATE_PATTERN;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ast::{BinaryOp, Expr, ExprKind, Path, Span};
use super::kind::Kind;
use super::mistake::{self, Mistake};
use crate::value::convert::Conversion;
use crate::value::datetime::{parse_date_text, DatePattern};
use crate::value::functions::LikePattern;
use crate::value::{Decimal, SqlType, Value};

/// Where an expression stands, which says what it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A column's value.
    Value,
    /// `where`, `when`, `distinct`: over the document, before rows are numbered.
    Document,
    /// `keep_when`: over the row.
    Row,
    /// A predicate's brackets: attributes and own text of one element.
    Predicate,
}

/// What an expression can refer to.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Where it stands.
    pub place: Place,
    /// The contract's lookups and what they give.
    pub lookups: &'a [(String, Kind)],
    /// In `keep_when`: the row's columns.
    pub columns: &'a [(String, SqlType)],
    /// The document's rules for paths and dates.
    pub document: &'a DocumentScope,
    /// Elements from the root to the row element, both counted; None when that varies.
    pub depth: Option<usize>,
    /// The expression has mistakes already: NULL stands for what could not be read, so that it
    /// fits everywhere, and nothing is worth a warning.
    pub broken: bool,
}

/// What all expressions of a contract share.
#[derive(Debug, Clone, Default)]
pub struct DocumentScope {
    /// The root element's name; None when it is not known.
    pub root: Option<String>,
    /// Declared prefixes; None when they are not known.
    pub prefixes: Option<Vec<String>>,
    /// Patterns tried after ISO 8601.
    pub date_formats: Arc<[DatePattern]>,
}

/// What came of checking an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What it gives.
    pub kind: Kind,
    /// What is wrong with it.
    pub mistakes: Vec<Mistake>,
    /// Indices of the lookups it uses.
    pub lookups: BTreeSet<usize>,
}

/// Checks an expression that has to give a value.
pub fn check_value(expr: &Expr, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    let kind = checker.value(expr);
    checker.finish(kind)
}

/// Checks an expression whose value goes into a column.
pub fn check_column(expr: &Expr, conversion: &Conversion, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    let kind = checker.value(expr);
    checker.converts(expr, kind, conversion);
    checker.finish(kind)
}

/// Checks an expression that has to be a condition.
pub fn check_condition(expr: &Expr, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    checker.condition(expr);
    checker.finish(Kind::Condition)
}

/// Checks a path that stands alone.
pub fn check_path(path: &Path, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    let start = path.steps.first().map_or(0, |step| step.span.start);
    let end = path.steps.last().map_or(start, |step| step.span.end);
    checker.path(path, Span { start, end });
    checker.finish(Kind::Text)
}

struct Checker<'a> {
    scope: Scope<'a>,
    mistakes: Vec<Mistake>,
    lookups: BTreeSet<usize>,
}

impl<'a> Checker<'a> {
    fn new(scope: Scope<'a>) -> Self {
        Self { scope, mistakes: Vec::new(), lookups: BTreeSet::new() }
    }

    fn finish(self, kind: Kind) -> Checked {
        Checked { kind, mistakes: self.mistakes, lookups: self.lookups }
    }

    fn error(&mut self, at: &Expr, message: impl Into<String>, hint: impl Into<String>) {
        self.mistakes.push(Mistake::error(at.span, message).hint(hint));
    }

    fn warn(&mut self, at: &Expr, message: impl Into<String>, hint: impl Into<String>) {
        if self.scope.broken {
            return;
        }
        self.mistakes.push(Mistake::warning(at.span, message).hint(hint));
    }

    fn value(&mut self, expr: &Expr) -> Kind {
        let kind = self.infer(expr);
        if kind != Kind::Condition {
            return kind;
        }
        let hint = "turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`";
        self.error(expr, "a condition stands where a value is needed", hint);
        Kind::Any
    }

    fn condition(&mut self, expr: &Expr) {
        let kind = self.infer(expr);
        if matches!(kind, Kind::Condition | Kind::Any) {
            return;
        }
        let hint = match expr.kind {
            ExprKind::Path(_) | ExprKind::Column(_) => {
                format!("compare it, for example `{expr} = 'Y'` or `{expr} IS NOT EMPTY`")
            }
            ExprKind::Binary { op: BinaryOp::Concat, .. } => {
                "`||` joins text; conditions are joined with `OR`".to_owned()
            }
            ExprKind::Call { .. } if kind.is_number() => {
                format!("compare it, for example `{expr} = 1`")
            }
            _ => "compare it, for example with `=`".to_owned(),
        };
        let message = format!("{} stands where a condition is needed", kind.describe());
        self.error(expr, message, hint);
    }

    fn infer(&mut self, expr: &Expr) -> Kind {
        match &expr.kind {
            ExprKind::Null if self.scope.broken => Kind::Any,
            ExprKind::Null => Kind::Null,
            ExprKind::Text(_) => Kind::Text,
            ExprKind::Integer(_) => Kind::Integer,
            ExprKind::Decimal(_) => Kind::Decimal,
            ExprKind::Path(path) => {
                self.path(path, expr.span);
                Kind::Text
            }
            ExprKind::Column(name) => self.column(name),
            ExprKind::Negate(operand) => self.number(operand, "`-`"),
            ExprKind::Not(operand) => {
                self.condition(operand);
                Kind::Condition
            }
            ExprKind::Binary { op, left, right } => self.binary(expr, *op, left, right),
            ExprKind::IsNull { operand, .. } | ExprKind::IsEmpty { operand, .. } => {
                self.value(operand);
                Kind::Condition
            }
            ExprKind::In { operand, list, .. } => {
                self.compared_with_each(operand, list.iter());
                Kind::Condition
            }
            ExprKind::Like { operand, pattern, .. } => {
                self.text(operand, "LIKE");
                self.text(pattern, "LIKE");
                self.like_pattern(pattern);
                Kind::Condition
            }
            ExprKind::Between { operand, low, high, .. } => {
                self.compared_with_each(operand, [&**low, &**high].into_iter());
                Kind::Condition
            }
            ExprKind::Case { operand, whens, otherwise } => {
                self.case(operand.as_deref(), whens, otherwise.as_deref())
            }
            ExprKind::Cast { operand, sql_type, or_null } => {
                let kind = self.value(operand);
                if !or_null || !kind.converts_to(*sql_type) {
                    let formats = self.scope.document.date_formats.clone();
                    let conversion = Conversion::for_cast(*sql_type).date_formats(formats);
                    self.converts(operand, kind, &conversion);
                }
                if kind == Kind::Null {
                    Kind::Null
                } else {
                    Kind::of(*sql_type)
                }
            }
            ExprKind::Call { function, arguments } => self.call(expr, *function, arguments),
            ExprKind::DatePart(_) => Kind::Any,
        }
    }

    fn column(&self, name: &str) -> Kind {
        let found = self.scope.columns.iter().find(|(column, _)| column == name);
        found.map_or(Kind::Any, |(_, sql_type)| Kind::of(*sql_type))
    }

    fn binary(&mut self, expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Kind {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                self.condition(left);
                self.condition(right);
                Kind::Condition
            }
            BinaryOp::Concat => {
                let kinds = [self.text(left, "`||`"), self.text(right, "`||`")];
                if kinds.contains(&Kind::Null) {
                    Kind::Null
                } else {
                    Kind::Text
                }
            }
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo => self.arithmetic(expr, op, left, right),
            _ => {
                self.compared_with_each(left, [right].into_iter());
                Kind::Condition
            }
        }
    }

    fn arithmetic(&mut self, expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Kind {
        let (a, b) = (self.value(left), self.value(right));
        if let (BinaryOp::Add | BinaryOp::Subtract, true) = (op, a.is_date() || b.is_date()) {
            let hint = "`DATEADD(day, 1, date)` moves a date, `DATEDIFF(day, from, to)` counts";
            self.error(expr, format!("`{}` does not count dates", op.symbol()), hint);
            return Kind::Any;
        }
        let operator = format!("`{}`", op.symbol());
        let a = self.as_number(left, a, &operator);
        let b = self.as_number(right, b, &operator);
        if [a, b].contains(&Kind::Null) {
            return Kind::Null;
        }
        if matches!(op, BinaryOp::Divide | BinaryOp::Modulo) && is_zero(right) {
            self.error(right, "division by zero", "divide by something else");
        }
        a.or(b)
    }

    /// A number, or text that becomes one.
    fn number(&mut self, expr: &Expr, user: &str) -> Kind {
        let kind = self.value(expr);
        self.as_number(expr, kind, user)
    }

    fn as_number(&mut self, expr: &Expr, kind: Kind, user: &str) -> Kind {
        match kind {
            Kind::Any | Kind::Null | Kind::Integer | Kind::Decimal | Kind::Float => kind,
            Kind::Text => {
                self.literal_number(expr, user);
                Kind::Decimal
            }
            _ => {
                let message = format!("{user} takes numbers, and this is {}", kind.describe());
                self.error(expr, message, "convert it first, if it can be");
                Kind::Any
            }
        }
    }

    fn literal_beside_number(&mut self, expr: &Expr) {
        if is_no_number(expr) {
            let message = format!("{expr} is no number, and is compared with one");
            self.error(expr, message, "write a number, or compare with text");
        }
    }

    /// A text literal where a number is needed has to be one.
    fn literal_number(&mut self, expr: &Expr, user: &str) {
        if !is_no_number(expr) {
            return;
        }
        let message = format!("{user} takes numbers, and {expr} is none");
        let hint = match user {
            "`+`" => "`+` adds numbers; text is joined with `||`",
            _ => "write a number without quotes",
        };
        self.error(expr, message, hint);
    }

    /// A date, or text that becomes one.
    fn date(&mut self, expr: &Expr, user: &str) -> Kind {
        let kind = self.value(expr);
        match kind {
            Kind::Any | Kind::Null | Kind::Date | Kind::DateTime | Kind::DateTimeOffset => kind,
            Kind::Text => {
                self.literal_date(expr);
                Kind::DateTime
            }
            _ => {
                let message = format!("{user} takes a date, and this is {}", kind.describe());
                self.error(expr, message, "text is read as ISO 8601 or with `PARSE_DATE`");
                Kind::Any
            }
        }
    }

    fn literal_date(&mut self, expr: &Expr) {
        let ExprKind::Text(text) = &expr.kind else { return };
        if parse_date_text(text, &self.scope.document.date_formats).is_some() {
            return;
        }
        let hint = "write it as ISO 8601, such as `'2024-01-31'`, or as a pattern of \
                    `document.date_formats`";
        self.error(expr, format!("{expr} is no date"), hint);
    }

    /// Text, or something that has a text.
    fn text(&mut self, expr: &Expr, user: &str) -> Kind {
        let kind = self.value(expr);
        if kind == Kind::Bytes {
            self.error(expr, format!("{user} takes text, and this is bytes"), "leave it out");
        }
        kind
    }

    fn like_pattern(&mut self, pattern: &Expr) {
        let ExprKind::Text(text) = &pattern.kind else { return };
        if let Err(error) = LikePattern::new(text) {
            let hint = "`%` is any text, `_` any character, `[…]` one of a set";
            self.error(pattern, error.to_string(), hint);
        }
    }

    fn compared_with_each<'e>(&mut self, operand: &Expr, others: impl Iterator<Item = &'e Expr>) {
        let kind = self.value(operand);
        for other in others {
            let other_kind = self.value(other);
            self.comparable(operand, kind, other, other_kind);
        }
    }

    fn comparable(&mut self, left: &Expr, a: Kind, right: &Expr, b: Kind) {
        for (expr, kind, beside) in [(right, b, a), (left, a, b)] {
            match (kind, beside) {
                (Kind::Null, _) => {
                    let hint = "test with `IS NULL` or `IS NOT NULL`";
                    return self.warn(expr, "a comparison with NULL is never true", hint);
                }
                (Kind::Text, beside) if beside.is_number() => self.literal_beside_number(expr),
                (Kind::Text, beside) if beside.is_date() => self.literal_date(expr),
                _ => {}
            }
        }
        if !a.is_comparable(b) {
            let message = format!("{} is compared with {}", a.describe(), b.describe());
            self.warn(right, message, "convert one of them, for example with `CAST`");
        }
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
    ) -> Kind {
        match operand {
            Some(operand) => self.compared_with_each(operand, whens.iter().map(|(when, _)| when)),
            None => whens.iter().for_each(|(when, _)| self.condition(when)),
        }
        self.alternatives(whens.iter().map(|(_, result)| result).chain(otherwise))
    }

    /// The kind of whichever of these is taken.
    fn alternatives<'e>(&mut self, results: impl Iterator<Item = &'e Expr>) -> Kind {
        let mut all = Kind::Null;
        for result in results {
            let kind = self.value(result);
            if !all.is_comparable(kind) {
                let message = format!(
                    "this is {}, and an alternative before it is {}",
                    kind.describe(),
                    all.describe()
                );
                self.warn(result, message, "give all alternatives the same type");
            }
            all = all.or(kind);
        }
        all
    }

    /// Reports what never converts: a kind that does not, or a literal of the wrong form.
    fn converts(&mut self, expr: &Expr, kind: Kind, conversion: &Conversion) {
        let sql_type = conversion.sql_type();
        if !kind.converts_to(sql_type) {
            let message = format!("{} does not convert to {sql_type}", kind.describe());
            return self.error(expr, message, "change the type, or the expression");
        }
        let Some(Err(error)) = literal(expr).map(|value| conversion.value(value)) else { return };
        let (message, hint) = mistake::of_literal(&error);
        self.error(expr, message, hint);
    }
}

/// The value of a literal, with its sign.
fn literal(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Text(text) => Some(Value::Text(text.into())),
        ExprKind::Integer(integer) => Some(Value::Int(*integer)),
        ExprKind::Decimal(decimal) => Some(Value::Decimal(*decimal)),
        ExprKind::Negate(operand) => match literal(operand)? {
            Value::Int(integer) => Some(Value::Int(integer.checked_neg()?)),
            Value::Decimal(decimal) => Some(Value::Decimal(-decimal)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether this is a text literal that is no number.
fn is_no_number(expr: &Expr) -> bool {
    let ExprKind::Text(text) = &expr.kind else { return false };
    Decimal::parse(text.trim()).is_err() && text.trim().parse::<f64>().is_err()
}

fn is_zero(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Integer(0) => true,
        ExprKind::Decimal(decimal) => decimal.units == 0,
        _ => false,
    }
}
