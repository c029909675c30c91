//! What happens where a column has no value that it can hold.

mod conversion;
mod effect;
mod function;
mod possible;
mod reading;

use self::conversion::converted;
pub use self::effect::Effect;
use self::possible::Possible;
use self::reading::Reading;
use super::facts::Facts;
use crate::contract::expr::ast::Expr;
use crate::contract::model::{ColumnRule, TooLong};
use crate::contract::Identity;
use crate::outcome::FailureCategory;

/// What happens in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// The case.
    pub case: String,
    /// What happens.
    pub effect: Effect,
}

/// What can happen to the value of a column. Everything that can is in it, except what is wrong with a
/// document as a whole: that it is not XML, or exceeds a limit.
pub(super) fn consequences(
    column: &ColumnRule,
    value: Option<&Expr>,
    facts: Facts<'_>,
) -> Vec<Consequence> {
    if column.identity == Identity::Generated {
        return Vec::new();
    }
    let mut reading = Reading::of(facts);
    reading.constants_hold = !column.on_error_null;
    let value = value.map_or_else(Possible::null, |value| reading.value(value));
    let conversion = column.conversion(reading.date_formats());
    let truncate = column.too_long == TooLong::Truncate;
    let (value, cases) = converted(&value, &conversion, truncate, column.blank_keep);
    cases.into_iter().for_each(|(case, effect)| reading.add(case, effect));
    let mut may_be_null = value.null;
    let mut found: Vec<Consequence> = Vec::new();
    for case in reading.cases {
        let effect = match case.effect {
            // What a predicate cannot read fails before it is known for which column it is read.
            Effect::Fails(_) if column.on_error_null && !case.in_predicate => Effect::Null,
            effect => effect,
        };
        may_be_null |= effect == Effect::Null;
        let consequence = Consequence { case: case.case, effect };
        if !found.contains(&consequence) {
            found.push(consequence);
        }
    }
    if may_be_null && column.default.is_none() {
        let effect = match column.required {
            true => Effect::Fails(FailureCategory::MissingRequired),
            false => Effect::Null,
        };
        found.push(Consequence { case: "no value".to_owned(), effect });
    }
    found
}
