//! An expression back to text, with the fewest parentheses: parsing the text gives the same tree.

use std::fmt::{self, Display, Formatter};

use super::ast::{BinaryOp, Expr, ExprKind, Function, Origin, Path, Predicate, Read, Step};
use super::keyword::is_keyword;
use crate::value::names::is_name;

/// How tightly a form binds; a part that binds less tightly than its place requires needs
/// parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
    Predicate,
    Additive,
    Multiplicative,
    Unary,
    Primary,
}

impl Level {
    /// The lowest level of the right operand of a left-associative operator of this level.
    fn above(self) -> Self {
        use Level::{Additive, And, Multiplicative, Not, Predicate, Primary, Unary};
        [And, Not, Predicate, Additive, Multiplicative, Unary, Primary, Primary][self as usize]
    }

    fn of(kind: &ExprKind) -> Self {
        match kind {
            ExprKind::Binary { op, .. } => op.level(),
            ExprKind::Not(_) => Self::Not,
            ExprKind::IsNull { .. }
            | ExprKind::IsEmpty { .. }
            | ExprKind::In { .. }
            | ExprKind::Like { .. }
            | ExprKind::Between { .. } => Self::Predicate,
            ExprKind::Negate(_) => Self::Unary,
            _ => Self::Primary,
        }
    }
}

impl BinaryOp {
    fn level(self) -> Level {
        match self {
            Self::Or => Level::Or,
            Self::And => Level::And,
            Self::Add | Self::Subtract | Self::Concat => Level::Additive,
            Self::Multiply | Self::Divide | Self::Modulo => Level::Multiplicative,
            _ => Level::Predicate,
        }
    }

    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Concat => "||",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::And => "AND",
            Self::Or => "OR",
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_kind(&self.kind, f)
    }
}

/// An expression in a place that requires at least this level.
struct At<'a>(Level, &'a Expr);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let At(level, expr) = self;
        if Level::of(&expr.kind) >= *level {
            return expr.fmt(f);
        }
        write!(f, "({expr})")
    }
}

/// An operand of a comparison and the like.
fn operand(expr: &Expr) -> At<'_> {
    At(Level::Additive, expr)
}

fn write_kind(kind: &ExprKind, f: &mut Formatter<'_>) -> fmt::Result {
    let not = |negated: &bool| if *negated { "NOT " } else { "" };
    match kind {
        ExprKind::Null => f.write_str("NULL"),
        ExprKind::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
        ExprKind::Integer(integer) => integer.fmt(f),
        ExprKind::Decimal(decimal) if decimal.scale == 0 => write!(f, "{}.", { decimal.units }),
        ExprKind::Decimal(decimal) => decimal.fmt(f),
        ExprKind::Path(path) => path.fmt(f),
        ExprKind::Column(name) => write_column(name, f),
        ExprKind::Negate(x) => write!(f, "-{}{}", spaced(x), At(Level::Unary, x)),
        ExprKind::Not(x) => write!(f, "NOT {}", At(Level::Not, x)),
        ExprKind::Binary { op, left, right } => {
            let level = op.level();
            let left = At(if level == Level::Predicate { level.above() } else { level }, left);
            write!(f, "{left} {} {}", op.symbol(), At(level.above(), right))
        }
        ExprKind::IsNull { operand: x, negated } => {
            write!(f, "{} IS {}NULL", operand(x), not(negated))
        }
        ExprKind::IsEmpty { operand: x, negated } => {
            write!(f, "{} IS {}EMPTY", operand(x), not(negated))
        }
        ExprKind::In { operand: x, list, negated } => {
            write!(f, "{} {}IN ({})", operand(x), not(negated), List(list))
        }
        ExprKind::Like { operand: x, pattern, negated } => {
            write!(f, "{} {}LIKE {}", operand(x), not(negated), operand(pattern))
        }
        ExprKind::Between { operand: x, low, high, negated } => {
            let (low, high) = (operand(low), operand(high));
            write!(f, "{} {}BETWEEN {low} AND {high}", operand(x), not(negated))
        }
        ExprKind::Case { operand, whens, otherwise } => {
            write_case(operand.as_deref(), whens, otherwise.as_deref(), f)
        }
        ExprKind::Cast { operand, sql_type, or_null } => {
            let try_ = if *or_null { "TRY_" } else { "" };
            write!(f, "{try_}CAST({operand} AS {sql_type})")
        }
        ExprKind::Call { function, arguments } => {
            write!(f, "{}({})", function.name(), List(arguments))
        }
        ExprKind::DatePart(part) => f.write_str(part.name()),
    }
}

/// A blank between two minus signs, which would otherwise look like SQL's comment.
fn spaced(operand: &Expr) -> &'static str {
    match operand.kind {
        ExprKind::Negate(_) => " ",
        _ => "",
    }
}

fn write_case(
    operand: Option<&Expr>,
    whens: &[(Expr, Expr)],
    otherwise: Option<&Expr>,
    f: &mut Formatter<'_>,
) -> fmt::Result {
    f.write_str("CASE")?;
    if let Some(operand) = operand {
        write!(f, " {operand}")?;
    }
    for (tested, result) in whens {
        write!(f, " WHEN {tested} THEN {result}")?;
    }
    if let Some(otherwise) = otherwise {
        write!(f, " ELSE {otherwise}")?;
    }
    f.write_str(" END")
}

fn write_column(name: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let plain = is_name(name);
    if plain && !is_keyword(name) {
        return f.write_str(name);
    }
    write!(f, "[{}]", name.replace(']', "]]"))
}

struct List<'a>(&'a [Expr]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, expr) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{expr}")?;
        }
        Ok(())
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.read == Read::String {
            return write!(f, "{}({})", Function::String.name(), self.to_element());
        }
        let mut separator = match self.origin {
            Origin::Document => "/",
            Origin::Anywhere => "//",
            Origin::Row { up: 0 } => self.write_own_origin(f)?,
            Origin::Row { up } => {
                f.write_str(&vec![".."; up as usize].join("/"))?;
                "/"
            }
        };
        for step in &self.steps {
            write!(f, "{separator}{step}")?;
            separator = "/";
        }
        match &self.read {
            Read::Attribute(name) => write!(f, "{separator}@{name}"),
            Read::Text | Read::String => Ok(()),
        }
    }
}

impl Path {
    /// The path to the element that it reads.
    pub(crate) fn to_element(&self) -> Self {
        Self { read: Read::Text, ..self.clone() }
    }

    /// The path without its predicates, for messages.
    pub(crate) fn location(&self) -> String {
        let mut text = match self.origin {
            Origin::Row { up } => vec![".."; up as usize].join("/"),
            Origin::Document => String::new(),
            Origin::Anywhere => "/".into(),
        };
        for step in &self.steps {
            if !matches!(self.origin, Origin::Row { up: 0 }) || !text.is_empty() {
                text.push('/');
            }
            text.push_str(&step.name);
        }
        match &self.read {
            Read::Attribute(name) if text.is_empty() => format!("@{name}"),
            Read::Attribute(name) => format!("{text}/@{name}"),
            Read::Text | Read::String if text.is_empty() => ".".into(),
            Read::Text | Read::String => text,
        }
    }

    /// The beginning of a path at the row element, and what separates it from the first step.
    fn write_own_origin(&self, f: &mut Formatter<'_>) -> Result<&'static str, fmt::Error> {
        let Some(first) = self.steps.first() else {
            if self.read == Read::Text {
                f.write_str(".")?;
            }
            return Ok("");
        };
        let function = Function::from_name(&first.name);
        if is_keyword(&first.name) || function.is_some_and(|f| f.is_meant_by(&first.name)) {
            f.write_str("./")?;
        }
        Ok("")
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.predicates.iter().try_for_each(|predicate| predicate.fmt(f))
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => write!(f, "[{position}]"),
            Self::Last => f.write_str("[last()]"),
            Self::Condition(condition) => write!(f, "[{condition}]"),
        }
    }
}
