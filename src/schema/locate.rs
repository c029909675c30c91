//! Where the file of a `schemaLocation` may be. Nothing is ever read from a network.

use std::path::{Component, Path, PathBuf};

/// Whether a location is on another machine. A path with two slashes in front is one in Windows.
pub(super) fn is_remote(location: &str) -> bool {
    let plain = location.replace('\\', "/");
    match strip_prefix_ignoring_case(&plain, "file:///") {
        // `file:////server/share` is another machine too.
        Some(path) => path.starts_with('/'),
        None => plain.contains("://") || plain.starts_with("//") || plain.starts_with("urn:"),
    }
}

/// The name of the file in a location.
pub(super) fn last_part(location: &str) -> &str {
    let end = location.find(['?', '#']).unwrap_or(location.len());
    location[..end].rsplit(['/', '\\']).next().unwrap_or_default()
}

/// The paths at which the file of a location may be, the likeliest first: where it says, beside the
/// file that names it, and beside the first file of the schema.
pub(super) fn candidates(location: &str, from: &Path, first: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    // Before it is judged: `%5C%5Cserver` is another machine too.
    let location = decoded(location);
    let name = last_part(&location);
    if !is_remote(&location) {
        let plain = location.replace('\\', "/");
        let plain = strip_prefix_ignoring_case(&plain, "file:///").map_or(plain.clone(), |path| {
            // `file:///C:/x.xsd` and `file:///home/x.xsd`.
            if has_drive(path) {
                path.to_owned()
            } else {
                format!("/{path}")
            }
        });
        paths.push(match has_drive(&plain) {
            true => PathBuf::from(plain),
            false => beside(from, Path::new(&plain)),
        });
    }
    if !name.is_empty() {
        paths.push(beside(from, Path::new(name)));
        paths.push(beside(first, Path::new(name)));
    }
    paths.dedup();
    paths
}

fn beside(file: &Path, path: &Path) -> PathBuf {
    normalized(&file.parent().unwrap_or(Path::new("")).join(path))
}

fn has_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'/'
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let begin = text.get(..prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// `%20` as a blank.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// A path without `.` and `folder/..`, so that a file has one name.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        let is_below = matches!(normal.components().next_back(), Some(Component::Normal(_)));
        match component {
            Component::CurDir => {}
            Component::ParentDir if is_below => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(location: &str) -> Vec<String> {
        let paths = candidates(location, Path::new("s/sub/a.xsd"), Path::new("s/main.xsd"));
        paths.iter().map(|path| path.to_string_lossy().replace('\\', "/")).collect()
    }

    #[test]
    fn a_location_is_looked_for_where_it_says_and_beside() {
        for (location, expected) in [
            ("b.xsd", &["s/sub/b.xsd", "s/b.xsd"][..]),
            ("../types/b.xsd", &["s/types/b.xsd", "s/sub/b.xsd", "s/b.xsd"]),
            (r"..\types\b.xsd", &["s/types/b.xsd", "s/sub/b.xsd", "s/b.xsd"]),
            (r"C:\schemas\b.xsd", &["C:/schemas/b.xsd", "s/sub/b.xsd", "s/b.xsd"]),
            ("file:///C:/a%20b.xsd", &["C:/a b.xsd", "s/sub/a b.xsd", "s/a b.xsd"]),
            ("http://example.org/x/b.xsd?v=1", &["s/sub/b.xsd", "s/b.xsd"]),
            (r"\\server\share\b.xsd", &["s/sub/b.xsd", "s/b.xsd"]),
            ("file://server/b.xsd", &["s/sub/b.xsd", "s/b.xsd"]),
            ("//server/b.xsd", &["s/sub/b.xsd", "s/b.xsd"]),
            ("%5C%5Cserver%5Cb.xsd", &["s/sub/b.xsd", "s/b.xsd"]),
        ] {
            assert_eq!(shown(location), expected, "{location}");
        }
    }
}
