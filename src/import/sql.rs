//! Expressions of the new contract, as text. The printer drops parentheses that are not needed.

/// A text in quotes.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A path that begins at the row's element (`.`), its parent (`..`), the document (nothing), or
/// anywhere (`/`), and reads an attribute or the element's text.
pub(super) fn path(start: &str, steps: &[String], attribute: Option<&str>) -> String {
    let attribute = attribute.map(|name| format!("@{name}"));
    let steps = steps.iter().map(String::as_str);
    std::iter::once(start).chain(steps).chain(attribute.as_deref()).collect::<Vec<_>>().join("/")
}

/// All conditions joined by AND or OR; None where there is none.
pub(super) fn joined(op: &str, parts: impl IntoIterator<Item = String>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().map(|part| format!("({part})")).collect();
    (!parts.is_empty()).then(|| parts.join(&format!(" {op} ")))
}

/// `operand IN (…)`, or `operand = …` with one value.
pub(super) fn is_one_of(operand: &str, values: &[impl AsRef<str>]) -> String {
    let texts: Vec<String> = values.iter().map(|value| text(value.as_ref())).collect();
    match texts.as_slice() {
        [only] => format!("{operand} = {only}"),
        _ => format!("{operand} IN ({})", texts.join(", ")),
    }
}

/// Whether a text is neither blank nor the word null or none.
pub(super) fn is_meaningful(operand: &str) -> String {
    format!("LOWER({operand}) NOT IN ('', 'null', 'none')")
}
