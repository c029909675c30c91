//! The streaming mapper: document in, rows or failure out.
//!
//! One pass, no tree. The contract's [`plan`](crate::contract) selects the elements that are read;
//! the rest is balanced and skipped. Nothing here knows a database.

mod attribute;
mod attributes;
mod capture;
mod checks;
mod decode;
mod evaluate;
mod fault;
mod forms;
mod fragment;
mod lanes;
mod limits;
mod masks;
mod meter;
mod nil;
mod odd;
mod panic;
mod place;
mod prefixes;
mod rows;
mod scan;
mod string_value;
mod text;
mod unwrap;
mod walk;
mod window;

pub use limits::Limits;
pub use meter::{Control, Uncontrolled};
pub(crate) use panic::{panic_message, panic_reason};

use std::borrow::Cow;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::contract::model::Check;
use crate::contract::plan::{Op, Required, SlotRef};
use crate::contract::Contract;
use crate::document::Document;
use crate::id::AppId;
use crate::outcome::{Failure, FailureCategory, Outcome, TableRows};
use crate::reason::{known, number, quoted, reason};
use crate::value::{is_blank, xml};
use capture::Captures;
use decode::decode;
use evaluate::{Setting, Shared};
use fault::{Result, ShredFault};
use meter::Meter;
use nil::is_nil;
use rows::{Rows, RuleRows};
use unwrap::unwrapped;
use walk::{Element, Events, State, Walk};

/// The document as text.
///
/// # Errors
/// Its bytes are not text in the encoding that it says.
pub fn document_text(
    document: &Document,
) -> std::result::Result<Cow<'_, str>, Box<crate::outcome::Failure>> {
    decode(&document.bytes, document.encoding)
}

/// Shreds documents with one contract. It keeps its buffers from document to document, so each
/// thread has its own.
#[derive(Debug)]
pub struct Shredder {
    contract: Arc<Contract>,
    limits: Limits,
    state: State,
    rows: Vec<RuleRows>,
}

/// Bytes that a document may take for its buffers to be kept for the next: one that takes very much
/// must not make a worker large for good, and where documents of a megabyte are usual, making the
/// buffers again for each costs a fifth of the time.
const MOST_ROOM: u64 = 8 << 20;

impl Shredder {
    /// A shredder for a contract.
    pub fn new(contract: Arc<Contract>, limits: Limits) -> Self {
        Self { contract, limits, state: State::default(), rows: Vec::new() }
    }

    /// The contract it shreds with.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// The rows of a document, or why it fails. `now` is the value of `NOW_UTC()`.
    ///
    /// Where the program itself panics, that is the failure `internal_error` of the document.
    pub fn shred(
        &mut self,
        app_id: AppId,
        now: DateTime<Utc>,
        document: Option<&Document>,
    ) -> Outcome {
        let outcome = self.shred_controlled(app_id, now, document, &Uncontrolled);
        outcome.expect("an outcome, because nothing gives the document up")
    }

    /// The same for a caller that counts memory, and may give the document up: then there is no
    /// outcome.
    pub fn shred_controlled(
        &mut self,
        app_id: AppId,
        now: DateTime<Utc>,
        document: Option<&Document>,
        control: &dyn Control,
    ) -> Option<Outcome> {
        let Some(document) = document else {
            return Some(Err(Box::new(Failure::new(
                FailureCategory::MissingDocument,
                "the source row is missing or its document is null: restore it, or delete \
                 the application from the queue",
            ))));
        };
        let limits = self.limits;
        let meter = Meter::new(&limits, control);
        let mut text = Cow::Borrowed("");
        let shredded = catch_unwind(AssertUnwindSafe(|| {
            text = match decoded(document, &limits) {
                Ok(text) => text,
                Err(failure) => return Some(Err(failure)),
            };
            let copied = if let Cow::Owned(copy) = &text { copy.len() } else { 0 };
            let rows = meter.decoded(copied).and_then(|()| {
                if let Some(unwrapped) = self.unwrapped(app_id, now, &text, &meter)? {
                    text = Cow::Owned(unwrapped);
                }
                self.rows(app_id, now, &text, &meter)
            });
            match rows {
                Ok(rows) => Some(Ok(rows)),
                Err(fault) if fault.cancelled => None,
                Err(fault) => Some(Err(fault.into_failure(&text))),
            }
        }));
        let outcome = shredded.unwrap_or_else(|panic| {
            // They may be in any state.
            (self.state, self.rows) = Default::default();
            let failure = panic::failure(panic.as_ref(), &text, meter.reached());
            tracing::error!(app_id = app_id.0, reason = failure.reason, "defect in xmlshred");
            Some(Err(failure))
        });
        meter.end(matches!(outcome, Some(Ok(_))));
        if meter.taken() > MOST_ROOM {
            (self.state, self.rows) = Default::default();
        }
        outcome
    }

    /// The document's key, when the contract has one and it is an integer here. For
    /// documents that come from files and not from a store.
    pub fn key(&mut self, document: &Document) -> Option<AppId> {
        self.key_text(document).ok()??.trim().parse().ok().map(AppId)
    }

    /// The text of the document's key; `None` where the contract has none, or the document has nothing
    /// there. What follows the key in the document is not read.
    ///
    /// # Errors
    /// The document cannot be read as far as the key.
    pub fn key_text(
        &mut self,
        document: &Document,
    ) -> std::result::Result<Option<String>, Box<Failure>> {
        let found = catch_unwind(AssertUnwindSafe(|| self.found_key(document)));
        found.unwrap_or_else(|panic| {
            self.state = State::default();
            Err(panic::failure(panic.as_ref(), "", 0))
        })
    }

    fn found_key(
        &mut self,
        document: &Document,
    ) -> std::result::Result<Option<String>, Box<Failure>> {
        let contract = Arc::clone(&self.contract);
        let (plan, limits) = (contract.plan(), self.limits);
        let Some((slot, _)) = plan.key else { return Ok(None) };
        let text = self.text(document)?;
        let (text, now) = (text.as_ref(), DateTime::UNIX_EPOCH);
        let meter = &Meter::new(&limits, &Uncontrolled);
        let shared = &Shared::default();
        let setting = Setting { plan, text, limits: &limits, app_id: AppId(0), now, meter, shared };
        let mut search = KeySearch { setting, slot };
        let walked = Walk::new(plan, text, &limits, &mut self.state, &mut search, meter).run();
        let found = walked.and_then(|()| slot_text(&self.state.captures, slot, text));
        found.map(|key| key.map(Cow::into_owned)).map_err(|fault| fault.into_failure(text))
    }

    /// The text that the contract's paths lead through: the document, with its XML unwrapped where the
    /// contract says so.
    ///
    /// # Errors
    /// It cannot be read, or lacks what is to be unwrapped.
    pub(crate) fn text<'d>(
        &mut self,
        document: &'d Document,
    ) -> std::result::Result<Cow<'d, str>, Box<Failure>> {
        let limits = self.limits;
        let text = decoded(document, &limits)?;
        let meter = Meter::new(&limits, &Uncontrolled);
        match self.unwrapped(AppId(0), DateTime::UNIX_EPOCH, &text, &meter) {
            Ok(None) => Ok(text),
            Ok(Some(unwrapped)) => Ok(Cow::Owned(unwrapped)),
            Err(fault) => Err(fault.into_failure(&text)),
        }
    }

    /// The document with its XML unwrapped, where the contract says so.
    fn unwrapped(
        &mut self,
        app_id: AppId,
        now: DateTime<Utc>,
        text: &str,
        meter: &Meter<'_>,
    ) -> Result<Option<String>> {
        let contract = Arc::clone(&self.contract);
        let plan = contract.plan();
        let Some(unwrap) = &plan.unwrap else { return Ok(None) };
        let limits = self.limits;
        let shared = &Shared::default();
        let setting = Setting { plan, text, limits: &limits, app_id, now, meter, shared };
        let unwrapped = unwrapped(unwrap, setting, &mut self.state, meter)?;
        let most = self.limits.document_bytes.min(u64::from(u32::MAX) - 1);
        if unwrapped.len() as u64 > most {
            let (bytes, most) = (number(unwrapped.len()), known(most));
            let found =
                reason!("the unwrapped document has {} bytes, and the limit is {}", bytes, most);
            return Err(ShredFault::limit(0, &found, "--max-document-bytes"));
        }
        meter.copied(unwrapped.len())?;
        Ok(Some(unwrapped))
    }

    fn rows(
        &mut self,
        app_id: AppId,
        now: DateTime<Utc>,
        text: &str,
        meter: &Meter<'_>,
    ) -> Result<Vec<TableRows>> {
        let contract = Arc::clone(&self.contract);
        let plan = contract.plan();
        let limits = self.limits;
        let shared = &Shared::default();
        let setting = Setting { plan, text, limits: &limits, app_id, now, meter, shared };
        let mut rows = Rows::new(setting, &mut self.rows);
        Walk::new(plan, text, &limits, &mut self.state, &mut rows, meter).run()?;
        if plan.check == Check::Full && self.state.checks.doubt {
            xml::check_document(text).map_err(|(at, reason)| ShredFault::malformed(at, reason))?;
        }
        check_document(setting, &self.state.captures)?;
        rows.finish(&self.state.captures, &contract.targets)
    }
}

/// The text of a document, unless it is too large or in no encoding.
pub(crate) fn decoded<'b>(
    document: &'b Document,
    limits: &Limits,
) -> Result<Cow<'b, str>, Box<Failure>> {
    let most = limits.document_bytes.min(u64::from(u32::MAX) - 1);
    let too_big = |bytes: usize| {
        Box::new(Failure::new(
            FailureCategory::LimitExceeded,
            reason!(
                "the document has {} bytes, and the limit is {}: raise --max-document-bytes if such \
                 documents are expected",
                number(bytes),
                known(most)
            ),
        ))
    };
    if document.bytes.len() as u64 > most {
        return Err(too_big(document.bytes.len()));
    }
    let text = decode(&document.bytes, document.encoding)?;
    if text.len() as u64 > most {
        return Err(too_big(text.len()));
    }
    Ok(text)
}

/// `document.key` and `document.require`.
fn check_document(setting: Setting<'_>, captures: &Captures) -> Result<()> {
    let Setting { plan, app_id, text, .. } = setting;
    if let Some((slot, path)) = &plan.key {
        let found = slot_text(captures, *slot, text)?;
        let key = found.as_deref().unwrap_or("").trim();
        if key.parse() != Ok(app_id.0) {
            let reason = reason!(
                "{} is {}, but the application is {}: move the document to its row, or correct its key",
                known(path),
                quoted(key),
                number(app_id)
            );
            let fault = ShredFault::new(FailureCategory::KeyMismatch, reason).value(key);
            return Err(placed(fault, captures, *slot, path));
        }
    }
    for Required { slot, path, element } in &plan.require {
        let node = captures.slot(0, *slot).first();
        let nil = node.filter(|node| is_nil(text, node, &setting.shared.nil_prefixes));
        let found = if nil.is_some() { None } else { slot_text(captures, *slot, text)? };
        if found.is_some_and(|found| *element || !is_blank(&found)) {
            continue;
        }
        let lack = if *element { "absent" } else { "absent or blank" };
        let (lacks, path_shown) = (known(lack), known(path));
        let reason =
            reason!("{} is required, but it is {}: correct the document", path_shown, lacks);
        let fault = ShredFault::new(FailureCategory::MissingRequired, reason);
        let fault = placed(fault, captures, *slot, path);
        // The content of an empty element is behind its tag.
        return Err(match nil {
            Some(node) => fault.at(node.at as usize - 1),
            None => fault,
        });
    }
    Ok(())
}

fn placed(
    mut fault: Box<ShredFault>,
    captures: &Captures,
    slot: SlotRef,
    path: &str,
) -> Box<ShredFault> {
    fault.failure.path = Some(path.to_owned());
    fault.at = captures.slot(0, slot).first().map(|node| node.at as usize);
    fault
}

/// The text of the first node of a slot of the document.
fn slot_text<'t>(
    captures: &'t Captures,
    slot: SlotRef,
    text: &'t str,
) -> Result<Option<Cow<'t, str>>> {
    match captures.slot(0, slot).first() {
        Some(node) => captures.text(node, text),
        None => Ok(None),
    }
}

/// Walks only as far as the document's key.
struct KeySearch<'t> {
    setting: Setting<'t>,
    slot: SlotRef,
}

impl Events for KeySearch<'_> {
    fn holds(&mut self, condition: &Op, element: Element<'_>) -> Result<bool> {
        rows::predicate(self.setting, condition, &element)
    }

    fn row(&mut self, _: usize, _: u32, _: &Captures) -> Result<()> {
        Ok(())
    }

    fn done(&self, captures: &Captures) -> bool {
        !self.setting.plan.takes_back && captures.slot(0, self.slot).count > 0
    }
}
