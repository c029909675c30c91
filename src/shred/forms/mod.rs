//! The forms of start tags: names found right once are recognised from then on by comparing bytes.
//!
//! They are a tree. Of `<a b="1" c="2">` and `<a c="3">` it has `<a`; in that ` b="` and ` c="`; and
//! in ` b="` once more ` c="`. So a tag whose parts are found on one way through the tree has only
//! names that are right, and none twice. What is in the values is looked at
//! [elsewhere](super::odd), and prefixes are, because their declarations are the document's.

mod learn;

use super::attribute::Attribute;
use super::scan::{is_blank, name_length, StartTag};
use super::window::{Halves, Window, Windows, WINDOW};
use crate::contract::plan::Name;

/// Forms that are kept: a tag costs more where they are full.
const MOST: usize = 4096;

/// Documents that are read with full forms before others are learnt.
const FULL_FOR: u32 = 64;

/// Elements are found by so many buckets of their hashes.
const BUCKETS: usize = 256;

/// No form: its head is in no document.
const NONE: u32 = 0;

/// No quote: another form of the same attribute comes.
const GOES_ON: u8 = 0;

/// A part of a start tag.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Form {
    /// `<name`, or of an attribute what is between the value before it and its own, ` name="`. What is
    /// longer has several forms, one in the other.
    head: [u8; WINDOW],
    /// A bit for each byte of it.
    bits: u32,
    /// Its bytes.
    length: u32,
    /// The first of those that come behind it.
    inside: u32,
    /// The next of those in its own place.
    beside: u32,
    /// Of an element, the one that begins after it.
    follows: u32,
    /// Of the name.
    hash: u32,
    /// Where the name is, from the first form of an attribute.
    name_start: u8,
    name_end: u8,
    /// Of a value; [`GOES_ON`] if it does not come yet.
    quote: u8,
    /// Whether the name has a prefix, or declares one.
    named: bool,
}

impl Form {
    const NONE: Form = Form {
        head: [0xFF; WINDOW],
        bits: u32::MAX,
        length: 0,
        inside: NONE,
        beside: NONE,
        follows: NONE,
        hash: 0,
        name_start: 0,
        name_end: 0,
        quote: 0,
        named: false,
    };

    #[inline(always)]
    fn is_at<W: Window>(&self, ahead: W) -> bool {
        ahead.same(&self.head) & self.bits == self.bits
    }
}

/// A tag that has a known form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub tag: StartTag,
    /// Whether the element's name has a prefix.
    pub prefixed: bool,
    /// Whether an attribute's name has one, or declares one.
    pub names: bool,
}

/// All forms that were learnt.
#[derive(Debug)]
pub(super) struct Forms {
    forms: Vec<Form>,
    elements: Box<[u32; BUCKETS]>,
    /// The element that began last.
    last: u32,
    /// Whether a form was not learnt for want of room.
    full: bool,
    /// Documents that were read since then.
    full_for: u32,
    #[cfg(target_arch = "x86_64")]
    wide: bool,
}

impl Default for Forms {
    fn default() -> Self {
        Self {
            forms: vec![Form::NONE],
            elements: Box::new([NONE; BUCKETS]),
            last: NONE,
            full: false,
            full_for: 0,
            #[cfg(target_arch = "x86_64")]
            wide: std::is_x86_feature_detected!("avx2"),
        }
    }
}

impl Forms {
    /// The next document begins.
    pub fn begin(&mut self) {
        self.last = NONE;
        if self.full {
            self.full_for += 1;
            if self.full_for >= FULL_FOR {
                *self = Self::default();
            }
        }
    }

    /// The tag at `at`, when it has a known form. There may be `<` in its values.
    #[inline(always)]
    pub fn pass(&mut self, bytes: &[u8], at: usize) -> Option<Known> {
        let mut nothing = Vec::new();
        #[cfg(target_arch = "x86_64")]
        if self.wide {
            // SAFETY: the processor has AVX2.
            return unsafe { self.pass_wide(bytes, at) };
        }
        self.follow::<Halves, false>(bytes, at, &mut nothing, 0)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn pass_wide(&mut self, bytes: &[u8], at: usize) -> Option<Known> {
        self.follow::<super::window::Whole, false>(bytes, at, &mut Vec::new(), 0)
    }

    /// The same with its attributes, unless a value has `<` or more than `most_text` bytes.
    #[inline(always)]
    pub fn read(
        &mut self,
        bytes: &[u8],
        at: usize,
        list: &mut Vec<Attribute>,
        most_text: usize,
    ) -> Option<Known> {
        #[cfg(target_arch = "x86_64")]
        if self.wide {
            // SAFETY: the processor has AVX2.
            return unsafe { self.read_wide(bytes, at, list, most_text) };
        }
        self.follow::<Halves, true>(bytes, at, list, most_text)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn read_wide(
        &mut self,
        bytes: &[u8],
        at: usize,
        list: &mut Vec<Attribute>,
        most_text: usize,
    ) -> Option<Known> {
        self.follow::<super::window::Whole, true>(bytes, at, list, most_text)
    }

    #[inline(always)]
    fn follow<W: Window, const LIST: bool>(
        &mut self,
        bytes: &[u8],
        tag: usize,
        list: &mut Vec<Attribute>,
        most_text: usize,
    ) -> Option<Known> {
        let windows = Windows::new(bytes)?;
        let element = self.element::<W>(windows, bytes, tag)?;
        let mut form = &self.forms[element as usize];
        let (prefixed, mut names) = (form.named, false);
        let name_end = tag + form.length as usize;
        let mut at = name_end;
        let (end, empty) = loop {
            let (first, ahead) = windows.at::<W>(at)?;
            if first == b'>' {
                break (at + 1, false);
            }
            if first == b'/' && bytes[at + 1] == b'>' {
                break (at + 2, true);
            }
            form = match self.inside(form, ahead) {
                Some(form) => form,
                None => break blank_end(bytes, at)?,
            };
            let mut start = at + form.length as usize;
            if form.quote == GOES_ON {
                (form, start) = self.last::<W>(windows, form, start)?;
            }
            names |= form.named;
            let end = match LIST {
                false => windows.find::<W>(start, form.quote)?,
                true => {
                    let end = value::<W>(windows, bytes, start, form.quote)?;
                    if end - start > most_text {
                        return None;
                    }
                    list.push(Attribute {
                        hash: form.hash,
                        name_start: (at + usize::from(form.name_start)) as u32,
                        name_end: (at + usize::from(form.name_end)) as u32,
                        start: start as u32,
                        end: end as u32,
                    });
                    end
                }
            };
            at = end + 1;
        };
        Some(Known { tag: StartTag { name_end, end, empty }, prefixed, names })
    }

    /// Which of the forms in `form` is at the window.
    #[inline(always)]
    fn inside<W: Window>(&self, form: &Form, ahead: W) -> Option<&Form> {
        let mut next = &self.forms[form.inside as usize];
        loop {
            if next.is_at(ahead) {
                return Some(next);
            }
            if next.beside == NONE {
                return None;
            }
            next = &self.forms[next.beside as usize];
        }
    }

    /// The last form of an attribute that has several, and where its value begins.
    #[inline(never)]
    fn last<'f, W: Window>(
        &'f self,
        windows: Windows<'_>,
        mut form: &'f Form,
        mut at: usize,
    ) -> Option<(&'f Form, usize)> {
        while form.quote == GOES_ON {
            let (_, ahead) = windows.at::<W>(at)?;
            form = self.inside(form, ahead)?;
            at += form.length as usize;
        }
        Some((form, at))
    }

    /// The form of the element at `at`: mostly the one that followed the last one before.
    #[inline(always)]
    fn element<W: Window>(&mut self, windows: Windows<'_>, bytes: &[u8], at: usize) -> Option<u32> {
        let expected = self.forms[self.last as usize].follows;
        let form = &self.forms[expected as usize];
        let (_, ahead) = windows.at::<W>(at)?;
        let after = bytes.get(at + form.length as usize)?;
        let ends = is_blank(*after) || matches!(after, b'>' | b'/');
        let found = match ends && form.is_at(ahead) {
            true => expected,
            false => {
                let found = self.other_element(bytes, at)?;
                self.forms[self.last as usize].follows = found;
                found
            }
        };
        self.last = found;
        Some(found)
    }

    #[inline(never)]
    fn other_element(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let name_end = at + 1 + name_length(&bytes[at + 1..]);
        let (_, ahead) = Windows::new(bytes)?.at::<Halves>(at)?;
        let mut found = self.elements[bucket(Name::within(bytes, at + 1, name_end))];
        while found != NONE {
            let form = &self.forms[found as usize];
            if form.length as usize == name_end - at && form.is_at(ahead) {
                return Some(found);
            }
            found = form.beside;
        }
        None
    }
}

fn bucket(name: Name<'_>) -> usize {
    name.hash() as usize % BUCKETS
}

/// Where the tag ends and whether its element is empty, when there is nothing but white space before.
#[inline]
fn blank_end(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let blanks = bytes[at..].iter().take_while(|byte| is_blank(**byte)).count();
    match &bytes[at + blanks..] {
        [b'>', ..] => Some((at + blanks + 1, false)),
        [b'/', b'>', ..] => Some((at + blanks + 2, true)),
        _ => None,
    }
}

/// Where the value at `start` ends, unless it has `<`.
#[inline(always)]
fn value<W: Window>(windows: Windows<'_>, bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let (_, ahead) = windows.at::<W>(start)?;
    let close = ahead.equal(quote);
    if close == 0 {
        return long_value(bytes, start, quote);
    }
    // The bits before the first that is set.
    let within = (close - 1) & !close;
    (ahead.equal(b'<') & within == 0).then_some(start + close.trailing_zeros() as usize)
}

#[inline(never)]
fn long_value(bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let end = start + memchr::memchr2(quote, b'<', &bytes[start..])?;
    (bytes[end] == quote).then_some(end)
}
