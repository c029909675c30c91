//! What a schema says of a path, beside what occurs.

use std::collections::HashSet;

/// What a schema says of an element or attribute.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Each parent has one.
    pub is_always: bool,
    /// A parent may have several.
    pub repeats: bool,
    /// It has text of this type.
    pub value: Option<ValueType>,
    /// It has text beside elements.
    pub is_mixed: bool,
    /// It may be null, by `xsi:nil`.
    pub is_nillable: bool,
    /// The value of an attribute that is absent.
    pub default: Option<String>,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueType {
    /// Its form.
    pub form: Form,
    /// The only values it has; empty if there is no list.
    pub codes: Vec<String>,
    /// It may be empty, or of white space alone.
    pub may_be_blank: bool,
    /// White space around it does not count.
    pub is_collapsed: bool,
    /// What a person should know.
    pub remark: Option<&'static str>,
}

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `true`, `false`, `1`, `0`.
    Truth,
    /// A whole number; without limits where there are none.
    Whole {
        /// The least.
        least: Option<i128>,
        /// The greatest.
        greatest: Option<i128>,
    },
    /// A decimal number, with its digits where they are limited.
    Decimal {
        /// All digits.
        total: Option<u32>,
        /// Those behind the point.
        fraction: Option<u32>,
        /// Those before the point.
        whole: Option<u32>,
    },
    /// A floating point number.
    Float,
    /// A date.
    Date,
    /// A date and time.
    DateTime,
    /// A time of day.
    Time,
    /// Bytes as base64, at most so many.
    Base64(Option<u64>),
    /// Bytes in hexadecimal, at most so many.
    Hex(Option<u64>),
    /// Text.
    Text {
        /// Its least length, in characters.
        least: u64,
        /// Its greatest length, in UTF-16 units.
        most: Option<u64>,
        /// It is ASCII.
        is_ascii: bool,
    },
}

impl Declared {
    /// The same path, declared twice.
    pub fn join(&mut self, other: Self) {
        self.is_always &= other.is_always;
        self.repeats |= other.repeats;
        self.is_mixed |= other.is_mixed;
        self.is_nillable |= other.is_nillable;
        if self.default != other.default {
            self.default = None;
        }
        self.value = match (self.value.take(), other.value) {
            (Some(one), Some(another)) => Some(one.or(another)),
            // In one of both places it has no value.
            (one, another) => {
                one.or(another).map(|value| ValueType { may_be_blank: true, ..value })
            }
        };
        for remark in other.remarks {
            if !self.remarks.contains(&remark) {
                self.remarks.push(remark);
            }
        }
    }
}

impl ValueType {
    /// Text without limits.
    pub const TEXT: Self = Self {
        form: Form::Text { least: 0, most: None, is_ascii: false },
        codes: Vec::new(),
        may_be_blank: true,
        is_collapsed: false,
        remark: None,
    };

    /// A type that has the values of both.
    pub fn or(self, other: Self) -> Self {
        let codes = match self.codes.is_empty() || other.codes.is_empty() {
            true => Vec::new(),
            false => {
                let mut known = HashSet::new();
                let codes = self.codes.into_iter().chain(other.codes);
                codes.filter(|code| known.insert(code.clone())).collect()
            }
        };
        Self {
            form: self.form.or(other.form),
            codes,
            may_be_blank: self.may_be_blank || other.may_be_blank,
            is_collapsed: self.is_collapsed || other.is_collapsed,
            remark: self.remark.or(other.remark),
        }
    }
}

impl Form {
    fn or(self, other: Self) -> Self {
        let most = |a: Option<u32>, b: Option<u32>| a.zip(b).map(|(a, b)| a.max(b));
        match (self, other) {
            (a, b) if a == b => a,
            (
                Self::Whole { least, greatest },
                Self::Whole { least: other_least, greatest: other_greatest },
            ) => Self::Whole {
                least: least.zip(other_least).map(|(a, b)| a.min(b)),
                greatest: greatest.zip(other_greatest).map(|(a, b)| a.max(b)),
            },
            (
                Self::Decimal { .. } | Self::Whole { .. },
                Self::Decimal { .. } | Self::Whole { .. },
            ) => {
                let (a, b) = (self.digits(), other.digits());
                let fraction = most(a.1, b.1);
                let whole = most(a.0, b.0);
                let total =
                    whole.zip(fraction).map(|(whole, fraction)| whole.saturating_add(fraction));
                Self::Decimal { total, fraction, whole }
            }
            (Self::Float, Self::Decimal { .. } | Self::Whole { .. })
            | (Self::Decimal { .. } | Self::Whole { .. }, Self::Float) => Self::Float,
            (Self::Date | Self::DateTime, Self::Date | Self::DateTime) => Self::DateTime,
            (a, b) => {
                let ((least, most, is_ascii), (other_least, other_most, other_ascii)) =
                    (a.written(), b.written());
                Self::Text {
                    least: least.min(other_least),
                    most: most.zip(other_most).map(|(a, b)| a.max(b)),
                    is_ascii: is_ascii && other_ascii,
                }
            }
        }
    }

    /// Digits before and behind the point.
    fn digits(self) -> (Option<u32>, Option<u32>) {
        match self {
            Self::Whole { least, greatest } => {
                let most = least.zip(greatest);
                let most = most.map(|(a, b)| a.unsigned_abs().max(b.unsigned_abs()));
                (most.map(|most| most.checked_ilog10().unwrap_or(0) + 1), Some(0))
            }
            Self::Decimal { total, fraction, whole } => {
                let rest =
                    total.zip(fraction).map(|(total, fraction)| total.saturating_sub(fraction));
                (whole.or(rest), fraction)
            }
            _ => (None, None),
        }
    }

    /// The lengths of its values as text, and whether they are ASCII.
    fn written(self) -> (u64, Option<u64>, bool) {
        match self {
            Self::Text { least, most, is_ascii } => (least, most, is_ascii),
            Self::Base64(_) | Self::Hex(_) | Self::Decimal { .. } => (0, None, true),
            Self::Truth => (1, Some(5), true),
            Self::Whole { .. } | Self::Float | Self::Date | Self::DateTime | Self::Time => {
                (1, Some(50), true)
            }
        }
    }
}

/// What a schema says that no column can say.
#[derive(Debug, Clone, Default)]
pub struct SchemaNotes {
    /// The schema's file.
    pub file: String,
    /// What is not followed: a path, and why.
    pub not_followed: Vec<(String, String)>,
    /// Elements with what the schema declares in them, and no sample has.
    pub unseen: Vec<(String, Vec<String>)>,
    /// Paths of samples that the schema does not declare.
    pub undeclared: Vec<String>,
}
