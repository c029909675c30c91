//! The behaviour that a store guarantees. Behaviour that is not here is not guaranteed.
//!
//! Each behaviour is a function over a [`Harness`], so that every store runs the identical suite.

mod backfilling;
mod claiming;
mod comparing;
mod completing;
mod course;
mod enqueueing;
mod erasing;
mod harness;
mod histories;
mod inspecting;
mod installing;
mod invariants;
mod leasing;
mod lineage;
mod reaping;
mod redriving;
mod refusing;
mod reporting;
mod sqlite;
mod stale;
mod views;

pub use invariants::assert_invariants;

use harness::Harness;

/// A behaviour of a new store.
pub type Behaviour = fn(&dyn Harness);

/// Makes each behaviour of a file a test of the embedded store. Another store adds a module here.
macro_rules! behaviours {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[test]
                fn $name() {
                    $crate::store::sqlite::run(super::$name);
                }
            )+
        }
    };
}
use behaviours;
