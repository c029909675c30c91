//! The words of the language: functions and how many arguments they take, and
//! keywords.

use super::ast::Function;

impl Function {
    /// Every function that is called by name, with the fewest and the most arguments it takes.
    const SIGNATURES: [(Function, &'static str, usize, usize); 42] = [
        (Self::Coalesce, "COALESCE", 2, MANY),
        (Self::NullIf, "NULLIF", 2, 2),
        (Self::Upper, "UPPER", 1, 1),
        (Self::Lower, "LOWER", 1, 1),
        (Self::Trim, "TRIM", 1, 1),
        (Self::LTrim, "LTRIM", 1, 1),
        (Self::RTrim, "RTRIM", 1, 1),
        (Self::Left, "LEFT", 2, 2),
        (Self::Right, "RIGHT", 2, 2),
        (Self::Substring, "SUBSTRING", 3, 3),
        (Self::Replace, "REPLACE", 3, 3),
        (Self::Len, "LEN", 1, 1),
        (Self::Concat, "CONCAT", 2, MANY),
        (Self::Abs, "ABS", 1, 1),
        (Self::Round, "ROUND", 2, 2),
        (Self::Floor, "FLOOR", 1, 1),
        (Self::Ceiling, "CEILING", 1, 1),
        (Self::Power, "POWER", 2, 2),
        (Self::DateAdd, "DATEADD", 3, 3),
        (Self::DateDiff, "DATEDIFF", 3, 3),
        (Self::Year, "YEAR", 1, 1),
        (Self::Month, "MONTH", 1, 1),
        (Self::Day, "DAY", 1, 1),
        (Self::ParseDate, "PARSE_DATE", 2, MANY),
        (Self::Lookup, "LOOKUP", 2, 2),
        (Self::Flag, "FLAG", 2, MANY),
        (Self::Digits, "DIGITS", 1, 1),
        (Self::Number, "NUMBER", 1, 1),
        (Self::FirstNumber, "FIRST_NUMBER", 1, 1),
        (Self::AppId, "APP_ID", 0, 0),
        (Self::Ordinal, "ORDINAL", 0, 0),
        (Self::NowUtc, "NOW_UTC", 0, 0),
        (Self::InnerXml, "INNER_XML", 1, 1),
        (Self::First, "FIRST", 1, 1),
        (Self::Last, "LAST", 1, 1),
        (Self::Join, "JOIN", 2, 2),
        (Self::Count, "COUNT", 1, 1),
        (Self::Exists, "EXISTS", 1, 1),
        (Self::Sum, "SUM", 1, 1),
        (Self::Min, "MIN", 1, 1),
        (Self::Max, "MAX", 1, 1),
        (Self::Name, "NAME", 0, 0),
    ];

    fn signature(self) -> (Function, &'static str, usize, usize) {
        let found = Self::SIGNATURES.into_iter().find(|(function, ..)| *function == self);
        found.expect("every function has a signature")
    }

    /// The name as it is written in the documentation, in capitals.
    pub fn name(self) -> &'static str {
        self.signature().1
    }

    /// The function of that name, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::SIGNATURES.iter();
        all.find(|(_, known, ..)| known.eq_ignore_ascii_case(name)).map(|(function, ..)| *function)
    }

    /// The names of all functions.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::SIGNATURES.iter().map(|(_, name, ..)| *name)
    }

    /// The fewest arguments it takes, and the most; [`usize::MAX`] is any number.
    pub fn arity(self) -> (usize, usize) {
        let (_, _, fewest, most) = self.signature();
        (fewest, most)
    }

    /// Whether its first argument is a path of which it takes every node.
    pub fn is_aggregate(self) -> bool {
        matches!(
            self,
            Self::First
                | Self::Last
                | Self::Join
                | Self::Count
                | Self::Exists
                | Self::Sum
                | Self::Min
                | Self::Max
        )
    }
}

/// Any number of arguments.
const MANY: usize = usize::MAX;

/// What stands here for a function of T-SQL or another dialect.
pub(crate) fn foreign_function(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_uppercase().as_str() {
        "IIF" | "IF" | "CHOOSE" | "DECODE" => "CASE WHEN … THEN … ELSE … END",
        "ISNULL" | "IFNULL" | "NVL" => "COALESCE(x, y)",
        "CONVERT" => "CAST(x AS type)",
        "TRY_CONVERT" | "TRY_PARSE" => "TRY_CAST(x AS type)",
        "GETDATE" | "GETUTCDATE" | "SYSDATETIME" | "SYSUTCDATETIME" | "NOW" => "NOW_UTC()",
        "DATEPART" => "YEAR(date)`, `MONTH(date)` or `DAY(date)",
        "STRPTIME" | "TO_DATE" | "PARSE" => "PARSE_DATE(text, 'pattern')",
        "LENGTH" | "DATALENGTH" => "LEN(text)",
        "SUBSTR" | "MID" => "SUBSTRING(text, start, length)",
        "STRING_AGG" | "STRING_JOIN" | "CONCAT_WS" => "JOIN(element/@attribute, ', ')",
        "ROW_NUMBER" => "ORDINAL()",
        "POSITION" => "name[2]` in a path, or `ORDINAL()",
        "AVG" | "AVERAGE" => "SUM(path) / COUNT(path)",
        "CONTAINS" | "CHARINDEX" | "PATINDEX" => "x LIKE '%…%'",
        "STARTS-WITH" => "x LIKE '…%'",
        "NORMALIZE-SPACE" => "TRIM(text)",
        "STRING-LENGTH" => "LEN(text)",
        "LOCAL-NAME" => "NAME()",
        "TO_NUMBER" => "NUMBER(text)",
        _ => return None,
    })
}

/// Words that are never the first name of a path, ignoring case.
const KEYWORDS: [&str; 19] = [
    "AND", "OR", "NOT", "NULL", "IS", "EMPTY", "IN", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN",
    "ELSE", "END", "AS", "CAST", "TRY_CAST", "TRUE", "FALSE",
];

/// Whether this is a keyword, ignoring case.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(name))
}
