//! Which elements become tables, and which nodes columns of the nearest table.

use std::collections::HashSet;

use super::evidence::{has_value, is_declared_to_repeat, is_mixed, is_optional, may_repeat};
use super::known::Known;
use super::report::{
    Report, ALWAYS_BLANK, ALWAYS_EMPTY, BESIDE_ELEMENTS, INSIDE_ITSELF, NOT_DECLARED, NO_NAME,
};
use super::siblings;
use super::table::{Leaf, LeafKind, Old, Options, Table};
use super::wide::divided;
use crate::profile::{NodeId, Profile};

/// One parent in so many may have several of an element that is still drafted as one: the contract
/// then takes the first, and says so.
const RARELY: u64 = 100;

/// The tables, parents first.
pub(super) fn tables(
    profile: &Profile,
    root: NodeId,
    options: &Options,
    report: &mut Report,
) -> Vec<Table> {
    let divided = divided(profile, root, &options.skip);
    let mut search = Search { profile, options, report, known: None, tables: Vec::new(), divided };
    search.table(root, None);
    needed(search.tables)
}

/// What a contract lacks of a table that it has, or of everything below the root, and the new tables below.
pub(super) fn lacking(
    profile: &Profile,
    begin: Begin,
    options: &Options,
    known: &Known<'_>,
    report: &mut Report,
) -> Vec<Table> {
    let divided = HashSet::new();
    let mut search =
        Search { profile, options, report, known: Some(known), tables: Vec::new(), divided };
    match begin {
        Begin::Table(table) => {
            let node = table.node;
            search.tables.push(*table);
            search.columns(node, 0, LeafKind::Value);
            search.tables
        }
        Begin::Root(root) => {
            search.table(root, None);
            match search.tables[0].leaves.is_empty() && search.tables.len() == 1 {
                // All that it lacks is left out.
                true => Vec::new(),
                false => needed(search.tables),
            }
        }
    }
}

/// Where the search for what a contract lacks begins.
pub(super) enum Begin {
    /// At the rows of a table that it has.
    Table(Box<Table>),
    /// At a root element without a table.
    Root(NodeId),
}

fn needed(tables: Vec<Table>) -> Vec<Table> {
    // A root without values of its own would be a table of ids; its children need none.
    let are_its = |table: &Table| table.siblings.is_some() && table.parent == Some(0);
    let is_needless =
        tables[0].leaves.is_empty() && tables.len() > 1 && !tables.iter().any(are_its);
    match is_needless {
        true => without_root(tables),
        false => tables,
    }
}

fn without_root(tables: Vec<Table>) -> Vec<Table> {
    let mut rest = tables;
    rest.remove(0);
    for table in &mut rest {
        table.parent = table.parent.and_then(|parent| parent.checked_sub(1));
    }
    rest
}

struct Search<'p> {
    profile: &'p Profile,
    options: &'p Options,
    report: &'p mut Report,
    /// What the contract that is updated has already.
    known: Option<&'p Known<'p>>,
    tables: Vec<Table>,
    /// Elements that occur once and become tables, because theirs would be too wide.
    divided: HashSet<NodeId>,
}

impl Search<'_> {
    fn table(&mut self, node: NodeId, parent: Option<usize>) {
        let at = self.tables.len();
        let is_recursive = self.profile[node].recursive > 0;
        self.tables.push(Table { parent, is_recursive, ..Table::of(node) });
        self.columns(node, at, LeafKind::Value);
    }

    /// The values of an element and of what is below it.
    fn columns(&mut self, node: NodeId, table: usize, kind: LeafKind) {
        let element = &self.profile[node];
        let children = self.profile.children(node);
        if is_mixed(element) && !self.has_tables_below(node) {
            self.mixed(node, table, &children);
            return;
        }
        if has_value(element) && !is_mixed(element) {
            self.leaf(node, table, kind);
        } else if is_mixed(element) && self.leaf(node, table, kind) {
            self.left_out(node, BESIDE_ELEMENTS);
        }
        let apart = self.siblings(&children, table, kind);
        for child in children.into_iter().filter(|child| !apart.contains(child)) {
            self.child(child, table, kind);
        }
    }

    /// Numbered siblings: they get a table if that is wanted, and are then not columns.
    fn siblings(&mut self, children: &[NodeId], table: usize, kind: LeafKind) -> HashSet<NodeId> {
        let profile = self.profile;
        let usable = children.iter().copied().filter(|child| {
            let may_be = kind == LeafKind::Value && siblings::is_numbered(profile, *child);
            let is_left = || self.is_skipped(*child) || self.is_done(*child, table);
            may_be && !is_left() && !self.is_half_known(*child)
        });
        let groups = siblings::groups(profile, &usable.collect::<Vec<_>>());
        let mut apart = HashSet::new();
        for group in groups {
            // Without a key of the row around, several rows would have one number.
            let is_linked = |old: &Old| !old.joins && !old.primary_key.is_empty();
            if !self.options.unpivot || !self.tables[table].old.as_ref().is_none_or(is_linked) {
                self.report.numbered(profile, &group);
                continue;
            }
            apart.extend(group.nodes.iter().map(|(_, node)| *node));
            self.tables.push(Table {
                parent: Some(table),
                siblings: Some(group),
                ..Table::of(self.tables[table].node)
            });
        }
        apart
    }

    /// Whether the contract reads, or cannot name, a part of an element.
    fn is_half_known(&self, node: NodeId) -> bool {
        self.profile.below(node).into_iter().any(|node| {
            let is_known = self.known.is_some_and(|known| {
                known.is_read(node) || known.is_row(node) || known.is_left_out(node)
            });
            is_known || self.nameless(node).is_some() || self.is_skipped(node)
        })
    }

    /// Text with markup in it: its whole text is one column, and the attributes of the element itself
    /// are others.
    fn mixed(&mut self, node: NodeId, table: usize, children: &[NodeId]) {
        self.leaf(node, table, LeafKind::String);
        for child in children {
            match self.profile[*child].is_attribute {
                true => self.child(*child, table, LeafKind::Value),
                false => self.left_out(*child, "markup inside text"),
            }
        }
    }

    fn child(&mut self, node: NodeId, table: usize, kind: LeafKind) {
        let child = &self.profile[node];
        if self.is_done(node, table) {
            return;
        }
        if self.is_skipped(node) {
            self.left_out(node, "left out by --skip");
        } else if let Some(why) = self.nameless(node) {
            self.left_out(node, why);
        } else if child.is_attribute {
            match has_value(child) {
                false => self.left_out(node, ALWAYS_BLANK),
                true => _ = self.leaf(node, table, kind),
            }
        } else if self.is_empty(node) {
            match is_optional(self.profile, node) {
                true => {
                    self.leaf(node, table, LeafKind::Presence);
                }
                false => self.left_out(node, ALWAYS_EMPTY),
            }
        } else if child.recursive > 0 && self.is_elsewhere(node) {
            self.left_out(node, INSIDE_ITSELF);
        } else if child.recursive > 0
            || may_repeat(child) && !self.is_rarely_repeated(node)
            || self.divided.contains(&node)
        {
            self.table(node, Some(table));
        } else {
            let kind = if child.repeated > 0 { LeafKind::First } else { kind };
            self.columns(node, table, kind);
        }
    }

    /// Adds a column, unless the contract reads that already. A table that is new has all its columns.
    fn leaf(&mut self, node: NodeId, table: usize, kind: LeafKind) -> bool {
        let is_old = self.tables[table].old.is_some();
        let is_known = self.known.is_some_and(|known| match kind {
            LeafKind::Presence => known.is_asked(node),
            LeafKind::Value | LeafKind::First | LeafKind::String => known.is_read(node),
        });
        let is_new = !(is_old && is_known);
        if is_new {
            self.tables[table].leaves.push(Leaf { node, kind });
        }
        is_new
    }

    fn left_out(&mut self, node: NodeId, why: &str) {
        match self.known {
            None => self.report.left_out(self.profile, node, why),
            Some(known) if known.is_needed(node) => known.left_out(node, why, self.report),
            Some(_) => {}
        }
    }

    /// Whether the contract that is updated needs nothing of an element or attribute.
    fn is_done(&self, node: NodeId, table: usize) -> bool {
        let Some(known) = self.known else { return false };
        let element = &self.profile[node];
        let begins =
            self.tables[table].old.is_some() || element.repeated > 0 || element.recursive > 0;
        known.is_row(node) || known.is_left_out(node) || begins && !known.is_needed(node)
    }

    /// Why there is no name for an element or attribute.
    fn nameless(&self, node: NodeId) -> Option<&'static str> {
        let name = &self.profile[node].name;
        match self.known {
            Some(known) => known.nameless.contains(&node).then_some(NO_NAME),
            None => (name.uri.is_empty() && !name.prefix.is_empty()).then_some(NOT_DECLARED),
        }
    }

    fn is_skipped(&self, node: NodeId) -> bool {
        !self.options.skip.is_empty() && self.options.skip.contains(&self.profile.path(node))
    }

    /// Whether an element has neither a value nor attributes nor children.
    fn is_empty(&self, node: NodeId) -> bool {
        !has_value(&self.profile[node]) && self.profile.children(node).is_empty()
    }

    /// Whether few enough parents have several, of something so small that its first stands for all.
    fn is_rarely_repeated(&self, node: NodeId) -> bool {
        let element = &self.profile[node];
        !is_declared_to_repeat(element)
            && element.repeated * RARELY < element.parents
            && !self.has_tables_below(node)
    }

    /// Whether elements of the same name are not below this one's parent.
    fn is_elsewhere(&self, node: NodeId) -> bool {
        if let Some(known) = self.known {
            return known.is_scattered(node);
        }
        let name = &self.profile[node].name;
        let root = self.profile.line(node)[0];
        let all = self.profile.below(root);
        all.iter().any(|other| {
            let element = &self.profile[*other];
            *other != node && !element.is_attribute && element.name.same(name)
        })
    }

    fn has_tables_below(&self, node: NodeId) -> bool {
        let below = self.profile.below(node);
        below[1..].iter().any(|below| {
            let below = &self.profile[*below];
            !below.is_attribute && (may_repeat(below) || below.recursive > 0)
        })
    }
}
