//! What is known only when the document has ended.
//!
//! What rows read around them where it is not known which elements are there, `../name` below a
//! row path that starts with `//`: what the rest of the path finds anywhere was caught, and each row
//! gets what is in its own ancestor. And which element FIRST and LAST choose among those that a
//! predicate may have refused.

use std::collections::HashMap;

use super::state::Pending;
use crate::contract::plan::{Gather, Gathered, Plan};
use crate::shred::capture::{Captures, Node, NodeKind};
use crate::shred::fault::{Result, ShredFault};
use crate::shred::masks::Looks;
use crate::shred::meter::Meter;
use crate::shred::scan::{name_length, Markup, Scanner};
use crate::shred::text;

/// Fills the slots of the document and of the rows that wait for its end.
pub(super) fn gather(
    plan: &Plan,
    document: &str,
    captures: &mut Captures,
    pending: &[Pending],
    meter: &Meter<'_>,
) -> Result<()> {
    for pick in &plan.picks {
        if let Some(node) = captures.pick(captures.all(0, pick.from), pick.last).copied() {
            captures.add(0, pick.into, node);
        }
    }
    for node in plan.nodes.iter().filter(|node| !node.gathers.is_empty()) {
        let own = |row: &&Pending| node.rules.contains(&(row.rule as usize));
        let mut frames: Vec<u32> = pending.iter().filter(own).map(|row| row.frame).collect();
        frames.sort_unstable();
        frames.dedup();
        for gather in &node.gathers {
            match gather.from {
                Gathered::Nodes { slot, parent, hops, .. } => {
                    let found = by_parent(captures, slot, parent, hops);
                    share(captures, gather, &frames, &found, meter)?;
                }
                Gathered::Text | Gathered::String | Gathered::Markup => {
                    let found = contents(document, captures, gather, &frames, meter)?;
                    share(captures, gather, &frames, &found, meter)?;
                }
            }
        }
    }
    Ok(())
}

/// By the element they are in.
type Found = HashMap<u32, Vec<Node>>;

fn by_parent(captures: &Captures, slot: u32, parent: u32, hops: u32) -> Found {
    let mut found = Found::new();
    for node in captures.all(0, slot) {
        let first = captures.up(node.origin, hops);
        if let Some(parent) = captures.all(first, parent).next() {
            found.entry(parent.at).or_default().push(*node);
        }
    }
    found
}

fn share(
    captures: &mut Captures,
    gather: &Gather,
    frames: &[u32],
    found: &Found,
    meter: &Meter<'_>,
) -> Result<()> {
    // The first row in each ancestor, whose nodes the others share.
    let mut given: HashMap<u32, u32> = HashMap::new();
    for frame in frames {
        meter.reach(captures.frame(*frame).at as usize);
        meter.work(NODE)?;
        let ancestor = captures.all(*frame, gather.ancestor).next().map(|node| node.at);
        let Some((ancestor, nodes)) = ancestor.and_then(|a| Some((a, found.get(&a)?))) else {
            continue;
        };
        if let Some(first) = given.get(&ancestor) {
            captures.share(*first, *frame, gather.into);
            continue;
        }
        given.insert(ancestor, *frame);
        meter.work(NODE * nodes.len())?;
        for node in nodes {
            captures.add(*frame, gather.into, *node);
        }
        if captures.has_grown() {
            meter.capture(captures.bytes())?;
        }
    }
    Ok(())
}

/// Work of giving a row a node.
const NODE: usize = 8;

/// What is in the ancestors themselves, which are read once more.
fn contents(
    document: &str,
    captures: &mut Captures,
    gather: &Gather,
    frames: &[u32],
    meter: &Meter<'_>,
) -> Result<Found> {
    let mut found = Found::new();
    let mut scanner = Scanner::new(document, Looks::ForTags);
    for frame in frames {
        let ancestor = captures.all(*frame, gather.ancestor).next().map(|node| node.at);
        let Some(ancestor @ 1..) = ancestor else { continue };
        if found.contains_key(&ancestor) {
            continue;
        }
        let begin = captures.scratch.len();
        let (start, end) =
            own_text(document, &mut scanner, ancestor as usize, &mut captures.scratch)?;
        meter.work(end - start)?;
        meter.capture(captures.bytes())?;
        let node = match gather.from {
            Gathered::Markup => Node::new(NodeKind::Markup, start, end, start),
            Gathered::String => Node::new(NodeKind::String, start, end, start),
            _ => Node::new(NodeKind::Merged, begin, captures.scratch.len(), start),
        };
        found.insert(ancestor, vec![node]);
    }
    Ok(found)
}

/// Appends the own text of the element whose name starts at `name`. Returns where its content
/// starts and ends.
fn own_text(
    document: &str,
    scanner: &mut Scanner<'_>,
    name: usize,
    own: &mut String,
) -> Result<(usize, usize)> {
    let bytes = document.as_bytes();
    let start_tag = |name: usize, scanner: &mut Scanner<'_>| {
        let tag = scanner.start_tag(name + name_length(&bytes[name..]));
        tag.ok_or_else(|| {
            ShredFault::malformed(name, "the start tag is never closed: end it with >")
        })
    };
    let tag = start_tag(name, scanner)?;
    let (start, mut at, mut depth) = (tag.end, tag.end, u32::from(!tag.empty));
    let mut end = at;
    while depth > 0 {
        let Some(markup) = scanner.next_markup(at) else { break };
        if depth == 1 {
            text::append(&document[at..markup], at, own)?;
        }
        at = match scanner.markup(markup) {
            Markup::Start => {
                let tag = start_tag(markup + 1, scanner)?;
                depth += u32::from(!tag.empty);
                tag.end
            }
            Markup::End => {
                depth -= 1;
                memchr::memchr(b'>', &bytes[markup..]).map_or(bytes.len(), |end| markup + end + 1)
            }
            other => {
                let past = scanner.past(markup, other).unwrap_or(bytes.len());
                if depth == 1 && other == Markup::CData {
                    let (open, close) = ("<![CDATA[".len(), "]]>".len());
                    text::append_cdata(&document[markup + open..past - close], markup + open, own)?;
                }
                past
            }
        };
        end = markup;
    }
    Ok((start, end))
}
