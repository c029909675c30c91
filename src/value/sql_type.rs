//! SQL Server's scalar types, as a contract names them.

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::spelling;

/// A column type with its length, precision or scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// `bit`
    Bit,
    /// `tinyint`, 0 to 255
    TinyInt,
    /// `smallint`
    SmallInt,
    /// `int`
    Int,
    /// `bigint`
    BigInt,
    /// `decimal(p,s)` and `numeric(p,s)`: precision 1 to 38, scale 0 to precision
    Decimal {
        /// Total digits
        precision: u8,
        /// Digits after the point
        scale: u8,
    },
    /// `money`: decimal(19,4) within -922,337,203,685,477.5808 to 922,337,203,685,477.5807
    Money,
    /// `float`
    Float,
    /// `real`
    Real,
    /// `date`
    Date,
    /// `time(n)`, n 0 to 7
    Time(u8),
    /// `datetime`, rounded to 0, 3 or 7 milliseconds
    DateTime,
    /// `smalldatetime`, rounded to the minute
    SmallDateTime,
    /// `datetime2(n)`, n 0 to 7
    DateTime2(u8),
    /// `datetimeoffset(n)`, n 0 to 7
    DateTimeOffset(u8),
    /// `char(n)`, n 1 to 8000 bytes of code page 1252
    Char(u16),
    /// `varchar(n)`, n 1 to 8000 bytes; `None` is max
    VarChar(Option<u16>),
    /// `nchar(n)`, n 1 to 4000 UTF-16 units
    NChar(u16),
    /// `nvarchar(n)`, n 1 to 4000 UTF-16 units; `None` is max
    NVarChar(Option<u16>),
    /// `uniqueidentifier`
    UniqueIdentifier,
    /// `varbinary(n)`, n 1 to 8000 bytes; `None` is max
    VarBinary(Option<u16>),
    /// `xml`
    Xml,
}

impl SqlType {
    /// The type names a contract may use, each with the parameters it takes.
    pub const NAMES: [&'static str; 23] = [
        "bit",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "decimal(p,s)",
        "numeric(p,s)",
        "money",
        "float",
        "real",
        "date",
        "time(n)",
        "datetime",
        "smalldatetime",
        "datetime2(n)",
        "datetimeoffset(n)",
        "char(n)",
        "varchar(n|max)",
        "nchar(n)",
        "nvarchar(n|max)",
        "uniqueidentifier",
        "varbinary(n|max)",
        "xml",
    ];

    /// Parses a contract's text: upper or lower case, blanks anywhere between the parts.
    ///
    /// What is left out is as in SQL Server's DDL: `decimal` is (18,0), `decimal(9)` is (9,0),
    /// `time`, `datetime2` and `datetimeoffset` have 7 digits, `char` and its like have length 1.
    /// `float(1)` to `float(24)` is `real`, `float(25)` to `float(53)` is `float`.
    pub fn parse(text: &str) -> Result<Self, ParseTypeError> {
        text.parse()
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

    /// `tinyint`, `smallint`, `int` or `bigint`.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
    }

    /// `decimal`, `numeric` or `money`.
    pub fn is_decimal(self) -> bool {
        matches!(self, Self::Decimal { .. } | Self::Money)
    }

    /// A date, a time, or both.
    pub fn is_temporal(self) -> bool {
        matches!(
            self,
            Self::Date
                | Self::Time(_)
                | Self::DateTime
                | Self::SmallDateTime
                | Self::DateTime2(_)
                | Self::DateTimeOffset(_)
        )
    }

    /// `char`, `varchar`, `nchar` or `nvarchar`; `xml` is not.
    pub fn is_character(self) -> bool {
        matches!(self, Self::Char(_) | Self::VarChar(_) | Self::NChar(_) | Self::NVarChar(_))
    }

    /// `char` or `varchar`: one byte of code page 1252 per character.
    pub fn is_code_page(self) -> bool {
        matches!(self, Self::Char(_) | Self::VarChar(_))
    }

    /// Greatest length of a character type, in UTF-16 units for `nchar` and `nvarchar` and in
    /// bytes for `char` and `varchar`. `None` for max and for every other type.
    pub fn max_chars(self) -> Option<u16> {
        match self {
            Self::Char(n) | Self::NChar(n) => Some(n),
            Self::VarChar(n) | Self::NVarChar(n) => n,
            _ => None,
        }
    }

    /// Smallest and greatest value of an integer type.
    pub fn integer_range(self) -> Option<(i64, i64)> {
        match self {
            Self::TinyInt => Some((0, 255)),
            Self::SmallInt => Some((i16::MIN.into(), i16::MAX.into())),
            Self::Int => Some((i32::MIN.into(), i32::MAX.into())),
            Self::BigInt => Some((i64::MIN, i64::MAX)),
            _ => None,
        }
    }

    /// Digits after the point of an exact number type: the declared scale, 4 for `money`, 0 for
    /// integers.
    pub fn scale(self) -> Option<u8> {
        match self {
            Self::Decimal { scale, .. } => Some(scale),
            Self::Money => Some(4),
            _ if self.is_integer() => Some(0),
            _ => None,
        }
    }

    /// What the type holds, in words: `0 to 255`, `1753-01-01 to 9999-12-31`, `at most 50 …`.
    pub fn range_text(self) -> String {
        if let Some((low, high)) = self.integer_range() {
            return format!("{low} to {high}");
        }
        match self {
            Self::Bit => "0 or 1".into(),
            Self::Decimal { precision, scale } => format!(
                "at most {} digits before the point and {scale} after it",
                precision - scale
            ),
            Self::Money => "-922337203685477.5808 to 922337203685477.5807".into(),
            Self::Float => "-1.79E+308 to 1.79E+308".into(),
            Self::Real => "-3.40E+38 to 3.40E+38".into(),
            Self::Date | Self::DateTime2(_) | Self::DateTimeOffset(_) => {
                "0001-01-01 to 9999-12-31".into()
            }
            Self::Time(_) => "00:00:00 to 23:59:59.9999999".into(),
            Self::DateTime => "1753-01-01 to 9999-12-31T23:59:59.997".into(),
            Self::SmallDateTime => "1900-01-01 to 2079-06-06T23:59".into(),
            Self::Char(n) | Self::VarChar(Some(n)) => {
                format!("at most {n} bytes of code page 1252")
            }
            Self::VarChar(None) => "characters of code page 1252".into(),
            Self::NChar(n) | Self::NVarChar(Some(n)) => format!("at most {n} UTF-16 units"),
            Self::NVarChar(None) | Self::Xml => "any text".into(),
            Self::UniqueIdentifier => "32 hexadecimal digits in five groups".into(),
            Self::VarBinary(Some(n)) => format!("at most {n} bytes"),
            _ => "any bytes".into(),
        }
    }
}

/// The canonical T-SQL text, with every parameter written out: `decimal(18,0)`, `datetime2(7)`.
impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sized = |f: &mut fmt::Formatter<'_>, name: &str, n: Option<u16>| match n {
            Some(n) => write!(f, "{name}({n})"),
            None => write!(f, "{name}(max)"),
        };
        match *self {
            Self::Bit => f.write_str("bit"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Money => f.write_str("money"),
            Self::Float => f.write_str("float"),
            Self::Real => f.write_str("real"),
            Self::Date => f.write_str("date"),
            Self::Time(n) => write!(f, "time({n})"),
            Self::DateTime => f.write_str("datetime"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime2(n) => write!(f, "datetime2({n})"),
            Self::DateTimeOffset(n) => write!(f, "datetimeoffset({n})"),
            Self::Char(n) => sized(f, "char", Some(n)),
            Self::VarChar(n) => sized(f, "varchar", n),
            Self::NChar(n) => sized(f, "nchar", Some(n)),
            Self::NVarChar(n) => sized(f, "nvarchar", n),
            Self::UniqueIdentifier => f.write_str("uniqueidentifier"),
            Self::VarBinary(n) => sized(f, "varbinary", n),
            Self::Xml => f.write_str("xml"),
        }
    }
}

/// Why a contract's text is not a type; [`ParseTypeError::hint`] says what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTypeError {
    /// No such type here.
    #[error("unknown type `{name}`")]
    Unknown {
        /// The name as written.
        name: String,
        /// The equivalent of another system's type, or the nearest known name.
        suggestion: Option<&'static str>,
    },
    /// Not `name`, `name(n)`, `name(p,s)` or `name(max)`.
    #[error("`{text}` is not a valid type")]
    Malformed {
        /// The text as written.
        text: String,
        /// The form the type takes.
        expected: &'static str,
    },
    /// A length, precision or scale outside its range.
    #[error("`{text}` has {what} {given}")]
    Parameter {
        /// The text as written.
        text: String,
        /// `a length of`, `a precision of`, …
        what: &'static str,
        /// The number as written.
        given: String,
        /// Smallest allowed.
        low: u16,
        /// Greatest allowed.
        high: u16,
        /// What else would do, such as `, or max`.
        also: &'static str,
    },
}

impl ParseTypeError {
    /// What to write instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { suggestion: Some(suggestion), .. } => {
                format!("did you mean `{suggestion}`?")
            }
            Self::Unknown { .. } => format!("the types are {}", SqlType::NAMES.join(", ")),
            Self::Malformed { expected, .. } => format!("write {expected}"),
            Self::Parameter { low, high, also, .. } => format!("it must be {low} to {high}{also}"),
        }
    }
}

impl FromStr for SqlType {
    type Err = ParseTypeError;

    fn from_str(text: &str) -> Result<Self, ParseTypeError> {
        let written = Written::split(text)?;
        let name = written.name.to_ascii_lowercase();
        match name.as_str() {
            "bit" => written.plain(Self::Bit, "bit"),
            "tinyint" => written.plain(Self::TinyInt, "tinyint"),
            "smallint" => written.plain(Self::SmallInt, "smallint"),
            "int" | "integer" => written.plain(Self::Int, "int"),
            "bigint" => written.plain(Self::BigInt, "bigint"),
            "decimal" | "numeric" | "dec" => written.decimal(),
            "money" => written.plain(Self::Money, "money"),
            "float" => written.float(),
            "real" => written.plain(Self::Real, "real"),
            "date" => written.plain(Self::Date, "date"),
            "time" => written.fraction("time or time(n)").map(Self::Time),
            "datetime" => written.plain(Self::DateTime, "datetime, or datetime2(n) with digits"),
            "smalldatetime" => written.plain(Self::SmallDateTime, "smalldatetime"),
            "datetime2" => written.fraction("datetime2 or datetime2(n)").map(Self::DateTime2),
            "datetimeoffset" => {
                written.fraction("datetimeoffset or datetimeoffset(n)").map(Self::DateTimeOffset)
            }
            "char" | "character" => written.length("char(n)", 8000).map(Self::Char),
            "varchar" => {
                written.length_or_max("varchar(n) or varchar(max)", 8000).map(Self::VarChar)
            }
            "nchar" => written.length("nchar(n)", 4000).map(Self::NChar),
            "nvarchar" => {
                written.length_or_max("nvarchar(n) or nvarchar(max)", 4000).map(Self::NVarChar)
            }
            "uniqueidentifier" => written.plain(Self::UniqueIdentifier, "uniqueidentifier"),
            "varbinary" => {
                written.length_or_max("varbinary(n) or varbinary(max)", 8000).map(Self::VarBinary)
            }
            "xml" => written.plain(Self::Xml, "xml"),
            _ => Err(ParseTypeError::Unknown {
                name: written.name.to_owned(),
                suggestion: suggestion(&name),
            }),
        }
    }
}

/// A type's text in its parts: `name(first, second)`.
struct Written<'a> {
    text: &'a str,
    name: &'a str,
    parameters: Vec<&'a str>,
}

impl<'a> Written<'a> {
    fn split(text: &'a str) -> Result<Self, ParseTypeError> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('(') else {
            return Ok(Self { text, name: text, parameters: Vec::new() });
        };
        let Some(inside) = rest.trim_end().strip_suffix(')') else {
            return Err(ParseTypeError::Malformed {
                text: text.to_owned(),
                expected: "the closing parenthesis at the end",
            });
        };
        let parameters = inside.split(',').map(str::trim).collect();
        Ok(Self { text, name: name.trim(), parameters })
    }

    fn malformed<T>(&self, expected: &'static str) -> Result<T, ParseTypeError> {
        Err(ParseTypeError::Malformed { text: self.text.to_owned(), expected })
    }

    fn plain(&self, sql_type: SqlType, expected: &'static str) -> Result<SqlType, ParseTypeError> {
        if self.parameters.is_empty() {
            return Ok(sql_type);
        }
        self.malformed(expected)
    }

    fn number(
        &self,
        index: usize,
        what: &'static str,
        (low, high): (u16, u16),
        also: &'static str,
    ) -> Result<u16, ParseTypeError> {
        let given = self.parameters[index];
        let number = given.parse::<u16>().ok().filter(|n| (low..=high).contains(n));
        number.ok_or_else(|| ParseTypeError::Parameter {
            text: self.text.to_owned(),
            what,
            given: given.to_owned(),
            low,
            high,
            also,
        })
    }

    fn decimal(&self) -> Result<SqlType, ParseTypeError> {
        if self.parameters.len() > 2 {
            return self.malformed("decimal(p,s)");
        }
        let precision = match self.parameters.len() {
            0 => 18,
            _ => self.number(0, "a precision of", (1, 38), "")?,
        };
        let scale = match self.parameters.len() {
            2 => self.number(1, "a scale of", (0, precision), ", the precision")?,
            _ => 0,
        };
        Ok(SqlType::Decimal { precision: precision as u8, scale: scale as u8 })
    }

    fn float(&self) -> Result<SqlType, ParseTypeError> {
        match self.parameters.len() {
            0 => Ok(SqlType::Float),
            1 if self.number(0, "a mantissa of", (1, 53), " bits")? <= 24 => Ok(SqlType::Real),
            1 => Ok(SqlType::Float),
            _ => self.malformed("float or float(n)"),
        }
    }

    fn fraction(&self, expected: &'static str) -> Result<u8, ParseTypeError> {
        match self.parameters.len() {
            0 => Ok(7),
            1 => Ok(self.number(0, "a fraction of", (0, 7), " digits")? as u8),
            _ => self.malformed(expected),
        }
    }

    fn length(&self, expected: &'static str, high: u16) -> Result<u16, ParseTypeError> {
        match self.parameters.len() {
            0 => Ok(1),
            1 => self.number(0, "a length of", (1, high), ""),
            _ => self.malformed(expected),
        }
    }

    fn length_or_max(
        &self,
        expected: &'static str,
        high: u16,
    ) -> Result<Option<u16>, ParseTypeError> {
        match self.parameters.as_slice() {
            [] => Ok(Some(1)),
            [max] if max.eq_ignore_ascii_case("max") => Ok(None),
            [_] => self.number(0, "a length of", (1, high), ", or max").map(Some),
            _ => self.malformed(expected),
        }
    }
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

fn suggestion(name: &str) -> Option<&'static str> {
    let instead = INSTEAD.iter().find(|(other, _)| *other == name).map(|(_, instead)| *instead);
    let known = SqlType::NAMES.iter().filter_map(|form| form.split('(').next());
    instead.or_else(|| spelling::nearest(name, known.chain(["integer"])))
}
