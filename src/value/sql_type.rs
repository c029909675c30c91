//! SQL Server's scalar types, as a contract names them.

use std::fmt;

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

    /// `tinyint`, `smallint`, `int` or `bigint`.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
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
            Self::NVarChar(None) => "any text".into(),
            Self::Xml => "what may be inside an element".into(),
            Self::UniqueIdentifier => "32 hexadecimal digits in five groups".into(),
            Self::VarBinary(Some(n)) => format!("at most {n} bytes"),
            _ => "any bytes".into(),
        }
    }
}

/// The types without parameters.
pub(super) const PLAIN: [(&str, SqlType); 13] = [
    ("bit", SqlType::Bit),
    ("tinyint", SqlType::TinyInt),
    ("smallint", SqlType::SmallInt),
    ("int", SqlType::Int),
    ("bigint", SqlType::BigInt),
    ("money", SqlType::Money),
    ("float", SqlType::Float),
    ("real", SqlType::Real),
    ("date", SqlType::Date),
    ("datetime", SqlType::DateTime),
    ("smalldatetime", SqlType::SmallDateTime),
    ("uniqueidentifier", SqlType::UniqueIdentifier),
    ("xml", SqlType::Xml),
];

/// The canonical T-SQL text, with every parameter written out: `decimal(18,0)`, `datetime2(7)`.
impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, length) = match *self {
            Self::Decimal { precision, scale } => return write!(f, "decimal({precision},{scale})"),
            Self::Time(n) => ("time", Some(n.into())),
            Self::DateTime2(n) => ("datetime2", Some(n.into())),
            Self::DateTimeOffset(n) => ("datetimeoffset", Some(n.into())),
            Self::Char(n) => ("char", Some(n)),
            Self::NChar(n) => ("nchar", Some(n)),
            Self::VarChar(n) => ("varchar", n),
            Self::NVarChar(n) => ("nvarchar", n),
            Self::VarBinary(n) => ("varbinary", n),
            plain => {
                let found = PLAIN.iter().find(|(_, sql_type)| *sql_type == plain);
                return f.write_str(found.map_or("", |(name, _)| name));
            }
        };
        match length {
            Some(n) => write!(f, "{name}({n})"),
            None => write!(f, "{name}(max)"),
        }
    }
}
