//! What is known of a path: what occurs, and what a schema says where there is one.

use super::declared;
use super::names::is_id;
use super::typed::Typed;
use super::types;
use crate::profile::{Node, NodeId, Profile, ValueType, Values};

/// Whether it has a value somewhere.
pub(super) fn has_value(node: &Node) -> bool {
    node.values.count() > 0 || node.declared.as_ref().is_some_and(|d| d.value.is_some())
}

/// Whether a parent may have several.
pub(super) fn may_repeat(node: &Node) -> bool {
    node.repeated > 0 || is_declared_to_repeat(node)
}

pub(super) fn is_declared_to_repeat(node: &Node) -> bool {
    node.declared.as_ref().is_some_and(|declared| declared.repeats)
}

/// Whether it has text beside elements. What samples show goes before what a schema allows.
pub(super) fn is_mixed(node: &Node) -> bool {
    let may_be = node.declared.as_ref().is_some_and(|declared| declared.is_mixed);
    node.mixed > 0 || node.count == 0 && may_be
}

/// Whether some parents have none.
pub(super) fn is_optional(profile: &Profile, node: NodeId) -> bool {
    let element = &profile[node];
    let parent = element.parent.map_or(0, |parent| profile[parent].count);
    element.parents < parent || element.declared.as_ref().is_some_and(|d| !d.is_always)
}

/// Whether each row has a value: as the schema says, which no sample may contradict; without a schema,
/// as all samples do.
pub(super) fn is_required(profile: &Profile, row: NodeId, node: NodeId) -> bool {
    let is_always_seen = profile[node].values.count() == profile[row].count;
    if profile[row].declared.is_none() {
        return is_always_seen;
    }
    let Some(value) = profile[node].declared.as_ref().and_then(|d| d.value.as_ref()) else {
        return false;
    };
    let is_seen = profile[row].count > 0;
    is_declared_always(profile, row, node)
        && is_always_seen
        && (is_seen
            || !value.may_be_blank
                && !profile[row].declared.as_ref().is_some_and(|d| d.is_nillable))
}

/// Whether a schema says that each row has it, and that it is never null.
pub(super) fn is_declared_always(profile: &Profile, row: NodeId, node: NodeId) -> bool {
    let line = profile.line(node);
    let below = line.iter().position(|step| *step == row).map_or(0, |at| at + 1);
    let is_always = |step: &NodeId| {
        profile[*step].declared.as_ref().is_some_and(|d| d.is_always && !d.is_nillable)
    };
    line[below..].iter().all(is_always)
}

/// The type of a column: the schema's, as long as samples follow it.
pub(super) fn typed(node: &Node) -> Typed {
    typed_as(value_type(node), &node.values, is_id(node))
}

/// The type of one column for several nodes, which have these values together.
pub(super) fn typed_together(profile: &Profile, nodes: &[NodeId], values: &Values) -> Typed {
    let declared = nodes.iter().map(|node| value_type(&profile[*node]).cloned());
    let declared = declared.collect::<Option<Vec<ValueType>>>();
    typed_as(declared.and_then(|all| all.into_iter().reduce(ValueType::or)).as_ref(), values, false)
}

fn value_type(node: &Node) -> Option<&ValueType> {
    let declared = node.declared.as_ref()?;
    match declared.is_mixed {
        // Text beside elements has no type, and inside itself the element may be of another.
        true => Some(&TEXT),
        false => declared.value.as_ref(),
    }
}

static TEXT: ValueType = ValueType::TEXT;

fn typed_as(declared: Option<&ValueType>, values: &Values, is_id: bool) -> Typed {
    let value = match declared {
        Some(value) => value,
        None if values.count() > 0 => return types::typed(values, is_id),
        // Its own text beside elements, which no sample shows.
        None => &TEXT,
    };
    let typed = declared::typed(value, values, is_id);
    if typed.wrong() <= types::allowed(values) {
        return typed;
    }
    let own = types::typed(values, is_id);
    let note = format!("{} by the schema, which does not keep the samples' values", typed.sql_type);
    Typed { note: Some(own.note.map_or(note.clone(), |own| format!("{note}; {own}"))), ..own }
}
