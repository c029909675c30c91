//! What an expression can become.

use crate::contract::expr::kind::Kind;
use crate::value::{is_blank, plain_text, Value};

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
        /// UTF-16 units of the longest.
        most: usize,
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

/// `-0.` and 38 digits, or a double with its exponent.
const LONGEST_NUMBER: usize = 41;

/// `9999-12-31T23:59:59.999999999+14:00`
const LONGEST_MOMENT: usize = 35;

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
        Self::of(Piece::text(true))
    }

    pub fn count(low: i64) -> Self {
        Self::of(Piece::Integer(low, MANY))
    }

    /// The same, which may be null if so.
    pub fn or_null(mut self, null: bool) -> Self {
        self.null |= null;
        self
    }

    /// The same, which is neither null nor blank.
    pub fn filled(mut self) -> Self {
        self.null = false;
        for piece in &mut self.pieces {
            if let Piece::Text { blank, .. } = piece {
                *blank = false;
            }
        }
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

    /// UTF-16 units of its longest text.
    pub fn longest(&self) -> usize {
        self.pieces.iter().map(Piece::longest).max().unwrap_or_default()
    }

    /// Whether it may be null where it is used as a number, a date or a code.
    pub fn is_blank(&self) -> bool {
        self.null
            || self.pieces.iter().any(|piece| match piece {
                Piece::Text { blank, .. } => *blank,
                Piece::Constant(Value::Text(text)) => is_blank(text),
                _ => false,
            })
    }
}

impl Piece {
    /// Text of any length.
    pub fn text(blank: bool) -> Self {
        Self::Text { blank, most: usize::MAX }
    }

    /// UTF-16 units of the longest text of these.
    pub fn longest(&self) -> usize {
        match self {
            Self::Text { most, .. } => *most,
            Self::Constant(value) => {
                plain_text(value).map_or(0, |text| text.encode_utf16().count())
            }
            Self::Integer(low, high) => low.to_string().len().max(high.to_string().len()),
            Self::Decimal | Self::Float => LONGEST_NUMBER,
            Self::Moment(_) | Self::Now => LONGEST_MOMENT,
            Self::Guid => 36,
            Self::Bytes => usize::MAX,
        }
    }

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
