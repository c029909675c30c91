//! The middle of several measurements.

/// The middle one; of an even number, the lower of the two.
///
/// # Panics
/// If there is none.
pub fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[(of.len() - 1) / 2]
}
