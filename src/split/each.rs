//! The path of the records: `/orders/order`.

use std::fmt;
use std::str::FromStr;

/// The path of the elements that are records, from the root. A name without a prefix means elements
/// with any prefix, and `*` those of any name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EachPath {
    steps: Vec<String>,
}

impl EachPath {
    /// How many elements a record is inside of, and itself.
    pub(super) fn depth(&self) -> usize {
        self.steps.len()
    }

    /// Whether the step at this depth, from 0, means elements of this name.
    pub(super) fn matches(&self, depth: usize, name: &[u8]) -> bool {
        let step = self.steps[depth].as_bytes();
        let local = name.iter().position(|byte| *byte == b':').map_or(name, |at| &name[at + 1..]);
        step == b"*" || step == name || (step == local && !step.contains(&b':'))
    }
}

impl FromStr for EachPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |reason: &str| {
            format!(
                "{reason}: write the names of the elements from the root, such as /orders/order"
            )
        };
        let steps = text.strip_prefix('/').ok_or_else(|| wrong("it does not begin with /"))?;
        let steps: Vec<String> = steps.split('/').map(str::to_owned).collect();
        let is_name = |step: &String| {
            let odd = |c: char| {
                c.is_whitespace() || c.is_control() || "@[](){}<>=!,'\"&#|;+$?%^~\\".contains(c)
            };
            let starts = |c: char| !c.is_ascii_digit() && !"-.:".contains(c);
            let is_text = step.chars().next().is_some_and(starts) && !step.contains(odd);
            step == "*" || (is_text && !step.contains('*') && !step.ends_with(':'))
        };
        match steps.iter().find(|step| !is_name(step)) {
            None => Ok(Self { steps }),
            Some(step) if step.is_empty() => Err(wrong("a name is missing")),
            Some(step) => Err(wrong(&format!("{step:?} is not the name of an element"))),
        }
    }
}

impl fmt::Display for EachPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| write!(f, "/{step}"))
    }
}
