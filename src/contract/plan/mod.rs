//! The compiled form of a contract: a trie of element names, the slots its paths fill, and the
//! expressions that read them.
//!
//! Every path becomes a *slot* in the frame of an *owner*: the row's own element, an ancestor of
//! it, or the document. While the document streams by, elements that match a trie node open
//! frames and put what they hold into slots; when a frame has everything a row reads, the row is
//! evaluated. Not every node opens a frame: only the document, those that own a slot, those whose
//! elements are rows, and those with a predicate that is decided late.
//!
//! # An example
//!
//! ```toml
//! each = "/loan/contact"
//! [tables.columns]
//! app_id = { type = "int",         value = "APP_ID()" }
//! name   = { type = "nvarchar(9)", value = "@name" }
//! zip    = { type = "char(4)",     value = "address/@zip" }
//! loan   = { type = "nvarchar(9)", value = "../@number" }
//! city   = { type = "nvarchar(9)", value = "/loan/branch/@city" }
//! ```
//!
//! The plan has five nodes. A capture goes to a slot of the frame that is so many *hops* above the
//! innermost frame that is open at the capturing element:
//!
//! | node | element   | frame with  | captures                                           |
//! |------|-----------|-------------|----------------------------------------------------|
//! | 0    | (document)| 1 slot      |                                                    |
//! | 1    | `loan`    | 1 slot      | `@number`: 0 hops (its own frame), slot 0          |
//! | 2    | `contact` | 2 slots     | `@name`: 0 hops, slot 0                            |
//! | 3    | `address` | no frame    | `@zip`: 0 hops (the frame of `contact`), slot 1    |
//! | 4    | `branch`  | no frame    | `@city`: 1 hop (over that of `loan`), slot 0       |
//!
//! The row's expressions read slots from the frame of `contact`: `name` is slot 0 and `zip` slot 1
//! of [`FrameRef::Up`]`(0)`, `loan` is slot 0 of `Up(1)`, `city` is slot 0 of
//! [`FrameRef::Document`]. `app_id` reads nothing of the row: it is one of [`Rule::constants`].
//! Because of `city` the rule is [`Ready::Document`]; without it, it would be [`Ready::Own`], for
//! the attributes of `loan` are known before a contact begins.
//!
//! ```xml
//! <loan number="L1">                                     frames: document, loan (L1)
//!   <contact name="Ann"><address zip="0150"/></contact>  and contact (Ann, 0150)
//!   <branch city="Oslo"/>                                document (Oslo)
//! </loan>
//! ```
//!
//! The contact's frame is kept until the document ends. Then its row is evaluated:
//! `7, Ann, 0150, L1, Oslo`.

mod name_map;
mod node;
mod op;
mod rule;
mod slot;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use name_map::{Name, NameMap};
pub(crate) use node::{
    qualified_name, AncestorAttribute, Around, Capture, Chosen, Counter, DocumentPick, Filter,
    Gather, Gathered, Kept, Node, NodeId, NodeRead, Position, Uris,
};
pub(crate) use op::{Aggregate, Following, KeyLookup, Op};
pub(crate) use rule::{
    Column, DistinctPlan, LookupPlan, ParentLink, Ready, Rule, SplitPlan, Template, ValuePlan,
};
pub(crate) use slot::{FrameRef, SlotRef};

use super::model::Check;
use crate::value::datetime::DatePattern;

/// What [`crate::shred`] runs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub nodes: Vec<Node>,
    /// One per `[[tables]]`.
    pub rules: Vec<Rule>,
    pub lookups: Vec<LookupPlan>,
    /// What the root element may be.
    pub roots: Vec<RootName>,
    pub key: Option<(SlotRef, String)>,
    pub require: Vec<Required>,
    pub unwrap: Option<Box<Unwrap>>,
    pub keys: Vec<KeyPlan>,
    pub check: Check,
    pub ignore_case_attributes: bool,
    /// Whether white space around the text of paths is dropped.
    pub strip: bool,
    /// Whether names are matched by URI and local name.
    pub namespaced: bool,
    /// Whether an element has no other candidates than those that its parent's matches, and paths
    /// with `//`, have for its name.
    pub by_name_alone: bool,
    /// Whether names are matched by their local parts alone.
    pub local_names: bool,
    /// Whether elements are found by their local parts first, in either case.
    pub strips_prefixes: bool,
    /// Whether attributes are known by other names than they have in the document.
    pub qualifies_attributes: bool,
    /// The namespaces of the attributes that are asked for by URI and local name, and the prefixes that
    /// stand for each in the contract.
    pub attribute_namespaces: HashMap<Box<str>, Vec<Box<str>>>,
    /// Whether any node [looks around](Node::looks_around).
    pub looks_around: bool,
    /// How many [`Node::ancestors`] all nodes have together.
    pub ancestors: usize,
    /// Whether any node has [`Node::late`].
    pub decides_late: bool,
    /// Whether any node has [`Node::fills`].
    pub takes_back: bool,
    /// Whether any node has [`Node::gathers`], or there are `picks`.
    pub gathers: bool,
    pub picks: Vec<DocumentPick>,
    pub date_formats: Arc<[DatePattern]>,
}

/// `[keys.name]`
#[derive(Debug)]
pub(crate) struct KeyPlan {
    /// All elements.
    pub elements: SlotRef,
    /// The id, over slots of an element's own frame.
    pub key: Op,
    /// The name, where a text that is the id of none fails.
    pub must_be_found: Option<Box<str>>,
}

/// A name of the root element.
#[derive(Debug)]
pub(crate) struct RootName {
    /// The local part where namespaces are declared.
    pub name: Box<str>,
    /// Where namespaces are declared.
    pub uris: Option<Uris>,
}

/// `document.unwrap`: what finds the elements whose text is XML.
#[derive(Debug)]
pub(crate) struct Unwrap {
    pub plan: Plan,
    /// The texts of the elements.
    pub text: SlotRef,
    /// Their contents as they are written.
    pub markup: SlotRef,
    /// The path as a person writes it.
    pub path: String,
}

/// A path of `document.require`.
#[derive(Debug)]
pub(crate) struct Required {
    pub slot: SlotRef,
    /// The path as a person writes it.
    pub path: String,
    /// An element must exist; an attribute must not be blank either.
    pub element: bool,
}
