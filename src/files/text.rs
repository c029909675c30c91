//! Files of text, in the encodings in which Windows saves them.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::read;

const MARK: char = '\u{feff}';

/// Reads a whole file of text: UTF-8, or UTF-16 with a mark, which `>` of Windows PowerShell writes.
///
/// # Errors
/// As [`read`], or the file is in another encoding: its name is not in the file, and a guess would
/// make another text or password of it.
pub fn read_text(path: &Path) -> io::Result<String> {
    let text = text_of(read(path)?);
    let text = text.map_err(|e| io::Error::new(ErrorKind::InvalidData, e.to_string()))?;
    Ok(text.strip_prefix(MARK).map(str::to_owned).unwrap_or(text))
}

/// The text in these bytes: UTF-8 with its mark, if it has one, or what UTF-16 says without it.
///
/// # Errors
/// Where they stop being text, as [`read_text`] says.
pub fn text_of(bytes: Vec<u8>) -> Result<String, Encoded> {
    match Encoding::for_bom(&bytes) {
        Some((encoding, _)) if encoding != UTF_8 => {
            match encoding.decode_with_bom_removal(&bytes) {
                (text, false) => Ok(text.into_owned()),
                (_, true) => Err(Encoded::of(&bytes)),
            }
        }
        _ => String::from_utf8(bytes).map_err(|error| Encoded::of(error.as_bytes())),
    }
}

/// Reads a whole script, in one of the encodings in which SSMS saves them: UTF-16 or UTF-8 with a mark, or
/// without one UTF-8 or Windows-1252.
///
/// # Errors
/// As [`read`].
pub fn read_script(path: &Path) -> io::Result<String> {
    let bytes = read(path)?;
    let encoding = match Encoding::for_bom(&bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(&bytes).is_ok() => UTF_8,
        None => WINDOWS_1252,
    };
    Ok(encoding.decode(&bytes).0.into_owned())
}

/// Where a text stops being UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded {
    /// From 1.
    pub line: usize,
    /// In characters, from 1, as an editor counts.
    pub column: usize,
    /// The byte there, which may be a part of a password.
    pub byte: Option<u8>,
    /// Whether it begins as UTF-16 does.
    pub is_utf16: bool,
}

impl Encoded {
    /// The first place that is not UTF-8, or the end.
    pub fn of(bytes: &[u8]) -> Self {
        let valid = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), |_| bytes.len());
        let byte = bytes.get(valid).copied();
        let valid = String::from_utf8_lossy(&bytes[..valid]);
        Self {
            line: valid.matches('\n').count() + 1,
            column: valid.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1,
            byte,
            is_utf16: [[0xff, 0xfe], [0xfe, 0xff]].iter().any(|mark| bytes.starts_with(mark)),
        }
    }
}

/// Without the byte.
impl fmt::Display for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_utf16 {
            true => f.write_str("the file is damaged UTF-16; save it as UTF-8"),
            false => write!(
                f,
                "the file is not UTF-8 from line {}, column {}; save it as UTF-8",
                self.line, self.column
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, bytes).unwrap();
        read_text(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn text_is_read_as_windows_saves_it_and_never_guessed() {
        let utf16 = |to_bytes: fn(u16) -> [u8; 2]| {
            "\u{feff}Jürgen".encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>()
        };
        for bytes in [
            "Jürgen".as_bytes(),
            "\u{feff}Jürgen".as_bytes(),
            &utf16(u16::to_le_bytes),
            &utf16(u16::to_be_bytes),
        ] {
            assert_eq!(read(bytes).as_deref(), Ok("Jürgen"), "{bytes:?}");
        }
        let ansi = read(b"a\nJ\xfcrgen").unwrap_err();
        assert_eq!(ansi, "the file is not UTF-8 from line 2, column 2; save it as UTF-8");
        let odd = &utf16(u16::to_le_bytes)[..5];
        assert!(read(odd).unwrap_err().contains("damaged UTF-16"));
    }
}
