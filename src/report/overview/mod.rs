//! A store and its work as one page that is mailed, with what it says for programs inside.

mod charts;
mod data;
mod json;
mod page;
mod sections;
mod timeline;
mod verdict;

pub use data::{Overview, ShownSetting};
pub use json::overview_json;
pub use page::overview_page;
