//! Quotation marks that programs of Windows read otherwise than people mean them.

use std::ffi::OsString;

use super::command_error::CommandError;
use crate::files::is_rooted_on_windows;

/// The error for an argument that a backslash before its closing quotation mark has joined with what comes
/// after: of `"C:\my docs\" --recursive` Windows makes one argument, `C:\my docs" --recursive`.
pub fn swallowed(arguments: &[OsString]) -> Option<CommandError> {
    let texts = arguments.iter().skip(1).map(|argument| argument.to_string_lossy());
    let joined = texts.into_iter().find(|text| is_joined(text))?;
    // Not the rest, in which a password may be.
    let shown = joined.split('"').next().unwrap_or_default();
    let message = format!("a quotation mark and what follows are a part of the argument {shown}");
    let hint = "double the backslash before the closing quotation mark, or leave it out";
    Some(CommandError::usage(message, hint))
}

/// Whether a quotation mark is behind a path, which never has one on Windows, or before another flag.
fn is_joined(argument: &str) -> bool {
    let Some((before, after)) = argument.split_once('"') else { return false };
    let flag = before.strip_prefix("--").and_then(|flag| flag.split_once('='));
    let before = flag.map_or(before, |(_, value)| value);
    is_rooted_on_windows(before) || (after.starts_with(" -") && !before.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_has_a_quotation_mark_and_a_connection_string_may() {
        for (argument, does) in [
            (r#"C:\my docs" --app-id-from digits"#, true),
            (r#"docs" --recursive"#, true),
            (r#"\\srv\share\docs" D:\more"#, true),
            (r#"C:\docs""#, true),
            (r#"--out=C:\docs" --format csv"#, true),
            (r"C:\docs\", false),
            (r#"/orders/*[@x="y"]"#, false),
            (r#"Server=db1;Password="a -b";Database=d"#, false),
            ("J\u{fc}rgen", false),
        ] {
            assert_eq!(is_joined(argument), does, "{argument}");
        }
    }
}
