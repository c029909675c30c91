//! The ways in which the rows are not what they were.

/// A deliberate difference from the earlier system.
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
    /// A sentence for the report, and a few words beside the column: nothing where the table or
    /// the document is meant.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::LeadingZeros => (
                "numbers_only and extract_numeric keep leading zeros in a character column",
                "leading zeros are kept",
            ),
            Self::WholeText => ("A data_length of -1 keeps the whole text", "the whole text"),
            Self::BareNumber => (
                "Numbers without quotes are numbers in comparisons; they were taken for fields",
                "numbers are compared as numbers",
            ),
            Self::Logic => (
                "Parentheses, NOT, AND beside OR, CASE inside CASE and <> have their usual meaning",
                "the logic is as written",
            ),
            Self::QuotedNumber => (
                "Text is equal to a number in quotes only if it is the same text; '01' was equal to '1'",
                "compared as text",
            ),
            Self::Remainder => (
                "The result of % has the sign of its left side, as in SQL",
                "% has the sign of its left side",
            ),
            Self::NeverNull => (
                "A column that is never null fails its application when it has neither value nor \
                 default",
                "without a value the application fails",
            ),
            Self::LoadOrder => (
                "Tables are loaded parents first by their foreign keys, not in the order of \
                 table_insertion_order",
                "",
            ),
            Self::KeyIsAppId => (
                "The request's id must be the app_id under which the document is stored, and a \
                 document has one request",
                "",
            ),
            Self::ContactsElsewhere => (
                "Through a child element, the last valid contact is searched only at the path of \
                 the contact filter",
                "contacts at the filter's path only",
            ),
            Self::AppColumn => (
                "The table needs a column for the application's id, by which its rows are found again",
                "new: not in the earlier contract",
            ),
            Self::MakerTypes => (
                "The JSON does not contain the types of these columns: compare them with the table",
                "",
            ),
            Self::DecimalDigits => (
                "The JSON does not contain the precision of a decimal, and 38 digits hold every \
                 number: compare it with the table",
                "",
            ),
            Self::DefaultOfEmptyRecord => (
                "exclude_default_when_record_empty is not read: a row of nothing but defaults is \
                 left out, and every other row has its defaults",
                "",
            ),
            Self::EarlierValue => (
                "Several mappings fill the column: the last that is not null counts",
                "the last of several mappings that has a value",
            ),
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        self.words().0
    }

    /// A few words for the column; None where the table or the document is meant.
    pub(super) fn remark(self) -> Option<&'static str> {
        Some(self.words().1).filter(|remark| !remark.is_empty())
    }
}
