//! The documents that commands read: files, folders of files, and zip archives.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command_error::{CommandError, Result};
use super::name_order::place;
use super::wildcards::{is_hidden, is_hidden_name};
use super::{console, wildcards};
use crate::document_file::{Archive, DocumentFile};
use crate::figures::counted;
use crate::id::AppId;
use crate::offline::Source;

/// How files are looked for in folders.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Search {
    /// Also read the *.xml in the folders of a folder, and so on; links to folders are not followed
    #[arg(short, long)]
    recursive: bool,
}

/// The documents that `arguments` name, each argument's sorted by name, `2` before `10`, and these in
/// the order given: a folder means its XML files, a zip archive the XML files in all of its
/// folders, `-` stdin, and anything else itself; on Windows, whose shells leave that to programs, a last part
/// with `*` or `?` that is not the name of a file means the files whose names match. XML files end in `.xml` or `.xml.gz`. In folders and
/// archives, hidden ones are skipped.
///
/// # Errors
/// Every argument that is missing, unreadable, or a folder or archive without XML files.
pub fn expand(arguments: &[PathBuf], search: Search) -> Result<Vec<DocumentFile>> {
    let files = expand_unless(arguments, search, &|| false)?;
    Ok(files.expect("nothing stops it"))
}

/// The same, or `None` if `stopped` says so before the end: folders may be large and slow.
///
/// # Errors
/// As [`expand`].
pub fn expand_unless(
    arguments: &[PathBuf],
    search: Search,
    stopped: &dyn Fn() -> bool,
) -> Result<Option<Vec<DocumentFile>>> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    let mut search = Searched::new(search, stopped);
    for argument in arguments {
        if stopped() {
            return Ok(None);
        }
        match files_of(argument, &mut search) {
            Ok(found) => files.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    if stopped() {
        return Ok(None);
    }
    search.say_what_is_not_read();
    if problems.is_empty() {
        return Ok(Some(files));
    }
    let hint = "name XML files, folders that contain *.xml, or zip archives of them";
    Err(CommandError::several("not every document can be read", &problems, hint))
}

/// What is read where, and what is not.
struct Searched<'s> {
    search: Search,
    stopped: &'s dyn Fn() -> bool,
    /// Files and archives by their places on the disk: each is read once.
    read: HashSet<PathBuf>,
    again: usize,
    links: Vec<PathBuf>,
    hidden: Vec<PathBuf>,
    /// Whether the shell leaves wildcards to programs.
    expands: bool,
}

impl<'s> Searched<'s> {
    fn new(search: Search, stopped: &'s dyn Fn() -> bool) -> Self {
        let (links, hidden) = (Vec::new(), Vec::new());
        let read = HashSet::new();
        Self { search, stopped, read, again: 0, links, hidden, expands: cfg!(windows) }
    }

    /// Whether a file was not read before.
    fn is_new(&mut self, path: &Path) -> bool {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_new = self.read.insert(place);
        self.again += usize::from(!is_new);
        is_new
    }

    fn say_what_is_not_read(&self) {
        if let Some(first) = self.links.first() {
            let count = counted(self.links.len(), "link");
            console::tell(format!(
                "{count} not followed, such as the folder {}\n",
                first.display()
            ));
        }
        if let Some(first) = self.hidden.first() {
            let count = counted(self.hidden.len(), "hidden file");
            console::tell(format!("{count} not read, such as {}\n", first.display()));
        }
        if self.again > 0 {
            let count = counted(self.again, "file");
            console::note(format!("{count} named more than once, and read once\n"));
        }
    }
}

type Found = std::result::Result<Vec<DocumentFile>, String>;

fn files_of(argument: &Path, search: &mut Searched<'_>) -> Found {
    if argument == Path::new("-") {
        return Ok(vec![DocumentFile::Stdin]);
    }
    let found = match std::fs::metadata(argument) {
        Err(_) if search.expands && wildcards::is_pattern(argument) => {
            return files_that_match(argument, search);
        }
        found => found.map_err(|e| unreadable(argument, e))?,
    };
    if found.is_dir() {
        return files_in(argument, search);
    }
    if !search.is_new(argument) {
        return Ok(Vec::new());
    }
    if has_extension(argument, "zip") {
        return members_of(argument, &mut search.hidden);
    }
    Ok(vec![DocumentFile::Path(argument.to_owned())])
}

/// What a shell of Unix would have put in place of the pattern.
fn files_that_match(pattern: &Path, search: &mut Searched<'_>) -> Found {
    let mut paths = wildcards::matches(pattern).map_err(|e| unreadable(pattern, e))?;
    if paths.is_empty() {
        return Err(format!("no file matches {}", pattern.display()));
    }
    paths.sort_by_cached_key(|path| place(path));
    let files = paths.iter().map(|path| files_of(path, search));
    Ok(files.collect::<std::result::Result<Vec<_>, String>>()?.concat())
}

fn files_in(folder: &Path, search: &mut Searched<'_>) -> Found {
    let mut files = Vec::new();
    let mut archives = 0_usize;
    let mut folders = vec![folder.to_owned()];
    let mut subfolders = 0_usize;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| unreadable(&folder, e))? {
            let entry = entry.map_err(|e| unreadable(&folder, e))?;
            if (search.stopped)() {
                return Ok(Vec::new());
            }
            let path = entry.path();
            if is_hidden(&entry) {
                search.hidden.extend(is_xml(&path).then_some(path));
                continue;
            }
            let is_link = entry.file_type().map_err(|e| unreadable(&path, e))?.is_symlink();
            let metadata = match std::fs::metadata(&path) {
                Err(e) if is_xml(&path) => return Err(unreadable(&path, e)),
                metadata => metadata.ok(),
            };
            match metadata {
                Some(found) if found.is_dir() => match (search.search.recursive, is_link) {
                    (true, false) => folders.push(path),
                    (true, true) => search.links.push(path),
                    (false, _) => subfolders += 1,
                },
                Some(found) if found.is_file() && is_xml(&path) => files.push(path),
                _ => archives += usize::from(has_extension(&path, "zip")),
            }
        }
    }
    if files.is_empty() {
        let but = match (archives, subfolders) {
            (0, 0) => String::new(),
            (0, _) => format!(", but {}: add --recursive", counted(subfolders, "folder")),
            _ => format!(", but {}: name each", counted(archives, "zip archive")),
        };
        return Err(format!("the folder {} contains no *.xml{but}", folder.display()));
    }
    files.sort_by_cached_key(|path| place(path.strip_prefix(folder).unwrap_or(path)));
    search.links.sort();
    search.hidden.sort();
    files.retain(|path| search.is_new(path));
    Ok(files.into_iter().map(DocumentFile::Path).collect())
}

fn unreadable(path: &Path, error: std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

fn members_of(path: &Path, hidden: &mut Vec<PathBuf>) -> Found {
    let archive = Archive::open(path).map_err(|e| unreadable(path, e))?;
    let mut members = archive.files(|name| {
        // A Mac adds files to archives that are not the sender's.
        let is_of_mac = name.components().any(|part| part.as_os_str() == "__MACOSX");
        let is_hidden = name.components().any(|part| is_hidden_name(part.as_os_str()));
        if is_xml(name) && is_hidden && !is_of_mac {
            hidden.push(path.join(name));
        }
        is_xml(name) && !is_hidden && !is_of_mac
    });
    if members.is_empty() {
        return Err(format!("the archive {} contains no *.xml", path.display()));
    }
    members.sort_by_cached_key(|(_, name)| place(Path::new(name)));
    let archive = Arc::new(archive);
    let positions = members.into_iter().map(|(position, _)| position);
    Ok(positions.map(|at| DocumentFile::Member(Arc::clone(&archive), at)).collect())
}

/// Whether the name ends in `.xml` or `.xml.gz`.
fn is_xml(path: &Path) -> bool {
    match has_extension(path, "gz") {
        true => path.file_stem().is_some_and(|stem| has_extension(Path::new(stem), "xml")),
        false => has_extension(path, "xml"),
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|e| e.eq_ignore_ascii_case(wanted))
}

/// The documents that `arguments` name, with ids in their order, as samples for a contract.
///
/// # Errors
/// As [`expand`].
pub fn samples(arguments: &[PathBuf], search: Search) -> Result<Vec<Source>> {
    let files = expand(arguments, search)?;
    Ok(ids_in_order(files.len()).zip(files).map(|(id, file)| Source::file(id, file)).collect())
}

/// The same, with the last digits of their names as ids if each has its own, and whether it has.
///
/// # Errors
/// As [`expand`].
pub fn samples_with_ids(arguments: &[PathBuf], search: Search) -> Result<(Vec<Source>, bool)> {
    let files = expand(arguments, search)?;
    let in_names = ids_in_names(&files).ok();
    let has_ids = in_names.is_some();
    let ids = in_names.unwrap_or_else(|| ids_in_order(files.len()).collect());
    Ok((ids.into_iter().zip(files).map(|(id, file)| Source::file(id, file)).collect(), has_ids))
}

/// The last digits in each file's name, as its application id.
///
/// # Errors
/// Every name without digits, and every duplicate id.
pub fn ids_in_names(files: &[DocumentFile]) -> Result<Vec<AppId>> {
    let mut ids = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    let mut holders = HashMap::new();
    for file in files {
        match id_in_name(&file.file_name()) {
            Ok(id) => {
                if let Some(other) = holders.insert(id, file) {
                    let (other, file) = (other.name(), file.name());
                    problems.push(format!("{other} and {file} have the same id {id}"));
                }
                ids.push(id);
            }
            Err(problem) => problems.push(format!("{} {problem}", file.name())),
        }
    }
    if problems.is_empty() {
        return Ok(ids);
    }
    let hint = "rename the files, or use --app-id-from order";
    Err(CommandError::several("not every file name has its own id", &problems, hint))
}

fn id_in_name(file_name: &str) -> std::result::Result<AppId, String> {
    let stem = Path::new(file_name).file_stem().unwrap_or_default().to_string_lossy();
    let mut runs = stem.rsplit(|c: char| !c.is_ascii_digit());
    let digits = runs.find(|run| !run.is_empty()).ok_or("has no digits for an id")?;
    let too_large = |_| format!("has an id above the largest possible one, {}", i64::MAX);
    digits.parse().map(AppId).map_err(too_large)
}

/// Ids for documents that are not in a store, from 1.
pub fn ids_in_order(count: usize) -> impl Iterator<Item = AppId> {
    (1..).map(AppId).take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found where the shell leaves wildcards to programs, or does not.
    fn found(argument: &Path, expands: bool) -> std::result::Result<Vec<String>, String> {
        let mut search = Searched::new(Search::default(), &|| false);
        search.expands = expands;
        let files = files_of(argument, &mut search)?;
        Ok(files.iter().map(DocumentFile::file_name).collect())
    }

    #[test]
    fn wildcards_are_expanded_where_the_shell_leaves_them_and_brackets_are_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "order10.xml",
            "order2.xml",
            "order[1].xml",
            "order1.xml",
            "Order3.XML",
            ".order4.xml",
        ];
        for name in names {
            std::fs::write(folder.path().join(name), "<o/>").unwrap();
        }
        let at = |pattern: &str| folder.path().join(pattern);
        for (pattern, expected) in [
            ("order[1].xml", vec!["order[1].xml"]),
            ("order?.xml", vec!["order1.xml", "order2.xml", "Order3.XML"]),
            ("order[?].xml", vec!["order[1].xml"]),
            ("*1*.x*", vec!["order1.xml", "order10.xml", "order[1].xml"]),
        ] {
            let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            let mut found = found(&at(pattern), true).unwrap();
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{pattern}");
        }
        let ordered = found(&at("order*.xml"), true).unwrap();
        let numbers = ["order1.xml", "order2.xml", "order10.xml"];
        let place = |name: &&str| ordered.iter().position(|found| found == name);
        assert!(numbers.iter().map(place).is_sorted(), "{ordered:?}");
        assert!(found(&at("order*.json"), true).unwrap_err().contains("no file matches"));
        assert!(found(&at("absent/*.xml"), true).unwrap_err().contains("cannot read"));
        assert!(found(&at("order*.xml"), false).unwrap_err().contains("cannot read"));
    }

    /// Elsewhere a file may have these characters in its name.
    #[cfg(unix)]
    #[test]
    fn a_file_that_exists_is_not_a_pattern() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["order*.xml", "order1.xml"] {
            std::fs::write(folder.path().join(name), "<o/>").unwrap();
        }
        assert_eq!(found(&folder.path().join("order*.xml"), true).unwrap(), ["order*.xml"]);
    }
}
