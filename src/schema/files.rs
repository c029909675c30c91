//! The files of a schema: the first, and those that it includes and imports.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::{Result, SchemaError};
use super::locate::{candidates, is_remote, last_part, normalized};
use super::markup::{parse, Element, XML};

/// Files of one schema.
const MOST_FILES: usize = 1_000;

/// Bytes of all of them.
const MOST_BYTES: usize = 64 << 20;

/// Gives the text of a file; nothing where there is none.
pub type Open<'o> = dyn Fn(&Path) -> std::result::Result<Option<String>, String> + 'o;

/// The files of a schema.
#[derive(Debug)]
pub struct SchemaFiles {
    pub(super) files: Vec<SchemaFile>,
    pub(super) missing: Vec<Missing>,
}

/// A file, which may be there twice where it is included into two namespaces.
#[derive(Debug)]
pub(super) struct SchemaFile {
    /// For people.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The namespace that it declares, or that of the file which includes it.
    pub(super) target: String,
    pub(super) root: Element,
}

impl SchemaFile {
    /// The namespace of names without a prefix, where there is no default namespace.
    pub(super) fn bare_uri(&self) -> &str {
        match self.root.get("targetNamespace") {
            Some(_) => "",
            None => &self.target,
        }
    }
}

/// An import of which no file was found. It matters only where something of it is used.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) namespace: String,
    /// The place of the import.
    pub(super) place: String,
    pub(super) location: Option<String>,
    /// Where a copy is looked for.
    pub(super) beside: PathBuf,
}

impl SchemaFiles {
    /// Reads a schema and all that it includes and imports.
    ///
    /// # Errors
    /// A file cannot be read, is not a schema, or is included but does not exist.
    pub fn read(path: &Path, open: &Open<'_>) -> std::result::Result<Self, Box<SchemaError>> {
        let files = SchemaFiles { files: Vec::new(), missing: Vec::new() };
        let mut loader = Loader { open, files, seen: HashSet::new(), bytes: 0 };
        let text = loader
            .text(path)
            .map_err(|reason| unreadable(path, reason))?
            .ok_or_else(|| unreadable(path, "the file does not exist".to_owned()))?;
        loader.add(path.to_owned(), &text, None)?;
        let mut at = 0;
        while at < loader.files.files.len() {
            loader.follow(at)?;
            at += 1;
        }
        let files = loader.files;
        Ok(files)
    }

    /// The names of the files, in the order of reading.
    pub fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }
}

fn unreadable(path: &Path, reason: String) -> Box<SchemaError> {
    let hint = "check the path and its permissions".to_owned();
    Box::new(SchemaError { place: path.display().to_string(), reason, hint })
}

struct Loader<'o> {
    open: &'o Open<'o>,
    files: SchemaFiles,
    /// Paths and the namespaces for which they were read.
    seen: HashSet<(PathBuf, String)>,
    bytes: usize,
}

impl Loader<'_> {
    fn text(&mut self, path: &Path) -> std::result::Result<Option<String>, String> {
        let text = (self.open)(path)?;
        self.bytes += text.as_ref().map_or(0, String::len);
        match self.bytes > MOST_BYTES || self.files.files.len() >= MOST_FILES {
            true => Err(format!(
                "the schema has more than {MOST_FILES} files or {} MiB, the limits",
                MOST_BYTES >> 20
            )),
            false => Ok(text),
        }
    }

    /// Adds a file, which one of this namespace includes.
    fn add(&mut self, path: PathBuf, text: &str, includer: Option<&str>) -> Result<()> {
        let name = path.display().to_string();
        let root = parse(text).map_err(|fault| {
            let place = format!("{name}:{}", fault.line);
            Box::new(SchemaError { place, reason: fault.reason, hint: fault.hint.to_owned() })
        })?;
        let target = root.get("targetNamespace").or(includer).unwrap_or_default().to_owned();
        if self.seen.insert((normalized(&path), target.clone())) {
            self.files.files.push(SchemaFile { name, path, target, root });
        }
        Ok(())
    }

    /// Reads what a file includes and imports.
    fn follow(&mut self, at: usize) -> Result<()> {
        let mut wanted = Vec::new();
        let file = &self.files.files[at];
        for child in &file.root.children {
            let is_import = child.name == "import";
            if !is_import && !matches!(child.name.as_str(), "include" | "redefine" | "override") {
                continue;
            }
            let location = child.get("schemaLocation").map(str::to_owned);
            let namespace = child.get("namespace").unwrap_or_default().to_owned();
            wanted.push((is_import, child.line, location, namespace));
        }
        let (name, path, target) = (file.name.clone(), file.path.clone(), file.target.clone());
        for (is_import, line, location, namespace) in wanted {
            let place = format!("{name}:{line}");
            let includer = (!is_import).then_some(target.as_str());
            let found = match &location {
                Some(location) => self.find(&path, location, includer, &place)?,
                None => false,
            };
            if found || is_import && namespace == XML {
                continue;
            }
            let beside = path.with_file_name(location.as_deref().map_or("", last_part));
            let missing = Missing { namespace, place, location, beside };
            if !is_import {
                return Err(missing.error("the file is included"));
            }
            self.files.missing.push(missing);
        }
        Ok(())
    }

    /// Adds the file of a location, unless it has been read already; false if there is none.
    fn find(
        &mut self,
        from: &Path,
        location: &str,
        includer: Option<&str>,
        place: &str,
    ) -> Result<bool> {
        let first = self.files.files[0].path.clone();
        for path in candidates(location, from, &first) {
            let key = normalized(&path);
            let is_read = self.seen.iter().any(|(seen, target)| {
                *seen == key && includer.is_none_or(|includer| includer == target)
            });
            if is_read {
                return Ok(true);
            }
            let text = self.text(&path).map_err(|reason| {
                let reason = format!("{} cannot be read: {reason}", path.display());
                let hint = "make it readable, or divide the schema".to_owned();
                Box::new(SchemaError { place: place.to_owned(), reason, hint })
            })?;
            if let Some(text) = text {
                self.add(path, &text, includer)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Missing {
    /// An error for something that needs the file.
    pub(super) fn error(&self, why: &str) -> Box<SchemaError> {
        let place = self.place.clone();
        let beside = self.beside.display();
        let (reason, hint) = match &self.location {
            Some(location) if is_remote(location) => (
                format!("{why}, but {location} is not read from the network"),
                format!("download it and save it as {beside}"),
            ),
            Some(location) => {
                (format!("{why}, but {location} does not exist"), format!("save it as {beside}"))
            }
            None => (
                format!("{why}, but the import of {} names no file", self.namespace),
                "add schemaLocation to the import".to_owned(),
            ),
        };
        Box::new(SchemaError { place, reason, hint })
    }
}
