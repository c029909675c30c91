//! How forms become known.

use super::{bucket, Form, Forms, GOES_ON, MOST, NONE};
use crate::contract::plan::Name;
use crate::shred::attribute::Attribute;
use crate::shred::window::WINDOW;

/// Forms at one place of the tree.
const MOST_BESIDE: usize = 16;

/// Bytes between two values, at most.
const LONGEST: usize = 160;

impl Forms {
    /// Learns the form of a tag whose names are right. `list` has all its attributes.
    pub fn learn(&mut self, bytes: &[u8], at: usize, name_end: usize, list: &[Attribute]) {
        let name = Name::within(bytes, at + 1, name_end);
        if name.len() >= WINDOW {
            return;
        }
        let bucket = bucket(name);
        let is_prefixed = bytes[at..name_end].contains(&b':');
        let form = Form {
            hash: name.hash(),
            name_start: 1,
            name_end: (name_end - at) as u8,
            named: is_prefixed,
            ..Form::NONE
        };
        let first = self.elements[bucket];
        let Some((mut place, is_new)) = self.child(&bytes[at..name_end], first, form) else {
            return;
        };
        if is_new {
            self.elements[bucket] = place;
        }
        let mut before = name_end;
        for attribute in list {
            let (start, end) = (attribute.name_start as usize, attribute.name_end as usize);
            let written = &bytes[before..attribute.start as usize];
            if written.len() > LONGEST {
                return;
            }
            let name = &bytes[start..end];
            let whole = Form {
                hash: attribute.hash,
                name_start: (start - before) as u8,
                name_end: (end - before) as u8,
                quote: written[written.len() - 1],
                named: name.contains(&b':') || name == b"xmlns",
                ..Form::NONE
            };
            let pieces = written.len().div_ceil(WINDOW);
            for (number, piece) in written.chunks(WINDOW).enumerate() {
                let form = match number + 1 == pieces {
                    true => whole,
                    false => Form { quote: GOES_ON, ..Form::NONE },
                };
                let first = self.forms[place as usize].inside;
                let Some((found, is_new)) = self.child(piece, first, form) else { return };
                if is_new {
                    self.forms[place as usize].inside = found;
                }
                place = found;
            }
            before = attribute.end as usize + 1;
        }
    }

    /// The form of these bytes among `first` and those beside it; where there is none, a new one in
    /// front of them, and true.
    fn child(&mut self, written: &[u8], first: u32, form: Form) -> Option<(u32, bool)> {
        let (mut found, mut beside) = (first, 0);
        while found != NONE {
            let known = &self.forms[found as usize];
            if known.head[..known.length as usize] == *written && known.quote == form.quote {
                return Some((found, false));
            }
            beside += 1;
            found = known.beside;
        }
        self.full |= self.forms.len() >= MOST;
        if beside >= MOST_BESIDE || self.full {
            return None;
        }
        let mut head = [0; WINDOW];
        head[..written.len()].copy_from_slice(written);
        let bits = (u64::MAX >> (64 - written.len())) as u32;
        self.forms.push(Form { head, bits, length: written.len() as u32, beside: first, ..form });
        Some((self.forms.len() as u32 - 1, true))
    }
}
