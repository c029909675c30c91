//! Where paths lead: the nodes of the trie, their predicates, and the slots that they fill.

use super::compiler::{Anchor, Compiler, Leaf, Mode, Scope};
use crate::contract::expr::ast::{Expr, ExprKind, Origin, Path, Predicate, Read, Step, ANY_NAME};
use crate::contract::model::KeyRule;
use crate::contract::plan::*;

impl<'m> Compiler<'m> {
    pub(super) fn new_node(
        &mut self,
        parent: NodeId,
        uris: Option<Uris>,
        predicates: Vec<Predicate>,
    ) -> NodeId {
        let attributes = NameMap::new(self.model.document.ignore_case_attributes);
        self.nodes.push(Node { parent, uris, attributes, ..Node::default() });
        self.steps.push(predicates);
        self.nodes.len() - 1
    }

    /// The name that attributes are found by: `{prefix}local` where a prefix stands for URIs.
    pub(super) fn attribute_name(&mut self, name: &str) -> Box<str> {
        let document = &self.model.document;
        let declared = name
            .split_once(':')
            .and_then(|(prefix, local)| Some((local, document.declared(prefix)?)));
        let Some((local, (prefix, uris))) = declared else { return name.into() };
        for uri in uris {
            let prefixes = self.attribute_namespaces.entry(uri.as_str().into()).or_default();
            if !prefixes.iter().any(|known| **known == **prefix) {
                prefixes.push(prefix.as_str().into());
            }
        }
        qualified_name(prefix, local).into()
    }

    /// The node of a step under `parent`, shared with every path that goes the same way.
    pub(super) fn child(&mut self, parent: NodeId, step: &Step, anywhere: bool) -> NodeId {
        let (uris, name) = match step.name.as_str() {
            ANY_NAME => (None, ANY_NAME),
            name => self.model.document.split_name(name),
        };
        let siblings = self.siblings(parent, name, anywhere).clone();
        let same =
            |id: &&NodeId| self.nodes[**id].uris == uris && self.steps[**id] == step.predicates;
        if let Some(known) = siblings.iter().find(same) {
            return *known;
        }
        let node = self.new_node(parent, uris, step.predicates.clone());
        self.siblings(parent, name, anywhere).push(node);
        let late = late_predicates(&step.predicates);
        let mut only_one = false;
        for (predicate, late) in step.predicates.iter().zip(late) {
            let filter = match predicate {
                // `[last()]` leaves one element, which is not known until the last has come.
                Predicate::Last | Predicate::Position(1) if only_one => continue,
                Predicate::Position(_) if only_one => Filter::Condition(Op::Null),
                _ => self.filter(parent, node, predicate, anywhere, late),
            };
            only_one |= *predicate == Predicate::Last;
            match late {
                true => self.nodes[node].late.push(filter),
                false => self.nodes[node].filters.push(filter),
            }
        }
        node
    }

    /// The nodes of a name under `parent`.
    fn siblings(&mut self, parent: NodeId, name: &str, anywhere: bool) -> &mut Vec<NodeId> {
        let node = &mut self.nodes[parent];
        match (name, anywhere) {
            (ANY_NAME, true) => &mut node.any_descendants,
            (ANY_NAME, false) => &mut node.any_children,
            (_, true) => node.descendants.entry(name.as_bytes(), Vec::new),
            (_, false) => node.children.entry(name.as_bytes(), Vec::new),
        }
    }

    /// A counter for the children of `parent`, or for a step with `//`.
    pub(super) fn counter(&mut self, parent: NodeId, anywhere: bool) -> Counter {
        let used = match anywhere {
            true => &mut self.anywhere_counters,
            false => &mut self.nodes[parent].counters,
        };
        let counter = *used;
        *used += 1;
        match anywhere {
            true => Counter::Anywhere(counter),
            false => Counter::Child(counter),
        }
    }

    pub(super) fn filter(
        &mut self,
        parent: NodeId,
        node: NodeId,
        predicate: &Predicate,
        anywhere: bool,
        late: bool,
    ) -> Filter {
        match predicate {
            Predicate::Position(wanted) => {
                Filter::Position { wanted: *wanted, counter: self.counter(parent, anywhere) }
            }
            Predicate::Last => {
                self.nodes[node].frame = true;
                Filter::Last { counter: self.counter(parent, anywhere) }
            }
            Predicate::Condition(expr) if late => Filter::Condition(self.condition(node, expr)),
            Predicate::Condition(expr) => Filter::Condition(self.tag_condition(expr)),
        }
    }

    /// A condition on an element's attributes alone.
    pub(super) fn tag_condition(&mut self, expr: &Expr) -> Op {
        self.lower(expr, &mut |compiler, leaf| match leaf {
            Leaf::Path(Path { read: Read::Attribute(name), .. }, _) => {
                Op::Attribute(compiler.attribute_name(name))
            }
            _ => Op::Null,
        })
    }

    /// A condition on an element that has ended: its paths fill slots of the element's frame.
    pub(super) fn condition(&mut self, element: NodeId, expr: &Expr) -> Op {
        self.nodes[element].frame = true;
        self.lower(expr, &mut |compiler, leaf| match leaf {
            Leaf::Path(path, mode) => {
                let node = compiler.walk(element, path);
                let op = compiler.read(element, FrameRef::Up(0), node, path, mode);
                compiler.reached = node;
                op
            }
            _ => Op::Null,
        })
    }

    /// The node of the last step of a path that starts at `from`.
    pub(super) fn walk(&mut self, from: NodeId, path: &Path) -> NodeId {
        let mut node = from;
        for (index, step) in path.steps.iter().enumerate() {
            node = self.child(node, step, index == 0 && path.origin == Origin::Anywhere);
        }
        node
    }

    /// The slot on `owner` that `read` of `node` goes to.
    pub(super) fn slot_for(&mut self, owner: NodeId, node: NodeId, read: &Read, mode: Mode) -> u32 {
        let key = (owner, node, read.clone(), mode);
        if let Some(slot) = self.known.get(&key) {
            return *slot;
        }
        let slot = self.new_slot(owner);
        self.known.insert(key, slot);
        let into = Capture { hops: 0, slot, owner };
        let read = match read {
            Read::Attribute(name) => NodeRead::Attribute(self.attribute_name(name)),
            Read::Text => NodeRead::Text,
            Read::String => NodeRead::String,
        };
        let node = &mut self.nodes[node];
        match (mode, read) {
            (Mode::InnerXml, _) => node.inner.push(into),
            (Mode::Every, NodeRead::Attribute(name)) => {
                node.attributes.entry(name.as_bytes(), Vec::new).push(into)
            }
            (Mode::Every, NodeRead::Text) => node.texts.push(into),
            (Mode::Every, NodeRead::String) => node.strings.push(into),
            (Mode::Chosen(keep), read) => node.chosen.push(Chosen { into, read, keep }),
        }
        slot
    }

    /// What reads a path that ends at `node` from the slot on `owner` that it fills.
    pub(super) fn read(
        &mut self,
        owner: NodeId,
        frame: FrameRef,
        node: NodeId,
        path: &Path,
        mode: Mode,
    ) -> Op {
        if path.origin == Origin::Anywhere {
            // Elements of `//` lie inside each other: only their frames tell the order they
            // begin in.
            self.nodes[node].frame = true;
        }
        if matches!(mode, Mode::Chosen(_)) && self.is_chosen_late(owner, node, path) {
            let slot = self.slot_for(owner, node, &path.read, Mode::Chosen(Kept::All));
            let last = mode == Mode::Chosen(Kept::Last);
            return match frame {
                FrameRef::Document => self.document_pick(slot, last),
                FrameRef::Up(_) => Op::Pick(SlotRef { frame, slot }, last),
            };
        }
        let slot = self.slot_for(owner, node, &path.read, mode);
        Op::One(SlotRef { frame, slot })
    }

    pub(super) fn document_pick(&mut self, from: u32, last: bool) -> Op {
        let known = self.picks.iter().find(|known| known.from == from && known.last == last);
        let into = known.map(|known| known.into).unwrap_or_else(|| {
            let into = self.new_slot(0);
            self.picks.push(DocumentPick { from, into, last });
            into
        });
        Op::One(SlotRef { frame: FrameRef::Document, slot: into })
    }

    /// Whether elements cannot be chosen as they come: because one that was chosen may be turned
    /// down after others were skipped, or because they do not end in the order they begin.
    pub(super) fn is_chosen_late(&self, owner: NodeId, node: NodeId, path: &Path) -> bool {
        let anywhere = path.origin == Origin::Anywhere;
        let is_last = |filter: &Filter| matches!(filter, Filter::Last { .. });
        let (mut at, mut late) = (node, anywhere && !path.read.is_attribute());
        while at != owner {
            let node = &self.nodes[at];
            late |= !node.late.is_empty() || (anywhere && node.filters.iter().any(is_last));
            at = node.parent;
        }
        late
    }

    pub(super) fn required(&mut self, path: &Path) -> Required {
        Required {
            slot: self.document_slot(path),
            path: path.location(),
            element: !path.read.is_attribute(),
        }
    }

    pub(super) fn document_slot(&mut self, path: &Path) -> SlotRef {
        let node = self.walk(0, path);
        let slot = self.slot_for(0, node, &path.read, Mode::Every);
        SlotRef { frame: FrameRef::Document, slot }
    }

    /// The elements that others refer to by an id.
    pub(super) fn key(&mut self, key: &'m KeyRule) -> KeyPlan {
        let node = self.walk(0, &key.each);
        self.keys.push(node);
        let slot = self.slot_for(0, node, &Read::Text, Mode::InnerXml);
        let elements = SlotRef { frame: FrameRef::Document, slot };
        let must_be_found = key.must_be_found.then(|| key.name.as_str().into());
        KeyPlan { elements, key: self.condition(node, &key.key), must_be_found }
    }

    pub(super) fn row_node(&mut self, table: usize) -> NodeId {
        let each = &self.model.tables[table].each;
        let node = self.walk(0, each);
        self.nodes[node].rules.push(table);
        self.nodes[node].frame = true;
        node
    }

    /// When it is known whether the elements of a row path are chosen by all its predicates: an
    /// element's text when it ends, `last()` when its parent does.
    pub(super) fn decided(&self, row: NodeId) -> Ready {
        let ended = |up: u32| if up == 0 { Ready::Own } else { Ready::Ancestor(up) };
        let (mut decided, mut node, mut up) = (Ready::Own, row, 0);
        while node != 0 {
            let parent = self.nodes[node].parent;
            let Node { filters, late, .. } = &self.nodes[node];
            if !late.is_empty() {
                decided = decided.max(ended(up));
            }
            for filter in filters.iter().chain(late) {
                decided = decided.max(match filter {
                    Filter::Last { counter: Counter::Child(_) } if parent != 0 => ended(up + 1),
                    Filter::Last { .. } => Ready::Document,
                    Filter::Position { .. } | Filter::Condition(_) => Ready::Own,
                });
            }
            (node, up) = (parent, up + 1);
        }
        decided
    }

    /// Whose frame a path of a row fills, and when it is complete. `None` where the path goes up to
    /// an element of which nothing is known.
    pub(super) fn anchor(&self, scope: &Scope<'_>, path: &Path) -> Option<Anchor> {
        Some(match path.origin {
            Origin::Document | Origin::Anywhere => Anchor { owner: 0, ready: Ready::Document },
            Origin::Row { up: 0 } => Anchor { owner: scope.node, ready: Ready::Own },
            Origin::Row { up } => {
                Anchor { owner: self.ancestor(scope.node, up)?, ready: Ready::Ancestor(up) }
            }
        })
    }

    /// The node `up` levels above, where the levels are known.
    pub(super) fn ancestor(&self, node: NodeId, up: u32) -> Option<NodeId> {
        let mut node = node;
        for _ in 0..up {
            let parent = self.nodes[node].parent;
            let Node { children, any_children, .. } = &self.nodes[parent];
            let named = children.values().any(|ids| ids.contains(&node));
            if !(named || any_children.contains(&node)) || parent == 0 {
                return None;
            }
            node = parent;
        }
        Some(node)
    }

    /// What a path of a row's expression reads.
    pub(super) fn row_path(&mut self, scope: &mut Scope<'_>, path: &Path, mode: Mode) -> Op {
        if let (Origin::Row { up: up @ 1.. }, [], Read::Attribute(name)) =
            (path.origin, path.steps.as_slice(), &path.read)
        {
            // An ancestor's attribute is known before the row begins.
            return Op::One(match self.ancestor(scope.node, up) {
                Some(owner) => {
                    let slot = self.slot_for(owner, owner, &path.read, mode);
                    SlotRef { frame: FrameRef::Up(owner as u32), slot }
                }
                None => {
                    let name = self.attribute_name(name);
                    let slot = self.ancestor_slot(scope.node, up, Some(name));
                    SlotRef { frame: FrameRef::Up(scope.node as u32), slot }
                }
            });
        }
        let Some(Anchor { owner, ready }) = self.anchor(scope, path) else {
            return self.gathered(scope, path, mode);
        };
        scope.ready = scope.ready.max(ready);
        let node = self.walk(owner, path);
        // `Up` holds the owner's node until every frame is known; see `resolve_hops`.
        let frame = if owner == 0 { FrameRef::Document } else { FrameRef::Up(owner as u32) };
        let op = self.read(owner, frame, node, path, mode);
        self.reached = node;
        op
    }

    /// A slot of the node's own for an attribute of an ancestor, or for which element it is.
    pub(super) fn ancestor_slot(&mut self, node: NodeId, up: u32, name: Option<Box<str>>) -> u32 {
        let made = self.nodes[node].ancestors.iter().find(|a| a.up == up && a.name == name);
        if let Some(made) = made {
            return made.slot;
        }
        let slot = self.new_slot(node);
        let index = self.nodes.iter().map(|node| node.ancestors.len()).sum();
        self.nodes[node].ancestors.push(AncestorAttribute { up, name, slot, index });
        slot
    }

    pub(super) fn new_slot(&mut self, owner: NodeId) -> u32 {
        let owner = &mut self.nodes[owner];
        owner.frame = true;
        owner.slots += 1;
        owner.slots - 1
    }

    /// A path up to an element of which nothing is known: below a row path that begins with `//`.
    /// What the rest of it finds anywhere is caught, and the rows choose at the end.
    pub(super) fn gathered(&mut self, scope: &mut Scope<'_>, path: &Path, mode: Mode) -> Op {
        scope.ready = Ready::Document;
        let Origin::Row { up } = path.origin else { return Op::Null };
        let ancestor = self.ancestor_slot(scope.node, up, None);
        let chosen = matches!(mode, Mode::Chosen(_));
        let from = match path.steps.first() {
            None if mode == Mode::InnerXml => Gathered::Markup,
            None if path.read == Read::String => Gathered::String,
            None => Gathered::Text,
            Some(step) => {
                let first = self.child(0, step, true);
                let parent = self.ancestor_slot(first, 1, None);
                let last = self.walk(0, &Path { origin: Origin::Anywhere, ..path.clone() });
                self.nodes[last].frame = true;
                let mode = if chosen { Mode::Chosen(Kept::All) } else { mode };
                let slot = self.slot_for(0, last, &path.read, mode);
                self.reached = last;
                Gathered::Nodes { slot, first, parent, last, hops: 0 }
            }
        };
        let mut known = self.nodes[scope.node].gathers.iter();
        let known = known.find(|known| known.ancestor == ancestor && known.from == from);
        let into = known.map(|known| known.into).unwrap_or_else(|| {
            let into = self.new_slot(scope.node);
            self.nodes[scope.node].gathers.push(Gather { from, ancestor, into });
            into
        });
        let slot = SlotRef { frame: FrameRef::Up(scope.node as u32), slot: into };
        match chosen {
            true => Op::Pick(slot, mode == Mode::Chosen(Kept::Last)),
            false => Op::One(slot),
        }
    }
}

/// Which of a step's predicates are decided when its element ends: those that read what is inside
/// it, and what is counted of the elements that they leave.
fn late_predicates(predicates: &[Predicate]) -> Vec<bool> {
    let reads: Vec<bool> = predicates.iter().map(reads_content).collect();
    let first = reads.iter().position(|reads| *reads).unwrap_or(reads.len());
    let counted = |predicate: &Predicate| !matches!(predicate, Predicate::Condition(_));
    let recounted = predicates[first..].iter().any(counted);
    let late = reads.iter().enumerate();
    late.map(|(index, reads)| *reads || (recounted && index > first)).collect()
}

/// Whether a predicate needs more than the attributes of its element.
fn reads_content(predicate: &Predicate) -> bool {
    let Predicate::Condition(condition) = predicate else { return false };
    let mut reads = false;
    condition.walk_outside_predicates(&mut |part| {
        reads |= match &part.kind {
            ExprKind::Path(path) => !path.steps.is_empty() || !path.read.is_attribute(),
            ExprKind::Call { function, .. } => function.is_aggregate(),
            _ => false,
        };
    });
    reads
}
