//! What a schema declares globally, by name.

use std::cell::Cell;
use std::collections::HashMap;

use super::error::{Result, SchemaError};
use super::files::SchemaFiles;
use super::markup::{XML, XS};
use super::part::{Part, QName};
use super::values::{BUILT_IN, LISTS};

type ByName<'s, T = Part<'s>> = HashMap<QName<'s>, T>;

/// The declarations of a schema.
#[derive(Debug)]
pub struct Schema<'s> {
    pub(super) files: &'s SchemaFiles,
    pub(super) elements: ByName<'s>,
    types: ByName<'s>,
    groups: ByName<'s>,
    attribute_groups: ByName<'s>,
    attributes: ByName<'s>,
    /// The elements that may replace one, in the order of the files.
    pub(super) substitutes: ByName<'s, Vec<Part<'s>>>,
    /// The named types that are derived from one directly.
    pub(super) derived: ByName<'s, Vec<Part<'s>>>,
    /// Of what redefines something of its own name: that.
    redefined: HashMap<usize, Part<'s>>,
    /// Steps that resolving has taken.
    steps: Cell<u64>,
}

/// Steps that resolving may take: groups and types that name each other twice, and those again, have no end.
const MOST_STEPS: u64 = 3_000_000;

/// The type of an element or attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum TypeOf<'s> {
    /// One of XML Schema's own, by its local name.
    BuiltIn(&'s str),
    Declared(Part<'s>),
    /// Nothing is said: `xs:anyType`.
    Any,
}

impl<'s> TypeOf<'s> {
    /// The declaration of a complex type.
    pub(super) fn complex(self) -> Option<Part<'s>> {
        match self {
            Self::Declared(part) if part.is("complexType") => Some(part),
            _ => None,
        }
    }
}

impl<'s> Schema<'s> {
    /// Finds what the files declare.
    ///
    /// # Errors
    /// A name has a prefix that is not declared.
    pub fn new(files: &'s SchemaFiles) -> std::result::Result<Self, Box<SchemaError>> {
        let mut schema = Self {
            files,
            elements: HashMap::new(),
            types: HashMap::new(),
            groups: HashMap::new(),
            attribute_groups: HashMap::new(),
            attributes: HashMap::new(),
            substitutes: HashMap::new(),
            derived: HashMap::new(),
            redefined: HashMap::new(),
            steps: Cell::new(0),
        };
        let tops = || files.files.iter().map(|file| Part { element: &file.root, file });
        let all: Vec<Part<'s>> = tops().flat_map(Part::children).collect();
        for part in &all {
            schema.add(*part, false);
        }
        let is_changed = |part: &&Part<'s>| part.is("redefine") || part.is("override");
        for part in all.iter().filter(is_changed).flat_map(|part| part.children()) {
            schema.add(part, true);
        }
        for part in &all {
            if let Some(head) = part.refers("substitutionGroup")? {
                schema.substitutes.entry(head).or_default().push(*part);
            }
            if let Some(base) = Self::derivation(*part).map(|by| by.refers("base")).transpose()? {
                schema.derived.entry(base.unwrap_or(ANY)).or_default().push(*part);
            }
        }
        Ok(schema)
    }

    fn add(&mut self, part: Part<'s>, changes: bool) {
        let kind = match part.element.name.as_str() {
            "element" => &mut self.elements,
            "simpleType" | "complexType" => &mut self.types,
            "group" => &mut self.groups,
            "attributeGroup" => &mut self.attribute_groups,
            "attribute" => &mut self.attributes,
            _ => return,
        };
        let Some(name) = part.global_name() else { return };
        match kind.get(&name).copied() {
            None => drop(kind.insert(name, part)),
            Some(earlier) if changes => {
                self.redefined.insert(part.id(), earlier);
                kind.insert(name, part);
            }
            Some(_) => {}
        }
    }

    /// Counts a step of resolving types and groups.
    pub(super) fn step(&self, part: Part<'s>) -> Result<()> {
        self.steps.set(self.steps.get() + 1);
        match self.steps.get() > MOST_STEPS {
            true => Err(part.error(
                "the types and groups of the schema name each other too often",
                "add documents as SAMPLES, or simplify the schema",
            )),
            false => Ok(()),
        }
    }

    /// The `extension` or `restriction` of a complex type.
    pub(super) fn derivation(part: Part<'s>) -> Option<Part<'s>> {
        let content = part.child(&["complexContent", "simpleContent"])?;
        content.child(&["extension", "restriction"])
    }

    /// The type of an element or attribute: named, inside it, or that of the element it replaces.
    pub(super) fn type_of(&self, part: Part<'s>) -> Result<TypeOf<'s>> {
        let mut part = part;
        // Substitution groups that replace each other have no end.
        for _ in 0..100 {
            if let Some(name) = part.refers("type")? {
                return self.named_type(part, name, None);
            }
            if let Some(inside) = part.child(&["simpleType", "complexType"]) {
                return Ok(TypeOf::Declared(inside));
            }
            let Some(head) = part.refers("substitutionGroup")? else { break };
            part = self.element(part, head)?;
        }
        match part.is("attribute") {
            true => Ok(TypeOf::BuiltIn("anySimpleType")),
            false => Ok(TypeOf::Any),
        }
    }

    /// A type by its name; `within` is the named type that refers to it, which may mean what it redefines.
    pub(super) fn named_type(
        &self,
        from: Part<'s>,
        name: QName<'s>,
        within: Option<Part<'s>>,
    ) -> Result<TypeOf<'s>> {
        if let Some(found) = self.types.get(&name) {
            let own = within.filter(|within| within.id() == found.id());
            let earlier = own.and_then(|own| self.redefined.get(&own.id()));
            return Ok(TypeOf::Declared(*earlier.unwrap_or(found)));
        }
        match name.uri == XS {
            true if name.local == "anyType" => Ok(TypeOf::Any),
            true if BUILT_IN.contains(&name.local) || LISTS.contains(&name.local) => {
                Ok(TypeOf::BuiltIn(name.local))
            }
            true => Err(from.error(
                format!("unknown type {}", from.shown(name)),
                "use a type of XML Schema, or one that the schema declares",
            )),
            false => Err(self.unknown(from, "type", name)),
        }
    }

    pub(super) fn element(&self, from: Part<'s>, name: QName<'s>) -> Result<Part<'s>> {
        let found = self.elements.get(&name).copied();
        found.ok_or_else(|| self.unknown(from, "element", name))
    }

    /// A group; inside one that redefines it, the earlier one.
    pub(super) fn group(&self, from: Part<'s>, name: QName<'s>) -> Result<Part<'s>> {
        let (kind, among) = match from.is("attributeGroup") {
            true => ("attribute group", &self.attribute_groups),
            false => ("group", &self.groups),
        };
        let found = among.get(&name).copied();
        found.ok_or_else(|| self.unknown(from, kind, name))
    }

    /// What a group redefines.
    pub(super) fn redefined(&self, part: Part<'s>) -> Option<Part<'s>> {
        self.redefined.get(&part.id()).copied()
    }

    /// A global attribute; those of XML itself are known without a file.
    pub(super) fn attribute(&self, from: Part<'s>, name: QName<'s>) -> Result<Option<Part<'s>>> {
        match self.attributes.get(&name) {
            Some(found) => Ok(Some(*found)),
            None if name.uri == XML => Ok(None),
            None => Err(self.unknown(from, "attribute", name)),
        }
    }

    fn unknown(&self, from: Part<'s>, kind: &str, name: QName<'_>) -> Box<SchemaError> {
        let shown = from.shown(name);
        let mut missing = self.files.missing.iter();
        if let Some(missing) = missing.find(|missing| missing.namespace == name.uri) {
            return missing.error(&format!("the {kind} {shown} is used in {}", from.place()));
        }
        let of = match name.uri.is_empty() {
            true => String::new(),
            false => format!(" of {}", name.uri),
        };
        from.error(
            format!("unknown {kind} {shown}{of}"),
            "include or import the file that declares it",
        )
    }

    /// All files of the schema have no other than this prefix for a namespace, if any.
    pub(super) fn prefix(&self, uri: &str) -> &'s str {
        let roots = self.files.files.iter().map(|file| &file.root);
        roots.map(|root| root.prefix(uri)).find(|prefix| !prefix.is_empty()).unwrap_or("")
    }
}

/// What a derivation without a base would mean.
const ANY: QName<'static> = QName { uri: XS, local: "anyType" };
