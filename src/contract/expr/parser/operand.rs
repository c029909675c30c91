//! Operands: literals, names, conversions, parentheses.

use super::cursor::{Names, Node, Parser};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin, Path, Read, Step};
use crate::contract::expr::keyword::is_keyword;
use crate::contract::expr::lexer::TokenKind;
use crate::contract::expr::mistake::Mistake;
use crate::contract::identifier::same_name;
use crate::diagnostic::spelling;
use crate::value::SqlType;

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Node {
        let start = self.span().start;
        let literal = match self.peek().clone() {
            TokenKind::Text(text) => Some(ExprKind::Text(text)),
            TokenKind::Integer(integer) => Some(ExprKind::Integer(integer)),
            TokenKind::Decimal(decimal) => Some(ExprKind::Decimal(decimal)),
            _ => None,
        };
        if let Some(literal) = literal {
            self.advance();
            return self.leaf(literal, start);
        }
        match self.peek().clone() {
            TokenKind::LeftParen => {
                self.advance();
                let inner = self.expression();
                self.expect(&TokenKind::RightParen, "`)`");
                let span = self.since(start);
                Node { expr: Expr { kind: inner.expr.kind, span }, height: inner.height }
            }
            TokenKind::Name(name) => self.word(&name),
            TokenKind::QuotedName(name) => {
                self.advance();
                self.column(&name, start)
            }
            TokenKind::At
            | TokenKind::Star
            | TokenKind::Dot
            | TokenKind::DotDot
            | TokenKind::Slash
            | TokenKind::DoubleSlash => self.path_expression(),
            TokenKind::Bad => {
                self.advance();
                self.failed_at = Some(self.at);
                self.nothing()
            }
            _ => self.missing(),
        }
    }

    /// Whether a keyword is a whole operand, so that an element or a column of that name is meant.
    pub(super) fn is_bare_keyword(&self) -> bool {
        let TokenKind::Name(name) = self.peek() else { return false };
        let closes = name.eq_ignore_ascii_case("END") && (0..self.at).any(|at| self.is_case(at));
        let ends = matches!(
            self.peek_at(1),
            TokenKind::End | TokenKind::Comma | TokenKind::RightParen | TokenKind::RightBracket
        );
        ends && !closes && is_keyword(name) && !name.eq_ignore_ascii_case("NULL")
    }

    fn is_case(&self, at: usize) -> bool {
        matches!(&self.tokens[at].kind, TokenKind::Name(name) if name.eq_ignore_ascii_case("CASE"))
    }

    /// Reported once, and read as what is meant.
    fn bare_keyword(&mut self, name: &str) -> Node {
        self.unexpected("an expression", Some(self.keyword_hint(name)));
        self.element_of_name(name)
    }

    fn keyword_hint(&self, name: &str) -> String {
        let element = self.element_hint(name);
        match name.to_ascii_uppercase().as_str() {
            "TRUE" | "FALSE" => {
                format!("compare with `1`, `0` or text such as `'true'`; {element}")
            }
            _ => element,
        }
    }

    /// The element of a name that would be read as something else; the mistake is reported already.
    pub(super) fn element_of_name(&mut self, name: &str) -> Node {
        let span = self.span();
        self.advance();
        let Names::Paths = self.names else { return self.nothing() };
        let step = Step { name: name.to_owned(), predicates: Vec::new(), span };
        let path = Path { origin: Origin::Row { up: 0 }, steps: vec![step], read: Read::Text };
        self.leaf(ExprKind::Path(path), span.start)
    }

    /// No expression begins here.
    pub(super) fn missing(&mut self) -> Node {
        let hint = match self.peek() {
            TokenKind::Name(name) if is_keyword(name) => match name.to_ascii_uppercase().as_str() {
                "NOT" => "put `NOT …` in parentheses".to_owned(),
                _ => self.keyword_hint(name),
            },
            TokenKind::LeftBracket => "put a predicate after a name: `name[…]`".to_owned(),
            _ => String::new(),
        };
        self.unexpected("an expression", Some(hint).filter(|hint| !hint.is_empty()));
        if matches!(self.peek(), TokenKind::LeftBracket | TokenKind::RightBracket) {
            self.advance();
        }
        if self.is_word(0, "TRUE") || self.is_word(0, "FALSE") {
            self.advance();
        }
        self.nothing()
    }

    /// How an element or a column that is named like a keyword is written.
    pub(super) fn element_hint(&self, name: &str) -> String {
        match self.names {
            Names::Paths => format!("an element of that name is written `./{name}`"),
            Names::Columns(_) => format!("a column of that name is written `[{name}]`"),
        }
    }

    /// What a name at the beginning of an operand is.
    pub(super) fn word(&mut self, name: &str) -> Node {
        let start = self.span().start;
        if self.is_bare_keyword() {
            return self.bare_keyword(name);
        }
        let called = self.peek_at(1) == &TokenKind::LeftParen;
        match name.to_ascii_uppercase().as_str() {
            "CAST" if called => return self.cast(false),
            "TRY_CAST" if called => return self.cast(true),
            "CASE" => return self.nested(Self::case),
            "NULL" => {
                self.advance();
                return self.leaf(ExprKind::Null, start);
            }
            _ if is_keyword(name) => return self.missing(),
            _ => {}
        }
        if called {
            return self.nested(|p| p.call(name));
        }
        if let Names::Columns(_) = self.names {
            self.advance();
            return self.column(name, start);
        }
        self.path_expression()
    }

    pub(super) fn column(&mut self, name: &str, start: u32) -> Node {
        let span = self.since(start);
        let Names::Columns(columns) = self.names else { return self.nothing() };
        let known = columns.iter().find(|column| same_name(column, name));
        if let Some(column) = known {
            return self.leaf(ExprKind::Column(column.clone()), start);
        }
        let hint = match Function::from_name(name) {
            Some(function) => {
                Some(format!("call a function with parentheses: `{}(…)`", function.name()))
            }
            None => spelling::suggestion(name, columns.iter().map(String::as_str)),
        };
        let message = format!("unknown column `{name}`");
        self.mistakes.push(Mistake::error(span, message).maybe_hint(hint));
        self.nothing()
    }

    /// `CAST(x AS type)`
    pub(super) fn cast(&mut self, or_null: bool) -> Node {
        let start = self.span().start;
        self.advance();
        self.advance();
        let operand = self.expression();
        if !self.accept_word("AS") {
            let hint = "write a conversion as `CAST(x AS type)`";
            self.unexpected("`AS` and a type", Some(hint.into()));
            self.skip_to_separator();
            self.accept(&TokenKind::Comma);
        }
        let sql_type = self.sql_type();
        self.expect(&TokenKind::RightParen, "`)`");
        let kind = ExprKind::Cast { operand: Box::new(operand.expr), sql_type, or_null };
        self.node(kind, start, operand.height + 1)
    }

    /// A type's name with its length, up to the parenthesis that closes the CAST.
    pub(super) fn sql_type(&mut self) -> SqlType {
        let start = self.span().start;
        if !matches!(self.peek(), TokenKind::RightParen) {
            self.advance();
            if self.accept(&TokenKind::LeftParen) {
                self.skip_to_closing();
            }
        }
        let span = self.since(start);
        SqlType::parse_in_cast(self.slice(span)).unwrap_or_else(|error| {
            self.fail(Mistake::error(span, error.to_string()).hint(error.hint()));
            SqlType::NVarChar(None)
        })
    }

    pub(super) fn skip_to_closing(&mut self) {
        while !matches!(self.peek(), TokenKind::RightParen | TokenKind::End) {
            self.advance();
        }
        self.accept(&TokenKind::RightParen);
    }
}
