//! Files that this program reads, which are files and nothing else, and files that it writes: a file
//! gets its name only when it is complete, and what had the name before is replaced, never written
//! into. A symbolic link of somebody else, or a second name of one of their files, is so left alone,
//! and a reader never sees half a file.

mod held;
mod long;
mod text;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub use self::held::{check_replaceable, persist, persist_new, remove, sync};
pub use self::long::reachable;
pub use self::text::{read_script, read_text, text_of, Encoded};

/// A file that is being written beside its place, as `.xmlshred-*.new`. It is deleted when this is
/// dropped, unless it was put in its place; only a process that is killed leaves it.
#[derive(Debug)]
pub struct NewFile {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl NewFile {
    /// Starts a file for `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable, or `path` is a folder.
    pub fn create(path: &Path) -> io::Result<Self> {
        // Later, the rename would say no more than that it failed.
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
            return Err(ErrorKind::IsADirectory.into());
        }
        let file = BufWriter::new(temporary(folder_of(path))?);
        Ok(Self { file, path: path.to_owned() })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// The file cannot be written or moved.
    pub fn put_in_place(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        persist(file, &self.path)
    }
}

impl Write for NewFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens a file to read it. Anything else is refused: opening a named pipe waits for ever, and a
/// device never ends.
///
/// # Errors
/// The file cannot be opened, or is a folder, a pipe, a socket or a device.
pub fn open(path: &Path) -> io::Result<File> {
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe may have taken the file's place meanwhile.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Reads a whole file.
///
/// # Errors
/// As [`open`], or the file cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Refuses what is not a file.
///
/// # Errors
/// What it is instead.
pub fn check(found: &Metadata) -> io::Result<()> {
    match kind(found) {
        None => Ok(()),
        Some(kind) => Err(io::Error::other(format!("it is {kind}, not a file"))),
    }
}

/// What something is that is not a file.
fn kind(found: &Metadata) -> Option<&'static str> {
    let file_type = found.file_type();
    if file_type.is_file() {
        return None;
    }
    if file_type.is_dir() {
        return Some("a folder");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return Some("a pipe");
        }
        if file_type.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}

/// Writes a whole file.
///
/// # Errors
/// As [`NewFile`].
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes)?;
    file.put_in_place()
}

/// An empty file that others may read while it is written, in place of what has its name.
///
/// # Errors
/// What has the name cannot be removed, or the file cannot be created.
pub fn create(path: &Path) -> io::Result<File> {
    remove(path)?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Whether a path of Windows means the same in every working folder.
pub fn is_rooted_on_windows(path: &str) -> bool {
    path.starts_with("\\\\")
        || matches!(path.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

/// Whether a path of Windows, such as `C:log`, means the working folder of a drive.
pub fn is_drive_relative(path: &str) -> bool {
    matches!(path.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic())
        && !is_rooted_on_windows(path)
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file of no name of its own yet.
///
/// # Errors
/// The folder does not exist or is not writable.
pub fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".xmlshred-").suffix(".new");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Reduced by the umask, as for any other new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(reachable(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_put_in_its_place_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_replaced_and_what_they_lead_to_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, write_to) in [
            ("whole", (|path| write(path, b"new")) as fn(&Path) -> io::Result<()>),
            ("open", |path| create(path)?.write_all(b"new")),
        ] {
            fs::write(at("other"), "old").unwrap();
            std::os::unix::fs::symlink(at("other"), at(name)).unwrap();
            write_to(&at(name)).unwrap();
            let hard = format!("{name}-hard");
            fs::hard_link(at("other"), at(&hard)).unwrap();
            write_to(&at(&hard)).unwrap();
            let dangling = format!("{name}-dangling");
            std::os::unix::fs::symlink(at("absent"), at(&dangling)).unwrap();
            write_to(&at(&dangling)).unwrap();
            for written in [name, &hard, &dangling] {
                assert_eq!(fs::read(at(written)).unwrap(), b"new");
                assert!(fs::symlink_metadata(at(written)).unwrap().is_file());
            }
            assert_eq!(fs::read(at("other")).unwrap(), b"old");
            assert!(!at("absent").exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_permissions_of_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
        };
        fs::write(folder.path().join("plain"), "").unwrap();
        write(&folder.path().join("ours"), b"").unwrap();
        assert_eq!(mode("ours"), mode("plain"));
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(folder.path(), b"").is_err());
    }
}
