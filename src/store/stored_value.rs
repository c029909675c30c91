//! Values that a store keeps as text.

use crate::value::convert::Conversion;
use crate::value::{SqlType, Value};

/// The value of a column's type in a text; the text itself where it is none, so that nothing is lost.
pub(super) fn of_text(text: &str, sql_type: SqlType) -> Value {
    let is_text = sql_type.is_character() || sql_type == SqlType::Xml;
    let converted = match is_text {
        true => None,
        false => Conversion::for_column(sql_type).text(text).ok(),
    };
    match converted {
        None | Some(Value::Null) => Value::Text(text.into()),
        Some(value) => value,
    }
}
