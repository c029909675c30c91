//! What became of the mappings: translated, different on purpose, or not translated.

use std::fmt;

use super::legacy::Mapping;
use crate::diagnostic::Diagnostics;
use crate::figures::counted;

/// A way in which the rows are not what they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    LeadingZeros,
    WholeText,
    BareNumber,
    Logic,
    QuotedNumber,
    Remainder,
    NeverNull,
    LoadOrder,
    KeyIsAppId,
    ContactsElsewhere,
    AppColumn,
    MakerTypes,
    DecimalDigits,
    DefaultOfEmptyRecord,
    EarlierValue,
}

impl Difference {
    fn sentence(self) -> &'static str {
        match self {
            Self::LeadingZeros => {
                "Leading zeros survive numbers_only and extract_numeric in a character column"
            }
            Self::WholeText => "A data_length of -1 keeps the whole text",
            Self::BareNumber => {
                "Numbers without quotes are numbers in comparisons; they were taken for fields"
            }
            Self::Logic => {
                "Parentheses, NOT, AND beside OR, CASE inside CASE and <> mean what they say"
            }
            Self::QuotedNumber => {
                "Text compared with a number in quotes has to be equal as text; '01' was equal to '1'"
            }
            Self::Remainder => "The result of % has the sign of its left side, as in SQL",
            Self::NeverNull => {
                "A column that is never null fails its application when it has neither value nor \
                 default"
            }
            Self::LoadOrder => {
                "Tables are loaded parents first by their foreign keys, whatever \
                 table_insertion_order says"
            }
            Self::KeyIsAppId => {
                "The request's id has to be the app_id under which the document is stored, and \
                 there is one request in a document"
            }
            Self::ContactsElsewhere => {
                "Through a child element, the last valid contact is looked for at the path of the \
                 contact filter only"
            }
            Self::AppColumn => {
                "The table needs a column for the application's id, by which its rows are found again"
            }
            Self::MakerTypes => {
                "The JSON does not say which types the columns of these rows have: compare them \
                 with the table"
            }
            Self::DecimalDigits => {
                "The JSON does not say how many digits a decimal has, and 38 hold all: compare them \
                 with the table"
            }
            Self::DefaultOfEmptyRecord => {
                "exclude_default_when_record_empty is not read: a row of nothing but defaults is left out, \
                 and in every other row the default stands"
            }
            Self::EarlierValue => {
                "Several mappings fill the column: the last that is not null counts"
            }
        }
    }

    /// A few words for the column itself; None where the whole table or document is meant.
    pub(super) fn remark(self) -> Option<&'static str> {
        Some(match self {
            Self::LeadingZeros => "leading zeros stay",
            Self::WholeText => "the whole text",
            Self::BareNumber => "numbers are compared as numbers",
            Self::Logic => "the logic is as written",
            Self::QuotedNumber => "compared as text",
            Self::Remainder => "% has the sign of its left side",
            Self::NeverNull => "without a value the application fails",
            Self::MakerTypes
            | Self::DecimalDigits
            | Self::LoadOrder
            | Self::KeyIsAppId
            | Self::DefaultOfEmptyRecord => return None,
            Self::ContactsElsewhere => "contacts at the filter's path only",
            Self::AppColumn => "new: not in the earlier contract",
            Self::EarlierValue => "the last of several mappings that has a value",
        })
    }
}

/// What a line of the report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Subject {
    name: String,
    /// Line and column in the JSON, where it is a mapping.
    place: Option<(usize, usize)>,
}

/// A mapping that could not be translated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failed {
    name: String,
    place: (usize, usize),
    reason: String,
}

/// What an import did: shown to the person who asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    file: String,
    mappings: usize,
    tables: usize,
    translated: Vec<(String, Vec<Subject>)>,
    different: Vec<(Difference, Vec<Subject>)>,
    failed: Vec<Failed>,
}

impl Report {
    pub(super) fn new(file: &str, mappings: usize) -> Self {
        Self {
            file: file.to_owned(),
            mappings,
            tables: 0,
            translated: Vec::new(),
            different: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Number of mappings that could not be translated.
    pub fn failures(&self) -> usize {
        self.failed.len()
    }

    pub(super) fn set_tables(&mut self, tables: usize) {
        self.tables = tables;
    }

    pub(super) fn translated<'m>(&mut self, mapping: &'m Mapping, places: &Diagnostics) {
        let name = |link: &'m str| link.split('(').next().unwrap_or(link).trim();
        // Row makers are told apart by what stands in their parentheses, which says little here.
        let chain: Vec<&str> = mapping.chain.iter().map(|link| name(link)).collect();
        let label = match chain.as_slice() {
            [] => "no mapping type".to_owned(),
            chain => chain.join(", "),
        };
        let subject = subject(mapping, places);
        match self.translated.iter_mut().find(|(known, _)| *known == label) {
            Some((_, subjects)) => subjects.push(subject),
            None => self.translated.push((label, vec![subject])),
        }
    }

    pub(super) fn differs(
        &mut self,
        difference: Difference,
        mapping: &Mapping,
        places: &Diagnostics,
    ) {
        self.add(difference, subject(mapping, places));
    }

    /// A difference of a table or of the whole contract.
    pub(super) fn table_differs(&mut self, difference: Difference, name: &str) {
        self.add(difference, Subject { name: name.to_owned(), place: None });
    }

    fn add(&mut self, difference: Difference, subject: Subject) {
        let at = self.different.partition_point(|(known, _)| *known < difference);
        match self.different.get_mut(at) {
            Some((known, subjects)) if *known == difference => {
                if !subjects.contains(&subject) {
                    subjects.push(subject);
                }
            }
            _ => self.different.insert(at, (difference, vec![subject])),
        }
    }

    pub(super) fn failed(
        &mut self,
        name: String,
        start: usize,
        reason: String,
        places: &Diagnostics,
    ) {
        let failed = Failed { name, place: places.position(start), reason };
        if !self.failed.contains(&failed) {
            self.failed.push(failed);
        }
    }

    /// Takes a mapping out of those that were translated.
    pub(super) fn withdraw(&mut self, mapping: &Mapping, places: &Diagnostics) {
        let gone = subject(mapping, places);
        for (_, subjects) in &mut self.translated {
            subjects.retain(|subject| *subject != gone);
        }
        self.translated.retain(|(_, subjects)| !subjects.is_empty());
    }
}

fn subject(mapping: &Mapping, places: &Diagnostics) -> Subject {
    Subject { name: mapping.name(), place: Some(places.position(mapping.start)) }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{} {line}:{column}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mappings, tables) = (counted(self.mappings, "mapping"), counted(self.tables, "table"));
        writeln!(f, "{}: {mappings}, {tables}", self.file)?;
        if !self.translated.is_empty() {
            writeln!(f, "\nTranslated (each with its line and column in the JSON)")?;
        }
        for (label, subjects) in &self.translated {
            writeln!(f, "  {label}: {}", counted(subjects.len(), "mapping"))?;
            write_subjects(f, subjects)?;
        }
        if !self.different.is_empty() {
            writeln!(f, "\nDifferent on purpose")?;
        }
        for (difference, subjects) in &self.different {
            writeln!(f, "  {}:", difference.sentence())?;
            write_subjects(f, subjects)?;
        }
        if !self.failed.is_empty() {
            writeln!(f, "\nNot translated: {}", counted(self.failed.len(), "mapping"))?;
        }
        for Failed { name, place: (line, column), reason } in &self.failed {
            writeln!(f, "  {}:{line}:{column}: {name}: {reason}", self.file)?;
        }
        Ok(())
    }
}

/// Lines longer than this are broken.
const WIDTH: usize = 100;

fn write_subjects(f: &mut fmt::Formatter<'_>, subjects: &[Subject]) -> fmt::Result {
    let mut line = String::new();
    for (number, subject) in subjects.iter().enumerate() {
        let comma = if number + 1 < subjects.len() { "," } else { "" };
        let word = format!("{subject}{comma}");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH - 4 {
            writeln!(f, "    {line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    writeln!(f, "    {line}")
}
