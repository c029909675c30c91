//! TOML to a draft: types of values, known keys, words to choose from, the syntax of expressions.

mod column;
mod document;
mod lookup;
mod section;
mod table;

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use self::section::Section;
use super::draft::{Draft, Located, Placed, TableDraft};
use super::expr::ast::{Expr, ExprKind, Path, Span};
use super::expr::mistake::Mistake;
use super::expr::parser::{parse_at, parse_path_at, Names, Parsed};
use super::identifier::invalid_name;
use super::string_map::StringMap;
use crate::diagnostic::spelling;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::value::Decimal;

/// A TOML value and its place.
type Value<'a> = toml::Spanned<DeValue<'a>>;

/// Reads as much as can be read. What is wrong goes to `diagnostics`. None when the TOML itself is
/// broken, so that what is missing may only have been lost.
pub(super) fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Draft> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader =
        Reader { text, diagnostics, toml_errors: Vec::new(), lossy: false, maps: Vec::new() };
    for error in &errors {
        reader.toml_error(error);
    }
    let draft = reader.contract(&Section::new(root.get_ref(), 0..0, "the contract"));
    (!reader.lossy).then_some(draft)
}

struct Reader<'a> {
    text: &'a str,
    diagnostics: &'a mut Diagnostics,
    /// Lines on which the TOML is broken: what else is wrong there only follows from it.
    toml_errors: Vec<usize>,
    /// Parts of the file may have been lost.
    lossy: bool,
    maps: Vec<StringMap>,
}

const CONTRACT: [&str; 4] = ["contract", "document", "lookups", "tables"];
const HEADER: [&str; 2] = ["name", "target_schema"];

impl Reader<'_> {
    fn toml_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(self.text.len()..self.text.len());
        let word = self.text.get(span.clone()).unwrap_or("");
        let diagnostic = if error.message().starts_with("duplicate key") {
            let hint = match word {
                "tables" => "each table begins with `[[tables]]`, in two pairs of brackets",
                _ => "keep one of the two; a table's columns have different names",
            };
            Diagnostic::error(span.clone(), format!("`{word}` is there twice")).hint(hint)
        } else {
            self.lossy = true;
            let message = format!("this is not TOML: {}", error.message());
            let diagnostic = Diagnostic::error(span.clone(), message);
            match error.message().contains("must be quoted") {
                true => diagnostic.hint("an expression stands in quotes: `value = \"@name\"`"),
                false => diagnostic,
            }
        };
        self.diagnostics.push(diagnostic);
        self.toml_errors.push(self.diagnostics.position(span.start).0);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let (line, _) = self.diagnostics.position(diagnostic.span.start);
        if !self.toml_errors.contains(&line) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports what may only look wrong because something before it was lost.
    fn report_absent(&mut self, diagnostic: Diagnostic) {
        if !self.lossy {
            self.report(diagnostic);
        }
    }

    fn contract(&mut self, root: &Section<'_>) -> Draft {
        self.known_keys(root, &CONTRACT);
        let header = self.required_section(root, "contract", "[contract]");
        let (mut name, mut target_schema) = (String::new(), DEFAULT_SCHEMA.to_owned());
        if let Some(header) = header {
            self.known_keys(&header, &HEADER);
            let read = self.required(&header, "name").and_then(|v| self.filled_string("name", v));
            name = read.map_or(name, |n| n.value);
            let schema = header.get("target_schema").and_then(|v| self.identifier(v));
            target_schema = schema.map_or(target_schema, |s| s.value);
        }
        let document = match self.required_section(root, "document", "[document]") {
            Some(section) => self.document(&section),
            None => Default::default(),
        };
        let lookups = match root.get("lookups").and_then(|v| self.section("lookups", v, LOOKUPS)) {
            Some(section) => self.lookups(&section),
            None => Vec::new(),
        };
        let tables = self.tables(root, &document.scope);
        let maps = std::mem::take(&mut self.maps);
        Draft { name, target_schema, document, lookups, tables, maps }
    }

    fn tables(
        &mut self,
        root: &Section<'_>,
        scope: &super::expr::check::DocumentScope,
    ) -> Vec<TableDraft> {
        let Some(value) = root.get("tables") else {
            let end = self.text.len();
            let message = "the contract has no `[[tables]]`";
            let hint = "a contract describes at least one table";
            self.report_absent(Diagnostic::error(end..end, message).hint(hint));
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong_type("tables", value, "an array of tables", "begin each with `[[tables]]`");
            return Vec::new();
        };
        if array.is_empty() {
            let message = "the contract has no tables";
            let hint = "a contract describes at least one: `[[tables]]`";
            self.report(Diagnostic::error(value.span(), message).hint(hint));
        }
        let mut tables = Vec::new();
        for value in array.iter() {
            let section = self.section("tables", value, "begin each with `[[tables]]`");
            tables.extend(section.map(|section| self.table(&section, scope)));
        }
        tables
    }

    /// Reports keys that mean nothing, unless they may belong to a header that was lost.
    fn known_keys(&mut self, section: &Section<'_>, known: &[&str]) {
        for (key, _) in section.entries() {
            if !known.contains(&key.value.as_str()) {
                let message = format!("{} has no key `{}`", section.title, key.value);
                let hint = spelling::suggestion(&key.value, known.iter().copied());
                self.report_absent(Diagnostic::error(key.span, message).maybe_hint(hint));
            }
        }
    }

    fn required<'v>(&mut self, section: &Section<'v>, key: &str) -> Option<&'v Value<'v>> {
        let found = section.get(key);
        if found.is_none() {
            let message = format!("{} lacks `{key}`", section.title);
            let span = section.span.clone();
            self.report_absent(Diagnostic::error(span, message).maybe_hint(section::example(key)));
        }
        found
    }

    fn required_section<'v>(
        &mut self,
        root: &Section<'v>,
        key: &'static str,
        title: &'static str,
    ) -> Option<Section<'v>> {
        let Some(value) = root.get(key) else {
            let message = format!("the contract has no `{title}`");
            self.report_absent(Diagnostic::error(0..0, message).maybe_hint(section::example(key)));
            return None;
        };
        self.section(key, value, title).map(|section| section.titled(title.to_owned()))
    }

    fn section<'v>(&mut self, key: &str, value: &'v Value<'v>, hint: &str) -> Option<Section<'v>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(table, value.span(), key)),
            _ => {
                self.wrong_type(key, value, "a table", hint);
                None
            }
        }
    }

    fn wrong_type(&mut self, key: &str, value: &Value<'_>, wanted: &str, hint: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{key}` has to be {wanted}, and this is {found}");
        self.report(Diagnostic::error(value.span(), message).hint(hint));
    }

    fn string(&mut self, key: &str, value: &Value<'_>) -> Option<Located<String>> {
        match value.get_ref() {
            DeValue::String(text) => {
                Some(Located { value: text.clone().into_owned(), span: value.span() })
            }
            _ => {
                let example = section::example(key).unwrap_or_else(|| "put it into quotes".into());
                self.wrong_type(key, value, "a string", &example);
                None
            }
        }
    }

    fn filled_string(&mut self, key: &str, value: &Value<'_>) -> Option<Located<String>> {
        let string = self.string(key, value)?;
        if string.value.trim().is_empty() {
            let message = format!("`{key}` is blank");
            let span = string.span;
            self.report(Diagnostic::error(span, message).maybe_hint(section::example(key)));
            return None;
        }
        Some(string)
    }

    /// A name of a table, column or schema in the database.
    fn identifier(&mut self, value: &Value<'_>) -> Option<Located<String>> {
        let name = self.string("name", value)?;
        self.check_identifier(&name.value, &name.span).then_some(name)
    }

    fn check_identifier(&mut self, name: &str, span: &Range<usize>) -> bool {
        let invalid = invalid_name(name);
        if let Some((message, hint)) = invalid {
            self.report(Diagnostic::error(span.clone(), message).hint(hint));
        }
        invalid.is_none()
    }

    fn boolean(&mut self, section: &Section<'_>, key: &str) -> Option<Located<bool>> {
        let value = section.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(boolean) => Some(Located { value: *boolean, span: value.span() }),
            _ => {
                self.wrong_type(key, value, "true or false", "write it without quotes");
                None
            }
        }
    }

    /// One of several words, each with what it means.
    fn word<T: Copy>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<Located<T>> {
        let string = self.string(key, section.get(key)?)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == string.value) {
            return Some(Located { value: *meaning, span: string.span });
        }
        let message = format!("`{key}` cannot be `{}`", string.value);
        let hint = spelling::suggestion(&string.value, words.iter().map(|(word, _)| *word));
        self.report(Diagnostic::error(string.span, message).maybe_hint(hint));
        None
    }

    fn array<'v>(&mut self, key: &str, value: &'v Value<'v>) -> &'v [Value<'v>] {
        match value.get_ref() {
            DeValue::Array(array) => array,
            _ => {
                self.wrong_type(key, value, "an array", "put it into brackets: `[…]`");
                &[]
            }
        }
    }

    fn strings(&mut self, key: &str, value: &Value<'_>) -> Vec<Located<String>> {
        self.array(key, value).iter().filter_map(|item| self.string(key, item)).collect()
    }

    /// An array of strings that has at least one.
    fn names(&mut self, key: &str, value: &Value<'_>) -> Option<Located<Vec<Located<String>>>> {
        let names = self.strings(key, value);
        if matches!(value.get_ref(), DeValue::Array(array) if array.is_empty()) {
            let message = format!("`{key}` is empty");
            self.report(
                Diagnostic::error(value.span(), message).hint("name a column, or leave it out"),
            );
        }
        (!names.is_empty()).then(|| Located { value: names, span: value.span() })
    }

    fn decimal(&mut self, value: &Value<'_>) -> Option<Decimal> {
        let DeValue::Float(float) = value.get_ref() else { return None };
        let decimal = Decimal::parse(float.as_str()).ok();
        if decimal.is_none() {
            let message = "this number cannot be used here";
            let hint = "write it with digits and a point, at most 38 digits: `0.25`";
            self.report(Diagnostic::error(value.span(), message).hint(hint));
        }
        decimal
    }

    fn integer(&mut self, value: &Value<'_>) -> Option<i64> {
        let DeValue::Integer(integer) = value.get_ref() else { return None };
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if parsed.is_none() {
            let message = "this number is too great";
            let hint = "it has to be -9223372036854775808 to 9223372036854775807";
            self.report(Diagnostic::error(value.span(), message).hint(hint));
        }
        parsed
    }

    fn mistakes(&mut self, mistakes: Vec<Mistake>, map: &StringMap) {
        for mistake in mistakes {
            self.report(mistake.map_places(|span| map.locate(span)));
        }
    }

    fn placed<T>(&mut self, parsed: Parsed<T>, map: StringMap) -> Placed<T> {
        let broken = !parsed.mistakes.is_empty();
        self.mistakes(parsed.mistakes, &map);
        self.maps.push(map.clone());
        Placed { tree: parsed.tree, map, broken }
    }

    /// An expression in a string, or a bare number or truth value.
    fn expression(
        &mut self,
        key: &str,
        value: &Value<'_>,
        names: Names<'_>,
    ) -> Option<Placed<Expr>> {
        let kind = match value.get_ref() {
            DeValue::String(text) => {
                let map = StringMap::of(self.text, value.span(), text);
                return Some(self.placed(parse_at(text, map.base(), names), map));
            }
            DeValue::Boolean(boolean) => ExprKind::Integer((*boolean).into()),
            DeValue::Integer(_) => signed(self.integer(value)?),
            DeValue::Float(_) => negatable(self.decimal(value)?),
            _ => {
                let hint = "an expression stands in quotes: `\"@name\"`";
                self.wrong_type(key, value, "an expression", hint);
                return None;
            }
        };
        let map = StringMap::whole(value.span());
        Some(Placed { tree: Expr { kind, span: Span::default() }, map, broken: false })
    }

    /// An expression that stands in a string in any case, as a condition does.
    fn condition(
        &mut self,
        key: &str,
        value: &Value<'_>,
        names: Names<'_>,
    ) -> Option<Placed<Expr>> {
        match value.get_ref() {
            DeValue::String(_) => self.expression(key, value, names),
            _ => {
                let hint = "a condition stands in quotes: `\"@name IS NOT NULL\"`";
                self.wrong_type(key, value, "a condition", hint);
                None
            }
        }
    }

    fn path(&mut self, key: &str, value: &Value<'_>) -> Option<Placed<Path>> {
        let string = self.string(key, value)?;
        let map = StringMap::of(self.text, string.span, &string.value);
        let placed = self.placed(parse_path_at(&string.value, map.base()), map);
        Some(Placed { tree: placed.tree?, map: placed.map, broken: placed.broken })
    }
}

/// The schema of a contract that names none.
const DEFAULT_SCHEMA: &str = "dbo";
const LOOKUPS: &str = "a lookup is a table: `[lookups.name]`";

/// An integer as the parser would read it, where a sign is an operator.
fn signed(integer: i64) -> ExprKind {
    match integer.checked_abs() {
        Some(magnitude) if integer < 0 => negated(ExprKind::Integer(magnitude)),
        Some(_) => ExprKind::Integer(integer),
        None => negatable(Decimal::from(integer)),
    }
}

fn negatable(decimal: Decimal) -> ExprKind {
    if decimal.is_negative() {
        return negated(ExprKind::Decimal(decimal.abs()));
    }
    ExprKind::Decimal(decimal)
}

fn negated(kind: ExprKind) -> ExprKind {
    ExprKind::Negate(Box::new(Expr { kind, span: Span::default() }))
}
