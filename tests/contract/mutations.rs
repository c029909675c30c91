//! Contracts with random damage: nothing panics, and every diagnostic points inside the file.

use xmlshred::contract::Contract;

use super::COMPLETE;

/// A small generator of numbers, so that a seed says which damage was done.
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const PIECES: [&str; 26] = [
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "=",
    ",",
    "\\",
    "\r",
    "\t",
    "\u{0}",
    "é日",
    "\u{feff}",
    "..",
    "//",
    "@",
    " AND ",
    " NULL ",
    "CASE ",
    "-",
    "99999999999999999999999",
];

const VALUES: [&str; 12] = [
    "1",
    "-1.5",
    "true",
    "\"\"",
    "\"x\"",
    "[]",
    "[1]",
    "{}",
    "{ a = 1 }",
    "2024-01-01",
    "nan",
    "\"@a\"",
];

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Deletes, swaps, misspells or retypes a piece.
fn damage(text: &str, numbers: &mut Numbers) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let line = numbers.below(lines.len());
    match numbers.below(9) {
        0 => _ = lines.remove(line),
        1 => lines.insert(numbers.below(lines.len()), lines[line].clone()),
        2 => {
            let other = numbers.below(lines.len());
            lines.swap(line, other);
        }
        3 => lines[line] = misspelt(&lines[line], numbers),
        4 => lines[line] = retyped(&lines[line], numbers),
        5 => {
            let (name, rest) = lines[line].split_once('=').unwrap_or(("x", "1"));
            lines[line] = format!("{name}_{} = {rest}", numbers.below(9));
        }
        6 => {
            let at = boundary(text, numbers.below(text.len()));
            return format!("{}{}{}", &text[..at], numbers.pick(&PIECES), &text[at..]);
        }
        7 => {
            let from = boundary(text, numbers.below(text.len()));
            let to = boundary(text, (from + numbers.below(40)).min(text.len())).max(from);
            return format!("{}{}", &text[..from], &text[to..]);
        }
        _ => return text[..boundary(text, numbers.below(text.len()))].to_owned(),
    }
    lines.join("\n")
}

fn misspelt(line: &str, numbers: &mut Numbers) -> String {
    let mut chars: Vec<char> = line.chars().collect();
    if chars.len() > 1 {
        let at = numbers.below(chars.len() - 1);
        match numbers.below(3) {
            0 => chars.swap(at, at + 1),
            1 => _ = chars.remove(at),
            _ => chars[at] = ['x', 'é', '_', ' '][numbers.below(4)],
        }
    }
    chars.into_iter().collect()
}

/// The line with another value behind one of its equality signs.
fn retyped(line: &str, numbers: &mut Numbers) -> String {
    let signs: Vec<_> = line.match_indices(" = ").map(|(at, _)| at).collect();
    let Some(at) = signs.get(numbers.below(signs.len())) else { return line.to_owned() };
    let rest = &line[at + 3..];
    let end = rest.find([',', '}']).unwrap_or(rest.len());
    format!("{} = {}{}", &line[..*at], numbers.pick(&VALUES), &rest[end..])
}

#[test]
fn damaged_contracts_are_reported_inside_the_file() {
    for seed in 0..300 {
        let mut numbers = Numbers::new(seed);
        let mut text = COMPLETE.to_owned();
        for _ in 0..=numbers.below(4) {
            text = damage(&text, &mut numbers);
        }
        if numbers.below(4) == 0 {
            text = text.replace('\n', "\r\n");
        }
        let (accepted, found) = match Contract::parse(&text, "contract.toml") {
            Ok((_, warnings)) => (true, warnings),
            Err(mistakes) => (false, mistakes),
        };
        assert_eq!(accepted, found.errors() == 0, "seed {seed}: {found}");
        for diagnostic in found.iter() {
            let related = diagnostic.related.iter().map(|(span, _)| span);
            for span in std::iter::once(&diagnostic.span).chain(related) {
                assert!(text.get(span.clone()).is_some(), "seed {seed}: {diagnostic:?}");
            }
            assert!(
                !diagnostic.message.is_empty() && !diagnostic.message.contains('\n'),
                "seed {seed}"
            );
        }
        let rendered = found.to_string();
        assert_eq!(rendered.is_empty(), found.is_empty(), "seed {seed}");
    }
}
