//! The suite of `tests/store/`, file by file, for a store that is not the embedded one.

#[path = "../store/backfilling.rs"]
pub mod backfilling;
#[path = "../store/claiming.rs"]
mod claiming;
#[path = "../store/comparing.rs"]
mod comparing;
#[path = "../store/completing.rs"]
mod completing;
#[path = "../store/course.rs"]
mod course;
#[path = "../store/enqueueing.rs"]
mod enqueueing;
#[path = "../store/erasing.rs"]
pub mod erasing;
#[path = "../store/harness.rs"]
pub mod harness;
#[path = "../store/histories.rs"]
mod histories;
#[path = "../store/inspecting.rs"]
mod inspecting;
#[path = "../store/installing.rs"]
mod installing;
#[path = "../store/leasing.rs"]
mod leasing;
#[path = "../store/lineage.rs"]
mod lineage;
#[path = "../store/reaping.rs"]
mod reaping;
#[path = "../store/redriving.rs"]
mod redriving;
#[path = "../store/refusing.rs"]
mod refusing;
#[path = "../store/reporting.rs"]
mod reporting;
#[path = "../store/stale.rs"]
pub mod stale;
#[path = "../store/views.rs"]
mod views;

use harness::Harness;

/// A behaviour of a fresh store.
pub type Behaviour = fn(&dyn Harness);

/// Lists the behaviours of a file for [`suite`].
macro_rules! behaviours {
    ($($name:ident),+ $(,)?) => {
        pub const BEHAVIOURS: &[(&str, $crate::store::Behaviour)] =
            &[$((stringify!($name), $name)),+];
    };
}
use behaviours;

/// The files of the suite.
const FILES: &[(&str, &[(&str, Behaviour)])] = &[
    ("claiming", claiming::BEHAVIOURS),
    ("comparing", comparing::BEHAVIOURS),
    ("completing", completing::BEHAVIOURS),
    ("course", course::BEHAVIOURS),
    ("enqueueing", enqueueing::BEHAVIOURS),
    ("histories", histories::BEHAVIOURS),
    ("inspecting", inspecting::BEHAVIOURS),
    ("installing", installing::BEHAVIOURS),
    ("leasing", leasing::BEHAVIOURS),
    ("lineage", lineage::BEHAVIOURS),
    ("reaping", reaping::BEHAVIOURS),
    ("redriving", redriving::BEHAVIOURS),
    ("refusing", refusing::BEHAVIOURS),
    ("reporting", reporting::BEHAVIOURS),
    ("backfilling", backfilling::BEHAVIOURS),
    ("erasing", erasing::BEHAVIOURS),
    ("stale", stale::BEHAVIOURS),
    ("views", views::BEHAVIOURS),
];

/// Every behaviour with its name.
pub fn suite() -> impl Iterator<Item = (String, Behaviour)> {
    let named = |file: &str, (name, run): &(&str, Behaviour)| (format!("{file}::{name}"), *run);
    FILES.iter().flat_map(move |(file, all)| all.iter().map(move |one| named(file, one)))
}

/// Fails if a file of the suite is not run here.
pub fn no_file_is_left_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store");
    for entry in std::fs::read_dir(folder).expect(folder) {
        let path = entry.expect("an entry").path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let name = path.file_stem().expect("a name").to_string_lossy();
        let runs = FILES.iter().any(|(file, _)| *file == name);
        assert!(runs || !text.contains("super::behaviours!"), "{name} is not run");
    }
}
