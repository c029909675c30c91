//! Every part of an expression.

use super::ast::{Expr, ExprKind, Path, Predicate};

impl Path {
    /// Whether it is the same path, in any place.
    pub fn same(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Expr {
    /// Calls `visit` with this expression and every expression inside it, outermost first;
    /// predicates of paths included.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.walk_parts(true, visit);
    }

    /// As [`Expr::walk`], without the predicates of paths.
    pub fn walk_outside_predicates<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.walk_parts(false, visit);
    }

    fn walk_parts<'a>(&'a self, predicates: bool, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        if let (ExprKind::Path(path), true) = (&self.kind, predicates) {
            let predicates = path.steps.iter().flat_map(|step| &step.predicates);
            predicates.for_each(|predicate| {
                if let Predicate::Condition(condition) = predicate {
                    condition.walk_parts(true, visit);
                }
            });
        }
        self.parts(&mut |part| part.walk_parts(predicates, visit));
    }

    /// Calls `visit` with the operands of this expression.
    pub(crate) fn parts<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Null
            | ExprKind::Text(_)
            | ExprKind::Integer(_)
            | ExprKind::Decimal(_)
            | ExprKind::Column(_)
            | ExprKind::DatePart(_)
            | ExprKind::Path(_) => {}
            ExprKind::Negate(operand)
            | ExprKind::Not(operand)
            | ExprKind::IsNull { operand, .. }
            | ExprKind::IsEmpty { operand, .. }
            | ExprKind::Cast { operand, .. } => each(operand),
            ExprKind::Binary { left, right, .. } => {
                each(left);
                each(right);
            }
            ExprKind::In { operand, list, .. } => {
                each(operand);
                list.iter().for_each(each);
            }
            ExprKind::Like { operand, pattern, .. } => {
                each(operand);
                each(pattern);
            }
            ExprKind::Between { operand, low, high, .. } => {
                each(operand);
                each(low);
                each(high);
            }
            ExprKind::Case { operand, whens, otherwise } => {
                operand.iter().for_each(|o| each(o));
                whens.iter().for_each(|(when, then)| {
                    each(when);
                    each(then);
                });
                otherwise.iter().for_each(|o| each(o));
            }
            ExprKind::Call { arguments, .. } => arguments.iter().for_each(each),
        }
    }
}
