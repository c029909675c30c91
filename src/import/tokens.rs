//! The words of a `calculated_field` expression.

/// A word, a literal or a symbol.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword, a function's name, or a field with its element: `element.attribute`.
    Word(String),
    /// Text without its quotes.
    Text(String),
    /// As it is written.
    Number(String),
    Symbol(&'static str),
}

impl Token {
    /// Whether it is this word or symbol.
    pub(super) fn is(&self, wanted: &str) -> bool {
        match self {
            Self::Word(word) => word.eq_ignore_ascii_case(wanted),
            Self::Symbol(symbol) => *symbol == wanted,
            Self::Text(_) | Self::Number(_) => false,
        }
    }

    /// For messages.
    pub(super) fn quoted(&self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) => format!("`{text}`"),
            Self::Text(text) => format!("`'{text}'`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
        }
    }
}

/// Longer symbols first, because the first that fits counts.
const SYMBOLS: [&str; 18] = [
    "**", "//", "==", "!=", "<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",",
];

/// Splits an expression into its words.
pub(super) fn read(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let (token, length) = match c {
            '\'' | '"' => quoted(rest, c)?,
            '0'..='9' => number(rest),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => number(rest),
            c if c == '_' || c.is_alphabetic() => word(rest),
            _ => symbol(rest).ok_or_else(|| format!("unexpected `{c}` in its expression"))?,
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Text in quotes of either kind; a doubled quote is one quote.
fn quoted(rest: &str, quote: char) -> Result<(Token, usize), String> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let Some(length) = rest[at..].find(quote) else {
            return Err("its expression has text without a closing quote".to_owned());
        };
        text.push_str(&rest[at..at + length]);
        at += length + 1;
        if !rest[at..].starts_with(quote) {
            return Ok((Token::Text(text), at));
        }
        text.push(quote);
        at += 1;
    }
}

fn number(rest: &str) -> (Token, usize) {
    let length = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    (Token::Number(rest[..length].to_owned()), length)
}

fn word(rest: &str) -> (Token, usize) {
    let continues = |c: char| c == '_' || c == '.' || c.is_alphanumeric();
    let length = rest.find(|c| !continues(c)).unwrap_or(rest.len());
    (Token::Word(rest[..length].to_owned()), length)
}

fn symbol(rest: &str) -> Option<(Token, usize)> {
    let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol))?;
    Some((Token::Symbol(symbol), symbol.len()))
}
