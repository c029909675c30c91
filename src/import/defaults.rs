//! Default values, from text to literals of the column's type.

use super::dates;
use super::lines::toml_string;
use crate::value::convert::Conversion;
use crate::value::{functions, plain_text, SqlType, Value};

/// The TOML literal of a default, converted to the column's type.
pub(super) fn literal(text: &str, sql_type: SqlType) -> Result<String, String> {
    let literal = match sql_type {
        SqlType::Bit => bit(text).map(str::to_owned),
        sql_type if sql_type.is_integer() || matches!(sql_type, SqlType::Decimal { .. }) => {
            let number = functions::number(text).ok().flatten();
            number.and_then(|number| converted(Value::Decimal(number), sql_type))
        }
        _ => converted(Value::Text(text.into()), sql_type).map(|text| toml_string(&text)),
    };
    literal.ok_or_else(|| format!("its default `{text}` is not a valid {sql_type}"))
}

fn converted(value: Value, sql_type: SqlType) -> Option<String> {
    let conversion = Conversion::for_column(sql_type).truncate(true);
    let value = conversion.date_formats(dates::patterns().into()).value(value).ok()?;
    plain_text(&value).map(|text| text.to_string())
}

fn bit(text: &str) -> Option<&'static str> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match () {
        () if is(&["1", "y", "yes", "t", "true"]) => Some("1"),
        () if is(&["0", "n", "no", "f", "false"]) => Some("0"),
        () => None,
    }
}
