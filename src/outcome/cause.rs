//! What failures with one cause have in common: the fingerprint, and what it is made of.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{Failure, FailureCategory};

impl Failure {
    /// Sixteen hexadecimal digits that are equal for failures with the same cause: category, table,
    /// column, [path without positions](Failure::path_shape) and reason without values. Where a lookup
    /// has no entry, the value is the cause, because each needs its own. Retrying selects by it.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let path = match self.category {
            // They happen anywhere: where a document is cut off says nothing of why.
            FailureCategory::MalformedXml
            | FailureCategory::LimitExceeded
            | FailureCategory::InternalError => None,
            _ => self.path_shape(),
        };
        // Ids that refer to elements are a document's own.
        let lacks_entry =
            self.category == FailureCategory::UnmappedLookup && self.reason.starts_with("lookup ");
        let value = self.value.as_deref().filter(|_| lacks_entry);
        for part in [
            self.category.name(),
            self.table.as_deref().unwrap_or(""),
            self.column.as_deref().unwrap_or(""),
            path.as_deref().unwrap_or(""),
            value.unwrap_or(""),
            &template(self.category, &self.reason),
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The path without its positions: `/a/b/@c` of `/a/b[2]/@c`.
    pub fn path_shape(&self) -> Option<String> {
        let path = self.path.as_deref()?;
        let behind =
            |part: &'_ str| part.split_once(']').map_or(part, |(_, behind)| behind).to_owned();
        Some(path.split('[').map(behind).collect())
    }
}

/// A reason without what differs from document to document: values, names in quotes, and numbers.
fn template(category: FailureCategory, reason: &str) -> String {
    match category {
        // Where the program is at fault, what it quotes is of the program.
        FailureCategory::InternalError => without_numbers(reason),
        // The database's message has the key in brackets, behind the constraint.
        FailureCategory::ConstraintViolation => {
            without_numbers(reason.split(" (").next().unwrap_or(reason))
        }
        _ => without_numbers(&without_values(reason)),
    }
}

/// The text without what it quotes. A value is in backticks, and may have any character; what is
/// in quotation marks has others of them escaped.
fn without_values(reason: &str) -> Cow<'_, str> {
    let reason = match (reason.find('`'), reason.rfind('`')) {
        (Some(open), Some(close)) if open < close => {
            Cow::Owned(format!("{}{}", &reason[..=open], &reason[close..]))
        }
        _ => Cow::Borrowed(reason),
    };
    if !reason.contains('"') {
        return reason;
    }
    let mut left = String::with_capacity(reason.len());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in reason.chars() {
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
            left.push(c);
        } else if !is_quoted {
            left.push(c);
        }
        is_escaped = is_quoted && c == '\\' && !is_escaped;
    }
    Cow::Owned(left)
}

/// The text with `#` for each number that is not part of a name.
fn without_numbers(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let (mut is_name, mut is_number) = (false, false);
    for c in text.chars() {
        if c.is_ascii_digit() && !is_name {
            if !is_number {
                left.push('#');
            }
            is_number = true;
        } else {
            left.push(c);
            is_name = c.is_alphanumeric() || c == '_';
            is_number = false;
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(category: FailureCategory, reason: &str) -> Failure {
        let mut failure = Failure::new(category, reason).with_value("x");
        failure.table = Some("contact".to_owned());
        failure.column = Some("zip".to_owned());
        failure.path = Some("/a/b[1]/@c".to_owned());
        failure
    }

    #[test]
    fn a_fingerprint_forgets_positions_values_and_numbers() {
        let of = |reason: &str| failure(FailureCategory::BadValue, reason);
        let first = of("`x` cannot become date: write ISO 8601");
        assert_eq!(first.fingerprint().len(), 16);
        for mut same in [
            of("`y` cannot become date: write ISO 8601"),
            of("`a`b \"` cannot become date: write ISO 8601"),
            of("`12` cannot become date: write ISO 860"),
        ] {
            same.path = Some("/a[3]/b[27]/@c".to_owned());
            same.value = Some("y".to_owned());
            assert_eq!(first.fingerprint(), same.fingerprint(), "{}", same.reason);
        }
        let mut elsewhere = first.clone();
        elsewhere.path = Some("/a/d/@c".to_owned());
        let mut other_column = first.clone();
        other_column.column = Some("name".to_owned());
        for other in [
            failure(FailureCategory::TooLong, &first.reason),
            of("`x` is not a day of the calendar"),
            elsewhere,
            other_column,
        ] {
            assert_ne!(first.fingerprint(), other.fingerprint(), "{}", other.reason);
        }
    }

    #[test]
    fn each_value_that_a_lookup_lacks_is_a_cause() {
        let of = |value: &str| {
            let reason = format!("lookup color has no entry for `{value}`: add it");
            failure(FailureCategory::UnmappedLookup, &reason).with_value(value).fingerprint()
        };
        assert_eq!(of("red"), of("red"));
        assert_ne!(of("red"), of("blue"));
    }

    #[test]
    fn references_to_elements_that_are_not_there_are_one_cause() {
        let of = |id: &str| {
            let reason = format!("no element of the key contact has the id `{id}`: correct it");
            failure(FailureCategory::UnmappedLookup, &reason).with_value(id).fingerprint()
        };
        assert_eq!(of("c4711"), of("c4712"));
    }

    #[test]
    fn what_happens_anywhere_is_one_cause() {
        let of = |path: &str, reason: &str| {
            let mut failure = failure(FailureCategory::MalformedXml, reason);
            failure.path = Some(path.to_owned());
            failure.fingerprint()
        };
        let end = |found: &str, open: &str| {
            format!(
                "the end tag is {found:?}, but the open element is {open:?}: correct one of them"
            )
        };
        let first = of("/a/b", &end("x", "y"));
        assert_eq!(first, of("/a/c", &end("a\"b", "c")));
        assert_ne!(first, of("/a/b", "the start tag is never closed: end it with >"));
    }

    #[test]
    fn a_constraint_is_a_cause_whatever_the_key() {
        let of = |reason: &str| failure(FailureCategory::ConstraintViolation, reason).fingerprint();
        let unique =
            of("the database refused row 2 for table t: UNIQUE constraint failed: t.a (1555)");
        assert_eq!(
            unique,
            of("the database refused row 31 for table t: UNIQUE constraint failed: t.a (1555)")
        );
        assert_ne!(
            unique,
            of("the database refused row 2 for table t: CHECK constraint failed: a_2 (275)")
        );
        assert_ne!(
            of("the database refused row 2 for table t: CHECK constraint failed: a_1 (275)"),
            of("the database refused row 2 for table t: CHECK constraint failed: a_2 (275)")
        );
    }

    #[test]
    fn a_shape_has_no_positions() {
        let mut failure = failure(FailureCategory::BadValue, "");
        failure.path = Some("/a[12]/b[3]/@c".to_owned());
        assert_eq!(failure.path_shape().as_deref(), Some("/a/b/@c"));
        failure.path = None;
        assert_eq!(failure.path_shape(), None);
    }
}
