//! How the value of a path is read.

/// What is written around the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// The path alone.
    Plain,
    /// `NUMBER(path)`.
    Number,
    /// `REPLACE(path, ',', '.')`.
    DecimalComma,
    /// A date of one of these .NET patterns, or also of ISO 8601.
    Date(Vec<String>, bool),
    /// `FROM_BASE64(path)`.
    Base64,
    /// `FROM_HEX(path)`.
    Hex,
}

impl Read {
    /// How a path is read; the patterns of dates are not in it.
    pub(super) fn of(&self, path: String) -> String {
        match self {
            Self::Plain | Self::Date(..) => path,
            Self::Number => format!("NUMBER({path})"),
            Self::DecimalComma => format!("REPLACE({path}, ',', '.')"),
            Self::Base64 => format!("FROM_BASE64({path})"),
            Self::Hex => format!("FROM_HEX({path})"),
        }
    }

    /// The patterns of dates, and whether some are ISO 8601.
    pub(super) fn dates(self) -> (Vec<String>, bool) {
        match self {
            Self::Date(patterns, has_iso) => (patterns, has_iso),
            _ => (Vec::new(), false),
        }
    }
}
