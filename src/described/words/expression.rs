//! Operators, literals and cases in words.

use super::function::is_closed;
use super::phrases::{one_of, Words};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind};

impl Words {
    pub(super) fn whole(self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Null => "null".to_owned(),
            ExprKind::Text(text) if text.is_empty() => "empty text".to_owned(),
            ExprKind::Text(text) => format!("'{text}'"),
            ExprKind::Integer(number) => number.to_string(),
            ExprKind::Decimal(number) => number.to_string(),
            ExprKind::Path(location) => self.path(location),
            ExprKind::Column(name) => format!("column {name}"),
            ExprKind::DatePart(part) => part.name().to_owned(),
            ExprKind::Negate(operand) => match operand.kind {
                ExprKind::Integer(_) | ExprKind::Decimal(_) => format!("-{}", self.whole(operand)),
                _ => format!("minus {}", self.operand(operand)),
            },
            ExprKind::Not(operand) => format!("not {}", self.part(operand)),
            ExprKind::Binary { op, left, right } => {
                format!("{} {} {}", self.side(*op, left), verb(*op), self.side(*op, right))
            }
            ExprKind::IsNull { operand, negated } => {
                format!("{} is {}null", self.operand(operand), not(*negated))
            }
            ExprKind::IsEmpty { operand, negated: false } => {
                format!("{} is null or blank", self.operand(operand))
            }
            ExprKind::IsEmpty { operand, negated: true } => {
                format!("{} is neither null nor blank", self.operand(operand))
            }
            ExprKind::In { operand, list, negated } => {
                let list: Vec<String> = list.iter().map(|item| self.part(item)).collect();
                format!("{} is {}{}", self.operand(operand), not(*negated), one_of(&list))
            }
            ExprKind::Like { operand, pattern, negated } => {
                let matches = if *negated { "does not match" } else { "matches" };
                format!("{} {matches} the pattern {}", self.operand(operand), self.part(pattern))
            }
            ExprKind::Between { operand, low, high, negated } => {
                let (low, high) = (self.part(low), self.part(high));
                format!("{} is {}from {low} to {high}", self.operand(operand), not(*negated))
            }
            ExprKind::Case { operand, whens, otherwise } => {
                self.cases(operand.as_deref(), whens, otherwise.as_deref()).join("; ")
            }
            ExprKind::Cast { operand, sql_type, or_null } => {
                let or_null = if *or_null { ", or null where it does not convert" } else { "" };
                format!("{} converted to {sql_type}{or_null}", self.operand(operand))
            }
            ExprKind::Call { function, arguments } => self.call(*function, arguments),
        }
    }

    /// A part of something else: in parentheses where it would be read differently without them.
    pub(super) fn part(self, expr: &Expr) -> String {
        match is_loose(&expr.kind) {
            true => format!("({})", self.whole(expr)),
            false => self.whole(expr),
        }
    }

    /// A part with words behind it.
    pub(super) fn operand(self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Call { arguments, .. } if !arguments.is_empty() => {
                format!("({})", self.whole(expr))
            }
            _ => self.part(expr),
        }
    }

    /// A side of an operator, which may be the same operator again.
    fn side(self, around: BinaryOp, expr: &Expr) -> String {
        let chains =
            [BinaryOp::And, BinaryOp::Or, BinaryOp::Add, BinaryOp::Multiply, BinaryOp::Concat];
        let is_condition = matches!(
            expr.kind,
            ExprKind::IsNull { .. }
                | ExprKind::IsEmpty { .. }
                | ExprKind::In { .. }
                | ExprKind::Like { .. }
        );
        match &expr.kind {
            ExprKind::Binary { op, .. } if *op == around && chains.contains(op) => self.whole(expr),
            ExprKind::Binary { op, .. } if joins(around) && is_comparison(*op) => self.whole(expr),
            _ if joins(around) && is_condition => self.whole(expr),
            _ => self.operand(expr),
        }
    }

    pub(super) fn cases(
        self,
        operand: Option<&Expr>,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
    ) -> Vec<String> {
        let tested = operand.map(|operand| self.operand(operand));
        let case = |(when, then): &(Expr, Expr)| {
            let condition = match &tested {
                Some(tested) => format!("{tested} equals {}", self.part(when)),
                None => self.whole(when),
            };
            format!("if {condition}: {}", self.part(then))
        };
        let otherwise = otherwise.map_or_else(|| "null".to_owned(), |value| self.part(value));
        whens.iter().map(case).chain([format!("otherwise: {otherwise}")]).collect()
    }
}

fn not(negated: bool) -> &'static str {
    if negated {
        "not "
    } else {
        ""
    }
}

fn verb(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "plus",
        BinaryOp::Subtract => "minus",
        BinaryOp::Multiply => "times",
        BinaryOp::Divide => "divided by",
        BinaryOp::Modulo => "modulo",
        BinaryOp::Concat => "followed by",
        BinaryOp::Equal => "equals",
        BinaryOp::NotEqual => "differs from",
        BinaryOp::Less => "is less than",
        BinaryOp::LessOrEqual => "is at most",
        BinaryOp::Greater => "is greater than",
        BinaryOp::GreaterOrEqual => "is at least",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}

fn joins(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::And | BinaryOp::Or)
}

fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    matches!(op, Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
}

/// Whether words may run into those behind them.
fn is_loose(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Null
        | ExprKind::Text(_)
        | ExprKind::Integer(_)
        | ExprKind::Decimal(_)
        | ExprKind::Path(_)
        | ExprKind::Column(_)
        | ExprKind::DatePart(_) => false,
        ExprKind::Call { function, .. } => !is_closed(*function),
        ExprKind::Negate(_)
        | ExprKind::Not(_)
        | ExprKind::Binary { .. }
        | ExprKind::IsNull { .. }
        | ExprKind::IsEmpty { .. }
        | ExprKind::In { .. }
        | ExprKind::Like { .. }
        | ExprKind::Between { .. }
        | ExprKind::Case { .. }
        | ExprKind::Cast { .. } => true,
    }
}
