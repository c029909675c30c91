//! `LIKE` patterns, compiled once.

use std::convert::Infallible;

use super::text::clip;
use crate::reason::{known, reason, value, Reason};

/// A `LIKE` pattern: `_` is one character, `%` any number, `[abc]` or `[a-z]` one of these,
/// `[^abc]` none of these. Special characters are literal in brackets: `V4[_]%`.
///
/// Characters are code points and compare case-sensitively. Blanks at the end of the *text* are
/// ignored where the pattern does not require them; blanks at the end of the pattern count.
/// Matching takes at most length of text times length of pattern steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikePattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Many,
    One,
    Exactly(char),
    Set { ranges: Box<[(char, char)]>, negated: bool },
}

/// Steps of a search between two reports of them.
const STEPS: usize = 4096;

/// Why a text is not a `LIKE` pattern: a `[` without its `]`, which matches nothing in SQL Server,
/// or empty brackets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub struct LikeError(String, &'static str);

impl LikeError {
    /// The sentence.
    pub fn reason(&self) -> Reason {
        reason!("the LIKE pattern {} has {}", value(&self.0), known(self.1))
    }
}

const UNCLOSED: &str = "a `[` without its `]`: close it, or write `[[]` for the bracket itself";
const EMPTY: &str = "empty brackets: name the characters between them, or write `]` alone for the \
                     bracket itself";

impl LikePattern {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Result<Self, LikeError> {
        let mut parts = Vec::new();
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            match c {
                '%' if parts.last() == Some(&Part::Many) => {}
                '%' => parts.push(Part::Many),
                '_' => parts.push(Part::One),
                '[' => {
                    let (inside, tail) = rest
                        .as_str()
                        .split_once(']')
                        .ok_or_else(|| LikeError(clip(pattern), UNCLOSED))?;
                    parts.push(set(inside).ok_or_else(|| LikeError(clip(pattern), EMPTY))?);
                    rest = tail.chars();
                }
                _ => parts.push(Part::Exactly(c)),
            }
        }
        Ok(Self { parts })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let found: Result<bool, Infallible> = self.matches_within(text, |_| Ok(()));
        found.unwrap_or_default()
    }

    /// The same, with `work` told of the steps, a few thousand at a time, before more are taken.
    ///
    /// # Errors
    /// That of `work`, which ends the search.
    pub fn matches_within<E>(
        &self,
        text: &str,
        mut work: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<bool, E> {
        let (mut part, mut rest) = (0, text);
        let mut steps = 0;
        // Where to continue when a part fails: after the last `%`, one character further on.
        let mut retry: Option<(usize, &str)> = None;
        loop {
            steps += 1;
            if let Some(Part::Set { ranges, .. }) = self.parts.get(part) {
                steps += ranges.len();
            }
            if steps >= STEPS {
                work(std::mem::take(&mut steps))?;
            }
            let step = match self.parts.get(part) {
                None if rest.bytes().all(|b| b == b' ') => return Ok(true),
                None => None,
                Some(Part::Many) => {
                    part += 1;
                    if part == self.parts.len() {
                        return Ok(true);
                    }
                    retry = Some((part, rest));
                    continue;
                }
                Some(single) => after_match(single, rest),
            };
            if let Some(after) = step {
                (part, rest) = (part + 1, after);
                continue;
            }
            let Some((from, text)) = retry else { return Ok(false) };
            let Some(next) = text.chars().next() else { return Ok(false) };
            let text = &text[next.len_utf8()..];
            retry = Some((from, text));
            (part, rest) = (from, text);
        }
    }
}

/// The text after its first character, when `part` matches it.
fn after_match<'a>(part: &Part, text: &'a str) -> Option<&'a str> {
    let c = text.chars().next()?;
    let found = match part {
        Part::Many | Part::One => true,
        Part::Exactly(expected) => c == *expected,
        Part::Set { ranges, negated } => {
            ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
        }
    };
    found.then(|| &text[c.len_utf8()..])
}

/// The set that is written between brackets; `None` when it is empty.
fn set(inside: &str) -> Option<Part> {
    let (negated, members) = match inside.strip_prefix('^') {
        Some(members) => (true, members),
        None => (false, inside),
    };
    let members: Vec<char> = members.chars().collect();
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < members.len() {
        let last = match members.get(i + 1..i + 3) {
            Some(['-', last]) => Some(*last),
            _ => None,
        };
        ranges.push((members[i], last.unwrap_or(members[i])));
        i += if last.is_some() { 3 } else { 1 };
    }
    (!ranges.is_empty()).then(|| Part::Set { ranges: ranges.into(), negated })
}
