//! Where things are in a document, and how an attribute is read from a row's element.

use super::legacy::{ElementType, Filter, Legacy, Mapping, Relationship, Steps};
use super::sql;
use crate::contract::identifier::same_name;

/// The attribute that tells contacts apart.
pub(super) const CONTACT_ID: &str = "con_id";

/// A contact without any of these is ignored.
const CONTACT_FACTS: [&str; 4] = ["birth_date", "first_name", "last_name", "ssn"];

/// Mapping types that read the last valid contact: of the first role, or of the second.
const OF_LAST_CONTACT: [(&str, usize); 3] =
    [("last_valid_pr_contact", 0), ("last_valid_sec_contact", 1), ("authu_contact", 1)];

const CURRENT_ADDRESS: &str = "curr_address_only";

/// The source of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    /// One row for the document, from this element.
    Application(Steps),
    Contact,
    Address,
    Employment,
}

/// The parts of a document that the contract names.
pub(super) struct Layout<'l> {
    pub(super) legacy: &'l Legacy,
    /// The column of the application's id.
    pub(super) app_column: &'l str,
    /// The element with the application's id.
    pub(super) request: Steps,
    /// The attribute that is the id.
    pub(super) id_attribute: &'l str,
    pub(super) contact: Option<&'l Filter>,
    pub(super) address: Option<&'l Filter>,
    pub(super) employment: Option<&'l Filter>,
}

impl<'l> Layout<'l> {
    pub(super) fn new(legacy: &'l Legacy) -> Self {
        let app_column = app_column(&legacy.relationships);
        let id = legacy.mappings.iter().find(|m| {
            m.column.eq_ignore_ascii_case(app_column)
                && m.attribute.is_some()
                && !m.path.is_empty()
                && legacy.application_path.starts_with(&m.path)
        });
        let request: Steps = legacy.application_path.iter().take(2).cloned().collect();
        Self {
            legacy,
            app_column,
            request: id.map_or(request, |m| m.path.clone()),
            id_attribute: id.and_then(|m| m.attribute.as_deref()).unwrap_or("ID"),
            contact: legacy.filter(ElementType::Contact),
            address: legacy.filter(ElementType::Address),
            employment: legacy.filter(ElementType::Employment),
        }
    }

    /// The path of the element that a document must have: absolute, or anywhere.
    pub(super) fn application(&self) -> String {
        let (path, element) = (&self.legacy.application_path, self.legacy.application_element());
        match path.iter().position(|step| step == element) {
            Some(at) => sql::path("", &path[..=at], None),
            None => format!("//{element}"),
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

    /// The name of the contacts' elements.
    pub(super) fn contact_element(&self) -> &'l str {
        self.contact.map_or("contact", Filter::element)
    }

    /// The rows to which a mapping's path belongs.
    pub(super) fn rows_of(&self, path: &Steps) -> Rows {
        [Rows::Address, Rows::Employment, Rows::Contact]
            .into_iter()
            .find(|rows| self.filter(rows).is_some_and(|filter| filter.path == *path))
            .unwrap_or_else(|| Rows::Application(self.request.clone()))
    }

    /// What a mapping reads, before any conversion. None where it reads nothing.
    pub(super) fn source(&self, rows: &Rows, mapping: &Mapping) -> Result<Option<Source>, String> {
        if let Some((_, nth)) = OF_LAST_CONTACT.iter().find(|(name, _)| mapping.has_type(name)) {
            return self.of_last_contact(rows, mapping, *nth).map(Some);
        }
        if mapping.has_type(CURRENT_ADDRESS) {
            return self.of_current_address(rows, mapping).map(Some);
        }
        let reads = !mapping.path.is_empty();
        let attribute = mapping.attribute.as_deref();
        Ok(reads.then(|| self.plain(rows, &mapping.path, attribute)).map(Source::of_any))
    }

    /// What a path reads, seen from a row's element.
    fn plain(&self, rows: &Rows, path: &Steps, attribute: Option<&str>) -> String {
        let absolute = || format!("LAST({})", sql::path("", path, attribute));
        // The last element that has the path counts, unless it is the row's own.
        let below = |each: &Steps| match path.strip_prefix(each.as_slice()) {
            Some([]) => sql::path(".", &[], attribute),
            Some(rest) => format!("LAST({})", sql::path(".", rest, attribute)),
            None => absolute(),
        };
        match (rows, self.filter(rows)) {
            (Rows::Application(each), _) => below(each),
            (Rows::Contact, Some(contact)) => below(&contact.path),
            (_, Some(own)) if own.path == *path => sql::path(".", &[], attribute),
            (Rows::Address | Rows::Employment, Some(_)) if attribute.is_some() => {
                match self.contact.filter(|contact| contact.path == *path) {
                    Some(_) => sql::path("..", &[], attribute),
                    None => absolute(),
                }
            }
            _ => absolute(),
        }
    }

    /// From the last contact with the nth role.
    fn of_last_contact(
        &self,
        rows: &Rows,
        mapping: &Mapping,
        nth: usize,
    ) -> Result<Source, String> {
        let contact = self.contact.ok_or("there is no filter rule for contacts")?;
        let (attribute, roles) =
            contact.attributes.listed.first().ok_or("the contact filter has no list of roles")?;
        let role = roles.get(nth).ok_or("the contact filter lists only one role")?;
        let element = contact.element();
        let Some(at) = mapping.path.iter().rposition(|step| step == element) else {
            return Err(format!("its xml_path does not go through `{element}`"));
        };
        let valid = format!("@{attribute} = {} AND @{CONTACT_ID} IS NOT EMPTY", sql::text(role));
        let own = mapping.attribute.as_deref();
        let below = &mapping.path[at + 1..];
        let selected = format!("{element}[{valid}]");
        let Some(first) = below.first() else {
            let path = |attribute| sql::path("/", std::slice::from_ref(&selected), attribute);
            return Ok(Source::of_selected(format!("LAST({})", path(own)), &path(None)));
        };
        let (start, mut steps) = match rows {
            Rows::Application(each) => match contact.path.strip_prefix(each.as_slice()) {
                Some(rest) if !rest.is_empty() => (".", rest.to_vec()),
                _ => ("", contact.path.clone()),
            },
            _ => ("", contact.path.clone()),
        };
        steps.pop();
        steps.push(selected);
        let selected = sql::path(start, &steps, None);
        let last = format!("{selected}[last()]");
        if let Some(address) = self.address.filter(|a| a.element() == first && below.len() == 1) {
            let text = preferred_address(address, &last, own)?;
            return Ok(Source::of_selected(text, &selected));
        }
        let text = format!("LAST({})", sql::path(&last, below, own));
        Ok(Source::of_selected(text, &selected))
    }

    /// Whether a mapping reads a child of the last valid contact.
    pub(super) fn is_below_last_contact(&self, mapping: &Mapping) -> bool {
        let element = self.contact.map(Filter::element);
        reads_last_contact(mapping) && mapping.path.last().map(String::as_str) != element
    }

    /// From the last address of the preferred type of the contact that the row is made from.
    fn of_current_address(&self, rows: &Rows, mapping: &Mapping) -> Result<Source, String> {
        let address = self.address.ok_or("there is no filter rule for addresses")?;
        if *rows != Rows::Contact {
            return Err("it reads the row's contact, and this table has no rows of contacts".into());
        }
        let steps = [format!("{}[{}]", address.element(), preferred_type(address)?)];
        let path = |attribute| sql::path(".", &steps, attribute);
        let text = format!("LAST({})", path(mapping.attribute.as_deref()));
        Ok(Source::of_selected(text, &path(None)))
    }

    /// Whether a contact counts whose attributes are below `start`.
    pub(super) fn valid_contact(&self, contact: &Filter, start: &str) -> Option<String> {
        let filled = |name: &str| format!("{start}@{name} IS NOT EMPTY");
        let facts = sql::joined("OR", CONTACT_FACTS.map(filled));
        sql::joined("AND", contact.conditions(start).into_iter().chain(facts))
    }

    /// A field of an expression: `attribute` or `element.attribute`, ignoring case.
    pub(super) fn field(&self, rows: &Rows, mapping: &Mapping, name: &str) -> String {
        let Some((element, attribute)) = name.split_once('.') else {
            return self.bare_field(rows, mapping, name);
        };
        let is_contact = element.eq_ignore_ascii_case("contact")
            || self.contact.is_some_and(|c| c.element().eq_ignore_ascii_case(element));
        let is_own = self.filter(rows).is_some_and(|filter| {
            filter.element().eq_ignore_ascii_case(element) || (*rows == Rows::Contact && is_contact)
        });
        match rows {
            _ if is_own => format!("@{attribute}"),
            Rows::Address | Rows::Employment if is_contact => format!("../@{attribute}"),
            _ if is_contact => self.of_first_contact(attribute),
            _ => match self.known_path(element) {
                Some(path) => self.plain(rows, path, Some(attribute)),
                None => format!("LAST(//{element}/@{attribute})"),
            },
        }
    }

    /// `contact.attribute` outside contacts: the first contact of the first role.
    fn of_first_contact(&self, attribute: &str) -> String {
        let Some(contact) = self.contact else {
            return format!("FIRST(//contact/@{attribute})");
        };
        let role = contact.preferred().map(|role| format!("{role} AND ")).unwrap_or_default();
        format!("FIRST(//{}[{role}@{CONTACT_ID} IS NOT EMPTY]/@{attribute})", contact.element())
    }

    /// A path of the contract that ends in an element of that name.
    fn known_path(&self, element: &str) -> Option<&'l Steps> {
        let application = &self.legacy.application_path;
        let ends = |path: &&Steps| path.last().is_some_and(|l| l.eq_ignore_ascii_case(element));
        if element.eq_ignore_ascii_case("application") || ends(&application) {
            return Some(application);
        }
        self.legacy.mappings.iter().map(|m| &m.path).find(ends)
    }

    /// A field that names no element: of the mapping's own, unless the contract reads such an
    /// attribute of another element only.
    fn bare_field(&self, rows: &Rows, mapping: &Mapping, attribute: &str) -> String {
        let is_own = |own: &Filter| mapping.path == own.path || mapping.path.is_empty();
        if self.filter(rows).is_some_and(is_own) {
            return format!("@{attribute}");
        }
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
            // The application may have what the own element lacks.
            _ if own != application => format!("COALESCE({}, {})", plain(own), plain(application)),
            _ => plain(own),
        }
    }
}

/// What a mapping reads.
pub(super) struct Source {
    /// The expression for its text.
    pub(super) text: String,
    /// Of a mapping that selects a contact or an address: the condition that there is one.
    pub(super) is_selected: Option<String>,
}

impl Source {
    fn of_any(text: String) -> Self {
        Self { text, is_selected: None }
    }

    fn of_selected(text: String, selected: &str) -> Self {
        Self { text, is_selected: Some(format!("EXISTS({selected})")) }
    }
}

/// The column of the application's id: what refers to a table that has no parent itself.
fn app_column(relationships: &[Relationship]) -> &str {
    let is_child = |name: &str| relationships.iter().any(|r| same_name(&r.child_table, name));
    let to_base = relationships.iter().find(|r| !is_child(&r.parent_table));
    to_base.map_or("app_id", |r| &r.foreign_key_column)
}

/// Whether a mapping reads the last valid contact.
pub(super) fn reads_last_contact(mapping: &Mapping) -> bool {
    OF_LAST_CONTACT.iter().any(|(name, _)| mapping.has_type(name))
}

/// Whether a mapping reads another element than its path's.
pub(super) fn reads_elsewhere(mapping: &Mapping) -> bool {
    reads_last_contact(mapping) || mapping.has_type(CURRENT_ADDRESS)
}

/// Whether an address is of the type that is listed first.
fn preferred_type(address: &Filter) -> Result<String, String> {
    address.preferred().ok_or_else(|| "the address filter has no list of types".to_owned())
}

/// The first value among the addresses of the preferred type, or among all if there are none.
fn preferred_address(
    address: &Filter,
    contact: &str,
    attribute: Option<&str>,
) -> Result<String, String> {
    let own = attribute.ok_or("it names no xml_attribute")?;
    let preferred = preferred_type(address)?;
    let addresses = format!("{contact}/{}", address.element());
    Ok(format!(
        "CASE WHEN EXISTS({addresses}[{preferred}]) \
         THEN FIRST({addresses}[{preferred} AND @{own} IS NOT EMPTY]/@{own}) \
         ELSE FIRST({addresses}[@{own} IS NOT EMPTY]/@{own}) END"
    ))
}
