//! The order of files in a folder: by name, `2` before `10`.

use std::path::{Path, PathBuf};

/// Where a file comes in the order of a folder: a folder's own files before those of its folders.
pub fn place(path: &Path) -> (Vec<Vec<Piece>>, Vec<Piece>, PathBuf) {
    let folders = path.parent().unwrap_or(Path::new("")).components();
    let folders = folders.map(|part| pieces(&part.as_os_str().to_string_lossy())).collect();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    (folders, pieces(&stem), path.to_owned())
}

/// A part of a file's name, in the order of its kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// Digits without leading zeros, after their count: these sort as the numbers do.
    Number(usize, String),
    Text(String),
}

/// A name, so that numbers in it sort as numbers.
fn pieces(name: &str) -> Vec<Piece> {
    let is_digit = |c: &char| c.is_ascii_digit();
    let mut characters = name.chars().peekable();
    let mut pieces = Vec::new();
    while let Some(first) = characters.peek().map(is_digit) {
        let piece: String =
            std::iter::from_fn(|| characters.next_if(|c| is_digit(c) == first)).collect();
        let digits = piece.trim_start_matches('0');
        pieces.push(match first {
            true => Piece::Number(digits.len(), digits.to_owned()),
            false => Piece::Text(piece),
        });
    }
    pieces
}
