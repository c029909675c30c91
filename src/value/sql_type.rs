//! SQL Server's scalar types, as a contract names them.

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
