//! Where things are in a document, and how an attribute is reached from a row's element.

use super::build;
use super::legacy::{ElementType, Filter, Legacy, Mapping, Steps};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind, Function, Origin, Step};

/// The attribute that tells contacts apart.
pub(super) const CONTACT_ID: &str = "con_id";

/// A contact without any of these says nothing.
const CONTACT_FACTS: [&str; 4] = ["birth_date", "first_name", "last_name", "ssn"];

/// What the rows of a table are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    /// One row for the document, from this element.
    Application(Steps),
    Contact,
    Address,
    Employment,
}

/// The parts of a document that the contract knows.
pub(super) struct Layout<'l> {
    legacy: &'l Legacy,
    /// The element with the application's id.
    pub(super) request: Steps,
    /// The attribute that is the id.
    pub(super) id_attribute: String,
    pub(super) contact: Option<&'l Filter>,
    pub(super) address: Option<&'l Filter>,
    pub(super) employment: Option<&'l Filter>,
}

impl<'l> Layout<'l> {
    pub(super) fn new(legacy: &'l Legacy, app_column: &str) -> Self {
        let id = legacy.mappings.iter().find(|m| {
            m.column.eq_ignore_ascii_case(app_column)
                && m.attribute.is_some()
                && !m.path.is_empty()
                && legacy.application_path.starts_with(&m.path)
        });
        let request: Steps = legacy.application_path.iter().take(2).cloned().collect();
        let attribute = id.and_then(|m| m.attribute.clone());
        Self {
            legacy,
            request: id.map_or(request, |m| m.path.clone()),
            id_attribute: attribute.unwrap_or_else(|| "ID".to_owned()),
            contact: legacy.filter(ElementType::Contact),
            address: legacy.filter(ElementType::Address),
            employment: legacy.filter(ElementType::Employment),
        }
    }

    /// The path of the element that a document must have: absolute, or anywhere.
    pub(super) fn application(&self) -> (Origin, Vec<Step>) {
        let path = &self.legacy.application_path;
        match path.iter().position(|step| *step == self.legacy.application_element()) {
            Some(at) => (Origin::Document, build::steps(&path[..=at])),
            None => (Origin::Anywhere, vec![build::step(self.legacy.application_element())]),
        }
    }

    /// The filter of these rows' elements.
    pub(super) fn filter(&self, rows: &Rows) -> Option<&'l Filter> {
        match rows {
            Rows::Application(_) => None,
            Rows::Contact => self.contact,
            Rows::Address => self.address,
            Rows::Employment => self.employment,
        }
    }

    /// The rows that a mapping's path speaks of.
    pub(super) fn rows_of(&self, path: &Steps) -> Rows {
        let is = |filter: Option<&Filter>| filter.is_some_and(|f| f.path == *path);
        if is(self.address) {
            Rows::Address
        } else if is(self.employment) {
            Rows::Employment
        } else if is(self.contact) {
            Rows::Contact
        } else {
            Rows::Application(self.request.clone())
        }
    }

    /// What a mapping reads, seen from a row's element, without its mapping types.
    pub(super) fn plain(&self, rows: &Rows, path: &Steps, attribute: Option<&str>) -> Expr {
        match rows {
            Rows::Application(each) => self.last_below(each, path, attribute),
            Rows::Contact => match self.contact {
                Some(contact) => self.last_below(&contact.path, path, attribute),
                None => absolute_last(path, attribute),
            },
            Rows::Address | Rows::Employment => match (self.filter(rows), self.contact) {
                (Some(own), _) if own.path == *path => own_value(attribute),
                (_, Some(contact)) if contact.path == *path => match attribute {
                    Some(name) => build::parent_attribute(name),
                    None => absolute_last(path, attribute),
                },
                _ => absolute_last(path, attribute),
            },
        }
    }

    /// The last element that has the path counts, unless it is the row's own.
    fn last_below(&self, each: &Steps, path: &Steps, attribute: Option<&str>) -> Expr {
        match path.strip_prefix(each.as_slice()) {
            Some([]) => own_value(attribute),
            Some(rest) => last(build::path(Origin::Row { up: 0 }, build::steps(rest), attribute)),
            None => absolute_last(path, attribute),
        }
    }

    /// `last_valid_pr_contact` and its kin: from the last contact with the nth role.
    pub(super) fn of_last_contact(
        &self,
        rows: &Rows,
        mapping: &Mapping,
        nth: usize,
    ) -> Result<Expr, String> {
        let contact = self.contact.ok_or("there is no filter rule for contacts")?;
        let (attribute, roles) =
            contact.attributes.listed.first().ok_or("the contact filter has no list of roles")?;
        let role = roles.get(nth).ok_or("the contact filter lists only one role")?;
        let element = name_of(contact);
        let Some(at) = mapping.path.iter().rposition(|step| step == element) else {
            return Err(format!("its xml_path does not go through `{element}`"));
        };
        let condition = build::binary(
            BinaryOp::And,
            build::is_one_of(build::attribute(attribute), std::slice::from_ref(role)),
            build::is_empty(build::attribute(CONTACT_ID), true),
        );
        let own = mapping.attribute.as_deref();
        let below = &mapping.path[at + 1..];
        let Some(first) = below.first() else {
            let steps = vec![build::chosen(element, Some(condition), false)];
            return Ok(last(build::path(Origin::Anywhere, steps, own)));
        };
        let (origin, mut steps) = self.towards(rows, &contact.path);
        steps.pop();
        steps.push(build::chosen(element, Some(condition), true));
        match self.address.filter(|address| name_of(address) == first && below.len() == 1) {
            Some(address) => Ok(preferred_address(address, origin, &steps, mapping)?),
            None => {
                steps.extend(build::steps(below));
                Ok(last(build::path(origin, steps, own)))
            }
        }
    }

    /// Whether a mapping reads a child of the last valid contact.
    pub(super) fn is_below_last_contact(&self, mapping: &Mapping) -> bool {
        let links = ["last_valid_pr_contact", "last_valid_sec_contact", "authu_contact"];
        let element = self.contact.map(name_of);
        links.iter().any(|link| mapping.has_type(link))
            && mapping.path.last().map(String::as_str) != element
    }

    /// `curr_address_only`: from the last address of the preferred type of the contact in hand.
    pub(super) fn of_current_address(
        &self,
        rows: &Rows,
        mapping: &Mapping,
    ) -> Result<Expr, String> {
        let address = self.address.ok_or("there is no filter rule for addresses")?;
        if *rows != Rows::Contact {
            return Err(
                "it means the contact in hand, and this table's rows are no contacts".into()
            );
        }
        let steps = vec![build::chosen(name_of(address), Some(preferred_type(address)?), false)];
        let own = mapping.attribute.as_deref();
        Ok(last(build::path(Origin::Row { up: 0 }, steps, own)))
    }

    /// A path from the row's element, or from the document where it leads out of that.
    fn towards(&self, rows: &Rows, path: &Steps) -> (Origin, Vec<Step>) {
        match rows {
            Rows::Application(each) => match path.strip_prefix(each.as_slice()) {
                Some(rest) if !rest.is_empty() => (Origin::Row { up: 0 }, build::steps(rest)),
                _ => (Origin::Document, build::steps(path)),
            },
            _ => (Origin::Document, build::steps(path)),
        }
    }

    /// Whether a contact counts, of which `read` reads an attribute.
    pub(super) fn valid_contact(&self, contact: &Filter, read: fn(&str) -> Expr) -> Option<Expr> {
        let filled = contact.attributes.filled.iter().map(|name| build::is_empty(read(name), true));
        let listed = contact.attributes.listed.iter();
        let listed = listed.map(|(name, values)| build::is_one_of(read(name), values));
        let facts = CONTACT_FACTS.map(|name| build::is_empty(read(name), true));
        let facts = build::joined(BinaryOp::Or, facts);
        build::joined(BinaryOp::And, filled.chain(listed).chain(facts))
    }

    /// A field of an expression: `attribute` or `element.attribute`, whatever the case.
    pub(super) fn field(&self, rows: &Rows, mapping: &Mapping, name: &str) -> Expr {
        let (element, attribute) = match name.split_once('.') {
            Some((element, attribute)) => (Some(element), attribute),
            None => (None, name),
        };
        let is_contact = |element: &str| {
            let contact = self.contact.map(name_of);
            element.eq_ignore_ascii_case("contact")
                || contact.is_some_and(|c| c.eq_ignore_ascii_case(element))
        };
        let own = self.filter(rows).filter(|filter| match element {
            None => mapping.path == filter.path || mapping.path.is_empty(),
            Some(element) => {
                name_of(filter).eq_ignore_ascii_case(element)
                    || (*rows == Rows::Contact && is_contact(element))
            }
        });
        if own.is_some() {
            return build::attribute(attribute);
        }
        match (rows, element) {
            (Rows::Address | Rows::Employment, Some(element)) if is_contact(element) => {
                build::parent_attribute(attribute)
            }
            (_, Some(element)) if is_contact(element) => self.of_first_contact(attribute),
            (_, Some(element)) => match self.known_path(element) {
                Some(path) => self.plain(rows, &path, Some(attribute)),
                None => {
                    let steps = vec![build::step(element)];
                    last(build::path(Origin::Anywhere, steps, Some(attribute)))
                }
            },
            (_, None) => self.bare_field(rows, mapping, attribute),
        }
    }

    /// `contact.attribute` outside contacts: the first contact of the first role.
    fn of_first_contact(&self, attribute: &str) -> Expr {
        let Some(contact) = self.contact else {
            let steps = vec![build::step("contact")];
            return call_first(build::path(Origin::Anywhere, steps, Some(attribute)));
        };
        let role = contact
            .attributes
            .listed
            .first()
            .and_then(|(name, roles)| Some((name, roles.first()?)));
        let role = role.map(|(name, role)| {
            build::is_one_of(build::attribute(name), std::slice::from_ref(role))
        });
        let filled = build::is_empty(build::attribute(CONTACT_ID), true);
        let condition = build::joined(BinaryOp::And, role.into_iter().chain([filled]));
        let steps = vec![build::chosen(name_of(contact), condition, false)];
        call_first(build::path(Origin::Anywhere, steps, Some(attribute)))
    }

    /// The path that ends in an element of that name, as far as the contract has one.
    fn known_path(&self, element: &str) -> Option<Steps> {
        let application = &self.legacy.application_path;
        let ends = |path: &&Steps| path.last().is_some_and(|l| l.eq_ignore_ascii_case(element));
        if element.eq_ignore_ascii_case("application") || ends(&application) {
            return Some(application.clone());
        }
        self.legacy.mappings.iter().map(|m| &m.path).find(ends).cloned()
    }

    /// A field that names no element: of the mapping's own, unless the contract reads such an
    /// attribute of another element only.
    fn bare_field(&self, rows: &Rows, mapping: &Mapping, attribute: &str) -> Expr {
        let reads = |m: &&Mapping| {
            m.attribute.as_deref().is_some_and(|a| a.eq_ignore_ascii_case(attribute))
                && !m.path.is_empty()
                && matches!(self.rows_of(&m.path), Rows::Application(_))
        };
        let application = &self.legacy.application_path;
        let own = if mapping.path.is_empty() { application } else { &mapping.path };
        let paths: Vec<&Steps> =
            self.legacy.mappings.iter().filter(reads).map(|m| &m.path).collect();
        let plain = |path: &Steps| self.plain(rows, path, Some(attribute));
        match paths.first() {
            Some(other) if !paths.contains(&own) => plain(other),
            // What the own element lacks the application may have.
            _ if own != application => {
                build::call(Function::Coalesce, [plain(own), plain(application)])
            }
            _ => plain(own),
        }
    }
}

/// The name of a filter's elements.
pub(super) fn name_of(filter: &Filter) -> &str {
    filter.path.last().map_or("", String::as_str)
}

/// Whether an element is of the type that is listed first.
fn preferred_type(address: &Filter) -> Result<Expr, String> {
    let preferred =
        address.attributes.listed.first().and_then(|(name, types)| Some((name, types.first()?)));
    let (attribute, preferred) = preferred.ok_or("the address filter has no list of types")?;
    Ok(build::is_one_of(build::attribute(attribute), std::slice::from_ref(preferred)))
}

/// The first value among the addresses of the preferred type, or among all if there are none.
fn preferred_address(
    address: &Filter,
    origin: Origin,
    contact: &[Step],
    mapping: &Mapping,
) -> Result<Expr, String> {
    let own = mapping.attribute.as_deref().ok_or("it names no xml_attribute")?;
    let preferred = preferred_type(address)?;
    let filled = build::is_empty(build::attribute(own), true);
    let to = |condition: Expr, attribute: Option<&str>| {
        let mut steps = contact.to_vec();
        steps.push(build::chosen(name_of(address), Some(condition), false));
        build::path(origin, steps, attribute)
    };
    let both = build::binary(BinaryOp::And, preferred.clone(), filled.clone());
    let exists = build::call(Function::Exists, [to(preferred, None)]);
    Ok(build::expr(ExprKind::Case {
        operand: None,
        whens: vec![(exists, call_first(to(both, Some(own))))],
        otherwise: Some(Box::new(call_first(to(filled, Some(own))))),
    }))
}

fn own_value(attribute: Option<&str>) -> Expr {
    build::path(Origin::Row { up: 0 }, Vec::new(), attribute)
}

fn absolute_last(path: &Steps, attribute: Option<&str>) -> Expr {
    last(build::path(Origin::Document, build::steps(path), attribute))
}

fn last(path: Expr) -> Expr {
    build::call(Function::Last, [path])
}

fn call_first(path: Expr) -> Expr {
    build::call(Function::First, [path])
}
