//! The expressions of `calculated_field` mappings, read into the contract language's tree.

use super::super::expr::ast::{BinaryOp, DatePart, Expr, ExprKind, Function};
use super::build;
use super::tokens::{self, Token};
use crate::value::datetime::{parse_date_text, DatePattern};
use crate::value::{Decimal, SqlType};

/// What the earlier system read differently from what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Misread {
    /// A comparison with a number without quotes.
    pub(super) bare_number: bool,
    /// Parentheses around conditions, NOT, AND beside OR, CASE inside CASE, `<>`.
    pub(super) logic: bool,
    /// A number in quotes compared for equality, which was a comparison of numbers.
    pub(super) quoted_number: bool,
    /// `%`, whose result had the divisor's sign.
    pub(super) remainder: bool,
}

/// A translated expression.
pub(super) struct Calculated {
    pub(super) expr: Expr,
    pub(super) misread: Misread,
    /// It has a value whatever the document holds.
    pub(super) always: bool,
    /// What it gives may be blank text of the document, or text at all.
    pub(super) text: bool,
}

/// Translates an expression. `field` makes the path of a field, `numeric` says that the column
/// holds numbers, so that text becomes one as everywhere else.
pub(super) fn translate(
    text: &str,
    numeric: bool,
    formats: &[DatePattern],
    field: &dyn Fn(&str) -> Expr,
) -> Result<Calculated, String> {
    let tokens = tokens::read(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        cases: 0,
        formats,
        field,
        numeric,
        misread: Misread::default(),
        operators: (false, false),
    };
    let term = parser.or()?;
    if parser.at < tokens.len() {
        return parser.unexpected("the end");
    }
    parser.misread.logic |= parser.operators == (true, true);
    let always = is_always(&term);
    let text = term.kind != TermKind::Number;
    let expr = parser.result(term)?.unwrap_or_else(|| build::expr(ExprKind::Null));
    Ok(Calculated { expr, misread: parser.misread, always, text })
}

/// A part of an expression, and what is known of it.
#[derive(Debug, Clone)]
struct Term {
    expr: Expr,
    kind: TermKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TermKind {
    /// Text of the document.
    Field,
    /// Text in quotes.
    Text,
    /// A number.
    Number,
    /// `DATE('…')`: its text in ISO 8601.
    Date,
    /// What moves a date.
    Moved,
    Condition,
    /// CASE, or nothing.
    Chosen,
}

/// Deeper nesting is refused: the reader calls itself.
const DEEPEST: usize = 40;

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    /// CASEs around this place.
    cases: usize,
    formats: &'a [DatePattern],
    field: &'a dyn Fn(&str) -> Expr,
    numeric: bool,
    misread: Misread,
    /// Whether there is an AND, and an OR.
    operators: (bool, bool),
}

type Parsed = Result<Term, String>;

impl Parser<'_> {
    fn unexpected<T>(&self, wanted: &str) -> Result<T, String> {
        let found = self.tokens.get(self.at).map_or_else(|| "the end".to_owned(), Token::quoted);
        Err(format!("{found} stands in its expression where {wanted} should"))
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.is_word(word));
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Symbol(s)) if *s == symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.symbol(symbol) {
            return Ok(());
        }
        self.unexpected(&format!("`{symbol}`"))
    }

    fn or(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("its expression is nested more than {DEEPEST} deep"));
        }
        let mut left = self.and()?;
        while self.word("OR") {
            self.operators.1 = true;
            let right = self.and()?;
            left = logical(BinaryOp::Or, left, right)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.word("AND") {
            self.operators.0 = true;
            let right = self.not()?;
            left = logical(BinaryOp::And, left, right)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        let mut nots = 0;
        while self.word("NOT") {
            nots += 1;
        }
        let mut term = self.comparison()?;
        self.misread.logic |= nots > 0;
        for _ in 0..nots.min(2 - nots % 2) {
            term = condition(build::expr(ExprKind::Not(Box::new(of_condition(term)?.expr))));
        }
        Ok(term)
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        if self.word("IS") {
            let negated = self.word("NOT");
            if !self.word("NULL") && !self.word("EMPTY") {
                return self.unexpected("NULL or EMPTY");
            }
            // Text is stripped, so that blank and absent were the same to both words.
            return Ok(condition(build::is_empty(self.value(left)?, negated)));
        }
        let negated = self.word("NOT");
        if self.word("LIKE") {
            return self.like(left, negated);
        }
        if self.word("IN") {
            return self.in_list(left, negated);
        }
        if self.word("BETWEEN") {
            return self.between(left, negated);
        }
        if negated {
            return self.unexpected("LIKE, IN or BETWEEN");
        }
        let Some(op) = self.comparison_operator() else { return Ok(left) };
        let right = self.sum()?;
        self.compare(op, left, right)
    }

    fn comparison_operator(&mut self) -> Option<BinaryOp> {
        const OPERATORS: [(&str, BinaryOp); 8] = [
            ("=", BinaryOp::Equal),
            ("==", BinaryOp::Equal),
            ("!=", BinaryOp::NotEqual),
            ("<>", BinaryOp::NotEqual),
            ("<=", BinaryOp::LessOrEqual),
            (">=", BinaryOp::GreaterOrEqual),
            ("<", BinaryOp::Less),
            (">", BinaryOp::Greater),
        ];
        let (symbol, op) = OPERATORS.into_iter().find(|(symbol, _)| self.symbol(symbol))?;
        self.misread.logic |= symbol == "<>";
        Some(op)
    }

    fn compare(&mut self, op: BinaryOp, left: Term, right: Term) -> Parsed {
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        for (blank, other) in [(&left, &right), (&right, &left)] {
            if equality && is_blank_literal(blank) {
                let operand = self.value(other.clone())?;
                return Ok(condition(build::is_empty(operand, op == BinaryOp::NotEqual)));
            }
        }
        let dated =
            [&left, &right].iter().any(|t| matches!(t.kind, TermKind::Date | TermKind::Moved));
        if dated {
            let (left, right) = (self.dated(left)?, self.dated(right)?);
            return Ok(condition(build::binary(op, left, right)));
        }
        self.misread.bare_number |= [&left, &right].iter().any(|t| is_number_literal(t));
        let (left, right) = (self.number_beside(op, left), self.number_beside(op, right));
        let absent = |term: &Term| op == BinaryOp::NotEqual && term.kind == TermKind::Field;
        let fields = [&left, &right].into_iter().filter(|term| absent(term)).count();
        let numeric = [&left, &right].iter().any(|term| term.kind == TermKind::Number);
        if fields == 1 && numeric {
            // What is absent is something else than any number.
            let field = if absent(&left) { left.expr.clone() } else { right.expr.clone() };
            let differs = build::binary(op, self.value(left)?, self.value(right)?);
            return Ok(condition(build::binary(
                BinaryOp::Or,
                differs,
                build::is_empty(field, false),
            )));
        }
        let side = |parser: &Self, term: Term| match absent(&term) {
            true => Ok(build::call(Function::Coalesce, [term.expr, build::text("")])),
            false => parser.value(term),
        };
        let (left, right) = (side(self, left)?, side(self, right)?);
        Ok(condition(build::binary(op, left, right)))
    }

    /// A number in quotes beside `<` and the like was compared as a number.
    fn number_beside(&mut self, op: BinaryOp, term: Term) -> Term {
        let ExprKind::Text(text) = &term.expr.kind else { return term };
        let Some(number) = number_literal(text.trim()) else { return term };
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            self.misread.quoted_number = true;
            return term;
        }
        Term { expr: number, kind: TermKind::Number }
    }

    /// One side of a comparison of dates. Text that is no date compares as unknown.
    fn dated(&self, term: Term) -> Result<Expr, String> {
        match term.kind {
            TermKind::Date | TermKind::Moved | TermKind::Text => Ok(term.expr),
            TermKind::Field => Ok(build::expr(ExprKind::Cast {
                operand: Box::new(term.expr),
                sql_type: SqlType::DateTime2(7),
                or_null: true,
            })),
            _ => Err("its expression compares a date with something else".to_owned()),
        }
    }

    /// LIKE heeds no case, and knows no brackets.
    fn like(&mut self, left: Term, negated: bool) -> Parsed {
        let pattern = self.sum()?;
        let ExprKind::Text(text) = &pattern.expr.kind else {
            return Err("the pattern of LIKE is not text in quotes".to_owned());
        };
        let pattern = text.replace('[', "[[]").to_uppercase();
        let operand = self.value(left)?;
        let has_letters = pattern.chars().any(char::is_alphabetic);
        let operand = match has_letters {
            true => build::call(Function::Upper, [operand]),
            false => operand,
        };
        let pattern = Box::new(build::text(pattern));
        Ok(condition(build::expr(ExprKind::Like { operand: Box::new(operand), pattern, negated })))
    }

    fn in_list(&mut self, left: Term, negated: bool) -> Parsed {
        self.expect("(")?;
        let mut list = Vec::new();
        loop {
            let item = self.sum()?;
            list.push(self.value(item)?);
            if !self.symbol(",") {
                break;
            }
        }
        self.expect(")")?;
        let operand = Box::new(self.value(left)?);
        Ok(condition(build::expr(ExprKind::In { operand, list, negated })))
    }

    fn between(&mut self, left: Term, negated: bool) -> Parsed {
        let low = self.sum()?;
        if !self.word("AND") {
            return self.unexpected("AND");
        }
        let high = self.sum()?;
        let above = self.compare(BinaryOp::GreaterOrEqual, left.clone(), low)?;
        let below = self.compare(BinaryOp::LessOrEqual, left, high)?;
        let within = build::binary(BinaryOp::And, above.expr, below.expr);
        Ok(condition(match negated {
            true => build::expr(ExprKind::Not(Box::new(within))),
            false => within,
        }))
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let op = match () {
                () if self.symbol("+") => BinaryOp::Add,
                () if self.symbol("-") => BinaryOp::Subtract,
                () => return Ok(left),
            };
            let right = self.product()?;
            left = number(build::binary(op, self.number(left)?, self.number(right)?));
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.sign()?;
        loop {
            let symbols = ["*", "//", "/", "%"];
            let Some(symbol) = symbols.into_iter().find(|symbol| self.symbol(symbol)) else {
                return Ok(left);
            };
            let right = self.sign()?;
            let (a, b) = (self.number(left)?, self.number(right)?);
            left = number(match symbol {
                "*" => build::binary(BinaryOp::Multiply, a, b),
                "/" => division(a, b),
                "//" => build::call(Function::Floor, [division(a, b)]),
                _ => {
                    self.misread.remainder = true;
                    build::binary(BinaryOp::Modulo, a, b)
                }
            });
        }
    }

    fn sign(&mut self) -> Parsed {
        if self.symbol("+") {
            return self.nested(Self::sign);
        }
        if self.symbol("-") {
            let operand = self.nested(Self::sign)?;
            let operand = self.number(operand)?;
            return Ok(number(match operand.kind {
                ExprKind::Integer(n) => build::integer(-n),
                _ => build::expr(ExprKind::Negate(Box::new(operand))),
            }));
        }
        let base = self.primary()?;
        if !self.symbol("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::sign)?;
        let power = [self.number(base)?, self.number(exponent)?];
        Ok(number(build::call(Function::Power, power)))
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

    fn primary(&mut self) -> Parsed {
        if self.symbol("(") {
            let inside = self.or()?;
            self.expect(")")?;
            self.misread.logic |= inside.kind == TermKind::Condition;
            return Ok(inside);
        }
        if self.word("CASE") {
            return self.case();
        }
        let token = self.tokens.get(self.at).cloned();
        match token {
            Some(Token::Text(text)) => {
                self.at += 1;
                Ok(Term { expr: build::text(text), kind: TermKind::Text })
            }
            Some(Token::Number(text)) => {
                self.at += 1;
                let literal = number_literal(&text);
                literal
                    .map(number)
                    .ok_or_else(|| format!("`{text}` in its expression is no number"))
            }
            Some(Token::Word(name)) if !is_reserved(&name) => {
                self.at += 1;
                if self.symbol("(") {
                    return self.function(&name);
                }
                Ok(Term { expr: (self.field)(&name), kind: TermKind::Field })
            }
            _ if self.word("NULL") || self.word("NONE") => {
                Ok(Term { expr: build::expr(ExprKind::Null), kind: TermKind::Chosen })
            }
            _ => self.unexpected("a value"),
        }
    }

    /// A call whose opening parenthesis is read.
    fn function(&mut self, name: &str) -> Parsed {
        match name.to_ascii_uppercase().as_str() {
            "DATE" => {
                let operand = self.sum()?;
                self.expect(")")?;
                self.date(operand)
            }
            "DATEADD" => self.date_add(),
            "TRIM" | "UPPER" | "LOWER" => {
                let operand = self.sum()?;
                self.expect(")")?;
                let operand = self.value(operand)?;
                let function = Function::from_name(name).unwrap_or(Function::Trim);
                Ok(Term { expr: build::call(function, [operand]), kind: TermKind::Field })
            }
            _ => Err(format!("its expression calls `{name}`, which is not known")),
        }
    }

    fn date(&self, operand: Term) -> Parsed {
        let ExprKind::Text(text) = &operand.expr.kind else {
            return Ok(Term { expr: self.dated(operand)?, kind: TermKind::Moved });
        };
        let found = parse_date_text(text, self.formats).filter(|found| found.date.is_some());
        let Some((date, time)) = found.and_then(|found| Some((found.date?, found.time))) else {
            return Err(format!("`DATE('{text}')` in its expression is no date"));
        };
        let text = match time.filter(|time| *time != chrono::NaiveTime::MIN) {
            Some(time) => date.and_time(time).format("%Y-%m-%d %H:%M:%S%.f").to_string(),
            None => date.format("%Y-%m-%d").to_string(),
        };
        Ok(Term { expr: build::text(text), kind: TermKind::Date })
    }

    fn date_add(&mut self) -> Parsed {
        let Some(Token::Word(part)) = self.tokens.get(self.at).cloned() else {
            return self.unexpected("a part of a date, such as `day`,");
        };
        let part = DatePart::from_name(&part)
            .ok_or_else(|| format!("`{part}` in its expression is no part of a date"))?;
        self.at += 1;
        self.expect(",")?;
        let count = self.sum()?;
        let count = self.number(count)?;
        self.expect(",")?;
        let date = self.sum()?;
        let date = self.dated(date)?;
        self.expect(")")?;
        let part = build::expr(ExprKind::DatePart(part));
        let moved = build::call(Function::DateAdd, [part, count, date]);
        Ok(Term { expr: moved, kind: TermKind::Moved })
    }

    fn case(&mut self) -> Parsed {
        self.cases += 1;
        self.misread.logic |= self.cases > 1;
        let operand = match self.word("WHEN") {
            true => None,
            false => {
                let operand = self.sum()?;
                if !self.word("WHEN") {
                    return self.unexpected("WHEN");
                }
                Some(Box::new(self.value(operand)?))
            }
        };
        let mut whens = Vec::new();
        loop {
            let when = self.or()?;
            let when = match operand {
                None => of_condition(when)?.expr,
                Some(_) => self.value(when)?,
            };
            if !self.word("THEN") {
                return self.unexpected("THEN");
            }
            whens.push((when, self.alternative()?));
            if !self.word("WHEN") {
                break;
            }
        }
        let otherwise = match self.word("ELSE") {
            true => Some(self.alternative()?).filter(|e| e.kind != ExprKind::Null).map(Box::new),
            false => None,
        };
        if !self.word("END") {
            return self.unexpected("END");
        }
        self.cases -= 1;
        let expr = build::expr(ExprKind::Case { operand, whens, otherwise });
        Ok(Term { expr, kind: TermKind::Chosen })
    }

    fn alternative(&mut self) -> Result<Expr, String> {
        let term = self.or()?;
        Ok(self.result(term)?.unwrap_or_else(|| build::expr(ExprKind::Null)))
    }

    /// A value that goes into the column: None for blank text, which is null there.
    fn result(&self, term: Term) -> Result<Option<Expr>, String> {
        if is_blank_literal(&term) {
            return Ok(None);
        }
        Ok(Some(match term.kind {
            TermKind::Condition => {
                return Err("its expression gives a condition, not a value".to_owned())
            }
            TermKind::Field if self.numeric => build::call(Function::Number, [term.expr]),
            // A moved date came without its time.
            TermKind::Moved => build::expr(ExprKind::Cast {
                operand: Box::new(term.expr),
                sql_type: SqlType::Date,
                or_null: false,
            }),
            _ => term.expr,
        }))
    }

    fn value(&self, term: Term) -> Result<Expr, String> {
        match term.kind {
            TermKind::Condition => Err("its expression uses a condition as a value".to_owned()),
            _ => Ok(term.expr),
        }
    }

    /// An operand of arithmetic.
    fn number(&self, term: Term) -> Result<Expr, String> {
        match (term.kind, &term.expr.kind) {
            (TermKind::Text, ExprKind::Text(text)) => number_literal(text.trim())
                .ok_or_else(|| format!("its expression calculates with the text '{text}'")),
            (TermKind::Field | TermKind::Number | TermKind::Chosen, _) => Ok(term.expr),
            _ => Err("its expression calculates with something that is no number".to_owned()),
        }
    }
}

/// Division that keeps the fraction, which whole numbers lose in SQL.
fn division(left: Expr, right: Expr) -> Expr {
    let (left, right) = match (&left.kind, &right.kind) {
        (_, ExprKind::Integer(n)) => {
            let point = build::with_point(*n);
            (left, point)
        }
        (ExprKind::Integer(n), _) => (build::with_point(*n), right),
        (ExprKind::Decimal(_), _) | (_, ExprKind::Decimal(_)) => (left, right),
        _ => (build::binary(BinaryOp::Multiply, left, build::with_point(1)), right),
    };
    build::binary(BinaryOp::Divide, left, right)
}

fn number(expr: Expr) -> Term {
    Term { expr, kind: TermKind::Number }
}

fn condition(expr: Expr) -> Term {
    Term { expr, kind: TermKind::Condition }
}

fn of_condition(term: Term) -> Parsed {
    match term.kind {
        TermKind::Condition => Ok(term),
        _ => Err("its expression has a value where a condition should stand".to_owned()),
    }
}

fn logical(op: BinaryOp, left: Term, right: Term) -> Parsed {
    Ok(condition(build::binary(op, of_condition(left)?.expr, of_condition(right)?.expr)))
}

fn is_blank_literal(term: &Term) -> bool {
    matches!(&term.expr.kind, ExprKind::Text(text) if text.trim().is_empty())
}

fn is_number_literal(term: &Term) -> bool {
    matches!(term.expr.kind, ExprKind::Integer(_) | ExprKind::Decimal(_))
}

fn number_literal(text: &str) -> Option<Expr> {
    if let Ok(integer) = text.parse() {
        return Some(build::integer(integer));
    }
    let decimal = Decimal::parse(text).ok()?;
    Some(build::expr(ExprKind::Decimal(decimal)))
}

/// Whether a value comes out although the document holds nothing.
fn is_always(term: &Term) -> bool {
    match &term.expr.kind {
        ExprKind::Case { otherwise: Some(otherwise), .. } => is_literal(otherwise),
        _ => is_literal(&term.expr),
    }
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) | ExprKind::Integer(_) | ExprKind::Decimal(_) => true,
        ExprKind::Case { otherwise: Some(otherwise), .. } => is_literal(otherwise),
        _ => false,
    }
}

fn is_reserved(word: &str) -> bool {
    const RESERVED: [&str; 15] = [
        "AND", "OR", "NOT", "NULL", "NONE", "IS", "EMPTY", "IN", "LIKE", "BETWEEN", "CASE", "WHEN",
        "THEN", "ELSE", "END",
    ];
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
