//! What a store promises. A behaviour that is not here is not promised.
//!
//! Each behaviour is a function over a [`Harness`], so that every store runs the identical suite;
//! [`suite`] lists them all by name.

mod claiming;
mod completing;
mod enqueueing;
mod harness;
mod installing;
mod invariants;
mod leasing;
mod reaping;
mod redriving;
mod reporting;
mod sqlite;

pub use invariants::assert_invariants;

use harness::Harness;

/// A behaviour of a fresh store.
pub type Behaviour = fn(&dyn Harness);

/// Lists a file's behaviours for [`suite`], and makes each a test of the embedded store.
macro_rules! behaviours {
    ($($name:ident),+ $(,)?) => {
        pub const BEHAVIOURS: &[(&str, $crate::store::Behaviour)] =
            &[$((stringify!($name), $name)),+];

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
