//! `document.unwrap`: XML that is kept as text in an element takes the place of that text, so that
//! envelope and payload are one document.

use super::capture::{Captures, Node};
use super::evaluate::Setting;
use super::fault::{Result, ShredFault};
use super::meter::Meter;
use super::rows;
use super::scan::name_length;
use super::walk::{Element, Events, State, Walk};
use crate::contract::plan::{Op, Unwrap};
use crate::outcome::FailureCategory;
use crate::reason::{known, reason};
use crate::value::is_blank;

/// The document with the XML unwrapped.
pub(super) fn unwrapped(
    unwrap: &Unwrap,
    setting: Setting<'_>,
    state: &mut State,
    meter: &Meter<'_>,
) -> Result<String> {
    let Setting { text, limits, .. } = setting;
    let setting = Setting { plan: &unwrap.plan, ..setting };
    Walk::new(&unwrap.plan, text, limits, state, &mut Nothing(setting), meter).run()?;
    let captures = &state.captures;
    let all = |slot| captures.nodes(captures.slot(0, slot)).copied().collect::<Vec<Node>>();
    let (texts, mut contents) = (all(unwrap.text), all(unwrap.markup));
    if contents.is_empty() {
        let path = &unwrap.path;
        let reason =
            reason!("{} is to be unwrapped, but it is absent: correct the document", known(path));
        let mut fault = ShredFault::new(FailureCategory::MissingRequired, reason);
        fault.failure.path = Some(path.clone());
        return Err(fault);
    }
    let mut found: Vec<(Node, Node)> = contents.drain(..).zip(texts).collect();
    found.sort_by_key(|(content, _)| content.start);
    let inherits = text.contains("xmlns=");
    let (mut document, mut at) = (String::with_capacity(text.len()), 0);
    for (content, own) in found {
        let (start, end) = (content.start as usize, content.end as usize);
        let inner = captures.text(&own, text)?.unwrap_or_default();
        // Elements inside each other, and senders that do not wrap the XML, stay as they are.
        if start < at || is_blank(&inner) {
            continue;
        }
        meter.capture(document.len() + inner.len() + text.len())?;
        document.push_str(&text[at..start]);
        append(&inner, inherits, &mut document);
        at = end;
    }
    document.push_str(&text[at..]);
    Ok(document)
}

/// Appends XML without its declaration. Its root is in no default namespace but its own.
fn append(xml: &str, inherits: bool, document: &mut String) {
    let mut xml = xml.trim_start_matches('\u{feff}').trim_start();
    if xml.starts_with("<?xml") && xml[2..].len() > 3 && name_length(&xml.as_bytes()[2..]) == 3 {
        xml = xml.find("?>").map_or(xml, |end| &xml[end + 2..]);
    }
    let is_name = |(at, _): &(usize, &str)| {
        xml[at + 1..].starts_with(|c: char| !matches!(c, '!' | '?' | '/'))
    };
    let root = xml.match_indices('<').find(is_name).filter(|_| inherits);
    let Some((root, _)) = root else { return document.push_str(xml) };
    let name_end = root + 1 + name_length(&xml.as_bytes()[root + 1..]);
    let tag_end = xml[name_end..].find('>').map_or(xml.len(), |end| name_end + end);
    document.push_str(&xml[..name_end]);
    if !xml[name_end..tag_end].contains("xmlns=") {
        document.push_str(" xmlns=\"\"");
    }
    document.push_str(&xml[name_end..]);
}

/// Takes no rows.
struct Nothing<'t>(Setting<'t>);

impl Events for Nothing<'_> {
    fn holds(&mut self, condition: &Op, element: Element<'_>) -> Result<bool> {
        rows::predicate(self.0, condition, &element)
    }

    fn row(&mut self, _: usize, _: u32, _: &Captures) -> Result<()> {
        Ok(())
    }
}
