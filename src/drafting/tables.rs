//! Which elements become tables, and which nodes columns of the nearest table.

use std::collections::HashSet;

use super::evidence::{has_value, is_declared_to_repeat, is_mixed, is_optional, may_repeat};
use super::report::Report;
use super::table::{Leaf, LeafKind, Options, Table};
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
    let mut search = Search { profile, options, report, tables: Vec::new(), divided };
    search.table(root, None);
    let tables = search.tables;
    // A root without values of its own would be a table of ids; its children need none.
    let is_needless = tables[0].leaves.is_empty() && tables.len() > 1;
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
    tables: Vec<Table>,
    /// Elements that occur once and become tables, because theirs would be too wide.
    divided: HashSet<NodeId>,
}

impl Search<'_> {
    fn table(&mut self, node: NodeId, parent: Option<usize>) {
        let at = self.tables.len();
        self.tables.push(Table {
            name: String::new(),
            node,
            parent,
            own_key: None,
            columns: Vec::new(),
            leaves: Vec::new(),
            is_recursive: self.profile[node].recursive > 0,
        });
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
            self.tables[table].leaves.push(Leaf { node, kind });
        } else if is_mixed(element) {
            self.tables[table].leaves.push(Leaf { node, kind });
            let why = "text beside elements: the column has the element's own text only";
            self.report.left_out(self.profile, node, why);
        }
        for child in children {
            self.child(child, table, kind);
        }
    }

    /// Text with markup in it: its whole text is one column, and the attributes of the element itself
    /// are others.
    fn mixed(&mut self, node: NodeId, table: usize, children: &[NodeId]) {
        self.tables[table].leaves.push(Leaf { node, kind: LeafKind::String });
        for child in children {
            match self.profile[*child].is_attribute {
                true => self.child(*child, table, LeafKind::Value),
                false => self.report.left_out(self.profile, *child, "markup inside text"),
            }
        }
    }

    fn child(&mut self, node: NodeId, table: usize, kind: LeafKind) {
        let child = &self.profile[node];
        if self.is_skipped(node) {
            self.report.left_out(self.profile, node, "left out by --skip");
        } else if child.name.uri.is_empty() && !child.name.prefix.is_empty() {
            let why = "its prefix is not declared in the documents";
            self.report.left_out(self.profile, node, why);
        } else if child.is_attribute {
            match has_value(child) {
                false => self.report.left_out(self.profile, node, "always blank"),
                true => self.tables[table].leaves.push(Leaf { node, kind }),
            }
        } else if self.is_empty(node) {
            match is_optional(self.profile, node) {
                true => {
                    let kind = LeafKind::Presence;
                    self.tables[table].leaves.push(Leaf { node, kind });
                }
                false => self.report.left_out(self.profile, node, "always there and always empty"),
            }
        } else if child.recursive > 0 && self.is_elsewhere(node) {
            let why = "it lies inside itself, and elements of its name are elsewhere too";
            self.report.left_out(self.profile, node, why);
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

    fn is_skipped(&self, node: NodeId) -> bool {
        let path = self.profile.path(node);
        self.options.skip.contains(&path)
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
