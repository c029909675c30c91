//! What happens where a value is converted.

use super::effect::Effect;
use super::possible::{Piece, Possible};
use crate::contract::expr::kind::Kind;
use crate::outcome::FailureCategory::{BadValue, TooLong};
use crate::value::convert::{Conversion, ConversionFault};
use crate::value::datetime::{parse_date_text, DatePattern};
use crate::value::{is_blank, plain_text, trim_xml, Number, SqlType, Value};

/// What a value becomes, and the cases in which it becomes nothing.
pub(super) type Converted = (Possible, Vec<(String, Effect)>);

pub(super) const NOT_A_NUMBER: &str = "text that is not a number";
const NOT_A_DATE: &str = "text that is not a date";

/// What is used as a number; the flag tells whether that fails.
pub(super) fn as_number(from: &Possible) -> (Possible, Option<&'static str>) {
    let mut number = Possible { null: from.is_blank(), pieces: Vec::new() };
    let mut fails = false;
    for piece in &from.pieces {
        match piece {
            Piece::Constant(Value::Text(text)) if is_blank(text) => {}
            Piece::Constant(value) => {
                let read = match value {
                    Value::Text(text) => Number::parse(trim_xml(text)),
                    value => Number::of(value),
                };
                fails |= read.is_none();
                read.into_iter().for_each(|read| number.add(Piece::Constant(read.into())));
            }
            Piece::Integer(..) | Piece::Decimal | Piece::Float => number.add(piece.clone()),
            Piece::Text { .. } => {
                fails = true;
                number = number.or(any_number());
            }
            Piece::Moment(_) | Piece::Now | Piece::Guid | Piece::Bytes => fails = true,
        }
    }
    (number, fails.then_some(NOT_A_NUMBER))
}

/// A number of any kind.
pub(super) fn any_number() -> Possible {
    let pieces = vec![Piece::Integer(i64::MIN, i64::MAX), Piece::Decimal, Piece::Float];
    Possible { null: false, pieces }
}

/// What is used as a date; the flag tells whether that fails.
pub(super) fn as_date(
    from: &Possible,
    formats: &[DatePattern],
) -> (Possible, Option<&'static str>) {
    let mut date = Possible { null: from.is_blank(), pieces: Vec::new() };
    let mut fails = false;
    for piece in &from.pieces {
        match piece {
            piece if piece.is_moment() => date.add(piece.clone()),
            Piece::Constant(value) => {
                let text = plain_text(value).unwrap_or_default();
                let read = parse_date_text(&text, formats).and_then(|read| read.to_value());
                fails |= read.is_none() && !is_blank(&text);
                read.into_iter().for_each(|read| date.add(Piece::Constant(read)));
            }
            _ => {
                fails = true;
                date.add(Piece::Moment(Kind::Any));
            }
        }
    }
    (date, fails.then_some(NOT_A_DATE))
}

/// What two values are compared as fails in one of these cases.
pub(super) fn compared(
    left: &Possible,
    right: &Possible,
    formats: &[DatePattern],
) -> Vec<&'static str> {
    let mut cases = Vec::new();
    for a in &left.pieces {
        for b in &right.pieces {
            let both = [a, b].map(|piece| Possible::of(piece.clone()));
            match (a, b) {
                (a, b) if a.is_text() && b.is_text() => {}
                (Piece::Guid, Piece::Guid) | (Piece::Bytes, Piece::Bytes) => {}
                (a, b) if a.is_moment() || b.is_moment() => {
                    cases.extend(both.iter().filter_map(|date| as_date(date, formats).1));
                }
                _ => cases.extend(both.iter().filter_map(|number| as_number(number).1)),
            }
        }
    }
    cases
}

/// What a column or `CAST` makes of a value.
pub(super) fn converted(
    from: &Possible,
    conversion: &Conversion,
    truncate: bool,
    keep_blank: bool,
) -> Converted {
    let to = Type { sql_type: conversion.sql_type(), truncate, keep_blank };
    let mut into = Possible { null: from.null, pieces: Vec::new() };
    let mut cases = Vec::new();
    for piece in &from.pieces {
        match piece {
            Piece::Constant(value) => {
                match conversion.value(value.clone()) {
                    Ok(Value::Null) => into.null = true,
                    Ok(kept) => {
                        let lengths =
                            [value, &kept].map(|v| plain_text(v).map_or(0, |t| t.trim_end().len()));
                        if to.sql_type.is_character() && lengths[0] > lengths[1] {
                            cases.extend(to.too_long(Effect::Cut));
                        }
                        into.add(Piece::Constant(kept));
                    }
                    Err(error) => match error.fault {
                        ConversionFault::TooLong(_) => {
                            cases.extend(to.too_long(Effect::Fails(TooLong)))
                        }
                        _ => cases.push(to.bad_value()),
                    },
                }
                continue;
            }
            Piece::Text { blank, .. } => {
                into.null |= (*blank && !to.keeps_blank()) || to.sql_type == SqlType::Xml;
            }
            _ => {}
        }
        cases.extend(to.refuses(piece));
        into = into.or(to.made_of(piece));
    }
    (into, cases)
}

/// What a column of the type holds.
pub(super) fn held(sql_type: SqlType) -> Possible {
    let text = Piece::text(true);
    Type { sql_type, truncate: false, keep_blank: true }.made_of(&text)
}

#[derive(Clone, Copy)]
struct Type {
    sql_type: SqlType,
    truncate: bool,
    keep_blank: bool,
}

impl Type {
    fn keeps_blank(self) -> bool {
        self.keep_blank && self.sql_type.is_character()
    }

    fn bad_value(self) -> (String, Effect) {
        let case = match self.sql_type {
            SqlType::Xml => "text that is not XML".to_owned(),
            SqlType::Char(_) | SqlType::VarChar(_) => {
                "a character that code page 1252 lacks".to_owned()
            }
            sql_type => format!("not {sql_type} ({})", sql_type.range_text()),
        };
        (case, Effect::Fails(BadValue))
    }

    fn too_long(self, effect: Effect) -> Option<(String, Effect)> {
        let length = self.limit()?;
        Some((format!("longer than {length}"), effect))
    }

    fn limit(self) -> Option<u16> {
        match self.sql_type {
            SqlType::VarBinary(length) => length,
            sql_type => sql_type.max_chars(),
        }
    }

    /// The cases in which it is not one.
    fn refuses(self, piece: &Piece) -> Vec<(String, Effect)> {
        let cut = if self.truncate { Effect::Cut } else { Effect::Fails(TooLong) };
        let mut cases = Vec::new();
        if self.sql_type.is_character() {
            if piece.is_text() && self.sql_type.is_code_page() {
                cases.push(self.bad_value());
            }
            let effect = match piece {
                // Digits are never cut off a number.
                Piece::Integer(..) | Piece::Decimal | Piece::Float => Effect::Fails(TooLong),
                _ => cut,
            };
            let longest = piece.longest();
            if self.limit().is_some_and(|limit| longest > usize::from(limit)) {
                cases.extend(self.too_long(effect));
            }
            return cases;
        }
        if !self.holds_all(piece) {
            cases.push(self.bad_value());
        }
        if piece.is_text() || *piece == Piece::Bytes {
            cases.extend(self.too_long(cut));
        }
        cases
    }

    /// Whether a type that has no characters has a value for all of these.
    fn holds_all(self, piece: &Piece) -> bool {
        let whole_digits =
            |digits: u8| i64::checked_pow(10, digits.into()).map_or(i64::MAX, |p| p - 1);
        match (self.sql_type, piece) {
            (SqlType::Bit | SqlType::Float, Piece::Integer(..) | Piece::Decimal | Piece::Float) => {
                true
            }
            (SqlType::Real, Piece::Integer(..) | Piece::Decimal) => true,
            (SqlType::Decimal { precision, scale }, Piece::Integer(low, high)) => {
                let most = whole_digits(precision - scale);
                (-most..=most).contains(low) && (-most..=most).contains(high)
            }
            (SqlType::Money, Piece::Integer(low, high)) => {
                let most = i64::MAX / 10_000;
                (-most..=most).contains(low) && (-most..=most).contains(high)
            }
            (sql_type, Piece::Now) => sql_type.is_temporal(),
            (SqlType::Date, Piece::Moment(kind)) => kind.is_date(),
            (SqlType::Time(_), Piece::Moment(kind)) => !matches!(kind, Kind::Date | Kind::Any),
            (SqlType::DateTime | SqlType::SmallDateTime, Piece::Moment(kind)) => {
                *kind == Kind::Time
            }
            // Rounding may lead out of the year 9999.
            (SqlType::DateTime2(_) | SqlType::DateTimeOffset(_), Piece::Moment(kind)) => {
                matches!(kind, Kind::Date | Kind::Time)
            }
            (SqlType::UniqueIdentifier, Piece::Guid) | (SqlType::VarBinary(_), Piece::Bytes) => {
                true
            }
            (sql_type, Piece::Integer(low, high)) => {
                sql_type.integer_range().is_some_and(|(least, most)| least <= *low && *high <= most)
            }
            _ => false,
        }
    }

    /// The values of the type that these become.
    fn made_of(self, piece: &Piece) -> Possible {
        match self.sql_type {
            SqlType::Bit => Possible::of(Piece::Integer(0, 1)),
            SqlType::Decimal { .. } | SqlType::Money => Possible::of(Piece::Decimal),
            SqlType::Float | SqlType::Real => Possible::of(Piece::Float),
            SqlType::UniqueIdentifier => Possible::of(Piece::Guid),
            SqlType::VarBinary(_) => Possible::of(Piece::Bytes),
            SqlType::Char(_)
            | SqlType::VarChar(_)
            | SqlType::NChar(_)
            | SqlType::NVarChar(_)
            | SqlType::Xml => {
                let limit = self.limit().map_or(usize::MAX, usize::from);
                let blank = match piece {
                    // The start of a text may be blank.
                    Piece::Text { blank, most } => {
                        (*blank && self.keeps_blank()) || (self.truncate && *most > limit)
                    }
                    _ => false,
                };
                Possible::of(Piece::Text { blank, most: piece.longest().min(limit) })
            }
            sql_type => match (sql_type.integer_range(), piece) {
                (Some((least, most)), Piece::Integer(low, high)) => {
                    Possible::of(Piece::Integer(*low.max(&least), *high.min(&most)))
                }
                (Some((least, most)), _) => Possible::of(Piece::Integer(least, most)),
                (None, _) => Possible::of(Piece::Moment(Kind::of(sql_type))),
            },
        }
    }
}
