//! What a file is that is not XML, by its first bytes.

/// Beginnings of files, and what such a file is.
const KINDS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip archive, or a file of Word or Excel"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "compressed with gzip twice"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "a file of an older Word or Excel"),
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"{", "JSON"),
    (b"[", "JSON"),
];

/// What a file is that begins like this and is surely not XML; `None` for all else, also where it is
/// not XML either.
pub fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    let mark = usize::from(bytes.starts_with(b"\xef\xbb\xbf")) * 3;
    let text = bytes[mark..].trim_ascii_start();
    let kind = KINDS.iter().find(|(beginning, _)| text.starts_with(beginning));
    kind.map(|(_, kind)| *kind)
}
