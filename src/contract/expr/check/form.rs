//! The kinds of an expression's forms.

use super::checker::Checker;
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind};
use crate::contract::expr::kind::Kind;
use crate::value::convert::Conversion;

impl Checker<'_> {
    pub(super) fn value(&mut self, expr: &Expr) -> Kind {
        let kind = self.infer(expr);
        if kind != Kind::Condition {
            return kind;
        }
        let hint = "turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`";
        self.error(expr, "expected a value, found a condition", hint);
        Kind::Any
    }

    pub(super) fn condition(&mut self, expr: &Expr) {
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
        let message = format!("expected a condition, found {}", kind.describe());
        self.error(expr, message, hint);
    }

    pub(super) fn infer(&mut self, expr: &Expr) -> Kind {
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

    pub(super) fn column(&self, name: &str) -> Kind {
        let found = self.scope.columns.iter().find(|(column, _)| column == name);
        found.map_or(Kind::Any, |(_, sql_type)| Kind::of(*sql_type))
    }

    pub(super) fn binary(&mut self, expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Kind {
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

    pub(super) fn case(
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
    pub(super) fn alternatives<'e>(&mut self, results: impl Iterator<Item = &'e Expr>) -> Kind {
        let mut all = Kind::Null;
        for result in results {
            let kind = self.value(result);
            if !all.is_comparable(kind) {
                let message = format!(
                    "this alternative is {}, an earlier one is {}",
                    kind.describe(),
                    all.describe()
                );
                self.warn(result, message, "give all alternatives the same type");
            }
            all = all.or(kind);
        }
        all
    }
}
