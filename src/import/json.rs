//! JSON with the place of every value, read to the end although something is wrong on the way.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// A value and its byte range in the text.
#[derive(Debug, Clone)]
pub(super) struct Json {
    pub(super) value: JsonValue,
    pub(super) span: Range<usize>,
}

/// The forms of a value. Numbers stay as they are written.
#[derive(Debug, Clone)]
pub(super) enum JsonValue {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(Key, Json)>),
}

/// A key of an object.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Range<usize>,
}

impl Json {
    /// With its article, for messages.
    pub(super) fn describe(&self) -> &'static str {
        match self.value {
            JsonValue::Null => "null",
            JsonValue::Boolean(_) => "a boolean",
            JsonValue::Number(_) => "a number",
            JsonValue::Text(_) => "text",
            JsonValue::Array(_) => "an array",
            JsonValue::Object(_) => "an object",
        }
    }
}

/// Deeper nesting is refused: no contract has it, and the reader calls itself.
const DEEPEST: usize = 64;

/// Reads one value that is all of the text. None when it is not JSON; then `diagnostics` says why.
/// A comma too many or too few is reported and passed over, so that one reading finds the rest.
pub(super) fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Json> {
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, at, depth: 0, diagnostics, broken: false };
    reader.blanks();
    let value = reader.value().ok()?;
    reader.blanks();
    if reader.at < text.len() {
        let rest = reader.at..text.len();
        reader.report(
            rest.start..rest.start + 1,
            "something stands after the end of the JSON",
            "the file holds one object: `{ … }`",
        );
        return None;
    }
    (!reader.broken).then_some(value)
}

/// What was wrong is reported already, and reading cannot go on.
struct Broken;

type Reading<T> = Result<T, Broken>;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    diagnostics: &'a mut Diagnostics,
    broken: bool,
}

impl Reader<'_> {
    fn report(&mut self, span: Range<usize>, message: impl Into<String>, hint: &str) {
        self.broken = true;
        let message = format!("this is not JSON: {}", message.into());
        self.diagnostics.push(Diagnostic::error(span, message).hint(hint));
    }

    /// Reports what stands at the reader's place.
    fn unexpected<T>(&mut self, wanted: &str) -> Reading<T> {
        let found = self.text[self.at..].chars().next();
        let end = self.at + found.map_or(0, char::len_utf8);
        let message = match found {
            Some(c) => format!("{wanted} should stand here, not `{c}`"),
            None => format!("it ends where {wanted} should stand"),
        };
        self.report(self.at..end, message, "mend it in an editor that knows JSON");
        Err(Broken)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Reading<Json> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => JsonValue::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word()?,
            _ => return self.unexpected("a value"),
        };
        Ok(Json { value, span: start..self.at })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Reading<JsonValue>) -> Reading<JsonValue> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("values are nested more than {DEEPEST} deep");
            self.report(self.at..self.at + 1, message, "no mapping contract needs that");
            return Err(Broken);
        }
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Reading<JsonValue> {
        let mut items = Vec::new();
        while self.goes_on(b']', items.is_empty())? {
            items.push(self.value()?);
        }
        Ok(JsonValue::Array(items))
    }

    fn object(&mut self) -> Reading<JsonValue> {
        let mut entries: Vec<(Key, Json)> = Vec::new();
        while self.goes_on(b'}', entries.is_empty())? {
            let start = self.at;
            if self.peek() != Some(b'"') {
                return self.unexpected("a key in double quotes");
            }
            let key = Key { name: self.string()?, span: start..self.at };
            self.blanks();
            if !self.take(b':') {
                return self.unexpected("`:`");
            }
            self.blanks();
            let value = self.value()?;
            self.once(&mut entries, &key);
            entries.push((key, value));
        }
        Ok(JsonValue::Object(entries))
    }

    /// The last of several values of one key counts, as it always did.
    fn once(&mut self, entries: &mut Vec<(Key, Json)>, key: &Key) {
        let Some(index) = entries.iter().position(|(other, _)| other.name == key.name) else {
            return;
        };
        let (first, _) = entries.remove(index);
        let twice = Diagnostic::warning(key.span.clone(), format!("`{}` is there twice", key.name))
            .hint("the last counts, as before; remove the other")
            .related(first.span, "first here");
        self.diagnostics.push(twice);
    }

    /// Whether another item follows, with the commas before it read.
    fn goes_on(&mut self, close: u8, first: bool) -> Reading<bool> {
        self.blanks();
        let comma = self.at;
        let has_comma = self.take(b',');
        self.blanks();
        if self.take(close) {
            if has_comma {
                self.report(
                    comma..comma + 1,
                    "a comma stands before the closing bracket",
                    "remove it",
                );
            }
            return Ok(false);
        }
        match (first, has_comma) {
            (true, true) => {
                self.report(comma..comma + 1, "a comma stands before the first value", "remove it");
            }
            (false, false) if self.peek().is_none() => {
                return self.unexpected("a comma or a closing bracket");
            }
            (false, false) if matches!(self.peek(), Some(b'"' | b'{' | b'[')) => {
                let at = self.at;
                self.report(at..at + 1, "a comma is missing before this", "add it");
            }
            (false, false) => return self.unexpected("a comma or a closing bracket"),
            _ => {}
        }
        Ok(true)
    }

    fn number(&mut self) -> Reading<JsonValue> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if text.parse::<f64>().is_err() || text.ends_with('.') {
            let message = format!("`{text}` is no number");
            self.report(start..self.at, message, "write it as 12 or 12.5, or put it into quotes");
        }
        Ok(JsonValue::Number(text.to_owned()))
    }

    fn word(&mut self) -> Reading<JsonValue> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        match &self.text[start..self.at] {
            "true" => Ok(JsonValue::Boolean(true)),
            "false" => Ok(JsonValue::Boolean(false)),
            "null" => Ok(JsonValue::Null),
            word => {
                let message = format!("`{word}` is no value");
                let hint =
                    "text stands in double quotes; `true`, `false` and `null` are lower case";
                self.report(start..self.at, message, hint);
                Ok(JsonValue::Null)
            }
        }
    }

    fn string(&mut self) -> Reading<String> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.text[self.at..].chars().next() else {
                let message = "the text that begins here is never closed";
                self.report(start..start + 1, message, "close it with `\"`");
                return Err(Broken);
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                c if c < ' ' => {
                    let place = self.at - 1..self.at;
                    let message = "a line break or control character stands inside text";
                    self.report(place, message, "close the text before it, or write `\\n`");
                    return Err(Broken);
                }
                c => text.push(c),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Reading<char> {
        let start = self.at - 1;
        let Some(c) = self.text[self.at..].chars().next() else {
            return self.unexpected("an escape");
        };
        self.at += c.len_utf8();
        let meant = match c {
            '"' | '\\' | '/' => Some(c),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' => self.unicode(),
            _ => None,
        };
        meant.map_or_else(
            || {
                let message = format!("`{}` is no escape", &self.text[start..self.at]);
                self.report(start..self.at, message, "a backslash itself is written `\\\\`");
                Ok(c)
            },
            Ok,
        )
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if !self.text[self.at..].starts_with("\\u") {
            return None;
        }
        self.at += 2;
        let second = self.hex()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let digits = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}
