//! A zip archive, whose members several threads read at once.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::read::{Config, ZipArchiveMetadata, ZipReadOptions};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;
use zip::ZipArchive;

use crate::files;

/// A zip archive: its list of members, which is read once.
pub struct Archive {
    path: PathBuf,
    list: Arc<ZipArchiveMetadata>,
}

impl Archive {
    /// Reads the list of members.
    ///
    /// # Errors
    /// The file cannot be read or is not a zip archive, two of its members have one name, or its members
    /// share bytes, as in an archive that is made to become huge.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = files::open(path)?;
        let bytes = file.metadata()?.len();
        let list = ZipArchive::new(BufReader::new(file)).map_err(refused)?.metadata();
        let archive = Self { path: path.to_owned(), list };
        // The list has only the last of those with one name.
        if let Some(name) = named_twice(path)? {
            let problem = format!("it has several members with the name {name}");
            return Err(io::Error::other(format!(
                "{problem}: unpack it under different names first"
            )));
        }
        let packed = archive.members().map(|member| u128::from(member.compressed_size()));
        match packed.sum::<u128>() > u128::from(bytes) {
            true => Err(io::Error::other("its members have more bytes than the file")),
            false => Ok(archive),
        }
    }

    /// The positions of the members that are files and whose name `is_wanted`, and these names.
    pub fn files(&self, mut is_wanted: impl FnMut(&Path) -> bool) -> Vec<(usize, String)> {
        let files = self.members().enumerate().filter(|(_, member)| member.is_file());
        let named = files.map(|(position, member)| (position, written(&member)));
        named.filter(|(_, name)| is_wanted(Path::new(name))).collect()
    }

    /// The archive's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A member's name.
    pub(super) fn member(&self, position: usize) -> String {
        self.list.entry(position).map(|member| written(&member)).unwrap_or_default()
    }

    /// The length that the list says a member has.
    pub(super) fn bytes(&self, position: usize) -> io::Result<Option<u64>> {
        Ok(Some(self.list.entry(position).map_err(refused)?.size()))
    }

    /// Reads a member, decompressed.
    pub(super) fn content<T>(
        &self,
        position: usize,
        read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        let member = self.list.entry(position).map_err(refused)?;
        if member.encrypted() {
            return Err(io::Error::other("it is encrypted: unpack the archive first"));
        }
        let mut file = BufReader::new(files::open(&self.path)?);
        let mut content = member.with_reader(&mut file, ZipReadOptions::new()).map_err(refused)?;
        read(&mut content)
    }

    fn members(&self) -> impl Iterator<Item = zip::read::ZipFileEntry<'_>> {
        (0..self.list.len()).filter_map(|position| self.list.entry(position).ok())
    }
}

/// The first name that two members have.
fn named_twice(path: &Path) -> io::Result<Option<String>> {
    let file = BufReader::new(files::open(path)?);
    let mut all = ZipIterable::try_new(file, Config::default()).map_err(refused)?;
    let mut names = HashSet::new();
    for member in all.files().map_err(refused)? {
        let name = written(&member.map_err(refused)?);
        if !names.insert(name.clone()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The name, with `/` between folders, as all archives but some old ones have it.
fn written(member: &zip::read::ZipFileEntry<'_>) -> String {
    let name = member.name();
    let name = name.unwrap_or_else(|_| String::from_utf8_lossy(member.name_raw()));
    name.replace('\\', "/")
}

fn refused(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("path", &self.path).finish_non_exhaustive()
    }
}
