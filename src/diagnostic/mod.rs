//! What is wrong with a file, and where: collected, sorted, and rendered as a compiler does.

mod excerpt;
mod line;
mod list;
mod mistake;
mod render;
pub(crate) mod spelling;

pub use list::Diagnostics;
pub use mistake::{Diagnostic, Severity};
