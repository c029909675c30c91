//! xmlshred.toml: flat keys, one per setting, each with its line.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::keys::{self, Key};
use crate::command::command;
use crate::diagnostic::spelling::nearest;
use crate::files;

/// The name looked for in the working folder when `--config` names no file.
pub const DEFAULT_NAME: &str = "xmlshred.toml";

/// A settings file.
#[derive(Debug, Default)]
pub struct SettingsFile {
    /// Its path, as given.
    pub path: PathBuf,
    /// The settings in it.
    pub entries: Vec<FileEntry>,
    /// Its mistakes, each with its line.
    pub problems: Vec<String>,
}

/// One `key = value`.
#[derive(Debug)]
pub struct FileEntry {
    /// The setting.
    pub key: &'static Key,
    /// The value as text.
    pub text: String,
    /// The key's line, from 1.
    pub line: usize,
}

impl SettingsFile {
    /// Reads `named`, or xmlshred.toml in the working folder if it exists.
    pub fn find(named: Option<&Path>) -> Self {
        let path = named.unwrap_or(Path::new(DEFAULT_NAME));
        match files::read_text(path) {
            Ok(text) => Self::parse(path, &text),
            Err(e) if named.is_none() && e.kind() == ErrorKind::NotFound => Self::default(),
            Err(e) => Self {
                problems: vec![format!("cannot read the settings file {}: {e}", path.display())],
                ..Self::default()
            },
        }
    }

    /// Reads a file's text.
    pub fn parse(path: &Path, text: &str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        for error in errors {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let hint = path_hint(text, line);
            file.problems.push(format!("{}:{line}: {}{hint}", path.display(), error.message()));
        }
        // A file with broken syntax is reported once.
        let readable = file.problems.is_empty();
        for (name, value) in table.get_ref().iter().filter(|_| readable) {
            let line = line_of(text, name.span().start);
            match entry(name.get_ref(), value.get_ref(), line) {
                Ok(entry) => file.entries.push(entry),
                Err(problem) => file.problems.push(format!("{}:{line}: {problem}", path.display())),
            }
        }
        file
    }

    /// Whether a file was read.
    pub fn exists(&self) -> bool {
        !self.path.as_os_str().is_empty()
    }

    /// The folder of the file: relative paths in it start there.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

fn entry(name: &str, value: &DeValue<'_>, line: usize) -> Result<FileEntry, String> {
    let Some(&key) = keys::ALL.iter().find(|key| key.name == name) else {
        return Err(unknown_key(name));
    };
    if *key == keys::PASSWORD {
        return Err("`password` has no place in a settings file; write `password_file`, or set \
                    XMLSHRED_PASSWORD"
            .to_owned());
    }
    if *key == keys::CONFIG {
        return Err("`config` has no place in a settings file; remove it".to_owned());
    }
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
        DeValue::Float(number) => number.as_str().replace('_', ""),
        DeValue::Boolean(truth) => truth.to_string(),
        other => {
            return Err(format!(
                "`{name}` is a TOML {}; write a string, a decimal number or true/false",
                other.type_str()
            ))
        }
    };
    Ok(FileEntry { key, text, line })
}

fn unknown_key(name: &str) -> String {
    match nearest(name, keys::ALL.iter().map(|key| key.name)) {
        Some(near) => format!("`{name}` is not a setting; did you mean `{near}`?"),
        None => {
            let settings = command("settings");
            format!("`{name}` is not a setting; {settings} lists all settings")
        }
    }
}

/// In double quotes a backslash begins an escape, which a path of Windows does not mean.
fn path_hint(text: &str, line: usize) -> &'static str {
    let line = text.lines().nth(line - 1).unwrap_or_default();
    match line.contains('"') && line.contains('\\') {
        true => "; write a path with backslashes in single quotes, such as 'C:\\work'",
        false => "",
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}
