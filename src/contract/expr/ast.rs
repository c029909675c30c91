//! The tree of an expression, with the place of every part in the expression's text.

pub use super::function::Function;
use crate::value::functions::DatePart;
use crate::value::{Decimal, SqlType};

/// A byte range in the text of one expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// An expression and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `NULL`
    Null,
    /// `'text'`, with doubled quotes undone.
    Text(String),
    /// `42`
    Integer(i64),
    /// `4.2`
    Decimal(Decimal),
    /// A location in the document.
    Path(Path),
    /// A bare name in `keep_when`, a converted column of the row; or the argument of `PARENT`, a column
    /// of the parent's row.
    Column(String),
    /// `-x`
    Negate(Box<Expr>),
    /// `NOT x`
    Not(Box<Expr>),
    /// `x + y` and the like.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `x IS [NOT] NULL`
    IsNull {
        /// Tested.
        operand: Box<Expr>,
        /// `NOT` was there.
        negated: bool,
    },
    /// `x IS [NOT] EMPTY`: null or only white space.
    IsEmpty {
        /// Tested.
        operand: Box<Expr>,
        /// `NOT` was there.
        negated: bool,
    },
    /// `x [NOT] IN (…)`
    In {
        /// Tested.
        operand: Box<Expr>,
        /// The list, never empty.
        list: Vec<Expr>,
        /// `NOT` was there.
        negated: bool,
    },
    /// `x [NOT] LIKE pattern`
    Like {
        /// Tested.
        operand: Box<Expr>,
        /// With `_`, `%` and `[…]`.
        pattern: Box<Expr>,
        /// `NOT` was there.
        negated: bool,
    },
    /// `x [NOT] BETWEEN low AND high`
    Between {
        /// Tested.
        operand: Box<Expr>,
        /// Inclusive.
        low: Box<Expr>,
        /// Inclusive.
        high: Box<Expr>,
        /// `NOT` was there.
        negated: bool,
    },
    /// Searched or simple CASE.
    Case {
        /// The operand of a simple CASE.
        operand: Option<Box<Expr>>,
        /// Condition (or value) and result, never empty.
        whens: Vec<(Expr, Expr)>,
        /// `ELSE`
        otherwise: Option<Box<Expr>>,
    },
    /// `CAST(x AS type)` and `TRY_CAST(x AS type)`
    Cast {
        /// Converted.
        operand: Box<Expr>,
        /// To this.
        sql_type: SqlType,
        /// `TRY_CAST`: null instead of a failure.
        or_null: bool,
    },
    /// A function call; the number of arguments is already checked.
    Call {
        /// The function.
        function: Function,
        /// Its arguments. Paths in the first argument of an aggregate keep all their nodes.
        arguments: Vec<Expr>,
    },
    /// `month` in `DATEADD(month, 1, @d)`: only as the first argument of DATEADD and DATEDIFF.
    DatePart(DatePart),
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    /// `||`
    Concat,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

impl BinaryOp {
    /// Whether it computes with numbers.
    pub(crate) fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Modulo)
    }
}

/// A location: where it starts, the elements it goes through, and what it reads there.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Where it starts.
    pub origin: Origin,
    /// Child steps from there. Only the first of an [`Origin::Anywhere`] path is a descendant.
    pub steps: Vec<Step>,
    /// What is read at its end.
    pub read: Read,
}

/// Where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// At the row element, or this many ancestors above it (`..`).
    Row {
        /// Number of `..` steps.
        up: u32,
    },
    /// `/a/b`: at the document; the first step is the root element.
    Document,
    /// `//name`: the first step is an element anywhere in the document.
    Anywhere,
}

/// The name of a step that finds elements of every name.
pub const ANY_NAME: &str = "*";

/// One element step with its predicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The element's name as written, `prefix:local` with a prefix; [`ANY_NAME`] for every name.
    pub name: String,
    /// Applied in order, each to what the one before left.
    pub predicates: Vec<Predicate>,
    /// Place of the step in the expression.
    pub span: Span,
}

impl Read {
    /// Whether it is known when the element begins.
    pub(crate) fn is_attribute(&self) -> bool {
        matches!(self, Read::Attribute(_))
    }
}

/// A predicate in brackets.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// `[2]`, from 1.
    Position(u32),
    /// `[last()]`
    Last,
    /// A condition whose paths are attributes of the step's element (`@a`) or its own text (`.`).
    Condition(Expr),
}

/// What a path reads at its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Read {
    /// `@name`
    Attribute(String),
    /// The element's own text with CDATA merged.
    Text,
    /// `STRING(path)`: its text and that of all elements inside it.
    String,
}
