//! Goes through a contract and notes what reads which path.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::{Absent, Repeated, Skipped};
use super::follow::{unique, Follower, Place};
use super::reader::{Part, Reader};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin, Path, Predicate, Read};
use crate::contract::model::{KeyRule, Model, Split, TableRule};
use crate::contract::probe::texts_of_value;
use crate::profile::NodeId;

/// What was found so far.
pub(super) struct Readings<'f, 'c> {
    follower: &'f Follower<'c>,
    keys: &'f [KeyRule],
    readers: BTreeMap<NodeId, Vec<Reader>>,
    /// Elements whose text is read together with that of an element around.
    whole: BTreeSet<NodeId>,
    pub(super) absent: Vec<Absent>,
    pub(super) repeated: Vec<Repeated>,
}

/// What is wanted of the nodes of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// What the path says.
    Value,
    /// The markup inside the elements.
    Markup,
    /// Whether there are any.
    Presence,
}

/// How many nodes a path may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    /// More than one is the failure `many_values`.
    One,
    /// The first step is the next sibling; inside it, more than one is that failure.
    OneOfNext,
    Any,
}

impl<'f, 'c> Readings<'f, 'c> {
    pub(super) fn new(follower: &'f Follower<'c>, keys: &'f [KeyRule]) -> Self {
        Self {
            follower,
            keys,
            readers: BTreeMap::new(),
            whole: BTreeSet::new(),
            absent: Vec::new(),
            repeated: Vec::new(),
        }
    }

    /// What reads a node.
    pub(super) fn readers(&self, node: NodeId) -> Vec<Reader> {
        self.readers.get(&node).cloned().unwrap_or_default()
    }

    /// Notes everything that the contract reads.
    pub(super) fn read(&mut self, model: &Model) {
        if let Some(key) = &model.document.key {
            self.path(key, &[], &Reader::document(Part::Key), Wanted::Value, Number::One);
        }
        for path in &model.document.require {
            let reader = Reader::document(Part::Require);
            self.path(path, &[], &reader, Wanted::Presence, Number::Any);
        }
        for key in &model.keys {
            let reader = Reader::keys(&key.name);
            let elements = self.path(&key.each, &[], &reader, Wanted::Presence, Number::Any);
            self.expr(&key.key, &elements, &reader);
        }
        model.tables.iter().for_each(|table| self.table(table));
    }

    fn table(&mut self, table: &TableRule) {
        let of = |part| Reader::table(&table.name, part);
        let rows = self.rows(table);
        if rows.is_empty() {
            return;
        }
        let distinct = table.distinct.iter().flat_map(|d| d.by.iter().chain(&d.prefer));
        let when = table.rows.iter().flat_map(|row| &row.when);
        let parts = table.where_.iter().map(|expr| (expr, Part::Where));
        let parts = parts.chain(distinct.map(|expr| (expr, Part::Distinct)));
        for (expr, part) in parts.chain(when.map(|expr| (expr, Part::When))) {
            self.expr(expr, &rows, &of(part));
        }
        for (expr, reader) in values(table) {
            self.expr(expr, &rows, &reader);
        }
    }

    /// The row elements of a table.
    fn rows(&mut self, table: &TableRule) -> Vec<NodeId> {
        let reader = Reader::table(&table.name, Part::Each);
        let rows = self.path(&table.each, &[], &reader, Wanted::Presence, Number::Any);
        if let Some(Split { read, .. }) = &table.split {
            let list =
                Path { origin: Origin::Row { up: 0 }, steps: Vec::new(), read: read.clone() };
            self.path(&list, &rows, &reader, Wanted::Value, Number::One);
        }
        rows
    }

    fn expr(&mut self, expr: &Expr, at: &[NodeId], reader: &Reader) {
        match &expr.kind {
            ExprKind::Path(path) => {
                self.path(path, at, reader, Wanted::Value, Number::One);
            }
            ExprKind::IsNull { operand, .. } | ExprKind::IsEmpty { operand, .. } => {
                match &operand.kind {
                    ExprKind::Path(path) => {
                        self.path(path, at, reader, Wanted::Presence, Number::One);
                    }
                    _ => self.expr(operand, at, reader),
                }
            }
            ExprKind::Call { function, arguments } => {
                self.call(*function, arguments, at, reader);
            }
            _ => expr.parts(&mut |part| self.expr(part, at, reader)),
        }
    }

    fn call(&mut self, function: Function, arguments: &[Expr], at: &[NodeId], reader: &Reader) {
        let Some((first, others)) = arguments.split_first() else { return };
        let path = match &first.kind {
            ExprKind::Path(path) => Some(path),
            _ => None,
        };
        match (function, path) {
            (Function::Lookup, _) => {
                let (own, of_element) = arguments.split_at(arguments.len().min(2));
                own.iter().for_each(|argument| self.expr(argument, at, reader));
                let elements = self.elements_of_key(first);
                of_element.iter().for_each(|each| self.expr(each, &elements, reader));
            }
            (Function::InnerXml, Some(path)) => {
                self.path(path, at, reader, Wanted::Markup, Number::One);
            }
            (Function::Following, Some(path)) => {
                self.path(path, at, reader, Wanted::Value, Number::OneOfNext);
            }
            (Function::First | Function::Last, Some(path)) if others.is_empty() => {
                self.path(path, at, reader, Wanted::Value, Number::Any);
            }
            _ if function.is_aggregate() => self.aggregate(function, first, others, at, reader),
            _ => arguments.iter().for_each(|argument| self.expr(argument, at, reader)),
        }
    }

    /// The elements of the key that a lookup names.
    fn elements_of_key(&self, name: &Expr) -> Vec<NodeId> {
        let ExprKind::Text(name) = &name.kind else { return Vec::new() };
        let key = self.keys.iter().find(|key| key.name.eq_ignore_ascii_case(name));
        key.map_or_else(Vec::new, |key| self.follow(&key.each, &[]))
    }

    /// A function over all nodes of the one path in its first argument, with an expression over each
    /// where there is one argument more.
    fn aggregate(
        &mut self,
        function: Function,
        first: &Expr,
        others: &[Expr],
        at: &[NodeId],
        reader: &Reader,
    ) {
        let (fewest, _) = function.arity();
        let (plain, of_element) = others.split_at(others.len().min(fewest - 1));
        let counts = matches!(function, Function::Count | Function::Exists);
        let is_path = matches!(first.kind, ExprKind::Path(_));
        let wanted = match !of_element.is_empty() || counts && is_path {
            true => Wanted::Presence,
            false => Wanted::Value,
        };
        let mut paths = Vec::new();
        first.walk_outside_predicates(&mut |part| {
            if let ExprKind::Path(path) = &part.kind {
                paths.push(path);
            }
        });
        for path in paths {
            let elements = self.path(path, at, reader, wanted, Number::Any);
            of_element.iter().for_each(|each| self.expr(each, &elements, reader));
        }
        plain.iter().for_each(|argument| self.expr(argument, at, reader));
    }

    /// Notes what a path reads, and returns the elements that it leads to.
    fn path(
        &mut self,
        path: &Path,
        from: &[NodeId],
        reader: &Reader,
        wanted: Wanted,
        number: Number,
    ) -> Vec<NodeId> {
        let origin = match number {
            // A sibling: a child of the element around.
            Number::OneOfNext => Origin::Row { up: 1 },
            Number::One | Number::Any => path.origin,
        };
        let mut places = self.follower.begin(origin, from);
        if places.is_empty() {
            return Vec::new();
        }
        for (index, step) in path.steps.iter().enumerate() {
            let one = match number {
                Number::One => step.predicates.is_empty(),
                Number::OneOfNext => index > 0 && step.predicates.is_empty(),
                Number::Any => false,
            };
            let mut found = Vec::new();
            for place in places {
                let nodes = self.follower.step(place, &step.name);
                if one {
                    self.note_repeated(path, reader, place, &nodes);
                }
                found.extend(nodes);
            }
            unique(&mut found);
            for predicate in &step.predicates {
                if let Predicate::Condition(condition) = predicate {
                    self.expr(condition, &found, &reader.predicate());
                }
            }
            places = found.into_iter().map(Place::Element).collect();
        }
        let elements: Vec<NodeId> = places.into_iter().filter_map(Place::element).collect();
        let is_absent = !self.note(path, &elements, reader, wanted);
        if is_absent {
            let absent = Absent { path: path.to_string(), reader: reader.clone() };
            if !self.absent.contains(&absent) {
                self.absent.push(absent);
            }
        }
        elements
    }

    /// Notes what is read of the elements; whether there is anything.
    fn note(&mut self, path: &Path, elements: &[NodeId], reader: &Reader, wanted: Wanted) -> bool {
        let reader = Reader { value: wanted != Wanted::Presence, ..reader.clone() };
        match &path.read {
            Read::Attribute(name) => {
                let attributes =
                    elements.iter().flat_map(|element| self.follower.attributes(*element, name));
                let attributes: Vec<NodeId> = attributes.collect();
                attributes.iter().for_each(|attribute| self.mark(*attribute, &reader));
                let unknown = !elements.is_empty() && self.follower.is_never_profiled(name);
                !attributes.is_empty() || unknown
            }
            Read::Text | Read::String => {
                let string = path.read == Read::String && wanted == Wanted::Value;
                for element in elements {
                    self.mark(*element, &reader);
                    if string || wanted == Wanted::Markup {
                        self.mark_inside(*element, &reader, wanted == Wanted::Markup);
                    }
                }
                !elements.is_empty()
            }
        }
    }

    /// Everything inside an element is read.
    fn mark_inside(&mut self, element: NodeId, reader: &Reader, with_attributes: bool) {
        let profile = self.follower.profile;
        for node in profile.below(element).into_iter().skip(1) {
            let is_attribute = profile[node].is_attribute;
            // The element's own attributes are no part of its content.
            let is_own = profile[node].parent == Some(element);
            if !is_attribute || with_attributes && !is_own {
                self.mark(node, reader);
            }
            if !is_attribute {
                self.whole.insert(node);
            }
        }
    }

    fn mark(&mut self, node: NodeId, reader: &Reader) {
        let readers = self.readers.entry(node).or_default();
        match readers.iter_mut().find(|known| known.is_same_part(reader)) {
            Some(known) => known.value |= reader.value,
            None => readers.push(reader.clone()),
        }
    }

    /// Notes where a path finds several nodes in one.
    fn note_repeated(&mut self, path: &Path, reader: &Reader, place: Place, found: &[NodeId]) {
        let profile = self.follower.profile;
        let is_repeated = |node: &&NodeId| profile[**node].repeated > 0;
        let total: u64 = found.iter().map(|node| profile[*node].count).sum();
        let (several, parents): (Vec<&NodeId>, u64) = match place {
            Place::Document => return,
            Place::Anywhere => {
                let of: u64 = self.follower.roots().iter().map(|r| profile[*r].documents).sum();
                let is_several = |node: &&NodeId| profile[**node].count > profile[**node].documents;
                (found.iter().filter(is_several).collect(), of)
            }
            Place::Element(element) => {
                (found.iter().filter(is_repeated).collect(), profile[element].count)
            }
        };
        // More nodes than parents: then one has several, of different names perhaps.
        let together = found.len() > 1 && total > parents;
        let at_least = if together { total.div_ceil(parents.max(1)) } else { 2 };
        for node in several.iter().copied().chain(found.first().filter(|_| together)).take(1) {
            let most = several.iter().map(|node| profile[**node].most).max().unwrap_or(0);
            let repeated = Repeated {
                path: path.to_string(),
                reader: reader.clone(),
                element: self.follower.path(*node),
                most: most.max(at_least),
            };
            if !self.repeated.contains(&repeated) {
                self.repeated.push(repeated);
            }
        }
    }

    /// Elements whose own text goes into a text column, without the text of the elements inside.
    pub(super) fn skipped(&self, model: &Model) -> Vec<Skipped> {
        let mut skipped: Vec<Skipped> = Vec::new();
        for table in &model.tables {
            let rows = self.follow(&table.each, &[]);
            let is_text = |name: &str| {
                let column = table.columns.iter().find(|column| column.name == name);
                column.is_some_and(|column| column.sql_type.is_character())
            };
            for (value, reader) in values(table) {
                if !reader.column.as_deref().is_some_and(is_text) {
                    continue;
                }
                texts_of_value(value, &mut |path, _| {
                    let elements = self.follow(path, &rows);
                    let found = elements.iter().filter_map(|e| self.skip(path, *e, &reader));
                    found.for_each(|found| {
                        if !skipped.contains(&found) {
                            skipped.push(found);
                        }
                    });
                });
            }
        }
        skipped
    }

    fn skip(&self, path: &Path, element: NodeId, reader: &Reader) -> Option<Skipped> {
        let profile = self.follower.profile;
        // What has a column of its own is lost only from the middle of a text.
        let is_lost = |node: &NodeId| profile[element].mixed > 0 || !self.is_read(*node);
        let inside = profile.below(element).into_iter().skip(1).filter(|node| {
            let own = &profile[*node];
            let has_text = !own.is_attribute && own.values.count() > 0;
            has_text && !self.whole.contains(node) && is_lost(node)
        });
        let inside: Vec<NodeId> = inside.collect();
        let first = inside.first()?;
        Some(Skipped {
            path: path.to_string(),
            reader: reader.clone(),
            inside: self.follower.path(*first),
            texts: inside.iter().map(|node| profile[*node].values.count()).sum(),
        })
    }

    fn is_read(&self, node: NodeId) -> bool {
        self.readers.get(&node).is_some_and(|readers| readers.iter().any(|reader| reader.value))
    }

    /// The elements that a path leads to.
    pub(super) fn follow(&self, path: &Path, from: &[NodeId]) -> Vec<NodeId> {
        let mut places = self.follower.begin(path.origin, from);
        for step in &path.steps {
            let mut found: Vec<NodeId> =
                places.iter().flat_map(|place| self.follower.step(*place, &step.name)).collect();
            unique(&mut found);
            places = found.into_iter().map(Place::Element).collect();
        }
        places.into_iter().filter_map(Place::element).collect()
    }
}

/// The expressions of a table's columns, those of row templates included.
fn values(table: &TableRule) -> Vec<(&Expr, Reader)> {
    let own = table.columns.iter().filter_map(|column| Some((column.value.as_ref()?, column)));
    let given = table.rows.iter().flat_map(|row| &row.values);
    let given = given.map(|(at, value)| (value, &table.columns[*at]));
    own.chain(given)
        .map(|(value, column)| (value, Reader::column(&table.name, &column.name)))
        .collect()
}
