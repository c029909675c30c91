//! The text of a schema's file.

use std::io::ErrorKind;
use std::path::Path;

use super::source::Source;
use crate::document_file::DocumentFile;
use crate::id::AppId;
use crate::shred::{decoded, Limits};

/// The text of a file, within the limits on documents; nothing where there is no such file.
///
/// # Errors
/// Why it cannot be read.
pub fn schema_text(path: &Path, limits: &Limits) -> Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::InvalidFilename) => {
            return Ok(None);
        }
        Err(e) => return Err(e.to_string()),
        Ok(found) if found.is_dir() => return Ok(None),
        Ok(_) => {}
    }
    let source = Source::file(AppId(0), DocumentFile::Path(path.to_owned()));
    let document = source.read(limits.document_bytes).map_err(|failure| failure.reason)?;
    let Some(document) = document else { return Ok(None) };
    let text = decoded(&document, limits).map_err(|failure| failure.reason)?;
    Ok(Some(text.into_owned()))
}
