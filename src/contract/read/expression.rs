//! Expressions, conditions and paths in the values of TOML.

use toml::de::DeValue;

use super::reader::Reader;
use super::section::Value;
use crate::contract::draft::Placed;
use crate::contract::expr::ast::{Expr, ExprKind, Path, Span};
use crate::contract::expr::parser::{parse_at, parse_path_at, Names, Parsed};
use crate::contract::string_map::StringMap;
use crate::value::Decimal;

impl Reader<'_> {
    fn placed<T>(&mut self, parsed: Parsed<T>, map: StringMap) -> Placed<T> {
        let broken = !parsed.mistakes.is_empty();
        for mistake in parsed.mistakes {
            self.report(mistake.map_places(|span| map.locate(span)));
        }
        self.maps.push(map.clone());
        Placed { tree: parsed.tree, map, broken }
    }

    /// An expression in a string, or a bare number or truth value.
    pub(super) fn expression(
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
                let hint = "put an expression in quotes: `\"@name\"`";
                self.wrong_type(key, value, "an expression", hint);
                return None;
            }
        };
        let map = StringMap::whole(value.span());
        Some(Placed { tree: Expr { kind, span: Span::default() }, map, broken: false })
    }

    /// An expression that is always in a string, as a condition is.
    pub(super) fn condition(
        &mut self,
        key: &str,
        value: &Value<'_>,
        names: Names<'_>,
    ) -> Option<Placed<Expr>> {
        match value.get_ref() {
            DeValue::String(_) => self.expression(key, value, names),
            _ => {
                let hint = "put a condition in quotes: `\"@name IS NOT NULL\"`";
                self.wrong_type(key, value, "a condition", hint);
                None
            }
        }
    }

    pub(super) fn path(&mut self, key: &str, value: &Value<'_>) -> Option<Placed<Path>> {
        let string = self.string(key, value)?;
        let map = StringMap::of(self.text, string.span, &string.value);
        let placed = self.placed(parse_path_at(&string.value, map.base()), map);
        Some(Placed { tree: placed.tree?, map: placed.map, broken: placed.broken })
    }
}

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
