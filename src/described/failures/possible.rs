//! What an expression can become.

use crate::contract::expr::kind::Kind;
use crate::value::{is_blank, Value};

/// The values that an expression can have.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Possible {
    /// It may be null.
    pub null: bool,
    pub pieces: Vec<Piece>,
}

/// Some of the values that an expression can have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Just this one, which is not null.
    Constant(Value),
    /// Any text.
    Text {
        /// It may be blank.
        blank: bool,
    },
    /// The integers of this range.
    Integer(i64, i64),
    Decimal,
    Float,
    /// Dates, times, or both, as the kind tells.
    Moment(Kind),
    /// The time of the claim.
    Now,
    Guid,
    Bytes,
}

/// No document has more nodes, rows or characters.
const MANY: i64 = i32::MAX as i64;

impl Possible {
    pub fn null() -> Self {
        Self { null: true, pieces: Vec::new() }
    }

    pub fn of(piece: Piece) -> Self {
        Self { null: false, pieces: vec![piece] }
    }

    pub fn constant(value: Value) -> Self {
        match value {
            Value::Null => Self::null(),
            value => Self::of(Piece::Constant(value)),
        }
    }

    /// Text of a document.
    pub fn text() -> Self {
        Self::of(Piece::Text { blank: true })
    }

    pub fn count(low: i64) -> Self {
        Self::of(Piece::Integer(low, MANY))
    }

    /// The same, which may be null if so.
    pub fn or_null(mut self, null: bool) -> Self {
        self.null |= null;
        self
    }

    /// What is either.
    pub fn or(mut self, other: Self) -> Self {
        self.null |= other.null;
        other.pieces.into_iter().for_each(|piece| self.add(piece));
        self
    }

    pub fn add(&mut self, piece: Piece) {
        if !self.pieces.contains(&piece) {
            self.pieces.push(piece);
        }
    }

    /// Whether it may be null where it is used as a number, a date or a code.
    pub fn is_blank(&self) -> bool {
        self.null
            || self.pieces.iter().any(|piece| match piece {
                Piece::Text { blank } => *blank,
                Piece::Constant(Value::Text(text)) => is_blank(text),
                _ => false,
            })
    }
}

impl Piece {
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::Constant(Value::Text(_)))
    }

    pub fn is_moment(&self) -> bool {
        match self {
            Self::Moment(_) | Self::Now => true,
            Self::Constant(value) => value.is_temporal(),
            _ => false,
        }
    }

    /// The integers that it is among, where it is one.
    pub fn range(&self) -> Option<(i64, i64)> {
        match self {
            Self::Integer(low, high) => Some((*low, *high)),
            Self::Constant(Value::Int(number)) => Some((*number, *number)),
            _ => None,
        }
    }
}
