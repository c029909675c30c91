//! A file answers one question, so none is long.

use super::{files, shown, text};

/// Lines that a hand-written Rust file has at most.
const MOST_LINES: usize = 500;

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let all = ["src", "examples"].iter().flat_map(|folder| files(folder, &["rs"]));
    let long: Vec<String> = all
        .map(|path| (text(&path).lines().count(), shown(&path)))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "divide by subject:\n{}", long.join("\n"));
}
