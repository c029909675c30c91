//! `xmlshred contract init`: a contract drafted from documents, from a schema, or from both; or one that
//! gets what it lacks.

mod arguments;
mod attempt;
mod draft;
mod samples;
mod update;

pub use self::arguments::Arguments;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        match &self.update {
            Some(old) => update::update(self, call, old),
            None => draft::draft(self, call),
        }
    }
}
