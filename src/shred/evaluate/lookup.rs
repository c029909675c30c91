//! `LOOKUP`.

use std::borrow::Cow;

use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::model::{LookupValue, MatchMode, OnMissing};
use crate::contract::plan::{LookupPlan, Name, Op};
use crate::outcome::FailureCategory;
use crate::reason::{known, reason, value};
use crate::shred::fault::{Result, ShredFault};
use crate::value::{clip, trim_xml, Value};

impl<'t> Scope<'t> {
    pub(super) fn lookup(&self, lookup: &'t LookupPlan, text: &'t Op) -> Result<Datum<'t>> {
        Ok(self.found(lookup, text)?.map_or(NULL, lookup_value))
    }

    /// The text of a value; `None` for null.
    #[inline]
    fn text_of(&self, op: &'t Op) -> Result<Option<Cow<'t, str>>> {
        if let Some(text) = self.plain_path(op) {
            return Ok(text.map(Cow::Borrowed));
        }
        Ok(self.value(op)?.text())
    }

    /// The entry of a lookup for a text; `None` is null.
    #[inline]
    pub(super) fn found(
        &self,
        lookup: &'t LookupPlan,
        text: &'t Op,
    ) -> Result<Option<&'t LookupValue>> {
        let Some(text) = self.text_of(text)? else {
            return self.missing_entry(lookup, &lookup.on_blank, "");
        };
        let key = trim_xml(&text);
        if key.is_empty() {
            return self.missing_entry(lookup, &lookup.on_blank, key);
        }
        let exact = match lookup.match_mode {
            MatchMode::Exact | MatchMode::ExactThenIgnoreCase => {
                lookup.exact.get(Name::new(key.as_bytes()))
            }
            MatchMode::IgnoreCase => None,
        };
        let found = match lookup.match_mode {
            MatchMode::Exact => exact,
            _ => exact.or_else(|| lookup.folded.get(Name::new(key.to_lowercase().as_bytes()))),
        };
        if let Some(found) = found {
            return Ok(Some(found));
        }
        self.missing_entry(lookup, &lookup.on_unmapped, key)
    }

    #[inline]
    fn missing_entry(
        &self,
        lookup: &LookupPlan,
        missing: &'t OnMissing,
        key: &str,
    ) -> Result<Option<&'t LookupValue>> {
        match missing {
            OnMissing::Null => Ok(None),
            OnMissing::Value(value) => Ok(Some(value)),
            OnMissing::Error => Err(self.unmapped(lookup, key)),
        }
    }

    #[cold]
    fn unmapped(&self, lookup: &LookupPlan, key: &str) -> Box<ShredFault> {
        let setting = if key.is_empty() { "on_blank" } else { "on_unmapped" };
        let reason = reason!(
            "lookup {} has no entry for {}: add it to the contract, or set {}",
            known(&lookup.name),
            value(clip(key)),
            known(setting)
        );
        self.fault(FailureCategory::UnmappedLookup, reason).value(key).each_value()
    }
}

pub(super) fn lookup_value(value: &LookupValue) -> Datum<'_> {
    match value {
        LookupValue::Integer(number) => Datum::integer(*number),
        LookupValue::Decimal(number) => Datum::Value(Value::Decimal(*number)),
        LookupValue::Text(text) => Datum::Text(Cow::Borrowed(text)),
    }
}
