//! The elements around the records, and what a record has of them.

use super::tag;

/// What is inherited, besides declarations of namespaces.
const INHERITED: [&[u8]; 3] = [b"xml:lang", b"xml:space", b"xml:base"];

/// The open elements around the records.
#[derive(Default)]
pub struct Envelope {
    /// Their start tags.
    tags: Vec<Vec<u8>>,
    /// What records inherit: names, and values in their quotes; of each name the innermost.
    inherited: Vec<(Vec<u8>, Vec<u8>)>,
    /// Their end tags.
    end: Vec<u8>,
}

impl Envelope {
    pub fn depth(&self) -> usize {
        self.tags.len()
    }

    /// An element begins.
    ///
    /// # Errors
    /// An attribute is not one.
    pub fn enter(&mut self, start_tag: &[u8]) -> Result<(), String> {
        if tag::attributes(start_tag).any(|attribute| attribute.is_none()) {
            let name = String::from_utf8_lossy(tag::name(start_tag, 1)).into_owned();
            return Err(format!(
                "the start tag of <{name}> has something that is not an attribute"
            ));
        }
        self.tags.push(start_tag.to_owned());
        self.changed();
        Ok(())
    }

    /// The innermost element ends.
    pub fn leave(&mut self) {
        self.tags.pop();
        self.changed();
    }

    fn changed(&mut self) {
        self.inherited.clear();
        self.end.clear();
        for start_tag in self.tags.iter().rev() {
            let inherited = tag::attributes(start_tag).flatten().filter(|(name, _)| {
                *name == b"xmlns" || name.starts_with(b"xmlns:") || INHERITED.contains(name)
            });
            for (name, value) in inherited {
                if self.inherited.iter().all(|(known, _)| known != name) {
                    self.inherited.push((name.to_owned(), value.to_owned()));
                }
            }
            self.end.extend([b"</", tag::name(start_tag, 1), b">"].concat());
        }
        // Without a declaration there is no default namespace either.
        self.inherited.retain(|(name, value)| !(name == b"xmlns" && value.len() == 2));
    }

    /// The record with what it inherits.
    pub fn inherit(&self, record: &[u8]) -> Vec<u8> {
        if self.inherited.is_empty() {
            return record.to_owned();
        }
        let tag_end = tag::past_tag(record).unwrap_or(record.len());
        let own: Vec<&[u8]> =
            tag::attributes(&record[..tag_end]).flatten().map(|(name, _)| name).collect();
        let (start, rest) = record.split_at(1 + tag::name(record, 1).len());
        let mut document = start.to_owned();
        for (name, value) in self.inherited.iter().filter(|(name, _)| !own.contains(&&name[..])) {
            document.extend([b" ", &name[..], b"=", value].concat());
        }
        document.extend_from_slice(rest);
        document
    }

    /// The record inside the elements that it is in.
    pub fn wrap(&self, record: &[u8]) -> Vec<u8> {
        [&self.tags.concat(), record, &self.end].concat()
    }
}
