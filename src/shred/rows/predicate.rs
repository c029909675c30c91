//! Predicates of path steps, `[@a = 'x']`.

use crate::contract::plan::Op;
use crate::shred::capture::Captures;
use crate::shred::evaluate::{Scope, Setting};
use crate::shred::fault::Result;
use crate::shred::walk::Element;

/// Whether a predicate holds for the element.
pub fn predicate(setting: Setting<'_>, condition: &Op, element: &Element<'_>) -> Result<bool> {
    // The most frequent predicate, `[@a]`, needs no scope.
    if let (Op::IsNull(operand, negated), Element::Begins(tag)) = (condition, element) {
        if let Op::Attribute(name) = &**operand {
            let (bytes, ignore_case) = (tag.text.as_bytes(), setting.plan.ignore_case_attributes);
            match tag.attributes.find(bytes, name.as_bytes(), ignore_case) {
                None => return Ok(!negated),
                Some(found) if found.is_plain(tag.text) => return Ok(*negated),
                Some(_) => {}
            }
        }
    }
    static NOTHING: Captures = Captures::empty();
    let scope = match element {
        Element::Begins(tag) => Scope { tag: Some(tag), ..setting.scope(0, &NOTHING) },
        Element::Ends { frame, captures } => setting.scope(*frame, captures),
    };
    let holds = scope.condition(condition)? == Some(true);
    setting.meter.passed();
    Ok(holds)
}
