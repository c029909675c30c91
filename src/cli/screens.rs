//! Which streams show colours, and how wide they are: the one place that decides.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use console::Term;

use crate::screen::Screen;
use crate::settings::keys;
use crate::settings::Colours;

/// Columns of a terminal that does not tell how many it has.
const WIDTH: usize = 80;

/// What the call or the environment asks for, before the arguments are known to be right: also their
/// mistakes are shown in colour.
pub fn asked_for(arguments: &[OsString]) -> Colours {
    let flag = format!("--{}", keys::COLOR.flag());
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let behind = arguments.iter().skip_while(|argument| **argument != flag).nth(1);
    let joined = arguments.iter().find_map(|a| a.strip_prefix(&flag)?.strip_prefix('='));
    let given = joined.map(str::to_owned).or_else(|| behind.map(ToString::to_string));
    let text = given.or_else(|| std::env::var(keys::COLOR.variable()).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Makes a choice the one of all streams, of the progress bar too.
pub fn decide(colours: Colours) {
    let choice = match colours {
        Colours::Auto => ColorChoice::Auto,
        Colours::Always => ColorChoice::Always,
        Colours::Never => ColorChoice::Never,
    };
    choice.write_global();
    console::set_colors_enabled(stdout().has_colours);
    console::set_colors_enabled_stderr(stderr().has_colours);
}

/// How stdout shows text.
pub fn stdout() -> Screen {
    let colours = AutoStream::auto(io::stdout()).current_choice();
    of(colours, io::stdout().is_terminal().then(Term::stdout))
}

/// How stderr shows text.
pub fn stderr() -> Screen {
    let colours = AutoStream::auto(io::stderr()).current_choice();
    of(colours, io::stderr().is_terminal().then(Term::stderr))
}

/// A console of Windows that does not interpret escape sequences, also not after it was asked to, would
/// need another choice than this.
fn of(colours: ColorChoice, terminal: Option<Term>) -> Screen {
    let columns =
        |terminal: Term| terminal.size_checked().map_or(WIDTH, |(_, columns)| columns.into());
    Screen { has_colours: colours == ColorChoice::AlwaysAnsi, width: terminal.map(columns) }
}
