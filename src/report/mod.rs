//! The output for people and programs: run summary, status tables, progress.

mod coverage;
mod drafting;
mod failures;
mod install_plan;
mod installed;
mod line_queue;
mod mapping;
mod overview;
mod page;
mod progress;
mod run;
mod status;
mod summary;
mod table;
mod updating;
mod verification;
mod watch;

pub use coverage::{
    coverage_cells, coverage_json, coverage_line, render_coverage, COVERAGE_HEADING,
};
pub use drafting::DraftReport;
pub use failures::{
    cause_cells, causes_json, failure_cells, failure_json, render_causes, render_failures,
    CAUSE_HEADING, FAILURE_HEADING,
};
pub use install_plan::{plan_json, plan_line, render_plan};
pub use installed::{installed_lines, upgraded_line};
pub use line_queue::{LineQueue, Lost};
pub use mapping::{mapping_lines, mapping_markdown, mapping_page, MAPPING_HEADING};
pub use overview::{overview_json, overview_page, Overview, ShownSetting};
pub use progress::{LogWriter, ProgressLine};
pub use run::{list_unreadable, RunReport};
pub use status::{render_status, status_cells, status_json, STATUS_HEADING};
pub use summary::{render_summary, render_summary_line};
pub use table::{Align, Cell, Table};
pub use updating::UpdatedReport;
pub use verification::{render_verification, verification_line};
pub use watch::Watched;

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Tables for people.
    #[default]
    Table,
    /// One JSON document, with field names that do not change.
    Json,
}

/// The format of a report that is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ListFormat {
    /// Tables for people.
    #[default]
    Table,
    /// JSON, with field names that do not change.
    Json,
    /// CSV of RFC 4180, a line for each of what is listed, with a heading.
    Csv,
}
