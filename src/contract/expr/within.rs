//! Which row paths select elements inside others'.

use super::ast::{Origin, Path, Step, ANY_NAME};

impl Path {
    /// Whether an element of this row path may lie in one of `outer`, or be one, as far as the names of
    /// their steps tell.
    pub(crate) fn may_lie_in(&self, outer: &Path) -> bool {
        let (own, outer_steps) = (self.steps.as_slice(), outer.steps.as_slice());
        match (self.origin, outer.origin) {
            (Origin::Document, Origin::Document) => begins_with(own, outer_steps),
            (Origin::Document, _) => {
                (0..own.len()).any(|start| begins_with(&own[start..], outer_steps))
            }
            // What is around an element that may be anywhere is not known.
            _ => true,
        }
    }
}

/// Whether the steps begin with elements of these names. Two prefixes may stand for one URI.
fn begins_with(steps: &[Step], names: &[Step]) -> bool {
    let may_be_one = |(a, b): (&Step, &Step)| {
        let local = |step: &Step| step.name.rsplit(':').next().map(str::to_owned);
        [a, b].iter().any(|step| step.name == ANY_NAME) || local(a) == local(b)
    };
    steps.len() >= names.len() && steps.iter().zip(names).all(may_be_one)
}
