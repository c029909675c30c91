//! Function calls.

use super::cursor::{Node, Parser};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Path, Read};
use crate::contract::expr::function::foreign_function;
use crate::contract::expr::lexer::TokenKind;
use crate::contract::expr::mistake::Mistake;
use crate::diagnostic::spelling;
use crate::value::functions::DatePart;

impl Parser<'_> {
    pub(super) fn call(&mut self, name: &str) -> Node {
        let start = self.span().start;
        let name_span = self.span();
        self.advance();
        self.advance();
        let Some(function) = Function::from_name(name) else {
            let hint = foreign_function(name).map(|ours| format!("write it with `{ours}`"));
            let near = spelling::nearest(name, Function::names().chain(["CAST", "TRY_CAST"]));
            let hint = hint.or(near.map(|near| format!("did you mean `{near}`?")));
            let hint = hint.unwrap_or_else(|| "see the functions in docs/contract.md".into());
            let mistake = Mistake::error(name_span, format!("unknown function `{name}`"));
            self.mistakes.push(mistake.hint(hint));
            if !self.accept(&TokenKind::RightParen) {
                self.list();
            }
            return self.nothing();
        };
        let (mut arguments, height) = self.arguments(function);
        if function == Function::String {
            if let [Expr { kind: ExprKind::Path(path), .. }] = arguments.as_mut_slice() {
                if path.read == Read::Text {
                    // It is one more thing to read at the end of a path, wherever a path can be.
                    let path = Path { read: Read::String, ..path.clone() };
                    return self.node(ExprKind::Path(path), start, height + 1);
                }
            }
        }
        self.node(ExprKind::Call { function, arguments }, start, height + 1)
    }

    pub(super) fn arguments(&mut self, function: Function) -> (Vec<Expr>, u32) {
        if self.accept(&TokenKind::RightParen) {
            return (Vec::new(), 0);
        }
        let mut arguments = match function {
            Function::DateAdd | Function::DateDiff => vec![self.date_part()],
            Function::Parent => vec![self.parent_column()],
            _ => return self.list(),
        };
        let mut height = 1;
        if self.accept(&TokenKind::Comma) {
            let (rest, rest_height) = self.list();
            arguments.extend(rest);
            height = rest_height;
        } else {
            let close = if function == Function::Parent { "`)`" } else { "`,`" };
            self.expect(&TokenKind::RightParen, close);
        }
        (arguments, height)
    }

    /// A column of the parent's row, which is known when the contract is checked.
    fn parent_column(&mut self) -> Expr {
        let span = self.span();
        if let TokenKind::Name(name) | TokenKind::QuotedName(name) = self.peek().clone() {
            self.advance();
            return Expr { kind: ExprKind::Column(name), span };
        }
        let hint = match self.peek() {
            TokenKind::Text(name) => format!("write the name without quotes: `PARENT({name})`"),
            _ => "name a column of the parent table, such as `PARENT(order_no)`".to_owned(),
        };
        self.unexpected("a column's name", Some(hint));
        self.skip_to_separator();
        Expr { kind: ExprKind::Null, span }
    }

    pub(super) fn date_part(&mut self) -> Expr {
        let span = self.span();
        let (name, hint) = match self.peek().clone() {
            TokenKind::Name(name) => (name, None),
            TokenKind::Text(name) => (name, Some("write a part of a date without quotes")),
            _ => (String::new(), None),
        };
        let part = DatePart::from_name(&name);
        if let (Some(part), None) = (part, hint) {
            self.advance();
            return Expr { kind: ExprKind::DatePart(part), span };
        }
        let hint = hint.filter(|_| part.is_some()).map(str::to_owned);
        let common =
            ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"];
        let near = spelling::nearest(&name, DatePart::names());
        let near = near.map(|near| format!("did you mean `{near}`?"));
        let hint = hint.or(near).or_else(|| spelling::suggestion(&name, common));
        self.unexpected("a part of a date", hint);
        if !matches!(self.peek(), TokenKind::Comma | TokenKind::RightParen | TokenKind::End) {
            self.expression();
        }
        Expr { kind: ExprKind::DatePart(part.unwrap_or(DatePart::Day)), span }
    }

    /// Expressions up to and with the closing parenthesis. Never empty.
    pub(super) fn list(&mut self) -> (Vec<Expr>, u32) {
        let mut list = Vec::new();
        let mut height = 0;
        loop {
            let item = self.expression();
            height = height.max(item.height);
            list.push(item.expr);
            if !matches!(self.peek(), TokenKind::Comma | TokenKind::RightParen) {
                self.expect(&TokenKind::RightParen, "`,` or `)`");
                self.skip_to_separator();
            }
            if !self.accept(&TokenKind::Comma) {
                break;
            }
        }
        self.accept(&TokenKind::RightParen);
        (list, height)
    }

    /// Goes to the `,` or `)` that ends the argument in which something was wrong.
    pub(super) fn skip_to_separator(&mut self) {
        let mut open = 0u32;
        loop {
            match self.peek() {
                TokenKind::End => return,
                TokenKind::Comma | TokenKind::RightParen if open == 0 => return,
                TokenKind::LeftParen => open += 1,
                TokenKind::RightParen => open -= 1,
                _ => {}
            }
            self.advance();
        }
    }
}
