//! What a complex type contains: attributes, elements, and how often each occurs.

use std::collections::{HashMap, HashSet};

use super::error::Result;
use super::index::{Schema, TypeOf};
use super::part::{Part, QName};

/// Groups and types inside and above each other.
const DEEPEST: usize = 100;

/// Elements of one type, with those that may replace others.
const MOST_ELEMENTS: usize = 20_000;

/// What elements of a type contain.
#[derive(Debug, Default)]
pub(super) struct Content<'s> {
    pub(super) attributes: Vec<Attribute<'s>>,
    pub(super) elements: Vec<Child<'s>>,
    /// Text beside elements.
    pub(super) is_mixed: bool,
    /// `xs:any`: elements that the type does not name.
    pub(super) has_any: bool,
    /// `xs:anyAttribute`.
    pub(super) has_any_attribute: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'s> {
    pub(super) name: QName<'s>,
    /// Its declaration; none for those of XML itself.
    pub(super) declaration: Option<Part<'s>>,
    pub(super) is_required: bool,
    /// The value where it is absent.
    pub(super) default: Option<&'s str>,
    /// Its only value.
    pub(super) fixed: Option<&'s str>,
}

/// An element, and how often it occurs in one parent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child<'s> {
    pub(super) name: QName<'s>,
    pub(super) declaration: Part<'s>,
    pub(super) least: u64,
    pub(super) most: u64,
    /// It replaces another, by a substitution group.
    pub(super) is_substitute: bool,
}

impl<'s> Schema<'s> {
    /// What elements of a complex type contain.
    pub(super) fn content(&self, of: Part<'s>) -> Result<Content<'s>> {
        let mut content = Content::default();
        self.add_type(of, &mut content, DEEPEST)?;
        Ok(content)
    }

    fn add_type(&self, of: Part<'s>, content: &mut Content<'s>, depth: usize) -> Result<()> {
        self.step(of)?;
        if depth == 0 {
            return Err(of.error("a type or group contains itself", "correct its definition"));
        }
        content.is_mixed |= of.is_true("mixed");
        let Some(outer) = of.child(&["complexContent", "simpleContent"]) else {
            return self.add_own(of, content, depth);
        };
        content.is_mixed |= outer.is_true("mixed");
        let Some(by) = outer.child(&["extension", "restriction"]) else { return Ok(()) };
        let base = match by.refers("base")? {
            Some(name) => self.named_type(by, name, Some(of))?.complex(),
            None => None,
        };
        if let Some(base) = base {
            if by.is("extension") {
                self.add_type(base, content, depth - 1)?;
            } else {
                // A restriction repeats the elements that it keeps; attributes it inherits.
                let mut inherited = Content::default();
                self.add_type(base, &mut inherited, depth - 1)?;
                content.attributes = inherited.attributes;
                content.has_any_attribute = inherited.has_any_attribute;
            }
        }
        self.add_own(by, content, depth)
    }

    fn add_own(&self, of: Part<'s>, content: &mut Content<'s>, depth: usize) -> Result<()> {
        let mut elements = std::mem::take(&mut content.elements);
        for child in of.children() {
            if matches!(
                child.element.name.as_str(),
                "sequence" | "choice" | "all" | "group" | "any" | "openContent"
            ) {
                elements.extend(self.particle(child, &mut content.has_any, None, depth - 1)?);
            }
        }
        content.elements = in_turn(elements);
        self.add_attributes(of, content, depth)
    }

    fn add_attributes(&self, of: Part<'s>, content: &mut Content<'s>, depth: usize) -> Result<()> {
        self.step(of)?;
        if depth == 0 {
            return Err(of.error("an attribute group contains itself", "correct its definition"));
        }
        for child in of.children() {
            match child.element.name.as_str() {
                "attribute" => {
                    let Some(attribute) = self.attribute_use(child)? else { continue };
                    content.attributes.retain(|other| other.name != attribute.name);
                    if child.get("use") != Some("prohibited") {
                        content.attributes.push(attribute);
                    }
                }
                "attributeGroup" => {
                    let Some(name) = child.refers("ref")? else { continue };
                    let group = self.group(child, name)?;
                    let earlier = self.redefined(group).filter(|_| of.id() == group.id());
                    self.add_attributes(earlier.unwrap_or(group), content, depth - 1)?;
                }
                "anyAttribute" => content.has_any_attribute = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn attribute_use(&self, part: Part<'s>) -> Result<Option<Attribute<'s>>> {
        let (name, declaration) = match part.refers("ref")? {
            Some(name) => (Some(name), self.attribute(part, name)?),
            None => (part.local_name("attributeFormDefault"), Some(part)),
        };
        let Some(name) = name else { return Ok(None) };
        let of = |what: &str| part.element.raw(what).or(declaration?.element.raw(what));
        Ok(Some(Attribute {
            name,
            declaration,
            is_required: part.get("use") == Some("required"),
            default: of("default").or(of("fixed")),
            fixed: of("fixed"),
        }))
    }

    /// The elements of a particle, which is in this group, with how often they occur in one parent.
    fn particle(
        &self,
        part: Part<'s>,
        has_any: &mut bool,
        within: Option<Part<'s>>,
        depth: usize,
    ) -> Result<Vec<Child<'s>>> {
        self.step(part)?;
        if depth == 0 {
            return Err(part.error("a group contains itself", "correct its definition"));
        }
        let inside = match part.element.name.as_str() {
            "element" => self.alternatives(part)?,
            "any" => {
                *has_any |= part.get("maxOccurs") != Some("0");
                Vec::new()
            }
            "openContent" => {
                *has_any = true;
                Vec::new()
            }
            "group" => match part.refers("ref")? {
                Some(name) => {
                    let group = self.group(part, name)?;
                    // In what redefines a group, its name means the earlier one.
                    let is_own = within.is_some_and(|within| within.id() == group.id());
                    let group = self.redefined(group).filter(|_| is_own).unwrap_or(group);
                    in_turn(self.particles(group, has_any, Some(group), depth)?)
                }
                None => Vec::new(),
            },
            // One of one is a choice too, to which the next version adds another.
            "choice" => one_of_all(self.particles(part, has_any, within, depth)?),
            "sequence" | "all" => in_turn(self.particles(part, has_any, within, depth)?),
            _ => Vec::new(),
        };
        if inside.len() > MOST_ELEMENTS {
            let reason = format!("a type has more than {MOST_ELEMENTS} elements");
            return Err(part.error(reason, "divide the type"));
        }
        let (least, most) = occurrences(part);
        let times = |child: Child<'s>| Child {
            least: child.least.saturating_mul(least),
            most: child.most.saturating_mul(most),
            ..child
        };
        Ok(inside.into_iter().map(times).filter(|child| child.most > 0).collect())
    }

    /// The elements of all particles inside, one after the other.
    fn particles(
        &self,
        part: Part<'s>,
        has_any: &mut bool,
        within: Option<Part<'s>>,
        depth: usize,
    ) -> Result<Vec<Child<'s>>> {
        let mut all = Vec::new();
        for child in part.children() {
            all.extend(self.particle(child, has_any, within, depth - 1)?);
        }
        Ok(all)
    }

    /// An element, or those that may replace it.
    fn alternatives(&self, part: Part<'s>) -> Result<Vec<Child<'s>>> {
        let one = |name, declaration| Child {
            name,
            declaration,
            least: 1,
            most: 1,
            is_substitute: false,
        };
        let Some(name) = part.refers("ref")? else {
            let name = part.local_name("elementFormDefault");
            return Ok(name.map(|name| one(name, part)).into_iter().collect());
        };
        let declaration = self.element(part, name)?;
        let substitutes = self.substitutes(name);
        if substitutes.is_empty() {
            return Ok(vec![one(name, declaration)]);
        }
        let head = (!declaration.is_true("abstract")).then(|| one(name, declaration));
        let others = substitutes
            .into_iter()
            .map(|(name, part)| Child { is_substitute: true, ..one(name, part) });
        Ok(head.into_iter().chain(others).map(|child| Child { least: 0, ..child }).collect())
    }

    /// The elements that may replace one, and those that may replace them.
    fn substitutes(&self, head: QName<'s>) -> Vec<(QName<'s>, Part<'s>)> {
        let mut heads = vec![head];
        let mut known = HashSet::from([head]);
        let mut found = Vec::new();
        let mut at = 0;
        while at < heads.len() {
            for part in self.substitutes.get(&heads[at]).into_iter().flatten() {
                let Some(name) = part.global_name().filter(|name| known.insert(*name)) else {
                    continue;
                };
                heads.push(name);
                if !part.is_true("abstract") {
                    found.push((name, *part));
                }
            }
            at += 1;
        }
        found
    }

    /// The named complex types that are derived from one, those derived from them too, with their names.
    pub(super) fn derived_types(&self, of: Part<'s>) -> Vec<Part<'s>> {
        let Some(name) = of.global_name() else { return Vec::new() };
        let mut names = vec![name];
        let mut known = HashSet::from([name]);
        let mut found: Vec<Part<'s>> = Vec::new();
        let mut at = 0;
        while at < names.len() {
            for part in self.derived.get(&names[at]).into_iter().flatten() {
                // What redefines a type is derived from it, and has its name.
                if let Some(name) = part.global_name().filter(|name| known.insert(*name)) {
                    names.push(name);
                    found.push(*part);
                }
            }
            at += 1;
        }
        found
    }

    /// The content of a type and, where documents say `xsi:type`, of those derived from it.
    pub(super) fn widest_content(&self, of: TypeOf<'s>) -> Result<Option<Content<'s>>> {
        let Some(part) = of.complex() else { return Ok(None) };
        let mut content = self.content(part)?;
        for derived in self.derived_types(part) {
            let other = self.content(derived)?;
            content.elements = one_of(content.elements, other.elements);
            content.is_mixed |= other.is_mixed;
            content.has_any |= other.has_any;
            content.has_any_attribute |= other.has_any_attribute;
            let is_in = |list: &[Attribute<'s>], attribute: &Attribute<'s>| {
                list.iter().any(|other| other.name == attribute.name)
            };
            for attribute in &mut content.attributes {
                attribute.is_required &= is_in(&other.attributes, attribute);
            }
            let own = other.attributes.into_iter();
            let new: Vec<_> = own.filter(|own| !is_in(&content.attributes, own)).collect();
            let optional = |attribute| Attribute { is_required: false, default: None, ..attribute };
            content.attributes.extend(new.into_iter().map(optional));
        }
        Ok(Some(content))
    }
}

/// `minOccurs` and `maxOccurs`.
fn occurrences(part: Part<'_>) -> (u64, u64) {
    let least = part.get("minOccurs").map_or(1, |least| least.parse().unwrap_or(1));
    let most = match part.get("maxOccurs") {
        None => 1,
        Some("unbounded") => u64::MAX,
        Some(most) => most.parse().unwrap_or(u64::MAX),
    };
    (least, most)
}

/// Elements one after the other: of one that comes again, there are more.
fn in_turn(all: Vec<Child<'_>>) -> Vec<Child<'_>> {
    together(Vec::with_capacity(all.len()), all, |known, other| {
        known.least = known.least.saturating_add(other.least);
        known.most = known.most.saturating_add(other.most);
    })
}

/// Elements of which any one occurs.
fn one_of_all(all: Vec<Child<'_>>) -> Vec<Child<'_>> {
    let optional = all.into_iter().map(|child| Child { least: 0, ..child }).collect();
    together(Vec::new(), optional, |known, other| known.most = known.most.max(other.most))
}

/// Elements of which one branch occurs: what either lacks is optional.
fn one_of<'s>(mut all: Vec<Child<'s>>, mut others: Vec<Child<'s>>) -> Vec<Child<'s>> {
    let names = |list: &[Child<'s>]| list.iter().map(|child| child.name).collect::<HashSet<_>>();
    let (known, new) = (names(&all), names(&others));
    all.iter_mut().filter(|child| !new.contains(&child.name)).for_each(|child| child.least = 0);
    others
        .iter_mut()
        .filter(|other| !known.contains(&other.name))
        .for_each(|other| other.least = 0);
    together(all, others, |known, other| {
        known.least = known.least.min(other.least);
        known.most = known.most.max(other.most);
    })
}

/// The children of both, each name once.
fn together<'s>(
    mut all: Vec<Child<'s>>,
    others: Vec<Child<'s>>,
    meet: impl Fn(&mut Child<'s>, &Child<'s>),
) -> Vec<Child<'s>> {
    let mut places: HashMap<QName<'s>, usize> =
        all.iter().enumerate().map(|(at, child)| (child.name, at)).collect();
    for other in others {
        match places.get(&other.name) {
            Some(at) => {
                meet(&mut all[*at], &other);
                all[*at].is_substitute &= other.is_substitute;
            }
            None => {
                places.insert(other.name, all.len());
                all.push(other);
            }
        }
    }
    all
}
