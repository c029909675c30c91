//! Finding the ends of markup.
//!
//! Bit masks of 64 bytes hold the places of `<`, and of the bytes by which a tag is known to end; every
//! search is then a shift and a count of zeros. Where the whole document is checked, tags are read, and
//! the masks show the bytes that are not right everywhere instead. quick-xml's events are what the tests
//! hold the searches against.

use memchr::{memchr, memchr3, memmem};

use super::lanes::{Lanes, WIDTH};
use super::masks::{self, Looks, Masks, BLOCK};
use super::odd::Odd;
use crate::contract::plan::Name;

/// A bit is set where an odd number of the bits up to it, itself counted, are set: from an opening
/// quote up to the closing one.
#[inline(always)]
fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// A tag that starts an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StartTag {
    /// One past the name; the name starts one byte after the tag.
    pub name_end: usize,
    /// Just past the `>`.
    pub end: usize,
    /// `<a/>`.
    pub empty: bool,
}

/// The kind of markup at a `<`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    /// `</`
    End,
    /// `<!--`
    Comment,
    /// `<![CDATA[`
    CData,
    /// `<!DOCTYPE` or any other declaration.
    Declaration,
    /// `<?`
    Instruction,
    /// `<name`
    Start,
}

/// Blocks whose masks are made in one go: 4 KiB of the document.
const AHEAD: usize = 64;

/// The bytes of these blocks.
const SPAN: usize = AHEAD * BLOCK;

/// No place in the document.
const NONE: usize = usize::MAX;

/// Searches one document. Positions are byte offsets.
pub(super) struct Scanner<'d> {
    text: &'d str,
    /// Where the blocks of `ahead` begin.
    ahead_base: usize,
    ahead: [Masks; AHEAD],
    /// The last search: there is no `<` from here...
    clear: usize,
    /// ... up to this one, if there is one at all.
    next: usize,
    /// How far the document has been looked at.
    seen: usize,
    odd: Odd,
    looks: Looks,
}

impl<'d> Scanner<'d> {
    pub fn new(text: &'d str, looks: Looks) -> Self {
        let ahead = [Masks::default(); AHEAD];
        let (clear, next, odd) = (NONE, NONE, Odd::default());
        let mut scanner = Self { text, ahead_base: 0, ahead, clear, next, seen: 0, odd, looks };
        scanner.fill(0);
        scanner
    }

    #[inline(always)]
    fn bytes(&self) -> &'d [u8] {
        self.text.as_bytes()
    }

    /// The masks of the block that `at` is in.
    #[inline(always)]
    fn masks(&mut self, at: usize) -> &Masks {
        let mut block = at.wrapping_sub(self.ahead_base) / BLOCK;
        if block >= AHEAD {
            self.look_ahead(at);
            block = at % SPAN / BLOCK;
        }
        &self.ahead[block]
    }

    /// Makes the masks of the blocks around `at`, and looks at all before that has not been seen.
    #[inline(never)]
    fn look_ahead(&mut self, at: usize) {
        let wanted = at - at % SPAN;
        while self.looks == Looks::ForAll && self.seen < wanted {
            self.fill(self.seen);
        }
        self.fill(wanted);
    }

    fn fill(&mut self, base: usize) {
        self.ahead_base = base;
        masks::fill(&self.bytes()[base.min(self.text.len())..], &mut self.ahead, self.looks);
        if self.looks == Looks::ForAll && self.seen == base {
            self.seen += SPAN;
            self.odd.look(self.text, base, &self.ahead);
        }
    }

    /// For [`Looks::ForAll`]: whether the document, read to its end, has a character that XML does not
    /// allow, or `&` or `]]>` where they are not allowed.
    pub fn finds_wrong(&mut self) -> bool {
        while self.seen < self.text.len() {
            self.fill(self.seen);
        }
        self.odd.is_wrong()
    }

    /// The first position at or after `from` whose bit is set in what `pick` takes of the masks.
    #[inline(always)]
    fn find(&mut self, from: usize, pick: impl Fn(&Masks) -> u64) -> Option<usize> {
        let mut base = from & !(BLOCK - 1);
        let mut bits = pick(self.masks(from)) & (!0u64 << (from % BLOCK));
        while bits == 0 {
            base += BLOCK;
            if base >= self.text.len() {
                return None;
            }
            bits = pick(self.masks(base));
        }
        Some(base + bits.trailing_zeros() as usize)
    }

    /// The next `<`.
    #[inline(always)]
    pub fn next_markup(&mut self, from: usize) -> Option<usize> {
        if from < self.clear || from > self.next {
            self.search(from);
        }
        (self.next != NONE).then_some(self.next)
    }

    #[inline(always)]
    fn search(&mut self, from: usize) {
        self.next = self.find(from, |m| m.less).unwrap_or(NONE);
        self.clear = from;
    }

    /// What the `<` at `at` begins.
    #[inline(always)]
    pub fn markup(&self, at: usize) -> Markup {
        match self.bytes().get(at + 1) {
            Some(letter) if *letter > b'?' => Markup::Start,
            Some(b'/') => Markup::End,
            Some(b'?') => Markup::Instruction,
            Some(b'!') => match &self.bytes()[at + 2..] {
                [b'-', b'-', ..] => Markup::Comment,
                rest if rest.starts_with(b"[CDATA[") => Markup::CData,
                _ => Markup::Declaration,
            },
            _ => Markup::Start,
        }
    }

    /// The rest of a start tag whose name ends at `name_end`; `None` when the document ends
    /// inside it.
    #[inline(always)]
    pub fn start_tag(&mut self, name_end: usize) -> Option<StartTag> {
        let close = self.tag_close(name_end)?;
        Some(StartTag { name_end, end: close + 1, empty: self.bytes()[close - 1] == b'/' })
    }

    /// The `>` that ends the tag that `from` is inside of, quotes honoured: a block at a time
    /// where values are in double quotes, as nearly all are.
    #[inline(always)]
    fn tag_close(&mut self, from: usize) -> Option<usize> {
        let mut base = from & !(BLOCK - 1);
        let mut masks = *self.masks(from);
        let mut wanted = !0u64 << (from % BLOCK);
        let first = masks.greater & wanted;
        let before_first = first.wrapping_sub(1) & !first;
        if first != 0 && (masks.double | masks.single) & wanted & before_first == 0 {
            return Some(base + first.trailing_zeros() as usize);
        }
        let mut inside = 0u64;
        loop {
            let Masks { greater, double, single, .. } = masks;
            let quoted = parity(double & wanted) ^ inside;
            let close = greater & wanted & !quoted;
            let before_close = close.wrapping_sub(1) & !close;
            if single & wanted & before_close != 0 {
                return self.tag_close_by_quotes(from);
            }
            if close != 0 {
                return Some(base + close.trailing_zeros() as usize);
            }
            base += BLOCK;
            if base >= self.text.len() {
                return None;
            }
            masks = *self.masks(base);
            inside = if quoted >> 63 == 1 { !0 } else { 0 };
            wanted = !0;
        }
    }

    /// The same, from quote to quote.
    fn tag_close_by_quotes(&mut self, mut from: usize) -> Option<usize> {
        loop {
            let at = self.find(from, |m| m.greater | m.double | m.single)?;
            let close = match self.bytes()[at] {
                b'>' => return Some(at),
                b'"' => self.find(at + 1, |m| m.double)?,
                _ => self.find(at + 1, |m| m.single)?,
            };
            from = close + 1;
        }
    }

    /// The same, where tags are read: one that could not be.
    pub fn odd_start_tag(&self, name_end: usize) -> Option<StartTag> {
        let mut from = name_end;
        loop {
            let at = from + memchr3(b'>', b'"', b'\'', &self.bytes()[from..])?;
            match self.bytes()[at] {
                b'>' => {
                    let empty = self.bytes()[at - 1] == b'/';
                    return Some(StartTag { name_end, end: at + 1, empty });
                }
                quote => from = at + 2 + memchr(quote, &self.bytes()[at + 1..])?,
            }
        }
    }

    /// Whether the end tag at `at` closes `name`, and where it ends.
    #[inline(always)]
    pub fn end_tag(&self, at: usize, name: Name<'_>) -> Option<usize> {
        let name_end = at + 2 + name.len();
        if name_end > self.bytes().len() || Name::within(self.bytes(), at + 2, name_end) != name {
            return None;
        }
        match self.bytes().get(name_end) {
            Some(b'>') => Some(name_end + 1),
            _ => self.spaced_close(name_end),
        }
    }

    /// Just past a `>` after nothing but white space.
    #[cold]
    fn spaced_close(&self, from: usize) -> Option<usize> {
        let rest = &self.bytes()[from..];
        let blanks = rest.iter().take_while(|b| is_blank(**b)).count();
        (rest.get(blanks) == Some(&b'>')).then_some(from + blanks + 1)
    }

    /// Just past the comment, CDATA section or instruction at `at`.
    pub fn past(&mut self, at: usize, markup: Markup) -> Option<usize> {
        let (opening, closing): (usize, &[u8]) = match markup {
            Markup::Comment => (4, b"-->"),
            Markup::CData => (9, b"]]>"),
            _ => (2, b"?>"),
        };
        let body = self.bytes().get(at + opening..)?;
        let end = at + opening + memmem::find(body, closing)? + closing.len();
        self.pass(at, end);
        Some(end)
    }

    /// `&` and `]]>` are right from `at` to `end`.
    pub fn pass(&mut self, at: usize, end: usize) {
        self.odd.pass(at, end);
    }
}

/// XML's white space.
#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Bytes before what ends a name: white space, a control character, a quote, `/`, `<`, `=`, `>`,
/// `?` or the end. A quote ends it too, because a quoted value may hold the next `>`.
#[inline(always)]
pub(super) fn name_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    while let Some(lanes) = Lanes::at(bytes, length) {
        let ends = lanes.at_most(b' ')
            | lanes.equal(b'/')
            | lanes.equal(b'"')
            | lanes.equal(b'\'')
            | lanes.equal_masked(!3, b'<');
        if ends != 0 {
            return length + ends.trailing_zeros() as usize;
        }
        length += WIDTH;
    }
    let rest = &bytes[length..];
    length + rest.iter().position(|b| ends_name(*b)).unwrap_or(rest.len())
}

fn ends_name(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'/' | b'"' | b'\'' | b'<'..=b'?')
}
