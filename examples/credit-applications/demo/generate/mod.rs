//! Credit applications that never existed, for the demo, the tests and the benchmark.
//!
//! A document depends only on a seed, its application's id and a [`Profile`], so that a test can
//! compute the expected result of an application without storing it. Names come from invented word
//! lists and every identifier from a range that is never assigned.

mod bulk;
mod document;
mod form;
mod rng;
mod words;
mod xml;

use form::Form;
use rng::Rng;

use crate::outcome::FailureCategory;

/// The contract for these documents: `examples/credit-applications/contract.toml`.
pub const CONTRACT: &str = include_str!("../../contract.toml");

/// How large the documents are and how many have something wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Smallest and largest size of the usual document in bytes; sizes between them are equally
    /// likely on a logarithmic scale.
    pub usual_bytes: (usize, usize),
    /// Smallest and largest size of the occasional large document in bytes.
    pub large_bytes: (usize, usize),
    /// Large documents in ten thousand.
    pub large_per_10_000: u64,
    /// Documents that must fail, in ten thousand.
    pub failing_per_10_000: u64,
}

impl Profile {
    /// About 20 KB on average, one in 700 of 512 KB to 2 MB, 1.5 % of them failing.
    pub const DEMO: Profile = Profile {
        usual_bytes: (5_000, 40_000),
        large_bytes: (512 * 1024, 2_000_000),
        large_per_10_000: 14,
        failing_per_10_000: 150,
    };

    /// The smallest documents, none of them large, one in seven failing: for tests.
    pub const SMALL: Profile = Profile {
        usual_bytes: (5_000, 7_000),
        large_bytes: (0, 0),
        large_per_10_000: 0,
        failing_per_10_000: 1_500,
    };

    /// These sizes with nothing that fails.
    pub const fn without_failures(mut self) -> Profile {
        self.failing_per_10_000 = 0;
        self
    }
}

/// What was planted in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing.
    Clean,
    /// A duplicate contact, once as co-applicant: loaded once, as primary applicant.
    DuplicateContact,
    /// The document ends in the middle.
    CutShort,
    /// An end tag has another name than its start tag.
    CrossedTags,
    /// An invalid UTF-8 byte.
    ForeignByte,
    /// The root element is another vendor's.
    OtherRoot,
    /// The request's id is another application's.
    OtherId,
    /// The date of receipt is blank.
    NoReceiveDate,
    /// The dealer's number is not a number.
    BadNumber,
    /// A contact was born on 30 February.
    BadDate,
    /// A city has more letters than its column.
    LongCity,
    /// Two products where the contract reads one.
    TwoProducts,
    /// A decision that the lookup does not list.
    UnknownDecision,
    /// Elements nested deeper than [`crate::shred::Limits`] allows.
    TooDeep,
    /// Two entries of the decision history have one number, so that the table's key is violated.
    RepeatedEntry,
}

impl Kind {
    /// The kinds that must fail.
    pub const FAILING: [Kind; 13] = [
        Kind::CutShort,
        Kind::CrossedTags,
        Kind::ForeignByte,
        Kind::OtherRoot,
        Kind::OtherId,
        Kind::NoReceiveDate,
        Kind::BadNumber,
        Kind::BadDate,
        Kind::LongCity,
        Kind::TwoProducts,
        Kind::UnknownDecision,
        Kind::TooDeep,
        Kind::RepeatedEntry,
    ];

    /// The category the application must be logged with; `None` when it must succeed.
    ///
    /// The database detects a [`FailureCategory::ConstraintViolation`]: the shredder returns rows.
    pub fn failure(self) -> Option<FailureCategory> {
        match self {
            Kind::Clean | Kind::DuplicateContact => None,
            Kind::CutShort | Kind::CrossedTags | Kind::ForeignByte => {
                Some(FailureCategory::MalformedXml)
            }
            Kind::OtherRoot => Some(FailureCategory::WrongDocument),
            Kind::OtherId => Some(FailureCategory::KeyMismatch),
            Kind::NoReceiveDate => Some(FailureCategory::MissingRequired),
            Kind::BadNumber | Kind::BadDate => Some(FailureCategory::BadValue),
            Kind::LongCity => Some(FailureCategory::TooLong),
            Kind::TwoProducts => Some(FailureCategory::ManyValues),
            Kind::UnknownDecision => Some(FailureCategory::UnmappedLookup),
            Kind::TooDeep => Some(FailureCategory::LimitExceeded),
            Kind::RepeatedEntry => Some(FailureCategory::ConstraintViolation),
        }
    }
}

/// The document of one application, as bytes in the encoding that it declares.
///
/// `app_id` is from 1 to 200 million, so that contacts, numbered from it, fit an `int`.
pub fn application(seed: u64, app_id: i64, profile: &Profile) -> Vec<u8> {
    let mut rng = Rng::new(seed, app_id);
    let plan = Plan::draw(app_id, profile, &mut rng);
    let text = document::write(&plan, &mut rng);
    form::encode(spoil(text, &plan, &mut rng), &plan)
}

/// What [`application`] plants in the document of that application.
pub fn expected(seed: u64, app_id: i64, profile: &Profile) -> Kind {
    Plan::draw(app_id, profile, &mut Rng::new(seed, app_id)).kind
}

/// The properties of a document, decided before its first byte.
struct Plan {
    app_id: i64,
    kind: Kind,
    form: Form,
    /// Size to reach, in bytes as encoded.
    bytes: usize,
}

impl Plan {
    fn draw(app_id: i64, profile: &Profile, rng: &mut Rng) -> Plan {
        let kind = if rng.chance(profile.failing_per_10_000) {
            rng.pick(&Kind::FAILING)
        } else if rng.chance(200) {
            Kind::DuplicateContact
        } else {
            Kind::Clean
        };
        let (low, high) = if rng.chance(profile.large_per_10_000) {
            profile.large_bytes
        } else {
            profile.usual_bytes
        };
        let bytes = rng.log_between(low, high);
        // The planted failure must be the only one.
        let form = if kind.failure().is_some() { Form::Utf8 } else { Form::draw(rng) };
        Plan { app_id, kind, form, bytes }
    }

    /// Characters to write for [`Plan::bytes`].
    fn characters(&self) -> usize {
        if self.form.is_utf16() {
            self.bytes / 2
        } else {
            self.bytes
        }
    }
}

/// Breaks the text of the kinds that are not well-formed.
fn spoil(mut text: String, plan: &Plan, rng: &mut Rng) -> String {
    match plan.kind {
        Kind::CutShort => {
            let mut end = text.len() * rng.between(55, 95) as usize / 100;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text
        }
        Kind::CrossedTags => text.replacen("</CustData>", "</CustDate>", 1),
        _ => text,
    }
}
