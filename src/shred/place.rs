//! From an offset to line, column and XPath, for messages only.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

use crate::outcome::Failure;

/// Sets the place of a failure: the line, the column in characters and the XPath of a byte offset
/// in the document's text. The XPath has the position of every element with siblings of its name.
pub(super) fn locate(failure: &mut Failure, text: &str, at: usize) {
    let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    failure.line = Some(before.matches('\n').count() as u32 + 1);
    failure.column_number = Some(before[line_start..].chars().count() as u32 + 1);
    failure.path = path(text, at as u64).or(failure.path.take());
}

/// An element on the way to the place.
struct Step {
    name: String,
    position: usize,
    /// Whether its parent has another of its name.
    repeated: bool,
}

/// Elements seen so far inside one open element, by name.
type Seen = HashMap<Vec<u8>, usize>;

fn path(text: &str, at: u64) -> Option<String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(Step, Seen)> = vec![];
    let mut outside = Seen::new();
    loop {
        let begin = reader.buffer_position();
        let event = reader.read_event().ok()?;
        let end = reader.buffer_position();
        let reached = at < end || matches!(event, Event::Eof);
        let (tag, empty) = match event {
            Event::Start(tag) => (Some(tag), false),
            Event::Empty(tag) => (Some(tag), true),
            Event::End(_) if !reached => {
                open.pop();
                (None, false)
            }
            _ => (None, false),
        };
        let mut attribute = None;
        if let Some(tag) = &tag {
            attribute = reached.then(|| attribute_at(tag, at - begin)).flatten();
            let siblings = open.last_mut().map_or(&mut outside, |(_, seen)| seen);
            let position = siblings.entry(tag.name().as_ref().to_vec()).or_default();
            *position += 1;
            let step = Step {
                name: String::from_utf8_lossy(tag.name().as_ref()).into_owned(),
                position: *position,
                repeated: *position > 1,
            };
            open.push((step, Seen::new()));
        }
        if reached {
            if open.is_empty() {
                return None;
            }
            let open_now = open.len() - usize::from(empty);
            let mut steps: Vec<Step> = open.into_iter().map(|(step, _)| step).collect();
            look_ahead(&mut reader, &mut steps, open_now);
            return Some(render(&steps, attribute));
        }
        if empty {
            open.pop();
        }
    }
}

/// The name of the attribute whose value is `offset` bytes into the tag.
fn attribute_at(tag: &BytesStart<'_>, offset: u64) -> Option<String> {
    let inside = (offset as usize).checked_sub(1)?;
    let all: &[u8] = tag;
    let found = tag.attributes().with_checks(false).flatten().find(|attribute| {
        let start = attribute.value.as_ptr() as usize - all.as_ptr() as usize;
        (start..=start + attribute.value.len()).contains(&inside)
    })?;
    Some(String::from_utf8_lossy(found.key.as_ref()).into_owned())
}

/// Reads on to learn which of the steps have a later sibling of their name.
fn look_ahead(reader: &mut Reader<&[u8]>, steps: &mut [Step], open_now: usize) {
    let mut depth = open_now;
    // A step's siblings are inside its parent, which is open as long as the depth has not fallen
    // below the step's level.
    let mut lowest = depth;
    while lowest > 0 {
        let (tag, level) = match reader.read_event() {
            Ok(Event::Start(tag)) => {
                depth += 1;
                (tag, depth - 1)
            }
            Ok(Event::Empty(tag)) => (tag, depth),
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                lowest = lowest.min(depth);
                continue;
            }
            Ok(Event::Eof) | Err(_) => return,
            _ => continue,
        };
        match steps.get_mut(level) {
            Some(step) if level <= lowest && step.name.as_bytes() == tag.name().as_ref() => {
                step.repeated = true;
            }
            _ => {}
        }
    }
}

fn render(steps: &[Step], attribute: Option<String>) -> String {
    let mut path = String::new();
    for step in steps {
        path.push('/');
        path.push_str(&step.name);
        if step.repeated {
            path.push_str(&format!("[{}]", step.position));
        }
    }
    if let Some(attribute) = attribute {
        path.push_str("/@");
        path.push_str(&attribute);
    }
    path
}
