//! How text and values become values of one type.

use std::sync::Arc;

use compact_str::CompactString;

use super::characters::Characters;
use super::error::{ConversionError, ConversionFault};
use super::moment;
use super::parse::{double, parse_bit, parse_guid, parse_hex, parse_integer, single};
use crate::reason::Reason;
use crate::value::datetime::{parse_date_text, DatePattern};
use crate::value::decimal::DecimalFault;
use crate::value::number::{parse_float, Number};
use crate::value::{clip, decimal, is_blank, plain_text, trim_xml, xml, Decimal, SqlType, Value};

type Converted = Result<Value, ConversionFault>;

/// How text and values become values of one type, compiled once per column or `CAST`.
///
/// Text that is empty or only XML white space becomes null. White space around numbers, dates,
/// identifiers and bytes is ignored.
///
/// Where this is stricter than SQL Server: a time without a date is not a `datetime`, a date without
/// a time is not a `time`, numbers are not dates, bytes are written `0x…`, and a character that code
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
    /// Decimals may have an exponent.
    exponents: bool,
}

/// What most conversions need of the type, found once.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Characters(Characters),
    /// An integer type: its range.
    Integer {
        low: i64,
        high: i64,
    },
    Other,
}

impl Shape {
    fn of(sql_type: SqlType) -> Self {
        match (sql_type.integer_range(), Characters::of(sql_type)) {
            (Some((low, high)), _) => Self::Integer { low, high },
            (None, Some(characters)) => Self::Characters(characters),
            (None, None) => Self::Other,
        }
    }
}

/// What becomes of a fraction when a decimal or float becomes an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    HalfAway,
    Cut,
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
            exponents: false,
        }
    }

    /// For `CAST` and `TRY_CAST`, as SQL Server has them: a number that becomes an integer loses
    /// its fraction, and text is cut to the type's length. Wider than there, text may have an exponent
    /// where it becomes a decimal.
    pub fn for_cast(sql_type: SqlType) -> Self {
        Self {
            rounding: Rounding::Cut,
            truncate: true,
            exponents: true,
            ..Self::for_column(sql_type)
        }
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
        let mut value = Value::Null;
        self.text_into(text, &mut value)?;
        Ok(value)
    }

    /// [`Conversion::text`] to where the value is wanted: a value handed up through several
    /// results costs more than making it. Nothing is changed by an error.
    #[inline(always)]
    pub fn text_into(&self, text: &str, into: &mut Value) -> Result<(), ConversionError> {
        if !matches!(self.shape, Shape::Characters(_)) {
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
        let trimmed = trim_xml(text);
        *into = match self.shape {
            _ if trimmed.is_empty() => Value::Null,
            Shape::Integer { low, high } => match parse_integer(trimmed) {
                Ok(number) if (low..=high).contains(&number) => Value::Int(number),
                Ok(_) => return Err(self.error(ConversionFault::OutOfRange, text)),
                Err(fault) => return Err(self.error(fault, text)),
            },
            _ => self.parse(text, trimmed).map_err(|fault| self.error(fault, text))?,
        };
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
            Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::DateTimeOffset(_) => {
                self.moment(&value)
            }
            Value::Bit(_) | Value::Int(_) | Value::Decimal(_) | Value::Float(_) => {
                self.number(&value)
            }
            Value::Guid(_) if self.sql_type == SqlType::UniqueIdentifier => return Ok(value),
            Value::Guid(_) => self.written(&value, self.truncate),
            Value::Bytes(bytes) => match self.sql_type {
                SqlType::VarBinary(limit) => self.bytes(bytes, limit),
                _ => self.written(&value, self.truncate),
            },
        };
        converted.map_err(|fault| self.error(fault, &plain_text(&value).unwrap_or_default()))
    }

    #[cold]
    fn error(&self, fault: ConversionFault, value: &str) -> ConversionError {
        let reason = match fault {
            // Looked for again, so that what nearly always converts need not carry it.
            ConversionFault::NotXml => xml::fragment(value).err(),
            _ => None,
        };
        let reason = reason.unwrap_or(Reason::from(""));
        ConversionError { sql_type: self.sql_type, value: clip(value), fault, reason }
    }

    /// Text to a type that holds neither characters nor integers.
    fn parse(&self, text: &str, trimmed: &str) -> Converted {
        match self.sql_type {
            SqlType::Bit => parse_bit(trimmed),
            SqlType::Decimal { .. } | SqlType::Money => self.decimal(self.read_decimal(trimmed)?),
            SqlType::Float | SqlType::Real => self.parse_float(trimmed),
            SqlType::UniqueIdentifier => parse_guid(trimmed),
            SqlType::VarBinary(limit) => self.bytes(&parse_hex(trimmed)?, limit),
            SqlType::Xml => match xml::fragment(text) {
                Ok(fragment) if is_blank(fragment) => Ok(Value::Null),
                Ok(fragment) => Ok(Value::Text(fragment.into())),
                Err(_) => Err(ConversionFault::NotXml),
            },
            _ => {
                let found = parse_date_text(trimmed, &self.date_formats);
                moment::value(found.ok_or(ConversionFault::NotA)?, self.sql_type)
            }
        }
    }

    fn read_decimal(&self, text: &str) -> Result<Decimal, ConversionFault> {
        match decimal::read(text.as_bytes()) {
            Err(DecimalFault::NotADecimal) if self.exponents => {
                match decimal::without_exponent(text) {
                    Some(Some(plain)) => Ok(decimal::read(plain.as_bytes())?),
                    Some(None) => Err(ConversionFault::OutOfRange),
                    None => Err(ConversionFault::NotA),
                }
            }
            read => Ok(read?),
        }
    }

    /// A decimal at the scale of this `decimal` or `money`.
    fn decimal(&self, number: Decimal) -> Converted {
        let (precision, scale) = match self.sql_type {
            SqlType::Decimal { precision, scale } => (precision, scale),
            _ => (19, 4),
        };
        let number = number.rescale(precision, scale).map_err(|_| ConversionFault::OutOfRange)?;
        if self.sql_type == SqlType::Money && i64::try_from(number.units).is_err() {
            return Err(ConversionFault::OutOfRange);
        }
        Ok(Value::Decimal(number))
    }

    fn parse_float(&self, text: &str) -> Converted {
        match self.sql_type {
            SqlType::Real => single(parse_float(text).ok_or(ConversionFault::NotA)?),
            _ => double(parse_float(text).ok_or(ConversionFault::NotA)?),
        }
    }

    /// A numeric value to this type.
    fn number(&self, value: &Value) -> Converted {
        let number = Number::of(value).ok_or(ConversionFault::NotA)?;
        if let Shape::Integer { low, high } = self.shape {
            let whole = match self.rounding {
                Rounding::HalfAway => number.to_i64_rounded(),
                Rounding::Cut => number.to_i64_truncated(),
            };
            let in_range = whole.filter(|whole| (low..=high).contains(whole));
            return in_range.map(Value::Int).ok_or(ConversionFault::OutOfRange);
        }
        match self.sql_type {
            SqlType::Bit => Ok(Value::Bit(!number.is_zero())),
            SqlType::Decimal { .. } | SqlType::Money => {
                self.decimal(number.to_decimal().map_err(|_| ConversionFault::OutOfRange)?)
            }
            SqlType::Float => double(number.to_f64()),
            SqlType::Real => single(number.to_f64() as f32),
            // Digits are never cut off a number.
            _ => self.written(value, false),
        }
    }

    /// A value in its text form, for a character type.
    fn written(&self, value: &Value, truncate: bool) -> Converted {
        let Shape::Characters(characters) = self.shape else { return Err(ConversionFault::NotA) };
        let text = plain_text(value).unwrap_or_default();
        Ok(Value::Text(characters.fit(&text, truncate)?.into()))
    }

    /// A date or time, which is not text, to this type.
    fn moment(&self, value: &Value) -> Converted {
        if !self.sql_type.is_temporal() {
            return self.written(value, self.truncate);
        }
        let parts = moment::parts(value, self.sql_type).ok_or(ConversionFault::NotA)?;
        moment::value(parts, self.sql_type)
    }

    /// What a character type keeps of a text: `None` is null.
    #[inline(always)]
    fn kept_characters<'t>(&self, text: &'t str) -> Result<Option<&'t str>, ConversionFault> {
        if !self.keep_blank && is_blank(text) {
            return Ok(None);
        }
        match self.shape {
            Shape::Characters(characters) => characters.fit(text, self.truncate).map(Some),
            _ => Ok(Some(text)),
        }
    }

    fn bytes(&self, bytes: &[u8], limit: Option<u16>) -> Converted {
        let limit = limit.map_or(usize::MAX, usize::from);
        if bytes.len() > limit && !self.truncate {
            return Err(ConversionFault::TooLong(bytes.len()));
        }
        Ok(Value::Bytes(bytes[..bytes.len().min(limit)].into()))
    }
}
