//! A simple type, and the facets that narrow it.

use super::decimals::decimal_digits;
use super::part::Part;
use super::pattern::{either, extent, Extent};
use crate::profile::ValueType;

/// A simple type, as far as a column needs it.
#[derive(Debug, Clone)]
pub(super) enum Simple {
    /// One of XML Schema's own, narrowed.
    Atomic(&'static str, Facets),
    /// Several values, divided by blanks; its own facets count them.
    List { is_ascii: bool, codes: Vec<String>, is_filled: bool },
    /// What several types share, and the list of the only values.
    Union(ValueType, Vec<String>),
}

/// What narrows a type.
#[derive(Debug, Clone, Default)]
pub(super) struct Facets {
    pub(super) least_length: Option<u64>,
    pub(super) most_length: Option<u64>,
    pub(super) total_digits: Option<u32>,
    pub(super) fraction_digits: Option<u32>,
    /// The least and greatest value, as written.
    pub(super) least: Option<String>,
    pub(super) greatest: Option<String>,
    /// The bounds are no values themselves.
    pub(super) is_above_least: bool,
    pub(super) is_below_greatest: bool,
    pub(super) codes: Vec<String>,
    pub(super) pattern: Option<Extent>,
    /// Digits before and behind the point, where a pattern of text allows decimals alone.
    pub(super) decimal: Option<(u32, u32)>,
    pub(super) is_collapsed: bool,
}

/// A type with the facets of a restriction.
pub(super) fn narrowed(base: Simple, by: Part<'_>) -> Simple {
    let own: Vec<String> = by
        .children()
        .filter(|facet| facet.is("enumeration"))
        .filter_map(|facet| facet.element.raw("value").map(str::to_owned))
        .collect();
    let keep = |inherited: Vec<String>| if own.is_empty() { inherited } else { own.clone() };
    match base {
        Simple::List { is_ascii, codes, is_filled } => {
            let facet = |names: &[&str]| by.child(names).and_then(|facet| facet.get("value"));
            let is_filled =
                is_filled || facet(&["length", "minLength"]).is_some_and(|least| least != "0");
            Simple::List { is_ascii, codes: keep(codes), is_filled }
        }
        Simple::Union(shared, codes) => Simple::Union(shared, keep(codes)),
        Simple::Atomic(name, mut facets) => {
            facets.codes = keep(facets.codes);
            facets.narrow(by);
            Simple::Atomic(name, facets)
        }
    }
}

impl Facets {
    fn narrow(&mut self, by: Part<'_>) {
        let mut pattern: Option<Option<Extent>> = None;
        for facet in by.children() {
            let Some(value) = facet.get("value") else { continue };
            let length = || value.parse::<u64>().ok();
            let digits = || value.parse::<u32>().ok();
            match facet.element.name.as_str() {
                "length" => (self.least_length, self.most_length) = (length(), length()),
                "minLength" => self.least_length = length(),
                "maxLength" => self.most_length = length(),
                "totalDigits" => self.total_digits = digits(),
                "fractionDigits" => self.fraction_digits = digits(),
                "minInclusive" | "minExclusive" => {
                    self.least = Some(value.to_owned());
                    self.is_above_least = facet.is("minExclusive");
                }
                "maxInclusive" | "maxExclusive" => {
                    self.greatest = Some(value.to_owned());
                    self.is_below_greatest = facet.is("maxExclusive");
                }
                "whiteSpace" => self.is_collapsed = value == "collapse",
                // Several in one restriction are alternatives.
                "pattern" => {
                    self.decimal = decimal_digits(value).filter(|_| pattern.is_none());
                    let one = extent(value);
                    pattern = Some(match pattern {
                        None => one,
                        Some(others) => others.zip(one).map(|(a, b)| either(a, b)),
                    });
                }
                _ => {}
            }
        }
        let Some(pattern) = pattern.flatten() else { return };
        self.pattern = Some(match self.pattern {
            None => pattern,
            Some(base) => Extent {
                least: base.least.max(pattern.least),
                most: [base.most, pattern.most].into_iter().flatten().min(),
                is_ascii: base.is_ascii || pattern.is_ascii,
            },
        });
    }
}
