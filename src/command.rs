//! The commands that text for people shows in backticks. Each is completed where its message is built, never
//! by a search in finished text: what a document or a server says cannot become a command.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::screen::is_unprintable;

/// The flags of this call that other commands need.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// Those that name the store and the login, each after a blank. Never a password.
    pub store: String,
    /// That of the contract, after a blank.
    pub contract: String,
}

static FLAGS: OnceLock<Flags> = OnceLock::new();

/// The commands that this process has built.
static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Commands that open no store, or, as `map`, only with `--app-id`.
const WITHOUT_STORE: &[&str] =
    &["completions", "contract", "coverage", "demo", "diff", "docs", "man", "map", "settings"];

/// Commands that read the contract.
const WITH_CONTRACT: &[&str] =
    &["backfill", "delete-stale-rows", "erase", "install", "map", "requeue", "run", "verify"];

/// Makes these the flags of all commands that are built from now on. A second call keeps the first one's.
pub fn set_flags(flags: Flags) {
    FLAGS.set(flags).ok();
}

/// Whether the command of this name opens no store, or only where it is asked to.
pub fn is_without_store(name: &str) -> bool {
    WITHOUT_STORE.contains(&name)
}

fn opens_store(name: &str) -> bool {
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_name && !name.starts_with('-') && !is_without_store(name)
}

/// A command of this program in backticks, to be copied as it is: it has the flags with which this call
/// reached its store. `text` does not name the program; a value in it is [`quoted`].
pub fn command(text: &str) -> String {
    format!("`{}`", bare_command(text))
}

/// As [`command`], without backticks: for a line of its own.
pub fn bare_command(text: &str) -> String {
    let complete = match FLAGS.get() {
        Some(flags) => format!("xmlshred {}", with_flags(text, flags)),
        None => format!("xmlshred {text}"),
    };
    BUILT.lock().unwrap_or_else(PoisonError::into_inner).insert(complete.clone());
    complete
}

/// Whether this process has built this command, the name of the program included.
pub fn is_built(command: &str) -> bool {
    BUILT.lock().unwrap_or_else(PoisonError::into_inner).contains(command)
}

fn with_flags(command: &str, flags: &Flags) -> String {
    let (name, rest) = command.split_at(command.find(' ').unwrap_or(command.len()));
    let has = |flag: &str| rest.split(' ').any(|word| word == flag);
    if !opens_store(name) && !has("--app-id") {
        return command.to_owned();
    }
    let store = if has("--store") || has("--server") { "" } else { &flags.store };
    let needs_contract = WITH_CONTRACT.contains(&name) && !has("--contract");
    let contract = if needs_contract { &flags.contract } else { "" };
    format!("{name}{store}{contract}{rest}")
}

/// The problem and the next step of a message that names one behind its last semicolon; one between backticks
/// is not meant, and backticks in the values of commands are none.
pub fn split_step(message: &str) -> Option<(&str, &str)> {
    let mut masked = message.to_owned();
    // The longest first: one may be the beginning of another.
    for command in BUILT.lock().unwrap_or_else(PoisonError::into_inner).iter().rev() {
        masked = masked.replace(command, &" ".repeat(command.len()));
    }
    let is_between = |(at, _): &(usize, &str)| masked[*at..].matches('`').count().is_multiple_of(2);
    let (at, separator) = masked.rmatch_indices("; ").find(is_between)?;
    Some((&message[..at], &message[at + separator.len()..]))
}

/// A text as one argument of a command. On Windows it is right for PowerShell, and for cmd where the text has
/// no `%`, and nothing that only PowerShell reads: a backtick, or a `$` before a name.
pub fn quoted(text: &str) -> Cow<'_, str> {
    match cfg!(windows) {
        true => quoted_for_windows(text),
        false => quoted_for_sh(text),
    }
}

fn is_plain(text: &str, marks: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || marks.contains(c))
}

/// In single quotation marks. What a terminal would not show as it is has its bytes in `$'…'`, which sh of
/// 2024, bash, ksh and zsh read.
fn quoted_for_sh(text: &str) -> Cow<'_, str> {
    if is_plain(text, "-_./:=+,@%") {
        return Cow::Borrowed(text);
    }
    if !text.contains(is_unprintable) {
        return Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")));
    }
    let mut shown = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\'' | '\\' => shown.extend(['\\', c]),
            c if is_unprintable(c) => {
                let mut bytes = [0; 4];
                let bytes = c.encode_utf8(&mut bytes).bytes();
                shown.extend(bytes.map(|byte| format!("\\{byte:03o}")));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown + "'")
}

/// In double quotation marks, which cmd and PowerShell read; in single ones where PowerShell would read
/// something between double ones. It takes typographic quotation marks for the plain ones. A backslash
/// before the end is doubled: the program would take it and the mark for a mark.
fn quoted_for_windows(text: &str) -> Cow<'_, str> {
    if is_plain(text, "-_./:\\=+") {
        return Cow::Borrowed(text);
    }
    let backslashes = &text[text.trim_end_matches('\\').len()..];
    if !text.contains(['`', '"', '“', '”', '„']) && !has_variable(text) {
        return Cow::Owned(format!("\"{text}{backslashes}\""));
    }
    let mut shown = "'".to_owned();
    for c in text.chars() {
        if matches!(c, '\'' | '‘' | '’' | '‚' | '‛') {
            shown.push(c);
        }
        shown.push(c);
    }
    // PowerShell before 7.3 writes an argument with blanks between double ones.
    if text.contains(char::is_whitespace) {
        shown.push_str(backslashes);
    }
    Cow::Owned(shown + "'")
}

/// Whether PowerShell replaces something in double quotation marks. It leaves the `$` of a share, `\\srv\D$\xml`.
fn has_variable(text: &str) -> bool {
    let begins_name = |c: char| c.is_alphanumeric() || "_{(:?^$".contains(c);
    text.match_indices('$').any(|(at, _)| text[at + 1..].starts_with(begins_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_the_flags_that_it_needs_and_not_twice() {
        let flags =
            Flags { store: " --store sqlite:a.db".into(), contract: " --contract c.toml".into() };
        for (text, expected) in [
            ("failures", "failures --store sqlite:a.db"),
            ("explain 5", "explain --store sqlite:a.db 5"),
            ("run", "run --store sqlite:a.db --contract c.toml"),
            ("load F --store sqlite:b", "load F --store sqlite:b"),
            ("run --contract FILE", "run --store sqlite:a.db --contract FILE"),
            ("contract check x", "contract check x"),
            ("map --app-id 5", "map --store sqlite:a.db --contract c.toml --app-id 5"),
            ("--help", "--help"),
        ] {
            assert_eq!(with_flags(text, &flags), expected);
        }
    }

    #[test]
    fn the_next_step_is_behind_the_last_semicolon_that_is_in_no_command() {
        let text = "a; b; run `xmlshred run --connection-string 'Server=x; Database=y'`";
        let step = "run `xmlshred run --connection-string 'Server=x; Database=y'`";
        assert_eq!(split_step(text), Some(("a; b", step)));
        assert_eq!(split_step("no step"), None);
        for file in ["a`b", "a`; b", "a; b"] {
            let step = format!("run {}", command(&format!("unload --file '{file}'")));
            let text = format!("{file} is loaded; {step}");
            assert_eq!(split_step(&text), Some((&*format!("{file} is loaded"), &*step)));
        }
    }

    /// What is hard to quote in one shell or another.
    const HARD: &[&str] = &[
        "",
        "a",
        "my store.db",
        "it's",
        "$HOME",
        "`id`",
        "a\"b",
        "\\",
        "a\\",
        "!x",
        "~",
        "a;b",
        "a&b",
        "*",
        "%PATH%",
        "a\nb",
        "\u{1b}[2J'\\",
        "a\u{202e}b",
        "’",
        "”",
        "ä b",
    ];

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_what_was_quoted() {
        for text in HARD {
            let quoted = quoted_for_sh(text);
            assert!(!quoted.contains(is_unprintable), "{quoted}");
            let script = format!("printf %s {quoted}");
            let said = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), *text, "{quoted}");
        }
    }

    #[test]
    fn powershell_and_cmd_read_what_was_quoted() {
        let quoted: Vec<Cow<'_, str>> = HARD.iter().map(|text| quoted_for_windows(text)).collect();
        let expected = [
            "\"\"",
            "a",
            "\"my store.db\"",
            "\"it's\"",
            "'$HOME'",
            "'`id`'",
            "'a\"b'",
            "\\",
            "a\\",
            "\"!x\"",
            "\"~\"",
            "\"a;b\"",
            "\"a&b\"",
            "\"*\"",
            "\"%PATH%\"",
            "\"a\nb\"",
            "\"\u{1b}[2J'\\\\\"",
            "\"a\u{202e}b\"",
            "\"’\"",
            "'”'",
            "\"ä b\"",
        ];
        assert_eq!(quoted, expected);
        assert_eq!(quoted_for_windows(r"C:\my folder\"), r#""C:\my folder\\""#);
        assert_eq!(quoted_for_windows("it’s $5"), "'it’’s $5'");
        assert_eq!(quoted_for_windows(r"\\srv\D$\xml"), r#""\\srv\D$\xml""#);
        let pipe = r"np:\\.\pipe\MSSQL$X\sql\query";
        assert_eq!(quoted_for_windows(pipe), format!("'{pipe}'"));
        assert_eq!(quoted_for_windows(r"D:\$x y\"), r"'D:\$x y\\'");
    }
}
