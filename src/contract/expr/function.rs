//! The functions of the language: one table for the parser, the checks, suggestions, the printer
//! and the reference in `docs/contract.md`.

use super::fails::{Fails, OUT_OF_RANGE, OUT_OF_YEARS};
use super::kind::Kind;

macro_rules! functions {
    ($($function:ident: $form:literal, $kind:expr, $fails:expr, $meaning:literal;)*) => {
        /// Functions of the language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Function {
            $(#[doc = concat!("`", $form, "`: ", $meaning)] $function,)*
        }

        impl Function {
            /// Every function.
            pub const ALL: &'static [Self] = &[$(Self::$function),*];
            /// Form, kind, failure and meaning of each, in the order of `ALL`.
            const TABLE: &'static [(&'static str, Kind, Fails, &'static str)] =
                &[$(($form, $kind, $fails, $meaning)),*];
        }
    };
}

// The form is a function's name and its parameters, of which the last may be repeated (`…`) or left
// out (in brackets).
// The parameters' names decide what an argument must be: see `check::call`. `Kind::Any` is a
// kind that depends on the arguments.
functions! {
    Coalesce: "COALESCE(x, y, …)", Kind::Any, Fails::Never, "the first argument that is not null";
    NullIf: "NULLIF(x, y)", Kind::Any, Fails::Compared, "null where x equals y, else x";
    Upper: "UPPER(text)", Kind::Text, Fails::Never, "the text in upper case";
    Lower: "LOWER(text)", Kind::Text, Fails::Never, "the text in lower case";
    Trim: "TRIM(text)", Kind::Text, Fails::Never, "the text without blanks at both ends";
    LTrim: "LTRIM(text)", Kind::Text, Fails::Never, "the text without blanks at its start";
    RTrim: "RTRIM(text)", Kind::Text, Fails::Never, "the text without blanks at its end";
    Left: "LEFT(text, n)", Kind::Text, Fails::Never, "the first n characters";
    Right: "RIGHT(text, n)", Kind::Text, Fails::Never, "the last n characters";
    Substring: "SUBSTRING(text, start, n)", Kind::Text, Fails::Never,
        "n characters from `start`, counted from 1";
    Replace: "REPLACE(text, old, new)", Kind::Text, Fails::Never, "the text with `new` for every `old`; the case matters";
    Len: "LEN(text)", Kind::Integer, Fails::Never, "the number of characters without blanks at the end";
    Concat: "CONCAT(x, y, …)", Kind::Text, Fails::Never, "the arguments joined; null is empty";
    Abs: "ABS(number)", Kind::Any, OUT_OF_RANGE, "the number without its sign";
    Round: "ROUND(number, digits)", Kind::Any, OUT_OF_RANGE,
        "rounded half away from zero; negative digits round before the point";
    Floor: "FLOOR(number)", Kind::Any, Fails::Never, "the next whole number down";
    Ceiling: "CEILING(number)", Kind::Any, Fails::Never, "the next whole number up";
    Power: "POWER(number, exponent)", Kind::Any, OUT_OF_RANGE, "the power, of the kind of the number, as in SQL Server";
    DateAdd: "DATEADD(part, number, date)", Kind::Any, OUT_OF_YEARS,
        "the date moved; a day that the month lacks becomes its last";
    DateDiff: "DATEDIFF(part, from, to)", Kind::Integer, Fails::BadValue("more nanoseconds than bigint holds"),
        "the number of the part's boundaries between the two";
    Year: "YEAR(date)", Kind::Integer, Fails::Never, "the year";
    Month: "MONTH(date)", Kind::Integer, Fails::Never, "the month, from 1 to 12";
    Day: "DAY(date)", Kind::Integer, Fails::Never, "the day of the month";
    SwitchOffset: "SWITCHOFFSET(date, offset)", Kind::DateTimeOffset, OUT_OF_YEARS,
        "the same moment at another offset, such as `'+00:00'`; a date without one is in UTC";
    ParseDate: "PARSE_DATE(text, 'pattern', …)", Kind::DateTime, Fails::BadValue("text that matches no pattern"),
        "the date, read by the first of the patterns that matches; blank is null";
    Lookup: "LOOKUP('name', text, [expression])", Kind::Any, Fails::Unmapped,
        "the value of a lookup for the text; with an expression, what the element of a key has";
    FromBase64: "FROM_BASE64(text)", Kind::Bytes, Fails::BadValue("text that is not base64"),
        "the bytes that base64 stands for; white space in it does not count; blank is null";
    FromHex: "FROM_HEX(text)", Kind::Bytes, Fails::BadValue("text that is not hexadecimal"),
        "the bytes that hexadecimal digits stand for, with or without `0x`; blank is null";
    Flag: "FLAG(text, 'Y', …)", Kind::Integer, Fails::Never,
        "1 where the text is listed, else 0, also for null; blanks around it do not count";
    Digits: "DIGITS(text)", Kind::Text, Fails::Never,
        "the digits 0 to 9 of the text, with leading zeros; null where there are none";
    Number: "NUMBER(text)", Kind::Decimal, Fails::BadValue("text that is not a number"),
        "the number in text for people, without currency signs and grouping; blank is null";
    FirstNumber: "FIRST_NUMBER(text)", Kind::Decimal, Fails::BadValue("a number of more than 38 digits"),
        "the first number in the text; null where there is none";
    AppId: "APP_ID()", Kind::Integer, Fails::Never, "the application's id";
    Ordinal: "ORDINAL()", Kind::Integer, Fails::Never,
        "the row's number among the remaining rows of its `[[tables]]`, from 1; \
         in a column's value only";
    Position: "POSITION()", Kind::Integer, Fails::Never,
        "the element's number among those that the row path finds in one parent, from 1";
    Parent: "PARENT(column)", Kind::Any, Fails::ManyRows,
        "the column's value in the row of the `foreign_key`'s table that the element lies in; null \
         where it lies in none; in a column's value only";
    Split: "SPLIT(list, 'separator')", Kind::Text, Fails::Never,
        "in `each` only: a row for each part of the text of an attribute or element; blank parts are \
         left out";
    Part: "PART()", Kind::Text, Fails::Never,
        "the row's part, without blanks around it, in a table whose `each` is a `SPLIT`";
    NowUtc: "NOW_UTC()", Kind::DateTime, Fails::Never,
        "the time of the claim by the database's clock: one value per claim";
    InnerXml: "INNER_XML(element)", Kind::Text, Fails::Never,
        "the markup inside an element, unchanged; `INNER_XML(.)` of the row element";
    Following: "FOLLOWING(sibling)", Kind::Text, Fails::Never,
        "what the next element of that name after the row element has, in the same parent";
    String: "STRING(element)", Kind::Text, Fails::Never,
        "all text inside an element, also that of the elements in it; `STRING(.)` of the row element";
    First: "FIRST(path, [expression])", Kind::Text, Fails::Never,
        "what the first element has; null where it lacks the attribute";
    Last: "LAST(path, [expression])", Kind::Text, Fails::Never,
        "what the last element has; null where it lacks the attribute";
    Join: "JOIN(path, separator, [expression])", Kind::Text, Fails::Never,
        "all texts joined; null where there are none";
    Count: "COUNT(path, [expression])", Kind::Integer, Fails::Never, "the number of nodes; 0 where there are none";
    Exists: "EXISTS(path)", Kind::Condition, Fails::Never, "whether there is a node; a condition";
    Sum: "SUM(path, [expression])", Kind::Decimal, OUT_OF_RANGE,
        "the sum of the numbers without blank ones; null where there are none";
    Min: "MIN(path, [expression])", Kind::Any, Fails::Compared,
        "the least value without blank ones; null where there are none";
    Max: "MAX(path, [expression])", Kind::Any, Fails::Compared,
        "the greatest value without blank ones; null where there are none";
    Name: "NAME()", Kind::Text, Fails::Never, "the row element's name, as the document writes it";
    LocalName: "LOCAL_NAME()", Kind::Text, Fails::Never, "the row element's name without its prefix";
}

impl Function {
    fn row(self) -> (&'static str, Kind, Fails, &'static str) {
        Self::TABLE[self as usize]
    }

    /// How it is called: `LEFT(text, n)`.
    pub fn form(self) -> &'static str {
        self.row().0
    }

    /// What it returns, in a line.
    pub fn meaning(self) -> &'static str {
        self.row().3
    }

    /// The kind of its results; [`Kind::Any`] where that depends on its arguments.
    pub fn kind(self) -> Kind {
        self.row().1
    }

    /// How it can fail when its arguments are converted to what its parameters are.
    pub fn fails(self) -> Fails {
        self.row().2
    }

    /// The name, in capitals.
    pub fn name(self) -> &'static str {
        self.form().split('(').next().unwrap_or_default()
    }

    /// The function of that name, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// Whether a name without parentheses is taken for the function. What documents name elements like
    /// is one only in capitals: `part` is an element.
    pub(crate) fn is_meant_by(self, name: &str) -> bool {
        let named_like_elements =
            [Self::Following, Self::Parent, Self::Part, Self::Position, Self::Split, Self::String];
        !named_like_elements.contains(&self) || name == self.name()
    }

    /// The names of all functions.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|function| function.name())
    }

    /// The names of its parameters. The last one is `…` where it can be repeated.
    pub fn parameters(self) -> impl Iterator<Item = &'static str> + Clone {
        let inside = self.form().split(['(', ')']).nth(1).unwrap_or_default();
        inside.split(", ").filter(|parameter| !parameter.is_empty())
    }

    /// The fewest arguments it takes, and the most; [`usize::MAX`] is any number.
    pub fn arity(self) -> (usize, usize) {
        let named = self.parameters().filter(|p| *p != "…" && !p.starts_with('[')).count();
        let repeats = self.parameters().any(|parameter| parameter == "…");
        (named, if repeats { usize::MAX } else { self.parameters().count() })
    }

    /// Whether the text of an argument may become a part of what it returns.
    pub(crate) fn hands_on(self, argument: usize) -> bool {
        match self {
            Self::Coalesce
            | Self::Concat
            | Self::First
            | Self::Last
            | Self::Join
            | Self::Min
            | Self::Max
            | Self::InnerXml
            | Self::String
            | Self::Following
            | Self::Parent => true,
            Self::NullIf
            | Self::Upper
            | Self::Lower
            | Self::Trim
            | Self::LTrim
            | Self::RTrim
            | Self::Left
            | Self::Right
            | Self::Substring => argument == 0,
            Self::Replace => argument != 1,
            Self::Lookup => argument == 2,
            Self::Len
            | Self::Abs
            | Self::Round
            | Self::Floor
            | Self::Ceiling
            | Self::Power
            | Self::DateAdd
            | Self::DateDiff
            | Self::Year
            | Self::Month
            | Self::Day
            | Self::SwitchOffset
            | Self::ParseDate
            | Self::FromBase64
            | Self::FromHex
            | Self::Flag
            | Self::Digits
            | Self::Number
            | Self::FirstNumber
            | Self::AppId
            | Self::Ordinal
            | Self::Position
            | Self::Split
            | Self::Part
            | Self::NowUtc
            | Self::Count
            | Self::Exists
            | Self::Sum
            | Self::Name
            | Self::LocalName => false,
        }
    }

    /// Whether its first argument is a path of which it takes every node.
    pub fn is_aggregate(self) -> bool {
        self.parameters().next() == Some("path")
    }
}

/// The equivalent of a function of T-SQL or another dialect.
pub(crate) fn foreign_function(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_uppercase().as_str() {
        "IIF" | "IF" | "CHOOSE" | "DECODE" => "CASE WHEN … THEN … ELSE … END",
        "ISNULL" | "IFNULL" | "NVL" => "COALESCE(x, y)",
        "CONVERT" => "CAST(x AS type)",
        "TRY_CONVERT" | "TRY_PARSE" => "TRY_CAST(x AS type)",
        "GETDATE" | "GETUTCDATE" | "SYSDATETIME" | "SYSUTCDATETIME" | "NOW" => "NOW_UTC()",
        "TODATETIMEOFFSET" | "TO_UTC" => "SWITCHOFFSET(date, '+00:00')",
        "DATEPART" => "YEAR(date)`, `MONTH(date)` or `DAY(date)",
        "STRPTIME" | "TO_DATE" | "PARSE" => "PARSE_DATE(text, 'pattern')",
        "LENGTH" | "DATALENGTH" => "LEN(text)",
        "SUBSTR" | "MID" => "SUBSTRING(text, start, length)",
        "STRING_SPLIT" | "TOKENIZE" => "each = \"SPLIT(path, ',')\"` and `PART()",
        "STRING_AGG" | "STRING_JOIN" | "CONCAT_WS" => "JOIN(element/@attribute, ', ')",
        "ROW_NUMBER" => "ORDINAL()",
        "AVG" | "AVERAGE" => "SUM(path) / COUNT(path)",
        "CONTAINS" | "CHARINDEX" | "PATINDEX" => "x LIKE '%…%'",
        "STARTS-WITH" => "x LIKE '…%'",
        "NORMALIZE-SPACE" => "TRIM(text)",
        "STRING-LENGTH" => "LEN(text)",
        "LOCAL-NAME" => "LOCAL_NAME()",
        "TO_NUMBER" => "NUMBER(text)",
        _ => return None,
    })
}
