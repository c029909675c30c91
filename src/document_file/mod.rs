//! A document in a file: as it is, compressed with gzip, or a member of a zip archive.

mod archive;
mod kind;

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

pub use archive::Archive;
pub use kind::other_kind;

use crate::files;

/// Where a document is.
#[derive(Debug, Clone)]
pub enum DocumentFile {
    /// In what the program is given on stdin.
    Stdin,
    /// In a file of its own, which may be compressed with gzip.
    Path(PathBuf),
    /// In the archive, at this position.
    Member(Arc<Archive>, usize),
}

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The system or the archive refuses it.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is longer than the limit. Its length, where the file says it.
    #[error("the document has {}", length(.bytes, .most))]
    TooLong {
        /// Its bytes.
        bytes: Option<u64>,
        /// The limit.
        most: u64,
    },
}

/// `4000 bytes`, or `more than 1000 bytes` where reading stopped there.
fn length(bytes: &Option<u64>, most: &u64) -> String {
    match bytes {
        Some(bytes) => format!("{bytes} bytes"),
        None => format!("more than {most} bytes"),
    }
}

impl DocumentFile {
    /// The name for people: a path, with a member's name behind that of its archive and `!`.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::Member(archive, position) => {
                format!("{}!{}", archive.path().display(), archive.member(*position))
            }
        }
    }

    /// The last part of the name.
    pub fn file_name(&self) -> String {
        let last = |path: &Path| {
            path.file_name().map(|last| last.to_string_lossy().into_owned()).unwrap_or_default()
        };
        match self {
            Self::Stdin => self.name(),
            Self::Path(path) => last(path),
            Self::Member(archive, position) => last(Path::new(&archive.member(*position))),
        }
    }

    /// The document's bytes, decompressed. Reading stops when there are more than `most`, so that
    /// a small file that becomes a huge one does no harm.
    ///
    /// # Errors
    /// It cannot be read, its compression is broken, or it has more than `most` bytes.
    pub fn read(&self, most: u64) -> Result<Vec<u8>, Unreadable> {
        if let Some(bytes) = self.bytes()?.filter(|bytes| *bytes > most) {
            return Err(Unreadable::TooLong { bytes: Some(bytes), most });
        }
        let read = self.content(|content| some(content, most.saturating_add(1)))?;
        match read.len() as u64 > most {
            true => Err(Unreadable::TooLong { bytes: None, most }),
            false => Ok(read),
        }
    }

    /// The first bytes, decompressed, for [`other_kind`]; of stdin none.
    ///
    /// # Errors
    /// It cannot be read, or its compression is broken.
    pub fn beginning(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Stdin => Ok(Vec::new()),
            _ => self.content(|content| some(content, 64)),
        }
    }

    /// Its length, where that is known before it is read. A compressed file has these bytes
    /// before it is decompressed.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn bytes(&self) -> io::Result<Option<u64>> {
        match self {
            Self::Stdin => Ok(None),
            Self::Path(path) => Ok(Some(files::open(path)?.metadata()?.len())),
            Self::Member(archive, position) => archive.bytes(*position),
        }
    }

    /// Its place, however it is named: the absolute path without links, in the letters that the disk has.
    /// stdin has none but its name. It has bytes, because names on Unix need not be UTF-8.
    pub fn place(&self) -> Vec<u8> {
        let absolute = |path: &Path| {
            let found = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
            found.unwrap_or_else(|_| path.to_owned()).into_os_string().into_encoded_bytes()
        };
        match self {
            Self::Stdin => self.name().into_bytes(),
            Self::Path(path) => absolute(path),
            Self::Member(archive, position) => {
                // No name of a file has a NUL, so that none is that of a member.
                let member = format!("\0{}", archive.member(*position));
                [absolute(archive.path()), member.into_bytes()].concat()
            }
        }
    }

    /// Reads its bytes, decompressed, as they come.
    ///
    /// # Errors
    /// It cannot be opened, or `read` fails.
    pub fn content<T>(&self, read: impl FnOnce(&mut dyn Read) -> io::Result<T>) -> io::Result<T> {
        match self {
            Self::Stdin => read(&mut io::stdin().lock()),
            Self::Path(path) => unzipped(files::open(path)?, read),
            Self::Member(archive, position) => {
                archive.content(*position, |content| unzipped(content, read))
            }
        }
    }
}

/// Reads what may be compressed with gzip.
fn unzipped<T>(
    content: impl Read,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> io::Result<T> {
    let mut content = BufReader::new(content);
    match content.fill_buf()?.starts_with(GZIP) {
        true => read(&mut Gunzip(MultiGzDecoder::new(content))),
        false => read(&mut content),
    }
}

/// Decompressed bytes; a fault of the compressed ones says what it is of.
struct Gunzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                let text = format!("the gzip data is cut off or damaged ({error})");
                io::Error::new(ErrorKind::InvalidData, text)
            }
            _ => error,
        })
    }
}

/// What a file that is compressed with gzip begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// All bytes, or the first of them.
fn some(content: &mut dyn Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
