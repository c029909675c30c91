//! The executable, from outside: arguments in, output, exit status and files out.

mod compressed;
#[cfg(all(feature = "embedded", windows))]
mod console_events;
mod contract;
mod folders;
#[cfg(feature = "embedded")]
mod from_windows;
mod help;
#[cfg(feature = "embedded")]
mod hints;
mod settings;
#[cfg(all(feature = "embedded", target_os = "linux"))]
mod unread;
mod workbench;

#[cfg(all(feature = "embedded", feature = "sqlserver"))]
mod asked_first;
#[cfg(feature = "embedded")]
mod backfill;
#[cfg(feature = "embedded")]
mod bad_input;
#[cfg(feature = "embedded")]
mod copied;
#[cfg(feature = "embedded")]
mod demo;
#[cfg(feature = "embedded")]
mod failures;
#[cfg(feature = "embedded")]
mod install;
#[cfg(feature = "embedded")]
mod install_plans;
#[cfg(all(feature = "embedded", unix))]
mod interrupt;
#[cfg(feature = "embedded")]
mod loading;
#[cfg(feature = "embedded")]
mod loading_again;
#[cfg(feature = "embedded")]
mod loading_by_key;
#[cfg(feature = "embedded")]
mod loading_doubles;
#[cfg(feature = "embedded")]
mod loading_records;
#[cfg(feature = "embedded")]
mod loading_ways;
#[cfg(feature = "embedded")]
mod logging;
mod map;
mod notes;
#[cfg(feature = "embedded")]
mod operating;
#[cfg(debug_assertions)]
mod panicking;
#[cfg(feature = "embedded")]
mod pipeline;
#[cfg(feature = "embedded")]
mod purge;
#[cfg(feature = "embedded")]
mod report;
#[cfg(feature = "embedded")]
mod safekeeping;
#[cfg(all(feature = "embedded", feature = "sqlserver"))]
mod secrets;
#[cfg(feature = "sqlserver")]
mod server;
#[cfg(any(not(windows), feature = "embedded"))]
mod service;
#[cfg(feature = "embedded")]
mod stale_rows;
#[cfg(all(feature = "embedded", target_os = "linux"))]
mod terminal;
#[cfg(feature = "embedded")]
mod unloading;
#[cfg(feature = "embedded")]
mod verify;
#[cfg(all(feature = "embedded", unix))]
mod watching;
#[cfg(not(feature = "embedded"))]
mod without_embedded;

#[cfg(all(feature = "embedded", feature = "sqlserver"))]
pub use notes::finished as finished_notes;
#[cfg(feature = "embedded")]
pub use notes::queued as queued_notes;
#[cfg(all(feature = "embedded", feature = "sqlserver"))]
pub use stale_rows::stale as stale_notes;
#[cfg(all(feature = "embedded", feature = "sqlserver"))]
pub use workbench::Said;
#[cfg(feature = "embedded")]
pub use workbench::Workbench;
