//! Text and values to SQL types.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use compact_str::CompactString;
use encoding_rs::{EncoderResult, WINDOWS_1252};
use uuid::Uuid;

use super::datetime::{in_years, parse_date_text, with_offset, DatePattern, DateText};
use super::decimal;
use super::rounding::{on_day, round_time, round_to_minutes, round_to_ticks};
use super::{is_blank, plain_text, trim_xml, Decimal, SqlType, Value};

/// `datetime` begins with the first full Gregorian year of the British Empire.
const DATETIME_START: NaiveDate = NaiveDate::from_ymd_opt(1753, 1, 1).expect("a date");
/// SQL Server's day 0, and where `smalldatetime` begins.
pub(crate) const BASE_DATE: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a date");
const SMALLDATETIME_END: NaiveDate = NaiveDate::from_ymd_opt(2079, 6, 6).expect("a date");

/// How text and values become values of one type, compiled once per column or `CAST`.
///
/// Text that is empty or only XML white space becomes null. White space around numbers, dates,
/// identifiers and bytes is ignored.
///
/// Where this is stricter than SQL Server: a time without a date is no `datetime`, a date without
/// a time is no `time`, numbers are no dates, bytes are written `0x…`, and a character that code
/// page 1252 lacks is an error and not `?`. Where it is wider: every date and time type reads
/// every format of [`parse_date_text`] and up to nine digits after the second.
#[derive(Debug, Clone)]
pub struct Conversion {
    sql_type: SqlType,
    shape: Shape,
    date_formats: Arc<[DatePattern]>,
    rounding: Rounding,
    truncate: bool,
    keep_blank: bool,
}

/// What most texts need to know of the type, asked once.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// A character type: its length, and whether it stores code page 1252.
    Characters {
        limit: usize,
        code_page: bool,
    },
    /// An integer type: its range.
    Integer {
        low: i64,
        high: i64,
    },
    Other,
}

impl Shape {
    fn of(sql_type: SqlType) -> Self {
        match sql_type.integer_range() {
            Some((low, high)) => Self::Integer { low, high },
            None if sql_type.is_character() => Self::Characters {
                limit: sql_type.max_chars().map_or(usize::MAX, usize::from),
                code_page: sql_type.is_code_page(),
            },
            None => Self::Other,
        }
    }
}

/// What becomes of a fraction when a decimal or float becomes an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    HalfAway,
    Cut,
}

/// Why a text or value is not one of a type. Each sentence names the value, the type, what it
/// holds and what to do; the caller adds where in the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversionError {
    /// It does not read as the type at all.
    #[error(
        "`{value}` cannot become {sql_type}: {}; TRY_CAST or on_error = \"null\" gives null instead",
        expected(*.sql_type)
    )]
    NotA {
        /// The type.
        sql_type: SqlType,
        /// The value, clipped.
        value: String,
    },
    /// It reads as the type, but is too small or too great.
    #[error(
        "`{value}` is out of the range of {sql_type}, which is {}: correct the document or widen the type",
        .sql_type.range_text()
    )]
    OutOfRange {
        /// The type.
        sql_type: SqlType,
        /// The value, clipped.
        value: String,
    },
    /// It has more characters or bytes than the type.
    #[error(
        "`{value}` has a length of {length}, but {sql_type} holds {}: widen the type or say too_long = \"truncate\"",
        .sql_type.range_text()
    )]
    TooLong {
        /// The type.
        sql_type: SqlType,
        /// The value, clipped.
        value: String,
        /// Its length in the type's unit.
        length: usize,
    },
    /// `char` and `varchar` cannot store a character.
    #[error(
        "`{character}` (U+{:04X}) in `{value}` is not in code page 1252, which {sql_type} stores: use nchar or nvarchar",
        *.character as u32
    )]
    CodePage {
        /// The type.
        sql_type: SqlType,
        /// The value, clipped.
        value: String,
        /// The first character that does not fit.
        character: char,
    },
}

/// How a value of the type is written, for [`ConversionError::NotA`].
fn expected(sql_type: SqlType) -> &'static str {
    match sql_type {
        SqlType::Bit => "write 0, 1, true or false",
        _ if sql_type.is_integer() => "write digits with an optional sign",
        SqlType::Decimal { .. } | SqlType::Money => {
            "write digits with an optional sign and one point, or use NUMBER for grouped text"
        }
        SqlType::Float | SqlType::Real => "write a number, with an exponent if need be",
        SqlType::Time(_) => "write HH:mm:ss, or add its pattern to date_formats",
        _ if sql_type.is_temporal() => "write ISO 8601, or add its pattern to date_formats",
        SqlType::UniqueIdentifier => "write 8-4-4-4-12 hexadecimal digits",
        SqlType::VarBinary(_) => "write 0x and an even number of hexadecimal digits",
        _ => "it has no text form here",
    }
}

/// What went wrong, before the value is named.
enum Fault {
    NotA,
    OutOfRange,
    TooLong(usize),
    CodePage(char),
}

impl From<decimal::Fault> for Fault {
    fn from(fault: decimal::Fault) -> Self {
        match fault {
            decimal::Fault::NotADecimal => Self::NotA,
            decimal::Fault::Overflow => Self::OutOfRange,
        }
    }
}

impl ConversionError {
    /// The value that was not converted, clipped.
    pub fn value(&self) -> &str {
        match self {
            Self::NotA { value, .. }
            | Self::OutOfRange { value, .. }
            | Self::TooLong { value, .. }
            | Self::CodePage { value, .. } => value,
        }
    }
}

impl Conversion {
    /// For a column: a number that becomes an integer is rounded half away from zero, and text
    /// that is too long is an error.
    pub fn for_column(sql_type: SqlType) -> Self {
        Self {
            sql_type,
            shape: Shape::of(sql_type),
            date_formats: Arc::from([]),
            rounding: Rounding::HalfAway,
            truncate: false,
            keep_blank: false,
        }
    }

    /// For `CAST` and `TRY_CAST`, as SQL Server has them: a number that becomes an integer loses
    /// its fraction, and text is cut to the type's length.
    pub fn for_cast(sql_type: SqlType) -> Self {
        Self { rounding: Rounding::Cut, truncate: true, ..Self::for_column(sql_type) }
    }

    /// The contract's `date_formats`, tried in order after ISO 8601.
    pub fn date_formats(self, date_formats: Arc<[DatePattern]>) -> Self {
        Self { date_formats, ..self }
    }

    /// Whether text or bytes that are too long are cut to the type's length: `too_long`.
    pub fn truncate(self, truncate: bool) -> Self {
        Self { truncate, ..self }
    }

    /// Whether a character type keeps blank text instead of making it null: `blank = "keep"`.
    pub fn keep_blank(self, keep_blank: bool) -> Self {
        Self { keep_blank, ..self }
    }

    /// The type converted to.
    pub fn sql_type(&self) -> SqlType {
        self.sql_type
    }

    /// Converts a document's text.
    pub fn text(&self, text: &str) -> Result<Value, ConversionError> {
        let converted = if self.sql_type.is_character() {
            self.kept_characters(text)
                .map(|kept| kept.map_or(Value::Null, |t| Value::Text(t.into())))
        } else {
            match trim_xml(text) {
                "" => Ok(Value::Null),
                trimmed => self.parse(text, trimmed),
            }
        };
        converted.map_err(|fault| self.error(fault, text))
    }

    /// [`Conversion::text`] to where the value is wanted: a value handed up through several
    /// results costs more than making it. Nothing is changed by an error.
    #[inline(always)]
    pub fn text_into(&self, text: &str, into: &mut Value) -> Result<(), ConversionError> {
        if !matches!(self.shape, Shape::Characters { .. }) {
            return self.other_text_into(text, into);
        }
        match self.kept_characters(text) {
            Ok(Some(kept)) => *into = Value::Text(CompactString::new(kept)),
            Ok(None) => *into = Value::Null,
            Err(fault) => return Err(self.error(fault, text)),
        }
        Ok(())
    }

    /// [`Conversion::text_into`] of a type that holds no characters.
    fn other_text_into(&self, text: &str, into: &mut Value) -> Result<(), ConversionError> {
        match self.shape {
            Shape::Integer { low, high } => match parse_integer(trim_xml(text).as_bytes()) {
                Ok(number) if (low..=high).contains(&number) => *into = Value::Int(number),
                _ => *into = self.text(text)?,
            },
            _ => *into = self.text(text)?,
        }
        Ok(())
    }

    /// [`Conversion::value`] of a whole number, to where it is wanted.
    #[inline]
    pub fn integer_into(&self, number: i64, into: &mut Value) -> Result<(), ConversionError> {
        *into = match self.shape {
            Shape::Integer { low, high } if (low..=high).contains(&number) => Value::Int(number),
            _ => self.value(Value::Int(number))?,
        };
        Ok(())
    }

    /// Converts a value of any type.
    pub fn value(&self, value: Value) -> Result<Value, ConversionError> {
        let converted = match &value {
            Value::Null => Ok(Value::Null),
            Value::Text(text) if self.sql_type.is_character() => match self.kept_characters(text) {
                // The usual case hands the text on as it is.
                Ok(Some(kept)) if kept.len() == text.len() => return Ok(value),
                Ok(kept) => Ok(kept.map_or(Value::Null, |t| Value::Text(t.into()))),
                Err(fault) => Err(fault),
            },
            Value::Text(text) => return self.text(text),
            Value::Bit(bit) => self.number(Number::Int((*bit).into())),
            Value::Int(number) => self.number(Number::Int(*number)),
            Value::Decimal(number) => self.number(Number::Decimal(*number)),
            Value::Float(number) => self.number(Number::Float(*number)),
            Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::DateTimeOffset(_) => {
                self.moment(&value)
            }
            Value::Guid(_) if self.sql_type == SqlType::UniqueIdentifier => return Ok(value),
            Value::Guid(_) => self.written(&value),
            Value::Bytes(bytes) => match self.sql_type {
                SqlType::VarBinary(limit) => self.bytes(bytes, limit),
                _ => self.written(&value),
            },
        };
        converted.map_err(|fault| self.error(fault, &plain_text(&value).unwrap_or_default()))
    }

    #[cold]
    fn error(&self, fault: Fault, value: &str) -> ConversionError {
        let (sql_type, value) = (self.sql_type, super::clip(value));
        match fault {
            Fault::NotA => ConversionError::NotA { sql_type, value },
            Fault::OutOfRange => ConversionError::OutOfRange { sql_type, value },
            Fault::TooLong(length) => ConversionError::TooLong { sql_type, value, length },
            Fault::CodePage(character) => ConversionError::CodePage { sql_type, value, character },
        }
    }

    /// Text to a type that is not a character type.
    fn parse(&self, text: &str, trimmed: &str) -> Result<Value, Fault> {
        let bytes = trimmed.as_bytes();
        match self.sql_type {
            SqlType::Bit => parse_bit(trimmed),
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
                self.in_range(parse_integer(bytes)?)
            }
            SqlType::Decimal { .. } | SqlType::Money => self.decimal(decimal::read(bytes)?),
            SqlType::Float | SqlType::Real => self.parse_float(trimmed),
            SqlType::UniqueIdentifier => parse_guid(trimmed),
            SqlType::VarBinary(limit) => self.bytes(&parse_hex(trimmed)?, limit),
            SqlType::Xml => Ok(Value::Text(text.into())),
            _ => self.dated(parse_date_text(trimmed, &self.date_formats).ok_or(Fault::NotA)?),
        }
    }

    fn in_range(&self, number: i64) -> Result<Value, Fault> {
        match self.sql_type.integer_range() {
            Some((low, high)) if (low..=high).contains(&number) => Ok(Value::Int(number)),
            _ => Err(Fault::OutOfRange),
        }
    }

    /// A decimal at the scale of this `decimal` or `money`.
    fn decimal(&self, number: Decimal) -> Result<Value, Fault> {
        let (precision, scale) = match self.sql_type {
            SqlType::Decimal { precision, scale } => (precision, scale),
            _ => (19, 4),
        };
        let number = number.rescale(precision, scale).map_err(|_| Fault::OutOfRange)?;
        if self.sql_type == SqlType::Money && i64::try_from(number.units).is_err() {
            return Err(Fault::OutOfRange);
        }
        Ok(Value::Decimal(number))
    }

    fn parse_float(&self, text: &str) -> Result<Value, Fault> {
        // Rust also reads `inf` and `nan`, which have no digits.
        if text.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            return Err(Fault::NotA);
        }
        if self.sql_type == SqlType::Real {
            let number: f32 = text.parse().map_err(|_| Fault::NotA)?;
            return single(number);
        }
        double(text.parse().map_err(|_| Fault::NotA)?)
    }

    /// A number, which is not text, to this type.
    fn number(&self, number: Number) -> Result<Value, Fault> {
        match self.sql_type {
            SqlType::Bit => Ok(Value::Bit(!number.is_zero())),
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
                self.in_range(number.to_integer(self.rounding).ok_or(Fault::OutOfRange)?)
            }
            SqlType::Decimal { .. } | SqlType::Money => {
                self.decimal(number.to_decimal().ok_or(Fault::OutOfRange)?)
            }
            SqlType::Float => double(number.to_double()),
            SqlType::Real => single(number.to_double() as f32),
            _ => {
                // Digits are never cut off a number.
                let whole = Self { truncate: false, ..self.clone() };
                whole.written(&number.into_value())
            }
        }
    }

    /// A value in its text form, for a character type.
    fn written(&self, value: &Value) -> Result<Value, Fault> {
        if !self.sql_type.is_character() {
            return Err(Fault::NotA);
        }
        let text = plain_text(value).unwrap_or_default();
        Ok(Value::Text(self.characters(&text)?.into()))
    }

    /// A date or time, which is not text, to this type.
    fn moment(&self, value: &Value) -> Result<Value, Fault> {
        if !self.sql_type.is_temporal() {
            return self.written(value);
        }
        let (date, time, offset) = match value {
            Value::Date(date) => (Some(*date), None, None),
            // What SQL Server gives a time that becomes a datetime.
            Value::Time(time) if self.sql_type != SqlType::Date => {
                (Some(BASE_DATE), Some(*time), None)
            }
            Value::DateTime(both) => (Some(both.date()), Some(both.time()), None),
            Value::DateTimeOffset(both) => {
                let local = both.naive_local();
                (Some(local.date()), Some(local.time()), Some(*both.offset()))
            }
            _ => return Err(Fault::NotA),
        };
        self.dated(DateText { date, time, offset })
    }

    /// What a text says of date and time to this date or time type. An offset is dropped, not
    /// applied, where the type has none, as SQL Server does.
    fn dated(&self, found: DateText) -> Result<Value, Fault> {
        if let SqlType::Time(digits) = self.sql_type {
            let time = found.time.ok_or(Fault::NotA)?;
            return Ok(Value::Time(round_time(time, digits).0));
        }
        let date = found.date.ok_or(Fault::NotA)?;
        let local = date.and_time(found.time.unwrap_or(NaiveTime::MIN));
        let rounded = match self.sql_type {
            SqlType::Date => return Ok(Value::Date(date)),
            SqlType::DateTime => round_to_ticks(local),
            SqlType::SmallDateTime => round_to_minutes(local),
            SqlType::DateTime2(digits) | SqlType::DateTimeOffset(digits) => {
                let (time, next_day) = round_time(local.time(), digits);
                on_day(date, next_day).map(|date| date.and_time(time))
            }
            _ => return Err(Fault::NotA),
        };
        let rounded = rounded.filter(|r| self.holds(r)).ok_or(Fault::OutOfRange)?;
        if let SqlType::DateTimeOffset(_) = self.sql_type {
            let offset = found.offset.unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc));
            return with_offset(rounded, offset)
                .map(Value::DateTimeOffset)
                .ok_or(Fault::OutOfRange);
        }
        Ok(Value::DateTime(rounded))
    }

    fn holds(&self, moment: &NaiveDateTime) -> bool {
        let date = moment.date();
        match self.sql_type {
            SqlType::DateTime => date >= DATETIME_START && in_years(date),
            SqlType::SmallDateTime => (BASE_DATE..=SMALLDATETIME_END).contains(&date),
            _ => in_years(date),
        }
    }

    /// What a character type keeps of a text: `None` is null.
    #[inline(always)]
    fn kept_characters<'t>(&self, text: &'t str) -> Result<Option<&'t str>, Fault> {
        if !self.keep_blank && is_blank(text) {
            return Ok(None);
        }
        self.characters(text).map(Some)
    }

    /// The text as far as this character type holds it. Blanks at the end that do not fit are
    /// dropped without an error, as SQL Server does.
    #[inline(always)]
    fn characters<'t>(&self, text: &'t str) -> Result<&'t str, Fault> {
        let Shape::Characters { limit, code_page } = self.shape else { return Ok(text) };
        if code_page && !super::is_ascii(text) {
            check_code_page(text)?;
        }
        // UTF-8 is never shorter than UTF-16 or code page 1252.
        match text.len() > limit {
            true => self.cut(text, limit, code_page),
            false => Ok(text),
        }
    }

    /// A text of more bytes than the type holds characters.
    #[inline(never)]
    fn cut<'t>(&self, text: &'t str, limit: usize, code_page: bool) -> Result<&'t str, Fault> {
        let end = match fitting(text, limit, if code_page { |_| 1 } else { char::len_utf16 }) {
            end if end == text.len() => return Ok(text),
            end => end,
        };
        let (kept, rest) = text.split_at(end);
        if self.truncate || rest.bytes().all(|b| b == b' ') {
            return Ok(kept);
        }
        let units = if code_page { text.chars().count() } else { text.encode_utf16().count() };
        Err(Fault::TooLong(units))
    }

    fn bytes(&self, bytes: &[u8], limit: Option<u16>) -> Result<Value, Fault> {
        let limit = limit.map_or(usize::MAX, usize::from);
        if bytes.len() > limit && !self.truncate {
            return Err(Fault::TooLong(bytes.len()));
        }
        Ok(Value::Bytes(bytes[..bytes.len().min(limit)].into()))
    }
}

/// A numeric value.
#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Decimal(Decimal),
    Float(f64),
}

impl Number {
    fn is_zero(self) -> bool {
        match self {
            Self::Int(n) => n == 0,
            Self::Decimal(n) => n.is_zero(),
            Self::Float(n) => n == 0.0,
        }
    }

    fn to_integer(self, rounding: Rounding) -> Option<i64> {
        match (self, rounding) {
            (Self::Int(n), _) => Some(n),
            (Self::Decimal(n), Rounding::HalfAway) => n.to_i64_rounded(),
            (Self::Decimal(n), Rounding::Cut) => n.to_i64_truncated(),
            (Self::Float(n), Rounding::HalfAway) => whole(n.round()),
            (Self::Float(n), Rounding::Cut) => whole(n.trunc()),
        }
    }

    fn to_decimal(self) -> Option<Decimal> {
        match self {
            Self::Int(n) => Some(n.into()),
            Self::Decimal(n) => Some(n),
            Self::Float(n) => Decimal::from_f64(n).ok(),
        }
    }

    fn to_double(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Decimal(n) => n.to_f64(),
            Self::Float(n) => n,
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Int(n) => Value::Int(n),
            Self::Decimal(n) => Value::Decimal(n),
            Self::Float(n) => Value::Float(n),
        }
    }
}

/// A double without a fraction as an integer.
fn whole(number: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&number).then_some(number as i64)
}

/// SQL Server has neither infinities nor numbers below the smallest normal one.
fn double(number: f64) -> Result<Value, Fault> {
    if !number.is_finite() {
        return Err(Fault::OutOfRange);
    }
    Ok(Value::Float(if number.is_normal() { number } else { 0.0 }))
}

fn single(number: f32) -> Result<Value, Fault> {
    if !number.is_finite() {
        return Err(Fault::OutOfRange);
    }
    Ok(Value::Float(if number.is_normal() { number.into() } else { 0.0 }))
}

fn parse_bit(text: &str) -> Result<Value, Fault> {
    if text.eq_ignore_ascii_case("true") {
        return Ok(Value::Bit(true));
    }
    if text.eq_ignore_ascii_case("false") {
        return Ok(Value::Bit(false));
    }
    match parse_integer(text.as_bytes()) {
        Ok(number) => Ok(Value::Bit(number != 0)),
        Err(Fault::OutOfRange) => Ok(Value::Bit(true)),
        Err(fault) => Err(fault),
    }
}

fn parse_integer(text: &[u8]) -> Result<i64, Fault> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(Fault::NotA);
    }
    if digits.len() > 18 {
        return parse_long_integer(negative, digits);
    }
    let mut number = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(Fault::NotA);
        }
        number = number * 10 + i64::from(digit);
    }
    Ok(if negative { -number } else { number })
}

fn parse_long_integer(negative: bool, digits: &[u8]) -> Result<i64, Fault> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Fault::NotA);
    }
    let magnitude = decimal::read(digits)?.units;
    i64::try_from(if negative { -magnitude } else { magnitude }).map_err(|_| Fault::OutOfRange)
}

fn parse_guid(text: &str) -> Result<Value, Fault> {
    let inside = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    if inside.len() != 36 {
        return Err(Fault::NotA);
    }
    Uuid::try_parse(inside).map(Value::Guid).map_err(|_| Fault::NotA)
}

fn parse_hex(text: &str) -> Result<Vec<u8>, Fault> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or(Fault::NotA)?;
    let nibble = |b: u8| (b as char).to_digit(16).ok_or(Fault::NotA);
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Fault::NotA);
    }
    pairs.iter().map(|[high, low]| Ok((nibble(*high)? << 4 | nibble(*low)?) as u8)).collect()
}

/// Refuses the first character that code page 1252 lacks.
#[cold]
fn check_code_page(text: &str) -> Result<(), Fault> {
    let mut encoder = WINDOWS_1252.new_encoder();
    let mut encoded = [0; 256];
    let mut rest = text;
    loop {
        let (result, read, _) =
            encoder.encode_from_utf8_without_replacement(rest, &mut encoded, true);
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => rest = &rest[read..],
            EncoderResult::Unmappable(character) => return Err(Fault::CodePage(character)),
        }
    }
}

/// Bytes of the longest start of a text that has at most `limit` units.
fn fitting(text: &str, limit: usize, units: fn(char) -> usize) -> usize {
    let mut left = limit;
    for (i, c) in text.char_indices() {
        match left.checked_sub(units(c)) {
            Some(rest) => left = rest,
            None => return i,
        }
    }
    text.len()
}
