//! How long the text of a pattern can be, and whether it is ASCII. XML Schema's patterns always mean
//! the whole text.

/// The texts that a pattern allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) least: u32,
    /// `None` without a limit.
    pub(super) most: Option<u32>,
    pub(super) is_ascii: bool,
}

const NOTHING: Extent = Extent { least: 0, most: Some(0), is_ascii: true };

/// The extent of a pattern; `None` for one that is not understood.
pub(super) fn extent(pattern: &str) -> Option<Extent> {
    let mut reader = Reader { rest: pattern, depth: 0 };
    let extent = reader.alternatives()?;
    reader.rest.is_empty().then_some(extent)
}

struct Reader<'p> {
    rest: &'p str,
    depth: u32,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let first = self.rest.chars().next()?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn alternatives(&mut self) -> Option<Extent> {
        self.depth += 1;
        if self.depth > 50 {
            return None;
        }
        let mut all = self.sequence()?;
        while self.take('|') {
            all = either(all, self.sequence()?);
        }
        self.depth -= 1;
        Some(all)
    }

    fn sequence(&mut self) -> Option<Extent> {
        let mut all = NOTHING;
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let one = self.atom()?;
            let (least, most) = self.times()?;
            all = Extent {
                least: all.least.saturating_add(one.least.saturating_mul(least)),
                most: match (all.most, one.most, most) {
                    (Some(all), Some(0), _) => Some(all),
                    (Some(all), Some(one), Some(most)) => {
                        Some(all.checked_add(one.checked_mul(most)?)?)
                    }
                    _ => None,
                },
                is_ascii: all.is_ascii && (one.is_ascii || most == Some(0)),
            };
        }
        Some(all)
    }

    fn atom(&mut self) -> Option<Extent> {
        let is_ascii = match self.next()? {
            '(' => {
                let inside = self.alternatives()?;
                return self.take(')').then_some(inside);
            }
            '[' => self.class()?,
            '\\' => self.escape()?,
            '.' => false,
            '?' | '*' | '+' | '{' | '}' | ']' => return None,
            other => other.is_ascii(),
        };
        // A character outside the basic plane has two UTF-16 units.
        Some(Extent { least: 1, most: Some(if is_ascii { 1 } else { 2 }), is_ascii })
    }

    /// Whether all characters of a class are ASCII. Digits are taken to be.
    fn class(&mut self) -> Option<bool> {
        self.depth += 1;
        if self.depth > 50 {
            return None;
        }
        let is_negative = self.take('^');
        let mut is_ascii = true;
        let mut is_first = true;
        loop {
            if self.rest.starts_with("-[") {
                // What is taken away makes nothing longer.
                self.rest = &self.rest[2..];
                self.class()?;
                continue;
            }
            match self.next()? {
                ']' if !is_first => break,
                '\\' => is_ascii &= self.escape()?,
                other => is_ascii &= other.is_ascii(),
            }
            is_first = false;
        }
        self.depth -= 1;
        Some(is_ascii && !is_negative)
    }

    /// Whether what an escape means is ASCII.
    fn escape(&mut self) -> Option<bool> {
        match self.next()? {
            'd' | 's' | 'n' | 'r' | 't' => Some(true),
            'D' | 'S' | 'w' | 'W' | 'i' | 'I' | 'c' | 'C' => Some(false),
            'p' | 'P' => {
                let end = self.rest.starts_with('{').then(|| self.rest.find('}'))??;
                self.rest = &self.rest[end + 1..];
                Some(false)
            }
            other if other.is_ascii_punctuation() => Some(true),
            _ => None,
        }
    }

    /// How often the last atom may occur.
    fn times(&mut self) -> Option<(u32, Option<u32>)> {
        if self.take('?') {
            return Some((0, Some(1)));
        }
        if self.take('*') {
            return Some((0, None));
        }
        if self.take('+') {
            return Some((1, None));
        }
        if !self.take('{') {
            return Some((1, Some(1)));
        }
        let end = self.rest.find('}')?;
        let (inside, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        match inside.split_once(',') {
            None => inside.parse().ok().map(|times| (times, Some(times))),
            Some((least, "")) => Some((least.parse().ok()?, None)),
            Some((least, most)) => Some((least.parse().ok()?, Some(most.parse().ok()?))),
        }
    }
}

/// What one of two patterns allows.
pub(super) fn either(a: Extent, b: Extent) -> Extent {
    Extent {
        least: a.least.min(b.least),
        most: a.most.zip(b.most).map(|(a, b)| a.max(b)),
        is_ascii: a.is_ascii && b.is_ascii,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_patterns() {
        for (pattern, least, most, is_ascii) in [
            ("[A-Z]{2,2}", 2, Some(2), true),
            ("[A-Z]{6,6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3,3}){0,1}", 8, Some(11), true),
            ("0|[1-9]{1}[0-9]{0,2}", 1, Some(3), true),
            (r"\d{14}", 14, Some(14), true),
            (r"[!-ÿ]{1}[ -ÿ]{0,}[!-ÿ]{1}|[!-ÿ]{1}", 1, None, false),
            (r"[\i-[:]][\c-[:]]*", 1, None, false),
            (r"\p{Lu}{3}", 3, Some(6), false),
            (r"[^,]{1,4}", 1, Some(8), false),
            ("", 0, Some(0), true),
            (r"a\.b", 3, Some(3), true),
            ("[]a]", 1, Some(1), true),
        ] {
            let expected = Some(Extent { least, most, is_ascii });
            assert_eq!(extent(pattern), expected, "{pattern}");
        }
        for wrong in ["(", "a{", "*", "[a", "a)", r"\q"] {
            assert_eq!(extent(wrong), None, "{wrong}");
        }
        assert_eq!(extent(&"(".repeat(100_000)), None);
    }
}
