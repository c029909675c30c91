//! From a place in a TOML string's value back to the place in the file.

use std::ops::Range;

use super::expr::ast::Span;

/// Where the characters of one TOML string's value are in the file.
///
/// Offsets in the value count from the offset of the string in the file, so that no two strings
/// share one: a value is never longer than its string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StringMap {
    /// Runs of bytes that are in the file as in the value, and single escaped characters, by
    /// offset in the value. Empty when the value is not a string's: then everything maps to `whole`.
    pieces: Vec<Piece>,
    /// The string with its quotes.
    whole: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    value: Range<usize>,
    file: Range<usize>,
}

impl Piece {
    fn is_verbatim(&self) -> bool {
        self.value.len() == self.file.len()
    }
}

impl StringMap {
    /// A map that sends everything to one range.
    pub(crate) fn whole(span: Range<usize>) -> Self {
        Self { pieces: Vec::new(), whole: span }
    }

    /// The map of the string literal at `span` of `file` and has the value `value`.
    pub(crate) fn of(file: &str, span: Range<usize>, value: &str) -> Self {
        let pieces = file.get(span.clone()).and_then(|raw| Decoder::pieces(raw, span.start, value));
        Self { pieces: pieces.unwrap_or_default(), whole: span }
    }

    /// The offset of the value's first byte.
    pub(crate) fn base(&self) -> u32 {
        u32::try_from(self.whole.start).unwrap_or(u32::MAX)
    }

    /// Whether a span is one of this string's.
    pub(crate) fn contains(&self, span: Span) -> bool {
        self.whole.contains(&(span.start as usize))
    }

    /// The range in the file of the value: the string without its quotes.
    pub(crate) fn content(&self) -> Range<usize> {
        match (self.pieces.first(), self.pieces.last()) {
            (Some(first), Some(last)) => first.file.start..last.file.end,
            _ => self.whole.clone(),
        }
    }

    /// The range in the file of a range in the value.
    pub(crate) fn locate(&self, span: Span) -> Range<usize> {
        let start = (span.start as usize).saturating_sub(self.whole.start);
        let end = (span.end as usize).saturating_sub(self.whole.start);
        let Some(from) = self.start_of(start) else { return self.whole.clone() };
        if end <= start {
            return from..from;
        }
        let to = self.end_of(end).unwrap_or(from);
        from..to.max(from)
    }

    fn start_of(&self, offset: usize) -> Option<usize> {
        let at = self.pieces.partition_point(|p| p.value.end <= offset);
        let Some(piece) = self.pieces.get(at) else {
            return self.pieces.last().map(|last| last.file.end);
        };
        let inner = if piece.is_verbatim() { offset - piece.value.start } else { 0 };
        Some(piece.file.start + inner)
    }

    fn end_of(&self, offset: usize) -> Option<usize> {
        let at = self.pieces.partition_point(|p| p.value.end < offset);
        let piece = self.pieces.get(at).or(self.pieces.last())?;
        let verbatim = piece.is_verbatim() && offset <= piece.value.end;
        Some(if verbatim {
            piece.file.start + (offset - piece.value.start)
        } else {
            piece.file.end
        })
    }
}

/// Walks a string literal beside its value.
struct Decoder<'a> {
    raw: &'a str,
    /// Offset in `raw`.
    at: usize,
    /// Offset of `raw` in the file.
    base: usize,
    /// Offset in the value.
    value_at: usize,
    pieces: Vec<Piece>,
}

impl<'a> Decoder<'a> {
    /// None when `raw` is not a string literal with that value.
    fn pieces(raw: &'a str, base: usize, value: &str) -> Option<Vec<Piece>> {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| raw.starts_with(q))?;
        let body = raw.strip_prefix(quote)?.strip_suffix(quote)?;
        let (multiline, escapes) = (quote.len() == 3, quote.starts_with('"'));
        let skipped = match body {
            _ if !multiline => 0,
            _ if body.starts_with("\r\n") => 2,
            _ => usize::from(body.starts_with('\n')),
        };
        let mut decoder = Self {
            raw: &raw[..quote.len() + body.len()],
            at: quote.len() + skipped,
            base,
            value_at: 0,
            pieces: Vec::new(),
        };
        while let Some(c) = decoder.raw[decoder.at..].chars().next() {
            match c {
                '\\' if escapes => decoder.escape(value)?,
                _ => decoder.verbatim(c, value)?,
            }
        }
        (decoder.value_at == value.len()).then_some(decoder.pieces)
    }

    fn verbatim(&mut self, c: char, value: &str) -> Option<()> {
        if !value[self.value_at..].starts_with(c) {
            return None;
        }
        self.piece(c.len_utf8(), c.len_utf8());
        Some(())
    }

    fn escape(&mut self, value: &str) -> Option<()> {
        let rest = &self.raw[self.at + 1..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if blanks > 0 {
            self.at += 1 + blanks;
            return Some(());
        }
        let digits = match rest.chars().next()? {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let decoded = value[self.value_at..].chars().next()?;
        // A broken escape, which was reported: it ends within a character, or behind the literal.
        if !self.raw.is_char_boundary(self.at + 2 + digits) {
            return None;
        }
        self.piece(2 + digits, decoded.len_utf8());
        Some(())
    }

    /// Records that `raw_len` bytes stand for `value_len`, and steps over both.
    fn piece(&mut self, raw_len: usize, value_len: usize) {
        let from = self.base + self.at;
        let piece =
            Piece { value: self.value_at..self.value_at + value_len, file: from..from + raw_len };
        self.at += raw_len;
        self.value_at += value_len;
        match self.pieces.last_mut() {
            Some(last) if last.is_verbatim() && piece.is_verbatim() && last.file.end == from => {
                last.value.end = piece.value.end;
                last.file.end = piece.file.end;
            }
            _ => self.pieces.push(piece),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_match_its_literal_maps_to_the_whole() {
        let map = StringMap::of("v = 42", 4..6, "forty-two");
        assert_eq!(map.locate(Span { start: 5, end: 7 }), 4..6);
    }
}
