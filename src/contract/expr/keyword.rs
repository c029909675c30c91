//! The keywords of the language.

/// Words that are never the first name of a path, ignoring case.
const KEYWORDS: [&str; 19] = [
    "AND", "OR", "NOT", "NULL", "IS", "EMPTY", "IN", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN",
    "ELSE", "END", "AS", "CAST", "TRY_CAST", "TRUE", "FALSE",
];

/// Whether this is a keyword, ignoring case.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(name))
}
