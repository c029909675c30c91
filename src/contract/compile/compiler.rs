//! What is known while a model is compiled.

use std::collections::HashMap;
use std::sync::Arc;

use crate::contract::expr::ast::{Path, Predicate, Read};
use crate::contract::model::{Model, TableRule};
use crate::contract::plan::{DocumentPick, Kept, Node, NodeId, Op, Ready};
use crate::contract::target::TargetTable;
use crate::value::datetime::DatePattern;

/// How a path's nodes end up in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    Every,
    Chosen(Kept),
    InnerXml,
}

/// Where a path starts and whose frame it fills.
pub(super) struct Anchor {
    pub(super) owner: NodeId,
    pub(super) ready: Ready,
}

/// What an expression is compiled in.
pub(super) struct Scope<'m> {
    pub(super) rule: &'m TableRule,
    pub(super) node: NodeId,
    pub(super) ready: Ready,
    pub(super) numbered: bool,
}

/// A leaf of an expression.
pub(super) enum Leaf<'e> {
    Path(&'e Path, Mode),
    Column(&'e str),
    /// A column of the parent's row.
    Parent(&'e str),
    /// The element's number.
    Position,
    /// The elements of a key, which are known when the document has ended.
    Key,
    /// A path that begins at the next sibling of the row element.
    Following(&'e Path),
}

/// What a scope makes of the leaves of an expression.
pub(super) type Leaves<'a, 'm> = &'a mut dyn FnMut(&mut Compiler<'m>, Leaf<'_>) -> Op;

pub(super) struct Compiler<'m> {
    pub(super) model: &'m Model,
    pub(super) targets: &'m [TargetTable],
    pub(super) nodes: Vec<Node>,
    /// Steps that made each node, to share it between equal paths.
    pub(super) steps: Vec<Vec<Predicate>>,
    /// Counters of steps that begin with `//`.
    pub(super) anywhere_counters: u32,
    pub(super) attribute_namespaces: HashMap<Box<str>, Vec<Box<str>>>,
    pub(super) picks: Vec<DocumentPick>,
    /// Slots already made: owner, path and mode.
    pub(super) known: HashMap<(NodeId, NodeId, Read, Mode), u32>,
    pub(super) date_formats: Arc<[DatePattern]>,
    /// The node of each key's elements.
    pub(super) keys: Vec<NodeId>,
    /// The node that the last path led to.
    pub(super) reached: NodeId,
    /// What is compiled becomes a value of the type `xml`.
    pub(super) to_xml: bool,
    /// Aggregates that are the same for all rows of one element.
    pub(super) shared: u32,
}

impl<'m> Compiler<'m> {
    pub(super) fn new(model: &'m Model, targets: &'m [TargetTable]) -> Self {
        let mut compiler = Self {
            model,
            targets,
            nodes: Vec::new(),
            steps: Vec::new(),
            anywhere_counters: 0,
            attribute_namespaces: HashMap::new(),
            picks: Vec::new(),
            known: HashMap::new(),
            date_formats: model.document.date_formats.clone().into(),
            keys: Vec::new(),
            reached: 0,
            to_xml: false,
            shared: 0,
        };
        let document = compiler.new_node(0, None, Vec::new());
        compiler.nodes[document].frame = true;
        compiler
    }
}
