//! Paths that are longer than Windows takes, unless they are written in another way.

use std::borrow::Cow;
use std::path::Path;

/// The path as every program of Windows reaches it. The standard library does this for its own calls; SQLite and
/// what moves temporary files do not.
pub fn reachable(path: &Path) -> Cow<'_, Path> {
    if cfg!(windows) {
        let absolute = std::path::absolute(path).ok();
        if let Some(long) = absolute.as_deref().and_then(Path::to_str).and_then(verbatim) {
            return Cow::Owned(long.into());
        }
    }
    Cow::Borrowed(path)
}

/// An absolute path after `\\?\`, which lifts the limit of 260 characters, where it or a file beside it may
/// have so many: SQLite adds `-journal`, and a new file has a longer name until it is complete.
fn verbatim(absolute: &str) -> Option<String> {
    const LONG: usize = 200;
    if absolute.encode_utf16().count() < LONG {
        return None;
    }
    match absolute.strip_prefix(r"\\") {
        Some(device) if device.starts_with(['?', '.']) => None,
        Some(share) => Some(format!(r"\\?\UNC\{share}")),
        None => Some(format!(r"\\?\{absolute}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_verbatim_and_a_short_one_as_it_was_written() {
        let long = "x".repeat(250);
        for (path, expected) in [
            (format!(r"C:\{long}\a.db"), Some(format!(r"\\?\C:\{long}\a.db"))),
            (format!(r"\\srv\d$\{long}"), Some(format!(r"\\?\UNC\srv\d$\{long}"))),
            (format!(r"\\?\C:\{long}"), None),
            (r"C:\work\a.db".to_owned(), None),
        ] {
            assert_eq!(verbatim(&path), expected);
        }
    }

    /// Deeper than 260 characters, as a share with long names of folders is.
    #[test]
    fn a_file_is_written_below_a_long_path() {
        let folder = tempfile::tempdir().unwrap();
        let deep = (0..6).fold(folder.path().to_owned(), |path, _| path.join("n".repeat(60)));
        std::fs::create_dir_all(&deep).unwrap();
        let path = deep.join("rows.csv");
        for text in ["first", "second"] {
            crate::files::write(&path, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
