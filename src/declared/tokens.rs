//! The tokens of T-SQL, as far as declarations need them.

/// A token of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a name without quotes.
    Word(String),
    /// A name in brackets or double quotes, without them.
    Quoted(String),
    /// A text, without its value, which no declaration needs.
    Text,
    Number(String),
    Sign(char),
}

impl Token {
    /// Whether it is this keyword, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// The name that it is.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            Self::Text | Self::Number(_) | Self::Sign(_) => None,
        }
    }
}

/// The tokens of a text, each with its line, from 1. Comments are left out.
pub(super) fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut scanner = Scanner { rest: text, line: 1 };
    let mut all = Vec::new();
    while let Some(found) = scanner.next() {
        all.push(found);
    }
    all
}

struct Scanner<'t> {
    rest: &'t str,
    line: usize,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<(Token, usize)> {
        self.skip_gaps();
        let first = self.rest.chars().next()?;
        let line = self.line;
        let token = match first {
            '[' => Token::Quoted(self.quoted(']')),
            '"' => Token::Quoted(self.quoted('"')),
            '\'' => {
                self.quoted('\'');
                Token::Text
            }
            'N' | 'n' if self.rest[1..].starts_with('\'') => {
                self.advance(1);
                self.quoted('\'');
                Token::Text
            }
            c if c.is_ascii_digit() => {
                Token::Number(self.run(|c| c.is_ascii_alphanumeric() || c == '.'))
            }
            c if c.is_alphabetic() || "_@#$".contains(c) => {
                Token::Word(self.run(|c| c.is_alphanumeric() || "_@#$".contains(c)))
            }
            c => {
                self.advance(c.len_utf8());
                Token::Sign(c)
            }
        };
        Some((token, line))
    }

    fn skip_gaps(&mut self) {
        loop {
            let gap = self.rest.len() - self.rest.trim_start().len();
            self.advance(gap);
            if self.rest.starts_with("--") {
                self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.advance(comment(self.rest));
            } else {
                return;
            }
        }
    }

    /// What is between this quote and the one that closes it; the doubled one is one.
    fn quoted(&mut self, close: char) -> String {
        let mut inside = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            if c == close && chars.next_if(|(_, next)| *next == close).is_none() {
                end = at + c.len_utf8();
                break;
            }
            inside.push(c);
        }
        self.advance(end);
        inside
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let run = self.rest[..end].to_owned();
        self.advance(end);
        run
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }
}

/// The length of the comment that a text starts with; comments contain comments.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}
