//! What became of the mappings: translated, different on purpose, or not translated.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::difference::Difference;
use super::legacy::{Legacy, Mapping};
use super::lines;
use crate::diagnostic::Diagnostics;
use crate::figures::counted;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    file: String,
    mappings: Vec<Subject>,
    /// Lines of xmlshred.toml.
    settings: Vec<String>,
    tables: usize,
    translated: BTreeSet<usize>,
    different: BTreeMap<Difference, Vec<String>>,
    /// From the tables that exist.
    taken: Vec<String>,
    /// Mappings and the reasons why they are not translated.
    failed: Vec<(usize, String)>,
    unfilled: Vec<String>,
}

/// A mapping, as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Subject {
    table: String,
    name: String,
    /// Line and column in the JSON.
    place: String,
    /// The names of its mapping types.
    types: String,
}

impl Report {
    pub(super) fn new(legacy: &Legacy, places: &Diagnostics) -> Self {
        let subject = |mapping: &Mapping| {
            let (line, column) = places.position(mapping.start);
            // What is in the parentheses of a row maker matters little here.
            let name = |link: &String| link.split('(').next().unwrap_or(link).trim().to_owned();
            let types: Vec<String> = mapping.chain.iter().map(name).collect();
            Subject {
                table: mapping.table.clone(),
                name: mapping.name(),
                place: format!("{line}:{column}"),
                types: if types.is_empty() { "no mapping type".into() } else { types.join(", ") },
            }
        };
        Self {
            file: places.file().to_owned(),
            mappings: legacy.mappings.iter().map(subject).collect(),
            settings: legacy.source_settings(),
            tables: 0,
            translated: BTreeSet::new(),
            different: BTreeMap::new(),
            taken: Vec::new(),
            failed: Vec::new(),
            unfilled: Vec::new(),
        }
    }

    /// Number of mappings that are not translated, and of columns that no mapping fills.
    pub fn failures(&self) -> usize {
        self.failed.len() + self.unfilled.len()
    }

    pub(super) fn set_tables(&mut self, tables: usize) {
        self.tables = tables;
    }

    pub(super) fn translated(&mut self, mapping: usize) {
        self.translated.insert(mapping);
    }

    /// A difference of a mapping that the tables have settled.
    pub(super) fn settled(&mut self, difference: Difference, mapping: usize) {
        let Subject { name, place, .. } = &self.mappings[mapping];
        let shown = format!("{name} {place}");
        self.settles(difference, &shown);
    }

    /// A difference of a table that the tables have settled.
    pub(super) fn settles(&mut self, difference: Difference, subject: &str) {
        if let Some(subjects) = self.different.get_mut(&difference) {
            subjects.retain(|other| other != subject);
            if subjects.is_empty() {
                self.different.remove(&difference);
            }
        }
    }

    /// What a table or a column has that the JSON does not say, or says differently.
    pub(super) fn taken(&mut self, subject: &str, what: &str) {
        self.taken.push(format!("{subject}: {what}"));
    }

    /// A column that each row needs, and that no mapping fills.
    pub(super) fn unfilled(&mut self, column: &str, sql_type: &str) {
        self.unfilled.push(format!(
            "{column} {sql_type}: NOT NULL without a default, and no mapping fills it"
        ));
    }

    /// A mapping that is not translated, even if it seemed to be.
    pub(super) fn failed(&mut self, mapping: usize, reason: impl Into<String>) {
        self.translated.remove(&mapping);
        let failed = (mapping, reason.into());
        if !self.failed.contains(&failed) {
            self.failed.push(failed);
        }
    }

    pub(super) fn differs(&mut self, difference: Difference, mapping: usize) {
        let Subject { name, place, .. } = &self.mappings[mapping];
        let shown = format!("{name} {place}");
        self.differs_in(difference, &shown);
    }

    /// A difference of a table or of the whole contract.
    pub(super) fn differs_in(&mut self, difference: Difference, subject: &str) {
        let subjects = self.different.entry(difference).or_default();
        if !subjects.iter().any(|other| other == subject) {
            subjects.push(subject.to_owned());
        }
    }

    /// The mappings of a table that are not translated, each with the reason.
    pub(super) fn missing<'r>(&'r self, table: &'r str) -> impl Iterator<Item = String> + 'r {
        let failed = self.failed.iter().map(|(index, reason)| (&self.mappings[*index], reason));
        let own = failed.filter(move |(mapping, _)| mapping.table.eq_ignore_ascii_case(table));
        own.map(|(mapping, reason)| format!("{}: {reason}", mapping.name))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mappings = counted(self.mappings.len(), "mapping");
        writeln!(f, "{}: {mappings}, {}", self.file, counted(self.tables, "table"))?;
        let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
        for index in &self.translated {
            let Subject { name, place, types, .. } = &self.mappings[*index];
            let shown = format!("{name} {place}");
            match groups.iter_mut().find(|(label, _)| label == types) {
                Some((_, subjects)) => subjects.push(shown),
                None => groups.push((types, vec![shown])),
            }
        }
        if !groups.is_empty() {
            writeln!(f, "\nTranslated (with line and column in the JSON)")?;
        }
        for (types, subjects) in &groups {
            writeln!(f, "  {types}: {}", counted(subjects.len(), "mapping"))?;
            write_subjects(f, subjects)?;
        }
        if !self.different.is_empty() {
            writeln!(f, "\nDifferent on purpose")?;
        }
        for (difference, subjects) in &self.different {
            writeln!(f, "  {}:", difference.sentence())?;
            write_subjects(f, subjects)?;
        }
        if !self.taken.is_empty() {
            writeln!(f, "\nTaken from the tables")?;
        }
        for taken in &self.taken {
            writeln!(f, "  {taken}")?;
        }
        if !self.failed.is_empty() {
            writeln!(f, "\nNot translated: {}", counted(self.failed.len(), "mapping"))?;
        }
        for (index, reason) in &self.failed {
            let Subject { name, place, .. } = &self.mappings[*index];
            writeln!(f, "  {}:{place}: {name}: {reason}", self.file)?;
        }
        if !self.unfilled.is_empty() {
            writeln!(f, "\nNot filled: {}", counted(self.unfilled.len(), "column"))?;
        }
        for column in &self.unfilled {
            writeln!(f, "  {column}")?;
        }
        if !self.settings.is_empty() {
            writeln!(f, "\nSettings for xmlshred.toml")?;
        }
        for line in &self.settings {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

fn write_subjects(f: &mut fmt::Formatter<'_>, subjects: &[String]) -> fmt::Result {
    let last = subjects.len().saturating_sub(1);
    let comma = |index| if index < last { "," } else { "" };
    let words = subjects.iter().enumerate().map(|(index, s)| format!("{s}{}", comma(index)));
    lines::filled(words, lines::WIDTH - 4).iter().try_for_each(|line| writeln!(f, "    {line}"))
}
