//! Default values, from text to literals of the column's type.

use super::dates;
use super::legacy::{DataType, Mapping};
use super::output::toml_string;
use crate::value::convert::Conversion;
use crate::value::{plain_text, Value};

/// The TOML literal of a default, converted to the column's type.
pub(super) fn literal(text: &str, mapping: &Mapping) -> Result<String, String> {
    let no_value = || format!("its default `{text}` is no {}", mapping.sql_type());
    let conversion = Conversion::for_column(mapping.sql_type())
        .truncate(true)
        .date_formats(dates::patterns().into());
    let plain = match mapping.data_type {
        DataType::Bit => return bit(text).map(str::to_owned).ok_or_else(no_value),
        data_type if data_type.is_integer() || data_type == DataType::Decimal => {
            let number = crate::value::functions::number(text).ok().flatten();
            Value::Decimal(number.ok_or_else(no_value)?)
        }
        _ => Value::Text(text.into()),
    };
    let value = conversion.value(plain).map_err(|_| no_value())?;
    let shown = plain_text(&value).ok_or_else(no_value)?;
    Ok(match value {
        Value::Int(_) | Value::Decimal(_) => shown.to_string(),
        _ => toml_string(&shown),
    })
}

fn bit(text: &str) -> Option<&'static str> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["1", "y", "yes", "t", "true"]) {
        return Some("1");
    }
    is(&["0", "n", "no", "f", "false"]).then_some("0")
}
