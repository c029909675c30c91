//! Any text as an expression of a contract.

use super::readable;

/// No text makes the reader of expressions panic, and it explains what it refuses.
pub fn check(text: &str) {
    let quoted = toml_string(text);
    readable(&format!(
        "[contract]\nname = 'e'\n[document]\nroot = 'a'\n[[tables]]\nname = 't'\neach = '/a/b'\n\
         app_column = 'app_id'\nwhere = {quoted}\n\
         [tables.columns]\napp_id = {{ type = 'int', value = 'APP_ID()' }}\n\
         value = {{ type = 'nvarchar(max)', value = {quoted} }}\n"
    ));
}

/// The text as a basic string of TOML.
fn toml_string(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
