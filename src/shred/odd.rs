//! Bytes that are right in some places only, or nowhere.

use super::masks::{Masks, BLOCK};
use super::text::LAST;
use crate::value::xml::reference;

/// Marks that may be kept, more than are looked at before it is known what they are in.
const MOST: usize = 8192;

/// What is found of them.
#[derive(Debug, Default)]
pub(super) struct Odd {
    /// Whether there is a character that XML does not allow, or very many marks.
    wrong: bool,
    /// Each `&` that begins no reference, and each `]]>`: wrong in text and in values, and right in
    /// comments, instructions and CDATA sections.
    marks: Vec<usize>,
    /// Where the last of those ended.
    passed: usize,
}

impl Odd {
    /// Looks at the blocks from `base` on.
    pub fn look(&mut self, text: &str, base: usize, blocks: &[Masks]) {
        for (block, masks) in blocks.iter().enumerate() {
            let mut odd = masks.odd;
            while odd != 0 {
                let at = base + block * BLOCK + odd.trailing_zeros() as usize;
                odd &= odd - 1;
                if !is_usual_reference(text.as_bytes(), at) {
                    self.look_at(text, at);
                }
            }
        }
    }

    #[inline(never)]
    fn look_at(&mut self, text: &str, at: usize) {
        let rest = &text.as_bytes()[at..];
        let is_mark = match rest[0] {
            b'&' => reference(&text[at..]).is_none(),
            b']' => rest.starts_with(b"]]>"),
            // U+FFFE and U+FFFF.
            LAST => {
                self.wrong |= matches!(rest, [_, 0xBF, 0xBE | 0xBF, ..]);
                false
            }
            _ => {
                self.wrong = true;
                false
            }
        };
        if is_mark && at >= self.passed {
            self.wrong |= self.marks.len() >= MOST;
            if !self.wrong {
                self.marks.push(at);
            }
        }
    }

    /// Marks are right from `at` to `end`. Everything before `at` has been looked at.
    #[inline]
    pub fn pass(&mut self, at: usize, end: usize) {
        self.passed = end;
        if !self.marks.is_empty() {
            self.marks.retain(|mark| !(at..end).contains(mark));
        }
    }

    pub fn is_wrong(&self) -> bool {
        self.wrong || !self.marks.is_empty()
    }
}

/// Whether `&lt;`, `&gt;` or `&amp;` is here, as mostly.
#[inline(always)]
fn is_usual_reference(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at..];
    matches!(rest.first_chunk(), Some(b"&gt;" | b"&lt;")) || rest.first_chunk() == Some(b"&amp;")
}
