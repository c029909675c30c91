//! Goes through an expression as the shredder does: what it can become, and in which cases it fails.

use std::sync::Arc;

use super::conversion::{as_date, as_number, compared, converted};
use super::effect::Effect;
use super::possible::{Piece, Possible};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind, Origin, Path, Predicate, Read, Step};
use crate::contract::expr::fails::Fails;
use crate::contract::is_computed_once;
use crate::described::facts::Facts;
use crate::outcome::FailureCategory::{BadValue, ManyValues};
use crate::value::convert::Conversion;
use crate::value::datetime::DatePattern;
use crate::value::{Number, Value};

/// The cases in which what was read so far fails.
pub(super) struct Reading<'m> {
    pub facts: Facts<'m>,
    pub cases: Vec<Case>,
    in_predicate: bool,
    /// What reads nothing was computed when the contract was checked.
    pub constants_hold: bool,
    /// A path is one node of those that an aggregate goes through.
    pub of_node: bool,
}

/// A case in which something happens.
pub(super) struct Case {
    pub case: String,
    pub effect: Effect,
    /// It happens while elements are looked for, and not when a column is made.
    pub in_predicate: bool,
}

impl<'m> Reading<'m> {
    pub fn of(facts: Facts<'m>) -> Self {
        Self { facts, cases: Vec::new(), in_predicate: false, constants_hold: true, of_node: false }
    }

    pub fn date_formats(&self) -> Arc<[DatePattern]> {
        self.formats().into()
    }

    fn formats(&self) -> &'m [DatePattern] {
        &self.facts.model.document.date_formats
    }

    pub fn add(&mut self, case: String, effect: Effect) {
        let in_predicate = self.in_predicate;
        let case = if in_predicate { format!("in a predicate: {case}") } else { case };
        self.cases.push(Case { case, effect, in_predicate });
    }

    pub fn bad(&mut self, case: &str) {
        self.add(case.to_owned(), Effect::Fails(BadValue));
    }

    /// How an operator or function fails; the others are of one function each.
    pub fn fails(&mut self, fails: Fails) {
        match fails {
            Fails::BadValue(case) => self.bad(case),
            Fails::Never | Fails::Compared | Fails::Unmapped | Fails::ManyRows => {}
        }
    }

    /// What an expression becomes; nothing for a condition. What the check of the contract has computed
    /// fails for no document.
    pub fn value(&mut self, expr: &Expr) -> Possible {
        let before = self.cases.len();
        let value = self.read(expr);
        if !self.constants_hold || !is_computed_once(expr) {
            return value;
        }
        self.cases.truncate(before);
        match self.facts.filled.contains(&expr.span) {
            true => value.filled(),
            false => value,
        }
    }

    fn read(&mut self, expr: &Expr) -> Possible {
        match &expr.kind {
            ExprKind::Null => Possible::null(),
            ExprKind::Text(text) => Possible::constant(Value::Text(text.into())),
            ExprKind::Integer(number) => Possible::constant(Value::Int(*number)),
            ExprKind::Decimal(number) => Possible::constant(Value::Decimal(*number)),
            ExprKind::Path(path) => self.path(path),
            // Of `keep_when`, which makes no value.
            ExprKind::Column(_) | ExprKind::DatePart(_) => Possible::default(),
            ExprKind::Negate(operand) => self.negated(operand),
            ExprKind::Not(operand)
            | ExprKind::IsNull { operand, .. }
            | ExprKind::IsEmpty { operand, .. } => {
                self.value(operand);
                Possible::default()
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right),
            ExprKind::In { operand, list, .. } => {
                let operand = self.value(operand);
                list.iter().for_each(|item| self.compared_with(&operand, item));
                Possible::default()
            }
            ExprKind::Like { operand, pattern, .. } => {
                self.value(operand);
                let pattern = self.value(pattern);
                // The check of a contract reads the patterns that are written in it.
                if !matches!(pattern.pieces.as_slice(), [] | [Piece::Constant(_)]) {
                    self.bad("a pattern that LIKE cannot read");
                }
                Possible::default()
            }
            ExprKind::Between { operand, low, high, .. } => {
                let operand = self.value(operand);
                [low, high].into_iter().for_each(|other| self.compared_with(&operand, other));
                Possible::default()
            }
            ExprKind::Case { operand, whens, otherwise } => {
                let operand = operand.as_ref().map(|operand| self.value(operand));
                let mut result = Possible { null: otherwise.is_none(), pieces: Vec::new() };
                for (when, then) in whens {
                    match &operand {
                        None => drop(self.value(when)),
                        Some(operand) => self.compared_with(operand, when),
                    }
                    result = result.or(self.value(then));
                }
                match otherwise {
                    None => result,
                    Some(otherwise) => result.or(self.value(otherwise)),
                }
            }
            ExprKind::Cast { operand, sql_type, or_null } => {
                let operand = self.value(operand);
                let conversion = Conversion::for_cast(*sql_type).date_formats(self.date_formats());
                let (value, cases) = converted(&operand, &conversion, true, false);
                let failures = cases.into_iter().filter(|(_, effect)| *effect != Effect::Cut);
                if *or_null {
                    return value.or_null(failures.count() > 0);
                }
                failures.for_each(|(case, effect)| self.add(case, effect));
                value
            }
            ExprKind::Call { function, arguments } => self.call(*function, arguments),
        }
    }

    pub fn number(&mut self, expr: &Expr) -> Possible {
        let value = self.value(expr);
        self.as_number(&value)
    }

    pub fn as_number(&mut self, value: &Possible) -> Possible {
        let (number, fails) = as_number(value);
        fails.into_iter().for_each(|case| self.bad(case));
        number
    }

    pub fn date(&mut self, expr: &Expr) -> Possible {
        let value = self.value(expr);
        let (date, fails) = as_date(&value, self.formats());
        fails.into_iter().for_each(|case| self.bad(case));
        date
    }

    pub fn compare(&mut self, left: &Possible, right: &Possible) {
        let cases = compared(left, right, self.formats());
        cases.into_iter().for_each(|case| self.bad(case));
    }

    fn compared_with(&mut self, left: &Possible, right: &Expr) {
        let right = self.value(right);
        self.compare(left, &right);
    }

    fn negated(&mut self, operand: &Expr) -> Possible {
        let number = self.number(operand);
        let mut negated = Possible { null: number.null, pieces: Vec::new() };
        for piece in number.pieces {
            negated.add(match piece {
                Piece::Constant(Value::Int(number)) if number != i64::MIN => {
                    Piece::Constant(Value::Int(-number))
                }
                Piece::Constant(Value::Decimal(number)) => Piece::Constant(Value::Decimal(-number)),
                piece => {
                    if piece.range().is_some_and(|(low, _)| low == i64::MIN) {
                        self.fails(BinaryOp::Subtract.fails());
                    }
                    computed(&piece)
                }
            });
        }
        negated
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Possible {
        if op.is_arithmetic() {
            let (left, right) = (self.number(left), self.number(right));
            let mut fails = false;
            let mut result = Possible { null: left.null || right.null, pieces: Vec::new() };
            for a in &left.pieces {
                for b in &right.pieces {
                    let known = folded(op, a, b);
                    fails |= known.is_none();
                    result.add(known.unwrap_or_else(|| match (computed(a), computed(b)) {
                        (Piece::Float, _) | (_, Piece::Float) => Piece::Float,
                        (Piece::Decimal, _) | (_, Piece::Decimal) => Piece::Decimal,
                        (whole, _) => whole,
                    }));
                }
            }
            if fails {
                self.fails(op.fails());
            }
            return result;
        }
        let (left, right) = (self.value(left), self.value(right));
        if op == BinaryOp::Concat {
            let blank = left.is_blank() && right.is_blank();
            let most = left.longest().saturating_add(right.longest());
            return Possible::of(Piece::Text { blank, most }).or_null(left.null || right.null);
        }
        if op.fails() == Fails::Compared {
            self.compare(&left, &right);
        }
        Possible::default()
    }

    /// The text of a plain path.
    fn path(&mut self, path: &Path) -> Possible {
        self.predicates(&path.steps);
        let many = !self.of_node && self.finds_many(path);
        self.plain(many)
    }

    /// The text of a node, where there is one, or of several.
    pub fn plain(&mut self, many: bool) -> Possible {
        if many {
            self.add("a path finds several nodes".to_owned(), Effect::Fails(ManyValues));
        }
        Possible::text().or_null(true)
    }

    /// What is tested to find elements.
    pub fn predicates(&mut self, steps: &[Step]) {
        let outside = (
            std::mem::replace(&mut self.in_predicate, true),
            std::mem::replace(&mut self.of_node, false),
        );
        for predicate in steps.iter().flat_map(|step| &step.predicates) {
            match predicate {
                Predicate::Condition(condition) => drop(self.value(condition)),
                Predicate::Position(_) | Predicate::Last => {}
            }
        }
        (self.in_predicate, self.of_node) = outside;
    }

    /// Whether a plain path may find more than one node.
    fn finds_many(&self, path: &Path) -> bool {
        // There is one root element.
        let own = match path.origin {
            Origin::Document => 1,
            Origin::Row { .. } | Origin::Anywhere => 0,
        };
        let anywhere = path.origin == Origin::Anywhere && !path.steps.is_empty();
        anywhere || any_many(path.steps.get(own..).unwrap_or_default()) || self.has_many(&path.read)
    }

    /// Whether one element may have several attributes of this name.
    pub fn has_many(&self, read: &Read) -> bool {
        let Read::Attribute(name) = read else { return false };
        let prefix = name.split_once(':').map(|(prefix, _)| prefix);
        let mut declared = self.facts.model.document.namespaces.iter();
        let uris = declared.find(|(known, _)| Some(known.as_str()) == prefix);
        uris.is_some_and(|(_, uris)| uris.len() > 1)
    }
}

/// Whether there may be several elements at the end of these steps.
pub(super) fn any_many(steps: &[Step]) -> bool {
    let one = |predicate: &Predicate| match predicate {
        Predicate::Position(_) | Predicate::Last => true,
        Predicate::Condition(_) => false,
    };
    steps.iter().any(|step| !step.predicates.iter().any(one))
}

/// What is computed of two constants or ranges, where that does not fail.
fn folded(op: BinaryOp, left: &Piece, right: &Piece) -> Option<Piece> {
    if let (Some(a), Some(b)) = (left.range(), right.range()) {
        let of_two: fn(i64, i64) -> Option<i64> = match op {
            BinaryOp::Add => i64::checked_add,
            BinaryOp::Subtract => i64::checked_sub,
            BinaryOp::Multiply => i64::checked_mul,
            _ => |_, _| None,
        };
        let corners = [(a.0, b.0), (a.0, b.1), (a.1, b.0), (a.1, b.1)];
        let corners = corners.map(|(a, b)| of_two(a, b));
        if let [Some(p), Some(q), Some(r), Some(s)] = corners {
            return Some(Piece::Integer(p.min(q).min(r).min(s), p.max(q).max(r).max(s)));
        }
    }
    let number = |piece: &Piece| match piece {
        Piece::Constant(value) => Number::of(value),
        _ => None,
    };
    let (left, right) = (number(left)?, number(right)?);
    let computed = match op {
        BinaryOp::Add => left.checked_add(right),
        BinaryOp::Subtract => left.checked_sub(right),
        BinaryOp::Multiply => left.checked_mul(right),
        BinaryOp::Divide => left.checked_div(right),
        BinaryOp::Modulo => left.checked_rem(right),
        _ => return None,
    };
    Some(Piece::Constant(computed.ok()?.into()))
}

/// Any number of the kind of these.
pub(super) fn computed(piece: &Piece) -> Piece {
    match piece {
        Piece::Decimal | Piece::Constant(Value::Decimal(_)) => Piece::Decimal,
        Piece::Float | Piece::Constant(Value::Float(_)) => Piece::Float,
        _ => Piece::Integer(i64::MIN, i64::MAX),
    }
}
