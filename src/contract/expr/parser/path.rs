//! Paths and their predicates.

use super::cursor::{Names, Node, Parser, BLANKS_DIVIDE};
use crate::contract::expr::ast::{
    Expr, ExprKind, Function, Origin, Path, Predicate, Read, Span, Step, ANY_NAME,
};
use crate::contract::expr::lexer::TokenKind;
use crate::contract::expr::mistake::Mistake;

impl Parser<'_> {
    /// A path where an operand is expected.
    pub(super) fn path_expression(&mut self) -> Node {
        let start = self.span().start;
        if let Some(function) = self.uncalled_function() {
            let name = function.name();
            let message = format!("`{name}` is a function");
            let hint = format!(
                "call it with parentheses: `{name}(…)`; an element of that name is written `./{}`",
                self.found().trim_matches('`')
            );
            self.fail_here(message, hint);
            let name = self.found().trim_matches('`').to_owned();
            return self.element_of_name(&name);
        }
        let path = self.path();
        let span = self.since(start);
        if let Names::Columns(_) = self.names {
            let hint =
                "this condition sees the row's columns by their names; `where` sees the document";
            self.mistakes.push(Mistake::error(span, "a path is not allowed here").hint(hint));
            return self.nothing();
        }
        self.leaf(ExprKind::Path(path), start)
    }

    /// The function that the name here names, unless the name continues as a path.
    fn uncalled_function(&self) -> Option<Function> {
        let TokenKind::Name(name) = self.peek() else { return None };
        let goes_on = match self.peek_at(1) {
            TokenKind::Slash => self.touches(1) && self.touches(2),
            TokenKind::LeftBracket => true,
            _ => false,
        };
        Function::from_name(name).filter(|function| !goes_on && function.is_meant_by(name))
    }

    /// A path that is the whole text, as in `each`.
    pub(super) fn single_path(&mut self) -> Option<Path> {
        let begins = matches!(
            self.peek(),
            TokenKind::Name(_)
                | TokenKind::Star
                | TokenKind::At
                | TokenKind::Dot
                | TokenKind::DotDot
                | TokenKind::Slash
                | TokenKind::DoubleSlash
        );
        if begins {
            return Some(self.path());
        }
        self.unexpected("a path", Some("write a path as `/root/child` or `//name`".into()));
        None
    }

    fn path(&mut self) -> Path {
        match self.peek() {
            TokenKind::Slash => {
                self.advance();
                self.rooted(Origin::Document)
            }
            TokenKind::DoubleSlash => {
                self.advance();
                self.rooted(Origin::Anywhere)
            }
            TokenKind::Dot => {
                self.advance();
                self.after_dots(0)
            }
            TokenKind::DotDot => {
                let mut up = 0;
                while self.peek() == &TokenKind::DotDot {
                    self.advance();
                    up += 1;
                    let again = self.peek() == &TokenKind::Slash
                        && self.touches(0)
                        && self.peek_at(1) == &TokenKind::DotDot
                        && self.touches(1);
                    if !again {
                        break;
                    }
                    self.advance();
                }
                self.after_dots(up)
            }
            _ => self.steps(Origin::Row { up: 0 }),
        }
    }

    /// After `/` or `//`: an element has to follow.
    fn rooted(&mut self, origin: Origin) -> Path {
        if matches!(self.peek(), TokenKind::Name(_) | TokenKind::Star) && self.touches(0) {
            return self.steps(origin);
        }
        let what = match origin {
            Origin::Anywhere => "an element's name after `//`",
            _ => "the root element's name after `/`",
        };
        self.expect_in_path(what);
        if self.peek() == &TokenKind::At && self.touches(0) {
            return self.steps(origin);
        }
        Path { origin, steps: Vec::new(), read: Read::Text }
    }

    /// After `.` or `..`: the end of the path, or `/` and the rest of it.
    fn after_dots(&mut self, up: u32) -> Path {
        let origin = Origin::Row { up };
        if self.peek() == &TokenKind::LeftBracket {
            self.fail_here("a predicate is not allowed after dots", "name the element: `name[…]`");
            self.predicates();
        }
        if self.path_goes_on() {
            self.advance();
            return self.steps(origin);
        }
        Path { origin, steps: Vec::new(), read: Read::Text }
    }

    /// Whether a `/` follows that belongs to the path: no blank before it. A blank after it is
    /// reported, because it would be a path cut in two.
    fn path_goes_on(&mut self) -> bool {
        match self.peek() {
            TokenKind::Slash if self.touches(0) => {}
            TokenKind::DoubleSlash if self.touches(0) => {
                let hint = "write `//` only at the beginning of a path: `//name/@attribute`";
                self.fail_here("`//` inside a path", hint);
                return true;
            }
            _ => return false,
        }
        if self.touches(1) {
            return true;
        }
        self.fail_here("a blank inside a path", BLANKS_DIVIDE);
        matches!(
            self.peek_at(1),
            TokenKind::Name(_) | TokenKind::Star | TokenKind::At | TokenKind::DotDot
        )
    }

    /// Steps and what is read at their end.
    fn steps(&mut self, origin: Origin) -> Path {
        let mut steps = Vec::new();
        loop {
            match self.peek().clone() {
                TokenKind::At => {
                    self.advance();
                    return Path { origin, steps, read: self.attribute() };
                }
                TokenKind::Name(name) => steps.push(self.step(name)),
                TokenKind::Star => steps.push(self.step(ANY_NAME.to_owned())),
                TokenKind::Dot if self.touches(0) => self.advance(),
                TokenKind::DotDot => {
                    let hint = "write `..` only at the beginning of a path: `../@name`";
                    self.fail_here("`..` inside a path", hint);
                    self.advance();
                }
                _ => {
                    self.expect_in_path("an element's name or `@` and an attribute's");
                    break;
                }
            }
            if !self.path_goes_on() {
                break;
            }
            self.advance();
        }
        Path { origin, steps, read: Read::Text }
    }

    fn step(&mut self, name: String) -> Step {
        let start = self.span().start;
        self.advance();
        if self.peek() == &TokenKind::LeftParen {
            self.node_test(&name, start);
        }
        let predicates = self.predicates();
        Step { name, predicates, span: self.since(start) }
    }

    /// `text()` and other functions of XPath inside a path.
    fn node_test(&mut self, name: &str, start: u32) {
        while !matches!(self.peek(), TokenKind::RightParen | TokenKind::End) {
            self.advance();
        }
        self.accept(&TokenKind::RightParen);
        let hint = match name {
            "string" => "write `STRING(path)` for all text inside an element",
            "text" | "data" => "leave out the function: a path to an element reads its text",
            "name" => "the row element's name is `NAME()`",
            "local-name" => "the row element's name without its prefix is `LOCAL_NAME()`",
            _ => "use names, `@`, `..` and predicates in brackets",
        };
        let message = format!("`{name}()` is not allowed in a path");
        self.mistakes.push(Mistake::error(self.since(start), message).hint(hint));
    }

    fn attribute(&mut self) -> Read {
        if !self.touches(0) {
            self.expect_in_path("an attribute's name after `@`");
            return Read::Text;
        }
        if self.peek() == &TokenKind::Star {
            self.fail_here("`@*` is not supported", "name the attribute: `@name`");
            self.advance();
            return Read::Text;
        }
        let TokenKind::Name(name) = self.peek().clone() else {
            self.expect_in_path("an attribute's name after `@`");
            return Read::Text;
        };
        self.advance();
        if matches!(self.peek(), TokenKind::LeftBracket | TokenKind::Slash) && self.touches(0) {
            let divides = self.peek() == &TokenKind::Slash && !self.touches(1);
            let (message, hint) = match self.peek() {
                TokenKind::LeftBracket => (
                    "a predicate is not allowed after an attribute",
                    "put it after the element: `name[…]/@attribute`",
                ),
                _ if divides => ("missing blank before `/`", BLANKS_DIVIDE),
                _ => ("a path ends with its attribute", BLANKS_DIVIDE),
            };
            self.fail_here(message, hint);
            self.skip_path();
        }
        Read::Attribute(name)
    }

    /// Skips what cannot follow in a path, so that the rest of the expression can be read.
    fn skip_path(&mut self) {
        if self.peek() == &TokenKind::LeftBracket {
            self.predicates();
        }
        while self.peek() == &TokenKind::Slash && self.touches(0) && self.touches(1) {
            self.advance();
            self.accept(&TokenKind::At);
            self.advance();
        }
    }

    fn expect_in_path(&mut self, what: &str) {
        let message = match self.touches(0) || self.peek() == &TokenKind::End {
            true => format!("expected {what}, found {}", self.found()),
            false => format!("expected {what}, found a blank"),
        };
        let hint = match self.peek() {
            TokenKind::Integer(_) => BLANKS_DIVIDE,
            _ => "for example `/root/child/@name`, `//name/@name`, `../@name`",
        };
        self.fail_here(message, hint);
    }

    fn predicates(&mut self) -> Vec<Predicate> {
        let mut predicates = Vec::new();
        while self.peek() == &TokenKind::LeftBracket {
            self.advance();
            predicates.extend(self.predicate_in_brackets());
            self.expect(&TokenKind::RightBracket, "`]`");
        }
        predicates
    }

    fn predicate_in_brackets(&mut self) -> Option<Predicate> {
        let start = self.span().start;
        if let (&TokenKind::Integer(position), TokenKind::RightBracket) =
            (self.peek(), self.peek_at(1))
        {
            self.advance();
            return self.position(position, self.since(start));
        }
        let last = self.is_word(0, "last")
            && self.peek_at(1) == &TokenKind::LeftParen
            && self.peek_at(2) == &TokenKind::RightParen;
        if last {
            (0..3).for_each(|_| self.advance());
            return Some(Predicate::Last);
        }
        let condition = self.expression();
        Some(Predicate::Condition(existence(condition.expr)))
    }

    fn position(&mut self, position: i64, span: Span) -> Option<Predicate> {
        match u32::try_from(position) {
            Ok(position @ 1..) => Some(Predicate::Position(position)),
            _ => {
                let message = format!("invalid position {position}");
                let hint = "count positions from 1; the last one is `[last()]`";
                self.mistakes.push(Mistake::error(span, message).hint(hint));
                None
            }
        }
    }
}

/// `[@a]` and `[b]` test whether the attribute or an element exists, as in XPath.
fn existence(condition: Expr) -> Expr {
    let span = condition.span;
    let kind = match &condition.kind {
        ExprKind::Path(path) if !path.steps.is_empty() && path.read != Read::String => {
            ExprKind::Call { function: Function::Exists, arguments: vec![condition] }
        }
        ExprKind::Path(Path { read: Read::Attribute(_), .. }) => {
            ExprKind::IsNull { operand: Box::new(condition), negated: true }
        }
        _ => return condition,
    };
    Expr { kind, span }
}
