//! The colour of the commands that are built with [`crate::command`]. Others, as a document or a server
//! may contain, have none.

use std::borrow::Cow;

use crate::command;
use crate::screen::{Ink, Screen};

/// Begins a command.
const BEGINS: &str = "`xmlshred ";

/// The text with its own commands in the colour of commands.
pub fn inked(text: &str, screen: Screen) -> Cow<'_, str> {
    if !screen.has_colours || !text.contains(BEGINS) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(BEGINS);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let command = part.split('`').next().unwrap_or_default();
        let whole = format!("xmlshred {command}");
        shown += "`";
        match command::is_built(&whole) {
            true => shown += &screen.ink(Ink::Command, &whole),
            false => shown += &whole,
        }
        shown += &part[command.len()..];
    }
    Cow::Owned(shown)
}
