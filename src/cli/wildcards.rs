//! Names with `*` and `?`, which the shells of Windows leave to programs.
//!
//! These two alone: no name on Windows has them, whereas `[1]` is a part of the name that a browser gives
//! to a second download.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

const ANY: char = '*';
const ONE: char = '?';

/// Whether the last part of a path is a pattern.
pub fn is_pattern(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains([ANY, ONE]))
}

/// What the folder of the pattern has that matches its last part, in no order. As in a shell, a name that
/// begins with a dot matches only a pattern that does, and what Windows hides matches none.
///
/// # Errors
/// The folder cannot be read.
pub fn matches(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = pattern.parent().unwrap_or(Path::new(""));
    let wanted = letters(&pattern.file_name().unwrap_or_default().to_string_lossy());
    let read_from = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(read_from)? {
        let entry = entry?;
        let name = entry.file_name();
        let letters = letters(&name.to_string_lossy());
        let is_hidden = letters.first() == Some(&'.') && wanted.first() != Some(&'.');
        if !is_hidden && !has_hidden_attribute(&entry) && fits(&letters, &wanted) {
            found.push(folder.join(name));
        }
    }
    Ok(found)
}

/// Whether a folder does not show it.
pub fn is_hidden(entry: &DirEntry) -> bool {
    is_hidden_name(&entry.file_name()) || has_hidden_attribute(entry)
}

/// Whether a name begins with a dot and is more than one or two of them.
pub fn is_hidden_name(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") && name != "." && name != ".."
}

#[cfg(windows)]
fn has_hidden_attribute(entry: &DirEntry) -> bool {
    use std::os::windows::fs::MetadataExt;

    const FILE_ATTRIBUTE_HIDDEN: u32 = 2;
    entry.metadata().is_ok_and(|found| found.file_attributes() & FILE_ATTRIBUTE_HIDDEN != 0)
}

#[cfg(not(windows))]
fn has_hidden_attribute(_: &DirEntry) -> bool {
    false
}

/// Names of Windows are the same in small and capital letters.
fn letters(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// Whether a name has the form of a pattern. What the last `*` stands for grows while the rest does not fit:
/// an earlier one never has to.
fn fits(name: &[char], pattern: &[char]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    let mut last_any = None;
    while at < name.len() {
        match pattern.get(in_pattern) {
            Some(&ANY) => {
                last_any = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(&c) if c == ONE || c == name[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match last_any {
                None => return false,
                Some((any, from)) => {
                    last_any = Some((any, from + 1));
                    (at, in_pattern) = (from + 1, any + 1);
                }
            },
        }
    }
    pattern[in_pattern..].iter().all(|&c| c == ANY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_and_a_question_mark_one_character() {
        for (pattern, name, does) in [
            ("*", "a", true),
            ("*.xml", "a.XML", true),
            ("*.xml", "a.xml.gz", false),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axbxbx", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("**", "", true),
            ("?", "", false),
            ("\u{c4}*", "\u{e4}b", true),
            ("a[1]", "a1", false),
        ] {
            assert_eq!(fits(&letters(name), &letters(pattern)), does, "{pattern} {name}");
        }
    }
}
