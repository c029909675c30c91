//! The paths of documents that a schema describes: all of them, or those that samples have.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::content::{Attribute, Child, Content};
use super::error::{Result, SchemaError};
use super::index::{Schema, TypeOf};
use super::markup::XML;
use super::part::{Part, QName};
use super::roots::Root;
use crate::profile::{Declared, Name, NodeId, Profile, SchemaNotes, ValueType};

/// With more paths than these, elements of a type that they lie in already are not followed.
const MANY_PATHS: usize = 5_000;

/// Names of types in one remark.
const MOST_NAMES: usize = 8;

impl<'s> Schema<'s> {
    /// The paths of documents with this root, except those below the ones to skip.
    ///
    /// # Errors
    /// A name that is not declared, or too many paths.
    pub fn paths(
        &self,
        root: &Root,
        skip: &[String],
    ) -> std::result::Result<(Profile, NodeId, SchemaNotes), Box<SchemaError>> {
        let mut limits = [MANY_PATHS, Profile::MOST_PATHS].into_iter();
        let mut has_types = false;
        loop {
            let most = limits.next().expect("the last one ends it");
            let mut profile = Profile::default();
            let name = QName { uri: &root.uri, local: &root.local };
            let node = profile.add(None, self.name(name), false);
            let mut follower = Follower::new(self, &mut profile, skip);
            follower.most = most;
            follower.stops_at_types = has_types;
            if follower.all(node)? {
                let notes = follower.notes;
                return Ok((profile, node, notes));
            }
            if limits.len() == 0 {
                let place = self.files.files[0].name.clone();
                let reason = format!(
                    "documents with the root {} have more than {most} paths",
                    root.written()
                );
                let hint = "add documents as SAMPLES: only their paths are drafted".to_owned();
                return Err(Box::new(SchemaError { place, reason, hint }));
            }
            has_types = true;
        }
    }

    /// Adds to the paths that samples have what the schema says of them.
    ///
    /// # Errors
    /// A name that is not declared.
    pub fn describe(
        &self,
        profile: &mut Profile,
        root: NodeId,
        skip: &[String],
    ) -> std::result::Result<SchemaNotes, Box<SchemaError>> {
        let mut follower = Follower::new(self, profile, skip);
        follower.is_narrow = true;
        follower.all(root)?;
        Ok(follower.notes)
    }

    /// The declaration of a root element.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn root_declaration(&self, uri: &str, local: &str) -> Result<Part<'s>> {
        let mut found = self.elements.iter();
        let found = found.find(|(name, _)| name.uri == uri && name.local == local);
        found.map(|(_, part)| *part).ok_or_else(|| {
            let names: Vec<String> = self.global_elements().iter().map(Root::written).collect();
            let shown = names.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
            let more = if names.len() > 20 { ", …" } else { "" };
            let of =
                if uri.is_empty() { " in no namespace".to_owned() } else { format!(" of {uri}") };
            Box::new(SchemaError {
                place: self.files.files[0].name.clone(),
                reason: format!("the schema declares no root element {local}{of}"),
                hint: format!("use the schema of these documents; this one has {shown}{more}"),
            })
        })
    }

    fn name(&self, name: QName<'_>) -> Name {
        Name {
            uri: name.uri.to_owned(),
            local: name.local.to_owned(),
            prefix: match name.uri == XML {
                true => "xml".to_owned(),
                false => self.prefix(name.uri).to_owned(),
            },
        }
    }
}

pub(super) struct Follower<'s, 'p> {
    pub(super) schema: &'p Schema<'s>,
    pub(super) profile: &'p mut Profile,
    skip: &'p [String],
    /// Only paths that samples have.
    is_narrow: bool,
    /// Elements of a type that they lie in are not followed.
    stops_at_types: bool,
    most: usize,
    notes: SchemaNotes,
    /// Nodes with declarations that they have had.
    seen: HashSet<(NodeId, usize)>,
    contents: HashMap<usize, Rc<Content<'s>>>,
    /// The complex type of each node.
    types: HashMap<NodeId, usize>,
    /// How many declarations each node has had, and how many of them have given it to its parent.
    declarations: HashMap<NodeId, usize>,
    given: HashMap<NodeId, usize>,
    work: Vec<(NodeId, Part<'s>)>,
    /// Nodes with keys declared in them.
    pub(super) keys: Vec<(NodeId, Part<'s>)>,
}

/// The children of a node by kind, URI and local name.
type Places = HashMap<(bool, String, String), NodeId>;

impl<'s, 'p> Follower<'s, 'p> {
    fn new(schema: &'p Schema<'s>, profile: &'p mut Profile, skip: &'p [String]) -> Self {
        let notes =
            SchemaNotes { file: schema.files.files[0].name.clone(), ..SchemaNotes::default() };
        Self {
            schema,
            profile,
            skip,
            is_narrow: false,
            stops_at_types: false,
            most: usize::MAX,
            notes,
            seen: HashSet::new(),
            contents: HashMap::new(),
            types: HashMap::new(),
            declarations: HashMap::new(),
            given: HashMap::new(),
            work: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Follows everything from the root; false where there are too many paths.
    fn all(&mut self, root: NodeId) -> Result<bool> {
        let Name { uri, local, .. } = &self.profile[root].name;
        let declaration = self.schema.root_declaration(uri, local)?;
        self.element(root, declaration, Declared { is_always: true, ..Declared::default() })?;
        while let Some((node, declaration)) = self.work.pop() {
            let begin = self.work.len();
            self.inside(node, declaration)?;
            // The first of what was added comes next, so that notes are in the order of the schema.
            self.work[begin..].reverse();
            if self.profile.len() > self.most {
                return Ok(false);
            }
        }
        self.loosen();
        self.identify();
        self.note_undeclared(root);
        Ok(true)
    }

    /// What an element's declaration says of its node.
    fn element(
        &mut self,
        node: NodeId,
        declaration: Part<'s>,
        mut declared: Declared,
    ) -> Result<()> {
        declared.is_nillable = declaration.is_true("nillable");
        if let Some(value) = declaration.element.raw("fixed") {
            declared.remarks.push(format!("always {value:?}"));
        } else if let Some(value) = declaration.element.raw("default") {
            declared.remarks.push(format!("where it is empty: {value:?}"));
        }
        let of = self.schema.type_of(declaration)?;
        declared.value = match of {
            TypeOf::Any if !self.is_narrow => Some(ValueType::TEXT),
            of => self.schema.value_type(of)?,
        };
        if let Some(part) = of.complex() {
            let content = self.content(part)?;
            declared.is_mixed = content.is_mixed && !content.elements.is_empty();
            if content.is_mixed && declared.value.is_none() {
                // Whether there is text beside elements, samples say better.
                let has_text = content.elements.is_empty() || !self.is_narrow;
                declared.value = has_text.then_some(ValueType::TEXT);
            }
        }
        self.profile.declare(node, declared);
        let key = of.complex().map_or(declaration.id(), Part::id);
        if self.seen.insert((node, key)) && !self.is_skipped(node) {
            self.work.push((node, declaration));
        }
        if declaration.child(&["key", "unique", "keyref"]).is_some() {
            self.keys.push((node, declaration));
        }
        Ok(())
    }

    fn is_skipped(&self, node: NodeId) -> bool {
        !self.skip.is_empty() && self.skip.contains(&self.profile.path(node))
    }

    fn content(&mut self, of: Part<'s>) -> Result<Rc<Content<'s>>> {
        if let Some(known) = self.contents.get(&of.id()) {
            return Ok(Rc::clone(known));
        }
        let is_wide = self.is_narrow || of.is_true("abstract");
        let content = match is_wide {
            true => self.schema.widest_content(TypeOf::Declared(of))?.unwrap_or_default(),
            false => self.schema.content(of)?,
        };
        let content = Rc::new(content);
        self.contents.insert(of.id(), Rc::clone(&content));
        Ok(content)
    }

    /// The attributes and elements in an element.
    fn inside(&mut self, node: NodeId, declaration: Part<'s>) -> Result<()> {
        *self.declarations.entry(node).or_default() += 1;
        let of = self.schema.type_of(declaration)?;
        let children = self.profile.children(node).into_iter().map(|child| {
            let Name { uri, local, .. } = &self.profile[child].name;
            ((self.profile[child].is_attribute, uri.clone(), local.clone()), child)
        });
        let mut places: Places = children.collect();
        let Some(part) = of.complex() else {
            let has_any = matches!(of, TypeOf::Any);
            return self.undeclared(places, has_any);
        };
        let content = self.content(part)?;
        self.types.insert(node, part.id());
        self.note_types(node, part, &content);
        let mut unseen = Vec::new();
        for attribute in &content.attributes {
            let key = (true, attribute.name.uri.to_owned(), attribute.name.local.to_owned());
            match places.remove(&key) {
                Some(found) => self.attribute(found, attribute)?,
                None if self.is_narrow => {
                    unseen.push(format!("@{}", self.written(node, attribute.name)))
                }
                None => {
                    let name = self.schema.name(attribute.name);
                    let added = self.profile.add(Some(node), name, true);
                    self.attribute(added, attribute)?;
                }
            }
        }
        for child in &content.elements {
            let key = (false, child.name.uri.to_owned(), child.name.local.to_owned());
            if let Some(found) = places.remove(&key) {
                self.child(found, child)?;
            } else if let Some(same) = self.around(node, child.name) {
                if !self.is_narrow {
                    self.profile.declare_recursive(same);
                }
                match self.profile[same].recursive > 0 {
                    true => self.child(same, child)?,
                    false => unseen.push(self.written(node, child.name)),
                }
            } else if self.is_narrow {
                unseen.push(self.written(node, child.name));
            } else if !self.is_stopped(node, child)? {
                let added = self.profile.add(Some(node), self.schema.name(child.name), false);
                self.child(added, child)?;
            }
        }
        let is_seen = self.profile[node].count > 0;
        if is_seen && !unseen.is_empty() {
            self.notes.unseen.push((self.profile.path(node), unseen));
        }
        match self.is_narrow {
            true => self.undeclared(places, content.has_any),
            false => {
                if content.has_any {
                    self.not_followed(node, "other elements (xs:any)".to_owned());
                }
                if content.has_any_attribute {
                    self.not_followed(node, "other attributes (xs:anyAttribute)".to_owned());
                }
                Ok(())
            }
        }
    }

    fn child(&mut self, node: NodeId, child: &Child<'s>) -> Result<()> {
        *self.given.entry(node).or_default() += 1;
        let declared =
            Declared { is_always: child.least > 0, repeats: child.most > 1, ..Declared::default() };
        self.element(node, child.declaration, declared)?;
        if child.is_substitute {
            self.profile.remark(node, "by a substitution group".to_owned());
        }
        Ok(())
    }

    fn attribute(&mut self, node: NodeId, attribute: &Attribute<'s>) -> Result<()> {
        *self.given.entry(node).or_default() += 1;
        let value = match attribute.declaration {
            Some(declaration) => self.schema.value_type(self.schema.type_of(declaration)?)?,
            None => Some(ValueType::TEXT),
        };
        let remarks = attribute.fixed.map(|value| format!("always {value:?}"));
        self.profile.declare(
            node,
            Declared {
                is_always: attribute.is_required,
                value,
                default: attribute.default.map(str::to_owned),
                remarks: remarks.into_iter().collect(),
                ..Declared::default()
            },
        );
        Ok(())
    }

    /// The innermost element of this name around what is in a node.
    fn around(&self, node: NodeId, name: QName<'_>) -> Option<NodeId> {
        let line = self.profile.line(node);
        let is_it = |around: &&NodeId| {
            let found = &self.profile[**around].name;
            found.local == name.local && found.uri == name.uri
        };
        line.iter().rev().find(is_it).copied()
    }

    /// Whether an element is of a type that it lies in, and is not followed for that.
    fn is_stopped(&mut self, node: NodeId, child: &Child<'s>) -> Result<bool> {
        if !self.stops_at_types {
            return Ok(false);
        }
        let Some(part) = self.schema.type_of(child.declaration)?.complex() else {
            return Ok(false);
        };
        let line = self.profile.line(node);
        let around = line.iter().find(|around| self.types.get(around) == Some(&part.id()));
        let Some(around) = around else { return Ok(false) };
        let (path, around) = (self.profile.path(node), self.profile.path(*around));
        let why = format!("of the same type as {around}, which it lies in");
        self.notes.not_followed.push((format!("{path}/{}", self.written(node, child.name)), why));
        Ok(true)
    }

    /// Lists types that `xsi:type` may name.
    fn note_types(&mut self, node: NodeId, part: Part<'s>, content: &Content<'s>) {
        let derived = self.schema.derived_types(part);
        if self.is_narrow || derived.is_empty() {
            return;
        }
        let names = derived.iter().filter_map(|derived| derived.get("name"));
        let mut names: Vec<&str> = names.take(MOST_NAMES + 1).collect();
        if names.len() > MOST_NAMES {
            names[MOST_NAMES] = "…";
        }
        let names = names.join(", ");
        let why = match part.is_true("abstract") {
            true if content.elements.is_empty() && content.attributes.is_empty() => return,
            true => format!("one of the types {names} by xsi:type: what each has is optional"),
            false => format!("what the derived types {names} add by xsi:type"),
        };
        self.not_followed(node, why);
    }

    fn not_followed(&mut self, node: NodeId, why: String) {
        let path = self.profile.path(node);
        let entry = (path, why);
        if !self.notes.not_followed.contains(&entry) {
            self.notes.not_followed.push(entry);
        }
    }

    /// An element inside itself may be of two types: what one of them lacks is optional.
    fn loosen(&mut self) {
        let several = self.declarations.iter().filter(|(_, declarations)| **declarations > 1);
        for (node, declarations) in several {
            for child in self.profile.children(*node) {
                let given = self.given.get(&child).copied().unwrap_or(0);
                if given < *declarations && self.profile[child].declared.is_some() {
                    self.profile.declare(child, Declared::default());
                }
            }
        }
    }

    /// Lists what samples have and the schema does not declare there.
    fn note_undeclared(&mut self, node: NodeId) {
        for child in self.profile.children(node) {
            let is_declared = self.profile[child].declared.is_some();
            if !is_declared {
                self.notes.undeclared.push(self.profile.path(child));
            } else if !self.is_skipped(child) {
                self.note_undeclared(child);
            }
        }
    }

    /// Elements that the schema declares somewhere are known where it allows any.
    fn undeclared(&mut self, places: Places, has_any: bool) -> Result<()> {
        let mut left: Vec<NodeId> = places.into_values().collect();
        left.sort();
        for found in left {
            let Name { uri, local, .. } = &self.profile[found].name;
            let mut known = self.schema.elements.iter();
            let known = known.find(|(name, _)| name.uri == uri && name.local == *local);
            match known {
                Some((_, declaration)) if has_any && !self.profile[found].is_attribute => {
                    self.element(found, *declaration, Declared::default())?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A name as it is written in this element: with the prefix of the elements around it.
    fn written(&self, within: NodeId, name: QName<'_>) -> String {
        let line = self.profile.line(within);
        let mut around = line.iter().rev().map(|node| &self.profile[*node].name);
        let same = around.find(|around| around.uri == name.uri && !name.uri.is_empty());
        let own = self.schema.name(name);
        match same {
            Some(same) => Name { prefix: same.prefix.clone(), ..own }.written(),
            None => own.written(),
        }
    }
}
