//! The expressions of `calculated_field` mappings, translated into the contract's language.
//!
//! Both languages have the same precedences, so that an operand needs no parentheses but its own.

use std::collections::BTreeSet;

use super::difference::Difference;
use super::term::{Kind, Term};
use super::tokens::{self, Token};
use super::{dates, sql};
use crate::value::datetime::parse_date_text;
use crate::value::functions::DatePart;

/// A translated expression.
pub(super) struct Calculated {
    pub(super) sql: String,
    pub(super) differences: Vec<Difference>,
    /// It has a value for every document.
    pub(super) always: bool,
    /// Its result may be text.
    pub(super) text: bool,
}

/// Translates an expression. `field` makes the path of a field, `numeric` means that the column
/// holds numbers, so that text becomes one as everywhere else.
pub(super) fn translate(
    text: &str,
    numeric: bool,
    field: &dyn Fn(&str) -> String,
) -> Result<Calculated, String> {
    let tokens = tokens::read(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        cases: 0,
        field,
        numeric,
        differences: Vec::new(),
        operators: BTreeSet::new(),
    };
    let term = parser.or()?;
    if parser.at < tokens.len() {
        return parser.unexpected("the end");
    }
    if parser.operators.len() > 1 {
        parser.differences.push(Difference::Logic);
    }
    let always = term.always && !term.is_blank();
    let text = !matches!(term.kind, Kind::Number | Kind::Literal);
    let sql = parser.result(term)?;
    let mut differences = parser.differences;
    differences.sort_unstable();
    differences.dedup();
    Ok(Calculated { sql, differences, always, text })
}

/// Deeper nesting is refused: the parser calls itself.
const DEEPEST: usize = 40;

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    /// CASEs around this place.
    cases: usize,
    field: &'a dyn Fn(&str) -> String,
    numeric: bool,
    differences: Vec<Difference>,
    /// AND and OR, as far as the expression has them.
    operators: BTreeSet<&'static str>,
}

type Parsed = Result<Term, String>;

impl Parser<'_> {
    fn unexpected<T>(&self, expected: &str) -> Result<T, String> {
        let found = self.tokens.get(self.at).map_or_else(|| "the end".to_owned(), Token::quoted);
        Err(format!("expected {expected} in its expression, found {found}"))
    }

    /// Whether a word or a symbol follows, which is read then.
    fn take(&mut self, wanted: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.is(wanted));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.take(wanted) {
            true => Ok(()),
            false => self.unexpected(&format!("`{wanted}`")),
        }
    }

    fn take_not(&mut self) -> &'static str {
        if self.take("NOT") {
            "NOT "
        } else {
            ""
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("its expression is nested more than {DEEPEST} deep"));
        }
        let term = read(self);
        self.depth -= 1;
        term
    }

    fn or(&mut self) -> Parsed {
        self.nested(|parser| parser.chain("OR", |parser| parser.chain("AND", Self::not)))
    }

    fn chain(&mut self, word: &'static str, operand: fn(&mut Self) -> Parsed) -> Parsed {
        let mut left = operand(self)?;
        while self.take(word) {
            self.operators.insert(word);
            let right = operand(self)?.into_condition()?;
            left = Term::condition(format!("{} {word} {right}", left.into_condition()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        if !self.take("NOT") {
            return self.comparison();
        }
        self.differences.push(Difference::Logic);
        let operand = self.nested(Self::not)?.into_condition()?;
        Ok(Term::condition(format!("NOT {operand}")))
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        if self.take("IS") {
            let not = self.take_not();
            if !self.take("NULL") && !self.take("EMPTY") {
                return self.unexpected("NULL or EMPTY");
            }
            // Text is stripped, so that blank and absent were the same to both words.
            return Ok(Term::condition(format!("{} IS {not}EMPTY", left.into_value()?)));
        }
        let not = self.take_not();
        if self.take("LIKE") {
            return self.like(left, not);
        }
        if self.take("IN") {
            let list = self.list()?.join(", ");
            return Ok(Term::condition(format!("{} {not}IN ({list})", left.into_value()?)));
        }
        if self.take("BETWEEN") {
            return self.between(left, not);
        }
        if !not.is_empty() {
            return self.unexpected("LIKE, IN or BETWEEN");
        }
        let comparisons = ["=", "==", "!=", "<>", "<=", ">=", "<", ">"];
        let Some(symbol) = comparisons.into_iter().find(|symbol| self.take(symbol)) else {
            return Ok(left);
        };
        if symbol == "<>" {
            self.differences.push(Difference::Logic);
        }
        let op = match symbol {
            "==" => "=",
            "!=" => "<>",
            op => op,
        };
        let right = self.sum()?;
        self.compare(op, left, right).map(Term::condition)
    }

    fn compare(&mut self, op: &str, left: Term, right: Term) -> Result<String, String> {
        if matches!(op, "=" | "<>") && (left.is_blank() || right.is_blank()) {
            let operand = if left.is_blank() { right } else { left };
            let not = if op == "<>" { "NOT " } else { "" };
            return Ok(format!("{} IS {not}EMPTY", operand.into_value()?));
        }
        if left.is_date() || right.is_date() {
            return Ok(format!("{} {op} {}", left.into_date()?, right.into_date()?));
        }
        if left.kind == Kind::Literal || right.kind == Kind::Literal {
            self.differences.push(Difference::BareNumber);
        }
        let (left, right) = (self.number_beside(op, left), self.number_beside(op, right));
        let absent = |term: &Term| op == "<>" && term.kind == Kind::Field;
        let is_number = |term: &Term| matches!(term.kind, Kind::Literal | Kind::Number);
        let field = [(&left, &right), (&right, &left)]
            .into_iter()
            .find(|(field, number)| absent(field) && is_number(number))
            .map(|(field, _)| field.sql.clone());
        if let Some(field) = field {
            // An absent field differs from every number.
            let (left, right) = (left.into_value()?, right.into_value()?);
            return Ok(format!("({left} <> {right} OR {field} IS EMPTY)"));
        }
        let side = |term: Term| match absent(&term) {
            true => Ok(format!("COALESCE({}, '')", term.sql)),
            false => term.into_value(),
        };
        Ok(format!("{} {op} {}", side(left)?, side(right)?))
    }

    /// A number in quotes beside `<` and the like was compared as a number.
    fn number_beside(&mut self, op: &str, term: Term) -> Term {
        let Kind::Text(text) = &term.kind else { return term };
        let Some(number) = Term::literal(text.trim()) else { return term };
        if matches!(op, "=" | "<>") {
            self.differences.push(Difference::QuotedNumber);
            return term;
        }
        number
    }

    /// LIKE ignores case, and brackets are ordinary characters.
    fn like(&mut self, left: Term, not: &str) -> Parsed {
        let Kind::Text(pattern) = self.sum()?.kind else {
            return Err("the pattern of LIKE is not text in quotes".to_owned());
        };
        let pattern = pattern.replace('[', "[[]").to_uppercase();
        let operand = left.into_value()?;
        let operand = match pattern.chars().any(char::is_alphabetic) {
            true => format!("UPPER({operand})"),
            false => operand,
        };
        Ok(Term::condition(format!("{operand} {not}LIKE {}", sql::text(&pattern))))
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        self.expect("(")?;
        let mut list = vec![self.sum()?.into_value()?];
        while self.take(",") {
            list.push(self.sum()?.into_value()?);
        }
        self.expect(")")?;
        Ok(list)
    }

    fn between(&mut self, left: Term, not: &str) -> Parsed {
        let low = self.sum()?;
        self.expect("AND")?;
        let high = self.sum()?;
        let above = self.compare(">=", left.clone(), low)?;
        let below = self.compare("<=", left, high)?;
        Ok(Term::condition(format!("({not}({above} AND {below}))")))
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        while let Some(op) = ["+", "-"].into_iter().find(|op| self.take(op)) {
            let right = self.product()?.into_operand()?;
            left = Term::number(format!("{} {op} {right}", left.into_operand()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.sign()?;
        while let Some(op) = ["*", "//", "/", "%"].into_iter().find(|op| self.take(op)) {
            let right = self.sign()?;
            left = Term::number(match op {
                "/" => division(left, right)?,
                "//" => format!("FLOOR({})", division(left, right)?),
                _ => format!("{} {op} {}", left.into_operand()?, right.into_operand()?),
            });
            if op == "%" {
                self.differences.push(Difference::Remainder);
            }
        }
        Ok(left)
    }

    fn sign(&mut self) -> Parsed {
        if self.take("+") {
            return self.nested(Self::sign);
        }
        if self.take("-") {
            let operand = self.nested(Self::sign)?.into_operand()?;
            let digits = operand.strip_prefix('-');
            let negative = digits.map_or_else(|| format!("-{operand}"), str::to_owned);
            let literal = Term::literal(&negative);
            return Ok(literal.unwrap_or_else(|| Term::number(format!("-({operand})"))));
        }
        let base = self.primary()?;
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::sign)?.into_operand()?;
        Ok(Term::number(format!("POWER({}, {exponent})", base.into_operand()?)))
    }

    fn primary(&mut self) -> Parsed {
        if self.take("(") {
            let inside = self.or()?;
            self.expect(")")?;
            if inside.kind == Kind::Condition {
                self.differences.push(Difference::Logic);
            }
            let literal = matches!(inside.kind, Kind::Text(_) | Kind::Literal);
            let sql = if literal { inside.sql } else { format!("({})", inside.sql) };
            return Ok(Term { sql, ..inside });
        }
        if self.take("CASE") {
            return self.case();
        }
        if self.take("NULL") || self.take("NONE") {
            return Ok(Term::new(Kind::Chosen, "NULL"));
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Term::text(text)),
            Some(Token::Number(text)) => Term::literal(&text)
                .ok_or_else(|| format!("`{text}` in its expression is not a number")),
            Some(Token::Word(name)) if !is_reserved(&name) => match self.take("(") {
                true => self.function(&name),
                false => Ok(Term::new(Kind::Field, (self.field)(&name))),
            },
            _ => {
                self.at -= 1;
                self.unexpected("a value")
            }
        }
    }

    /// A call whose opening parenthesis is read.
    fn function(&mut self, name: &str) -> Parsed {
        match name.to_ascii_uppercase().as_str() {
            "DATEADD" => self.date_add(),
            "DATE" => {
                let operand = self.sum()?;
                self.expect(")")?;
                date(operand)
            }
            _ => Err(format!("its expression calls `{name}`, which is unknown")),
        }
    }

    fn date_add(&mut self) -> Parsed {
        let Some(Token::Word(part)) = self.tokens.get(self.at) else {
            return self.unexpected("a part of a date such as `day`");
        };
        let part = DatePart::from_name(part)
            .ok_or_else(|| format!("unknown part of a date `{part}` in its expression"))?;
        self.at += 1;
        self.expect(",")?;
        let count = self.sum()?.into_operand()?;
        self.expect(",")?;
        let date = self.sum()?.into_date()?;
        self.expect(")")?;
        Ok(Term::new(Kind::Moved, format!("DATEADD({}, {count}, {date})", part.name())))
    }

    fn case(&mut self) -> Parsed {
        self.cases += 1;
        if self.cases > 1 {
            self.differences.push(Difference::Logic);
        }
        let mut sql = "CASE".to_owned();
        self.expect("WHEN")?;
        loop {
            let when = self.or()?.into_condition()?;
            self.expect("THEN")?;
            let then = self.or()?;
            sql += &format!(" WHEN {when} THEN {}", self.result(then)?);
            if !self.take("WHEN") {
                break;
            }
        }
        let mut always = false;
        if self.take("ELSE") {
            let otherwise = self.or()?;
            always = otherwise.always && !otherwise.is_blank();
            let otherwise = self.result(otherwise)?;
            if otherwise != "NULL" {
                sql += &format!(" ELSE {otherwise}");
            }
        }
        self.expect("END")?;
        self.cases -= 1;
        Ok(Term { sql: sql + " END", kind: Kind::Chosen, always })
    }

    /// A value for the column, where blank text is null.
    fn result(&self, term: Term) -> Result<String, String> {
        if term.is_blank() {
            return Ok("NULL".to_owned());
        }
        match term.kind {
            Kind::Condition => Err("its expression is a condition, not a value".to_owned()),
            Kind::Field if self.numeric => Ok(format!("NUMBER({})", term.sql)),
            // A moved date came without its time.
            Kind::Moved => Ok(format!("CAST({} AS date)", term.sql)),
            _ => Ok(term.sql),
        }
    }
}

/// Division that keeps the fraction, which whole numbers lose in SQL.
fn division(left: Term, right: Term) -> Result<String, String> {
    let (left, right) = (left.into_operand()?, right.into_operand()?);
    let is_integer = |operand: &str| operand.parse::<i64>().is_ok();
    let is_literal = |operand: &str| Term::literal(operand).is_some();
    Ok(match (&left, &right) {
        (_, right) if is_integer(right) => format!("{left} / {right}.0"),
        (left, _) if is_integer(left) => format!("{left}.0 / {right}"),
        (left, right) if is_literal(left) || is_literal(right) => format!("{left} / {right}"),
        _ => format!("{left} * 1.0 / {right}"),
    })
}

/// `DATE('…')`
fn date(operand: Term) -> Parsed {
    let Kind::Text(text) = operand.kind else {
        return Err("`DATE` in its expression has something else than text in quotes".to_owned());
    };
    let found = parse_date_text(&text, &dates::patterns());
    let Some((date, time)) = found.and_then(|found| Some((found.date?, found.time))) else {
        return Err(format!("`DATE('{text}')` in its expression is not a date"));
    };
    let text = match time.filter(|time| *time != chrono::NaiveTime::MIN) {
        Some(time) => date.and_time(time).format("%Y-%m-%d %H:%M:%S%.f").to_string(),
        None => date.to_string(),
    };
    Ok(Term { kind: Kind::Date, ..Term::text(text) })
}

fn is_reserved(word: &str) -> bool {
    const RESERVED: [&str; 13] = [
        "AND", "OR", "NOT", "IS", "EMPTY", "IN", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE",
        "END",
    ];
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
