//! What failures with one cause have in common: the fingerprint, and what it is made of.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{Failure, FailureCategory};

impl Failure {
    /// Sixteen hexadecimal digits that are equal for failures with the same cause: category, table,
    /// column, [path without positions](Failure::path_shape) and reason without values. Where a lookup
    /// has no entry, the value is the cause, because each needs its own. Retrying selects by it, and logs
    /// keep it.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let path = match self.category {
            // They happen anywhere: where a document is cut off says nothing of why.
            FailureCategory::MalformedXml
            | FailureCategory::LimitExceeded
            | FailureCategory::InternalError => None,
            _ => self.path_shape(),
        };
        let value = self.value.as_deref().filter(|_| self.each_value);
        let template = self.template.as_deref().unwrap_or(&self.reason);
        // Fingerprints of logs have no number of the program either, and nothing that it quotes, except where
        // the sentence is of the database, or of a defect.
        let template = match self.category {
            FailureCategory::InternalError | FailureCategory::ConstraintViolation => {
                without_numbers(template)
            }
            _ => without_numbers(&without_quoted(template)),
        };
        for part in [
            self.category.name(),
            self.table.as_deref().unwrap_or(""),
            self.column.as_deref().unwrap_or(""),
            path.as_deref().unwrap_or(""),
            value.unwrap_or(""),
            &template,
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The path without its positions, and with local names, because each document chooses its prefixes:
    /// `/a/b/@c` of `/a/x:b[2]/@c`.
    pub fn path_shape(&self) -> Option<String> {
        let path = self.path.as_deref()?;
        let behind =
            |part: &'_ str| part.split_once(']').map_or(part, |(_, behind)| behind).to_owned();
        let path: String = path.split('[').map(behind).collect();
        Some(path.split('/').map(local_name).collect::<Vec<_>>().join("/"))
    }
}

/// A step of a path without the prefix of its name.
fn local_name(step: &str) -> String {
    let (at, name) = match step.strip_prefix('@') {
        Some(name) => ("@", name),
        None => ("", step),
    };
    match name.split_once(':') {
        Some((prefix, local))
            if !prefix.is_empty() && !local.is_empty() && !local.contains(':') =>
        {
            format!("{at}{local}")
        }
        _ => step.to_owned(),
    }
}

/// The message of a trigger without what differs from row to row: what is between quotes, numbers and
/// GUIDs. `ufn_MessageTemplate` does the same in T-SQL.
pub fn message_template(message: &str) -> String {
    let mut template = String::with_capacity(message.len());
    let (mut rest, mut is_word) = (message, false);
    while let Some(first) = rest.chars().next() {
        let quoted = match first {
            '\'' | '"' | '`' if !is_word => rest[1..].find(first),
            _ => None,
        };
        if let Some(length) = quoted {
            template.extend([first, first]);
            rest = &rest[length + 2..];
        } else if !is_word && starts_with_guid(rest) {
            template.push('#');
            rest = &rest[36..];
        } else if !is_word && first.is_ascii_digit() {
            template.push('#');
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        } else {
            template.push(first);
            is_word = first.is_ascii_alphanumeric() || first == '_' || first >= '\u{c0}';
            rest = &rest[first.len_utf8()..];
        }
    }
    template
}

fn starts_with_guid(text: &str) -> bool {
    let is_one = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() >= 36 && text.as_bytes()[..36].iter().enumerate().all(is_one)
}

/// The text without what it quotes. What is in backticks may have any character; what is in quotation marks has
/// others of them escaped.
pub fn without_quoted(reason: &str) -> Cow<'_, str> {
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
    use crate::reason::{known, number, quoted, reason, value, Reason};

    fn failure(category: FailureCategory, reason: impl Into<Reason>) -> Failure {
        let mut failure = Failure::new(category, reason).with_value("x");
        failure.table = Some("contact".to_owned());
        failure.column = Some("zip".to_owned());
        failure.path = Some("/a/b[1]/@c".to_owned());
        failure
    }

    fn no_date(text: &str, standard: u32) -> Reason {
        reason!("{} cannot become date: write ISO {}", value(text), number(standard))
    }

    #[test]
    fn a_fingerprint_forgets_positions_values_and_numbers() {
        let of = |reason: Reason| failure(FailureCategory::BadValue, reason);
        let first = of(no_date("x", 8601));
        assert_eq!(first.fingerprint().len(), 16);
        for mut same in
            [of(no_date("y", 8601)), of(no_date("a`b \"", 8601)), of(no_date("12", 860))]
        {
            same.path = Some("/a[3]/b[27]/@c".to_owned());
            same.value = Some("y".to_owned());
            assert_eq!(first.fingerprint(), same.fingerprint(), "{}", same.reason);
        }
        let mut elsewhere = first.clone();
        elsewhere.path = Some("/a/d/@c".to_owned());
        let mut other_column = first.clone();
        other_column.column = Some("name".to_owned());
        for other in [
            failure(FailureCategory::TooLong, no_date("x", 8601)),
            of(reason!("{} is not a day of the calendar", value("x"))),
            elsewhere,
            other_column,
        ] {
            assert_ne!(first.fingerprint(), other.fingerprint(), "{}", other.reason);
        }
    }

    fn no_entry(key: &str) -> Reason {
        reason!("lookup {} has no entry for {}: add it", known("color"), value(key))
    }

    fn no_element(id: &str) -> Reason {
        reason!(
            "no element of the key {} has the id {}: correct the document",
            known("contact"),
            value(id)
        )
    }

    #[test]
    fn each_value_that_a_lookup_lacks_is_a_cause() {
        let of = |value: &str| {
            let reason = no_entry(value);
            let mut failure = failure(FailureCategory::UnmappedLookup, reason).with_value(value);
            failure.each_value = true;
            failure.fingerprint()
        };
        assert_eq!(of("red"), of("red"));
        assert_ne!(of("red"), of("blue"));
    }

    #[test]
    fn references_to_elements_that_are_not_there_are_one_cause() {
        let of = |id: &str| {
            let failure = failure(FailureCategory::UnmappedLookup, no_element(id));
            failure.with_value(id).fingerprint()
        };
        assert_eq!(of("c4711"), of("c4712"));
    }

    #[test]
    fn what_happens_anywhere_is_one_cause() {
        let of = |path: &str, reason: Reason| {
            let mut failure = failure(FailureCategory::MalformedXml, reason);
            failure.path = Some(path.to_owned());
            failure.fingerprint()
        };
        let end = |found: &str, open: &str| {
            reason!(
                "the end tag is {}, but the open element is {}: correct one of them",
                quoted(found),
                quoted(open)
            )
        };
        let first = of("/a/b", end("x", "y"));
        assert_eq!(first, of("/a/c", end("a\"b", "c")));
        assert_ne!(first, of("/a/b", "the start tag is never closed: end it with >".into()));
    }

    #[test]
    fn a_constraint_is_a_cause_whatever_the_key() {
        let of = |template: &str| {
            let reason = Reason::of_others(format!("{template} (1555)"), template);
            failure(FailureCategory::ConstraintViolation, reason).fingerprint()
        };
        let unique = of("the database refused row 2 for table t: UNIQUE constraint failed: t.a");
        assert_eq!(
            unique,
            of("the database refused row 31 for table t: UNIQUE constraint failed: t.a")
        );
        assert_ne!(
            unique,
            of("the database refused row 2 for table t: CHECK constraint failed: a_2")
        );
        assert_ne!(
            of("the database refused row 2 for table t: CHECK constraint failed: a_1"),
            of("the database refused row 2 for table t: CHECK constraint failed: a_2")
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

    #[test]
    fn prefixes_of_one_namespace_are_one_cause() {
        let of = |path: &str| {
            let mut failure =
                failure(FailureCategory::BadValue, reason!("{} is not one", value("x")));
            failure.path = Some(path.to_owned());
            (failure.path_shape().unwrap(), failure.fingerprint())
        };
        assert_eq!(of("/a:loan/a:sum[2]/@b:of"), of("/loan/ns1:sum/@of"));
        assert_eq!(of("/a:loan/a:sum[2]/@b:of").0, "/loan/sum/@of");
    }

    #[test]
    fn the_messages_of_triggers_are_told_apart_by_their_words() {
        for (message, template) in [
            ("order 7 of 'Smith' is not open", "order # of '' is not open"),
            ("order 1234 of 'O' is not open", "order # of '' is not open"),
            ("can't take \"a 'b'\" for t_1", "can't take \"\" for t_1"),
            ("12.50 > 7, see `x`", "#.# > #, see ``"),
            ("no 6F9619FF-8B86-D011-B42D-00C04FC964FF here", "no # here"),
            ("it is 'open", "it is 'open"),
            ("", ""),
        ] {
            assert_eq!(message_template(message), template);
        }
    }

    /// Logs keep fingerprints: these are of an earlier version.
    #[test]
    fn known_failures_have_their_known_fingerprints() {
        let with =
            |category, table: &str, column: &str, path: &str, value: &str, reason: Reason| {
                let mut failure = Failure::new(category, reason).with_value(value);
                failure.table = Some(table.to_owned());
                failure.column = Some(column.to_owned());
                failure.path = Some(path.to_owned());
                failure
            };
        let bad = reason!(
            "{} cannot become {}: write digits; on_error = \"null\" does so",
            value("abc"),
            known("decimal(9,2)")
        );
        let bad = with(FailureCategory::BadValue, "note", "price", "/note/@price", "abc", bad);
        assert_eq!(bad.fingerprint(), "244360a3045016f4");
        let (lookup, path) = (FailureCategory::UnmappedLookup, "/note[2]/@c");
        let mut unmapped = with(lookup, "note", "color", path, "red", no_entry("red"));
        unmapped.each_value = true;
        assert_eq!(unmapped.fingerprint(), "78fa39a5713cd021");
        let dangling = with(lookup, "note", "color", path, "c4", no_element("c4"));
        assert_eq!(dangling.fingerprint(), "ede2feeea1749f1e");
        let template = "the database refused row 2 for table t: UNIQUE constraint failed: t.a";
        let reason = Reason::of_others(format!("{template} (1555)"), template);
        let mut refused = Failure::new(FailureCategory::ConstraintViolation, reason);
        refused.table = Some("t".to_owned());
        assert_eq!(refused.fingerprint(), "f96933122e8c53cc");
    }
}
