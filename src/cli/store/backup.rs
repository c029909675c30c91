//! `xmlshred backup`: a copy of an embedded store.

use std::path::{Path, PathBuf};

use clap::Args;

use super::open;
use crate::cli::call::{Call, Execute};
#[cfg(feature = "sqlserver")]
use crate::cli::command_error::CommandError;
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::figures;
use crate::settings::StoreLocation;
use crate::store::sqlite::SqliteStore;

/// Copy an embedded store to a new file, while workers run
#[derive(Debug, Args)]
pub struct Arguments {
    /// The copy; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        match open::location(&call.settings)? {
            StoreLocation::Sqlite(path) => self.back_up(path),
            #[cfg(feature = "sqlserver")]
            server => Err(CommandError::usage(
                format!("{server} is not an embedded store"),
                "back up the database with BACKUP DATABASE",
            )),
        }
    }
}

impl Arguments {
    fn back_up(&self, path: &Path) -> Result {
        let bytes = SqliteStore::open(path)?.back_up(path, &self.file)?;
        let (store, file, size) = (path.display(), self.file.display(), figures::bytes(bytes));
        console::print(&format!(
            "{store} was copied to {file} ({size}), and the copy is sound\n\
             to restore it: stop the workers, delete {store}-wal and {store}-shm, copy {file} to \
             {store}\n"
        ))
    }
}
