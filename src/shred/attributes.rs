//! The attributes of one start tag, checked as XML requires: quoted, separated, no duplicate name.

use std::collections::HashSet;

use super::attribute::Attribute;
use super::fault::{Result, ShredFault};
use super::forms::{Forms, Known};
use super::lanes::Lanes;
use super::limits::Limits;
use super::scan::{is_blank, name_length, StartTag};
use crate::contract::plan::Name;
use crate::reason::{known, number, quoted, reason};

/// The attributes of the tag last read; the buffers are kept for the next.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub list: Vec<Attribute>,
    /// Where the tag starts, and the tag.
    pub tag: Option<(usize, StartTag)>,
    /// Its form, if that is known.
    pub known: Option<Known>,
    /// Those with a prefix, by index into `list`, under their qualified names;
    /// empty unless the contract reads such names.
    pub qualified: Vec<(String, usize)>,
    /// For each of some buckets of a name's hash: the round in which it was last used.
    used: Vec<u32>,
    round: u32,
}

const BUCKETS: usize = 1024;

/// Attributes whose names are found to differ by the buckets of their hashes, at most: a set takes twenty times as
/// many instructions. A document chooses its names, and can choose many that share a bucket: so many are compared
/// 32,640 times, which takes a tenth of a millisecond.
const FEW: usize = 256;

impl Attributes {
    /// Reads the attributes of the start tag at `at` whose name ends at `name_end`; by its form, where that
    /// is known.
    #[inline]
    pub fn read(
        &mut self,
        forms: &mut Forms,
        text: &str,
        at: usize,
        name_end: usize,
        limits: &Limits,
    ) -> Result<StartTag> {
        self.qualified.clear();
        self.list.clear();
        let list = &mut self.list;
        self.known = forms.read(text.as_bytes(), at, list, limits.text_bytes);
        match self.known {
            Some(Known { tag, .. }) if self.list.len() <= limits.attributes => {
                self.tag = Some((at, tag));
                Ok(tag)
            }
            _ => self.read_unknown(text, at, name_end, limits),
        }
    }

    /// The same, byte by byte.
    #[inline(never)]
    fn read_unknown(
        &mut self,
        text: &str,
        at: usize,
        name_end: usize,
        limits: &Limits,
    ) -> Result<StartTag> {
        self.tag = None;
        self.known = None;
        self.list.clear();
        let bytes = text.as_bytes();
        let mut from = name_end;
        let tag = loop {
            // Mostly a tag ends here, or a blank and a name follow.
            let next = match &bytes[from..] {
                [b'>', ..] => break StartTag { name_end, end: from + 1, empty: false },
                [b' ', letter, ..] if *letter > b'>' => from + 1,
                _ => past_blanks(bytes, from),
            };
            match bytes.get(next) {
                Some(b'>') => break StartTag { name_end, end: next + 1, empty: false },
                Some(b'/') if bytes.get(next + 1) == Some(&b'>') => {
                    break StartTag { name_end, end: next + 2, empty: true }
                }
                None => {
                    return Err(ShredFault::malformed(
                        at,
                        "the start tag is never closed: end it with >",
                    ))
                }
                _ if next == from => {
                    let reason = "white space is missing before this attribute: add a blank";
                    return Err(ShredFault::malformed(next, reason));
                }
                _ => {}
            }
            let attribute = attribute(bytes, next)?;
            from = attribute.end as usize + 1;
            let length = (attribute.end - attribute.start) as usize;
            if length > limits.text_bytes {
                return Err(ShredFault::long_text(attribute.start as usize, length, limits));
            }
            self.list.push(attribute);
        };
        let most = limits.attributes;
        if self.list.len() > most {
            let (count, most) = (number(self.list.len()), known(most));
            let found = reason!("the element has {} attributes, and the limit is {}", count, most);
            return Err(ShredFault::limit(name_end, &found, "--max-attributes"));
        }
        self.check_names(bytes)?;
        self.tag = Some((at, tag));
        Ok(tag)
    }

    /// No name twice.
    #[inline]
    fn check_names(&mut self, bytes: &[u8]) -> Result<()> {
        match self.list.as_slice() {
            [] | [_] => Ok(()),
            [one, other] if one.hash != other.hash => Ok(()),
            [a, b, c] if a.hash != b.hash && b.hash != c.hash && a.hash != c.hash => Ok(()),
            _ => self.check_many_names(bytes),
        }
    }

    fn check_many_names(&mut self, bytes: &[u8]) -> Result<()> {
        if self.list.len() > FEW {
            let mut names = HashSet::with_capacity(self.list.len());
            return match self.list.iter().find(|own| !names.insert(own.name(bytes))) {
                None => Ok(()),
                Some(second) => Err(duplicate(bytes, second)),
            };
        }
        self.check_few_names(bytes)
    }

    /// Only names that share a bucket are compared.
    fn check_few_names(&mut self, bytes: &[u8]) -> Result<()> {
        if self.used.is_empty() {
            self.used = vec![0; BUCKETS];
        }
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.used.fill(0);
            self.round = 1;
        }
        for (index, attribute) in self.list.iter().enumerate() {
            let bucket = &mut self.used[attribute.hash as usize % BUCKETS];
            if std::mem::replace(bucket, self.round) != self.round {
                continue;
            }
            let name = attribute.name(bytes);
            if self.list[..index].iter().any(|other| other.name(bytes) == name) {
                return Err(duplicate(bytes, attribute));
            }
        }
        Ok(())
    }

    /// Gives the attributes with a prefix their local names, unless another has that name.
    pub fn qualify_by_local_names(&mut self, text: &str) {
        self.qualified.clear();
        let name = |own: &Attribute| &text[own.name_start as usize..own.name_end as usize];
        if !self.list.iter().any(|attribute| name(attribute).contains(':')) {
            return;
        }
        let mut taken: HashSet<&str> = self.list.iter().map(name).collect();
        for (index, attribute) in self.list.iter().enumerate() {
            let Some((prefix, local)) = name(attribute).split_once(':') else { continue };
            if !matches!(prefix, "xml" | "xmlns") && taken.insert(local) {
                self.qualified.push((local.to_owned(), index));
            }
        }
    }

    /// The attribute of that name.
    pub fn find(&self, bytes: &[u8], name: &[u8], ignore_case: bool) -> Option<&Attribute> {
        if let Some((_, index)) = self.qualified.iter().find(|(own, _)| own.as_bytes() == name) {
            return self.list.get(*index);
        }
        let wanted = Name::new(name);
        let exact = self.list.iter().find(|own| own.key(bytes) == wanted);
        match exact {
            None if ignore_case => self.find_ignoring_case(bytes, name),
            exact => exact,
        }
    }

    fn find_ignoring_case(&self, bytes: &[u8], name: &[u8]) -> Option<&Attribute> {
        let same = |own: &[u8]| own.eq_ignore_ascii_case(name);
        match self.qualified.iter().find(|(own, _)| same(own.as_bytes())) {
            Some((_, index)) => self.list.get(*index),
            None => self.list.iter().find(|attribute| same(attribute.name(bytes))),
        }
    }

    /// Whether another attribute matches `wanted` better than this one, which matches it ignoring case: one
    /// that is spelled just so, or the first of several.
    pub fn is_outdone(&self, bytes: &[u8], attribute: &Attribute, wanted: &[u8]) -> bool {
        let own = attribute.name(bytes);
        own != wanted
            && self.list.iter().any(|other| {
                let name = other.name(bytes);
                let earlier = other.name_start < attribute.name_start;
                name == wanted || (earlier && name.eq_ignore_ascii_case(wanted))
            })
    }
}

#[cold]
fn duplicate(bytes: &[u8], second: &Attribute) -> Box<ShredFault> {
    let name = String::from_utf8_lossy(second.name(bytes));
    let reason = reason!("duplicate attribute {}: remove one", quoted(name));
    ShredFault::malformed(second.name_start as usize, reason)
}

/// The first position from `from` on that is not white space: mostly `from` or the next.
#[inline(always)]
fn past_blanks(bytes: &[u8], mut from: usize) -> usize {
    while bytes.get(from).is_some_and(|byte| is_blank(*byte)) {
        from += 1;
    }
    from
}

/// `name = "value"` at `at`.
#[inline(always)]
fn attribute(bytes: &[u8], at: usize) -> Result<Attribute> {
    let name_end = at + name_length(&bytes[at..]);
    let (start, quote) = match &bytes[name_end..] {
        [b'=', quote @ (b'"' | b'\''), ..] if name_end > at => (name_end + 2, *quote),
        _ => value_start(bytes, at, name_end)?,
    };
    let end = value_end(bytes, start, quote)?;
    Ok(Attribute {
        hash: Name::within(bytes, at, name_end).hash(),
        name_start: at as u32,
        name_end: name_end as u32,
        start: start as u32,
        end: end as u32,
    })
}

/// Where the value of the attribute at `at` starts, and its quote, with white space allowed
/// around the `=`.
fn value_start(bytes: &[u8], at: usize, name_end: usize) -> Result<(usize, u8)> {
    let equals = past_blanks(bytes, name_end);
    if name_end == at || bytes.get(equals) != Some(&b'=') {
        return Err(ShredFault::malformed(
            at,
            "an attribute must be a name, = and a quoted value: correct the tag",
        ));
    }
    let open = past_blanks(bytes, equals + 1);
    match bytes.get(open) {
        Some(quote @ (b'"' | b'\'')) => Ok((open + 1, *quote)),
        _ => Err(ShredFault::malformed(open, "an attribute's value must be in quotes: add them")),
    }
}

/// Where the value at `start` ends.
#[inline(always)]
fn value_end(bytes: &[u8], start: usize, quote: u8) -> Result<usize> {
    if let Some(lanes) = Lanes::at(bytes, start) {
        let close = lanes.equal(quote);
        // The bits before the first that is set.
        let within = close.wrapping_sub(1) & !close;
        if close != 0 && lanes.equal(b'<') & within == 0 {
            return Ok(start + close.trailing_zeros() as usize);
        }
    }
    long_value_end(bytes, start, quote)
}

fn long_value_end(bytes: &[u8], start: usize, quote: u8) -> Result<usize> {
    let length = memchr::memchr2(quote, b'<', &bytes[start..]).ok_or_else(|| {
        ShredFault::malformed(start - 1, "the attribute's value has no closing quote: add it")
    })?;
    let end = start + length;
    if bytes[end] == b'<' {
        return Err(ShredFault::malformed(
            end,
            "< is not allowed in an attribute's value: write it as &lt;, or close the quote before it",
        ));
    }
    Ok(end)
}
