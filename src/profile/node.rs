//! One path: an element or an attribute, and how often it occurs.

use serde::{Deserialize, Serialize};

use super::declared::Declared;
use super::values::Values;

/// The place of a node in its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub(super) u32);

/// An expanded name, and the prefix with which a document wrote it first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The URI of its namespace; empty without one.
    pub uri: String,
    /// Its local name.
    pub local: String,
    /// Empty without one.
    pub prefix: String,
}

impl Name {
    /// Whether both mean the same, with their prefixes or others.
    pub fn same(&self, other: &Self) -> bool {
        self.local == other.local && self.uri == other.uri
    }

    /// As the document wrote it.
    pub fn written(&self) -> String {
        match self.prefix.is_empty() {
            true => self.local.clone(),
            false => format!("{}:{}", self.prefix, self.local),
        }
    }
}

/// Where something was first seen: the number of the document, and a place in it that grows with it.
pub type Occurrence = (u64, u64);

/// An element or an attribute below its parents.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: Name,
    /// An attribute, or an element.
    pub is_attribute: bool,
    /// The element it is in.
    pub parent: Option<NodeId>,
    #[serde(skip)]
    pub(super) children: Vec<NodeId>,
    /// Where it was first seen.
    pub first: Occurrence,
    /// How often it occurs.
    pub count: u64,
    /// Documents that have it.
    pub documents: u64,
    /// Parents that have it.
    pub parents: u64,
    /// Parents that have it more than once.
    pub repeated: u64,
    /// The most in one parent.
    pub most: u64,
    /// Elements that have child elements and text beside them.
    pub mixed: u64,
    /// Elements with `xsi:nil`.
    pub nil: u64,
    /// The same element inside itself, which is not followed further.
    pub recursive: u64,
    /// The attribute's values, or the elements' own texts.
    pub values: Values,
    /// What a schema says of it.
    #[serde(skip)]
    pub declared: Option<Box<Declared>>,
    /// The parent seen last, and how many it has.
    #[serde(skip)]
    pub(super) current: (u64, u64),
    #[serde(skip)]
    pub(super) last_document: Option<u64>,
}

impl Node {
    pub(super) fn new(
        name: Name,
        is_attribute: bool,
        parent: Option<NodeId>,
        first: Occurrence,
    ) -> Self {
        Self {
            name,
            is_attribute,
            parent,
            children: Vec::new(),
            first,
            count: 0,
            documents: 0,
            parents: 0,
            repeated: 0,
            most: 0,
            mixed: 0,
            nil: 0,
            recursive: 0,
            values: Values::new(),
            declared: None,
            current: (0, 0),
            last_document: None,
        }
    }

    /// Its name as a step of a path.
    pub fn written(&self) -> String {
        let at = if self.is_attribute { "@" } else { "" };
        format!("{at}{}", self.name.written())
    }

    /// One more in the parent of this number.
    pub(super) fn occur(&mut self, parent: u64, document: u64) {
        self.count += 1;
        if self.last_document != Some(document) {
            self.last_document = Some(document);
            self.documents += 1;
        }
        if self.current.0 == parent {
            self.current.1 += 1;
        } else {
            self.current = (parent, 1);
            self.parents += 1;
        }
        self.repeated += u64::from(self.current.1 == 2);
        self.most = self.most.max(self.current.1);
    }

    pub(super) fn merge(&mut self, other: Self) {
        if other.first < self.first {
            self.first = other.first;
            self.name.prefix = other.name.prefix;
        }
        self.count += other.count;
        self.documents += other.documents;
        self.parents += other.parents;
        self.repeated += other.repeated;
        self.most = self.most.max(other.most);
        self.mixed += other.mixed;
        self.nil += other.nil;
        self.recursive += other.recursive;
        self.values.merge(other.values);
    }
}
