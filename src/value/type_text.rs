//! SQL types from a contract's text.

use super::sql_type::{SqlType, PLAIN};
use crate::diagnostic::spelling;

/// Why a contract's text is not a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseTypeError {
    message: String,
    hint: String,
}

impl ParseTypeError {
    /// What to write instead.
    pub fn hint(&self) -> String {
        self.hint.clone()
    }
}

impl SqlType {
    /// Parses a contract's text: upper or lower case, blanks anywhere between the parts.
    ///
    /// What is left out is as in SQL Server's DDL: `decimal` is (18,0), `decimal(9)` is (9,0),
    /// `time`, `datetime2` and `datetimeoffset` have 7 digits, `char` and its like have length 1.
    /// `float(1)` to `float(24)` is `real`, `float(25)` to `float(53)` is `float`.
    pub fn parse(text: &str) -> Result<Self, ParseTypeError> {
        let written = Written::split(text)?;
        let name = match written.name.to_ascii_lowercase().as_str() {
            "integer" => "int".to_owned(),
            "numeric" | "dec" => "decimal".to_owned(),
            "character" => "char".to_owned(),
            name => name.to_owned(),
        };
        match name.as_str() {
            "decimal" => written.decimal(),
            "float" => written.float(),
            "time" => written.fraction(&name).map(Self::Time),
            "datetime2" => written.fraction(&name).map(Self::DateTime2),
            "datetimeoffset" => written.fraction(&name).map(Self::DateTimeOffset),
            "char" => written.length(&name, 8000).map(Self::Char),
            "nchar" => written.length(&name, 4000).map(Self::NChar),
            "varchar" => written.length_or_max(&name, 8000).map(Self::VarChar),
            "nvarchar" => written.length_or_max(&name, 4000).map(Self::NVarChar),
            "varbinary" => written.length_or_max(&name, 8000).map(Self::VarBinary),
            _ => match PLAIN.iter().find(|(plain, _)| *plain == name) {
                Some((_, sql_type)) if written.parameters.is_empty() => Ok(*sql_type),
                Some((_, Self::DateTime)) => {
                    written.malformed("datetime, or datetime2(n) with digits")
                }
                Some((plain, _)) => written.malformed(plain),
                None => Err(unknown(written.name, &name)),
            },
        }
    }

    /// Parses the type of a `CAST`, where `char` and its like have length 30 if it is left out, as
    /// in SQL Server.
    pub fn parse_in_cast(text: &str) -> Result<Self, ParseTypeError> {
        let found = Self::parse(text)?;
        if text.contains('(') {
            return Ok(found);
        }
        Ok(match found {
            Self::Char(_) => Self::Char(30),
            Self::NChar(_) => Self::NChar(30),
            Self::VarChar(_) => Self::VarChar(Some(30)),
            Self::NVarChar(_) => Self::NVarChar(Some(30)),
            Self::VarBinary(_) => Self::VarBinary(Some(30)),
            other => other,
        })
    }
}

/// A type's text in its parts: `name(first, second)`.
struct Written<'a> {
    text: &'a str,
    name: &'a str,
    parameters: Vec<&'a str>,
}

type Parsed<T> = Result<T, ParseTypeError>;

impl<'a> Written<'a> {
    fn split(text: &'a str) -> Parsed<Self> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('(') else {
            return Ok(Self { text, name: text, parameters: Vec::new() });
        };
        let written = Self { text, name: name.trim(), parameters: Vec::new() };
        let Some(inside) = rest.trim_end().strip_suffix(')') else {
            return written.malformed("the closing parenthesis at the end");
        };
        Ok(Self { parameters: inside.split(',').map(str::trim).collect(), ..written })
    }

    fn malformed<T>(&self, expected: &str) -> Parsed<T> {
        let message = format!("`{}` is not a valid type", self.text);
        Err(ParseTypeError { message, hint: format!("write {expected}") })
    }

    /// The parameter of that index. `what` precedes it in the message, and `also` ends the hint.
    fn number(&self, index: usize, what: &str, (low, high): (u16, u16), also: &str) -> Parsed<u16> {
        let given = self.parameters[index];
        let number = given.parse::<u16>().ok().filter(|n| (low..=high).contains(n));
        number.ok_or_else(|| ParseTypeError {
            message: format!("`{}` has {what} {given}", self.text),
            hint: format!("it must be {low} to {high}{also}"),
        })
    }

    fn decimal(&self) -> Parsed<SqlType> {
        let (precision, scale) = match self.parameters.len() {
            0 => (18, 0),
            1 | 2 => {
                let precision = self.number(0, "a precision of", (1, 38), "")?;
                let scale = match self.parameters.len() {
                    2 => self.number(1, "a scale of", (0, precision), ", the precision")?,
                    _ => 0,
                };
                (precision as u8, scale as u8)
            }
            _ => return self.malformed("decimal(p,s)"),
        };
        Ok(SqlType::Decimal { precision, scale })
    }

    fn float(&self) -> Parsed<SqlType> {
        match self.parameters.len() {
            0 => Ok(SqlType::Float),
            1 if self.number(0, "a mantissa of", (1, 53), " bits")? <= 24 => Ok(SqlType::Real),
            1 => Ok(SqlType::Float),
            _ => self.malformed("float or float(n)"),
        }
    }

    fn fraction(&self, name: &str) -> Parsed<u8> {
        match self.parameters.len() {
            0 => Ok(7),
            1 => Ok(self.number(0, "a fraction of", (0, 7), " digits")? as u8),
            _ => self.malformed(&format!("{name} or {name}(n)")),
        }
    }

    fn length(&self, name: &str, high: u16) -> Parsed<u16> {
        match self.parameters.len() {
            0 => Ok(1),
            1 => self.number(0, "a length of", (1, high), ""),
            _ => self.malformed(&format!("{name}(n)")),
        }
    }

    fn length_or_max(&self, name: &str, high: u16) -> Parsed<Option<u16>> {
        match self.parameters.as_slice() {
            [] => Ok(Some(1)),
            [max] if max.eq_ignore_ascii_case("max") => Ok(None),
            [_] => self.number(0, "a length of", (1, high), ", or max").map(Some),
            _ => self.malformed(&format!("{name}(n) or {name}(max)")),
        }
    }
}

fn unknown(written: &str, name: &str) -> ParseTypeError {
    let instead = INSTEAD.iter().find(|(other, _)| *other == name).map(|(_, instead)| *instead);
    let known = SqlType::NAMES.iter().filter_map(|form| form.split('(').next());
    let hint = match instead.or_else(|| spelling::nearest(name, known.chain(["integer"]))) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None => format!("the types are {}", SqlType::NAMES.join(", ")),
    };
    ParseTypeError { message: format!("unknown type `{written}`"), hint }
}

/// Types that a contract does not have, and what to write instead.
const INSTEAD: [(&str, &str); 30] = [
    ("binary", "varbinary(n)"),
    ("blob", "varbinary(max)"),
    ("bool", "bit"),
    ("boolean", "bit"),
    ("byte", "tinyint"),
    ("bytea", "varbinary(max)"),
    ("bytes", "varbinary(max)"),
    ("character varying", "varchar(n)"),
    ("clob", "nvarchar(max)"),
    ("currency", "money"),
    ("double", "float"),
    ("double precision", "float"),
    ("guid", "uniqueidentifier"),
    ("image", "varbinary(max)"),
    ("int16", "smallint"),
    ("int32", "int"),
    ("int64", "bigint"),
    ("json", "nvarchar(max)"),
    ("long", "bigint"),
    ("number", "decimal(p,s)"),
    ("ntext", "nvarchar(max)"),
    ("rowversion", "varbinary(8)"),
    ("short", "smallint"),
    ("smallmoney", "money"),
    ("string", "nvarchar(n)"),
    ("sysname", "nvarchar(128)"),
    ("text", "varchar(max)"),
    ("timestamp", "datetime2(n)"),
    ("timestamptz", "datetimeoffset(n)"),
    ("uuid", "uniqueidentifier"),
];
