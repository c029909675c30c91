//! The text of an expression to tokens.

use super::ast::Span;
use super::function::Function;
use super::mistake::Mistake;
use crate::value::names::{continues_name, starts_name};
use crate::value::Decimal;

/// One token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// The longest XML name; the parser tells keywords and functions apart.
    Name(String),
    /// `[a name]` where `[` quotes column names.
    QuotedName(String),
    Text(String),
    Integer(i64),
    Decimal(Decimal),
    At,
    Slash,
    DoubleSlash,
    Dot,
    DotDot,
    LeftBracket,
    RightBracket,
    LeftParen,
    RightParen,
    Comma,
    Plus,
    Minus,
    Star,
    Percent,
    Concat,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Something whose mistake is already reported.
    Bad,
    /// The end of the text.
    End,
}

/// Tokenises `text`, whose first byte has the offset `base`. With `quoted_names`, `[…]` is a
/// quoted name, otherwise `[` opens a predicate. The last token is always [`TokenKind::End`].
pub(crate) fn tokenize(text: &str, base: u32, quoted_names: bool) -> (Vec<Token>, Vec<Mistake>) {
    let (tokens, mistakes) = (Vec::new(), Vec::new());
    let mut lexer = Lexer { text, base, at: 0, quoted_names, tokens, mistakes };
    while lexer.skip_blanks() {
        lexer.token();
    }
    lexer.push(text.len(), TokenKind::End);
    (lexer.tokens, lexer.mistakes)
}

struct Lexer<'a> {
    text: &'a str,
    base: u32,
    at: usize,
    quoted_names: bool,
    tokens: Vec<Token>,
    mistakes: Vec<Mistake>,
}

/// Tokens of two characters.
const PAIRS: [(&str, TokenKind); 7] = [
    ("//", TokenKind::DoubleSlash),
    ("..", TokenKind::DotDot),
    ("||", TokenKind::Concat),
    ("<>", TokenKind::NotEqual),
    ("!=", TokenKind::NotEqual),
    ("<=", TokenKind::LessOrEqual),
    (">=", TokenKind::GreaterOrEqual),
];

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Whether anything follows the blanks.
    fn skip_blanks(&mut self) -> bool {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.at < self.text.len()
    }

    fn since(&self, start: usize) -> Span {
        Span { start: self.base + start as u32, end: self.base + self.at as u32 }
    }

    fn push(&mut self, start: usize, kind: TokenKind) {
        self.tokens.push(Token { kind, span: self.since(start) });
    }

    fn mistake(&mut self, start: usize, message: impl Into<String>, hint: &str) {
        let span = self.since(start);
        self.mistakes.push(Mistake::error(span, message).hint(hint));
        self.push(start, TokenKind::Bad);
    }

    fn token(&mut self) {
        let start = self.at;
        let mut chars = self.rest().chars();
        let Some(first) = chars.next() else { return };
        let second = chars.next().unwrap_or('\0');
        match first {
            _ if starts_name(first) => self.name(start),
            '0'..='9' => self.number(start),
            '.' if second.is_ascii_digit() => self.number(start),
            '\'' => self.text_literal(start),
            '[' if self.quoted_names || self.after_parent() => self.quoted_name(start),
            _ => self.symbol(start, first),
        }
    }

    /// Whether a column of the parent's row follows: `PARENT(`.
    fn after_parent(&self) -> bool {
        let [.., Token { kind: TokenKind::Name(name), .. }, Token { kind: TokenKind::LeftParen, .. }] =
            self.tokens.as_slice()
        else {
            return false;
        };
        name.eq_ignore_ascii_case(Function::Parent.name())
    }

    fn name(&mut self, start: usize) {
        let rest = self.rest();
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let prefix_ends = c == ':' && rest[at + 1..].starts_with(starts_name);
            if !continues_name(c) && !prefix_ends {
                break;
            }
            end = at + c.len_utf8();
        }
        let name = rest[..end].to_owned();
        self.at += end;
        if name.matches(':').count() > 1 {
            return self.mistake(
                start,
                format!("`{name}` is not an XML name"),
                "use one prefix at most: `prefix:name`",
            );
        }
        self.push(start, TokenKind::Name(name));
    }

    fn number(&mut self, start: usize) {
        let rest = self.rest();
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let fraction = rest[whole..].strip_prefix('.').map(|after| {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            &after[..digits]
        });
        let digits = rest[..whole].to_owned();
        let fraction = fraction.map(str::to_owned);
        self.at += whole + fraction.as_ref().map_or(0, |f| f.len() + 1);
        if self.rest().starts_with(|c| starts_name(c) || c == '.') {
            let rest = self.rest();
            let stray = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            self.at += stray;
            let hint = "write numbers as `42` or `4.2`, and text in single quotes";
            return self.mistake(start, "this is neither a number nor a name", hint);
        }
        match number(&digits, fraction.as_deref()) {
            Some(kind) => self.push(start, kind),
            None => self.mistake(start, "this number has more than 38 digits", "shorten it"),
        }
    }

    fn text_literal(&mut self, start: usize) {
        match quoted(self.rest(), '\'') {
            Some((text, len)) => {
                self.at += len;
                self.push(start, TokenKind::Text(text));
            }
            None => {
                self.at = self.text.len();
                let hint = "close the text with `'`; a quote inside it is doubled: `'it''s'`";
                self.mistake(start, "unclosed text", hint);
            }
        }
    }

    fn quoted_name(&mut self, start: usize) {
        match quoted(self.rest(), ']') {
            Some((name, len)) => {
                self.at += len;
                self.push(start, TokenKind::QuotedName(name));
            }
            None => {
                self.at = self.text.len();
                self.mistake(start, "unclosed name", "close it with `]`");
            }
        }
    }

    fn symbol(&mut self, start: usize, first: char) {
        if let Some((_, kind)) = PAIRS.iter().find(|(text, _)| self.rest().starts_with(text)) {
            self.at += 2;
            return self.push(start, kind.clone());
        }
        if self.rest().starts_with("==") {
            return self.foreign(start, TokenKind::Equal, "write `=`");
        }
        if self.rest().starts_with("&&") {
            let kind = TokenKind::Name("AND".to_owned());
            return self.foreign(start, kind, "join conditions with `AND`");
        }
        let kind = match first {
            '@' => TokenKind::At,
            '/' => TokenKind::Slash,
            '.' => TokenKind::Dot,
            '[' => TokenKind::LeftBracket,
            ']' => TokenKind::RightBracket,
            '(' => TokenKind::LeftParen,
            ')' => TokenKind::RightParen,
            ',' => TokenKind::Comma,
            '+' => TokenKind::Plus,
            '-' => TokenKind::Minus,
            '*' => TokenKind::Star,
            '%' => TokenKind::Percent,
            '=' => TokenKind::Equal,
            '<' => TokenKind::Less,
            '>' => TokenKind::Greater,
            _ => return self.stray(start, first),
        };
        self.at += 1;
        self.push(start, kind);
    }

    /// An operator of another language: reported once, then read as what it means.
    fn foreign(&mut self, start: usize, kind: TokenKind, hint: &str) {
        let message = format!("unknown operator `{}`", &self.rest()[..2]);
        self.at += 2;
        self.mistakes.push(Mistake::error(self.since(start), message).hint(hint));
        self.push(start, kind);
    }

    fn stray(&mut self, start: usize, c: char) {
        if c == '"' {
            return self.double_quoted(start);
        }
        if self.rest().starts_with("::") {
            self.at += 2;
            let hint = "go down by names, and up by `..`: axes are not supported";
            return self.mistake(start, "unexpected `::`", hint);
        }
        self.at += c.len_utf8();
        let hint = match c {
            '&' => "join conditions with `AND`",
            '|' => "join conditions with `OR`, and text with `||`",
            '!' => "use `NOT`, and `<>` for unequal",
            ';' => "remove it: an expression does not end with `;`",
            '\u{2018}' | '\u{2019}' => "write text in straight single quotes: `'text'`",
            '{' | '}' | '$' | '#' => "read values of the document by paths, such as `@name`",
            _ => "remove it, or put it into single quotes if it is text",
        };
        self.mistake(start, format!("unexpected `{}`", c.escape_debug()), hint);
    }

    /// `"text"`: reported once, then read as `'text'`.
    fn double_quoted(&mut self, start: usize) {
        let Some((text, len)) = quoted(self.rest(), '"') else {
            self.at = self.text.len();
            let hint = "write text in single quotes: `'text'`";
            return self.mistake(start, "unclosed text", hint);
        };
        self.at += len;
        let span = self.since(start);
        let hint = if self.quoted_names {
            "write text in single quotes: `'text'`, and a column's name in brackets: `[name]`"
        } else {
            "write text in single quotes: `'text'`"
        };
        self.mistakes.push(Mistake::error(span, "unexpected double quotes").hint(hint));
        self.push(start, TokenKind::Text(text));
    }
}

/// The text between the first character and `close`, in which a doubled `close` is one, and
/// the length with both. None when it is not closed.
fn quoted(rest: &str, close: char) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == close && chars.next_if(|(_, next)| *next == close).is_none() {
            return Some((content, at + close.len_utf8()));
        }
        content.push(c);
    }
    None
}

/// The number with these digits: an integer if it has no point and fits, otherwise a decimal.
fn number(whole: &str, fraction: Option<&str>) -> Option<TokenKind> {
    if fraction.is_none() {
        if let Ok(integer) = whole.parse() {
            return Some(TokenKind::Integer(integer));
        }
    }
    let fraction = fraction.unwrap_or("");
    let whole = whole.trim_start_matches('0');
    if whole.len() + fraction.len() > 38 {
        return None;
    }
    let units = format!("0{whole}{fraction}").parse().ok()?;
    Some(TokenKind::Decimal(Decimal { units, scale: fraction.len() as u8 }))
}
