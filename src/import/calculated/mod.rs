//! The expressions of `calculated_field` mappings, read into the contract language's tree.

mod arithmetic;
mod conditions;
mod functions;

use super::build;
use super::tokens::{self, Token};
use crate::contract::expr::ast::{Expr, ExprKind, Function};
use crate::value::datetime::DatePattern;
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

fn number(expr: Expr) -> Term {
    Term { expr, kind: TermKind::Number }
}

fn condition(expr: Expr) -> Term {
    Term { expr, kind: TermKind::Condition }
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
