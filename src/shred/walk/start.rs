//! Start tags: which plan nodes an element matches, and where the element ends.

use super::events::Events;
use super::state::{Found, Live, Open, Run, State, Walk};
use crate::contract::plan::{Name, RootName, Uris};
use crate::outcome::FailureCategory;
use crate::reason::{known, nested, quoted, reason, Reason};
use crate::shred::fault::{Result, ShredFault};
use crate::shred::panic;
use crate::shred::scan::{name_length, Markup, StartTag};

impl<'d, 'p, E: Events> Walk<'d, 'p, '_, E> {
    /// Where the name of the tag at `at` ends.
    #[inline(always)]
    pub(super) fn tag_name(&self, at: usize) -> Result<usize> {
        let rest = &self.bytes()[at + 1..];
        let first = rest.first().copied().unwrap_or(b'>');
        if first.is_ascii() && !matches!(first, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':') {
            return Err(ShredFault::malformed(
                at,
                "a < starts a tag, and a tag's name starts with a letter: write a plain < as &lt;",
            ));
        }
        let name_end = at + 1 + name_length(rest);
        match self.bytes().get(name_end) {
            Some(b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>') | None => Ok(name_end),
            Some(_) => Err(self.name_runs_on(at, name_end)),
        }
    }

    #[cold]
    fn name_runs_on(&self, at: usize, name_end: usize) -> Box<ShredFault> {
        let name = quoted(&self.text[at + 1..name_end]);
        ShredFault::malformed(
            at,
            reason!("the tag name {} must end with white space, / or >: correct the name", name),
        )
    }

    /// A tag of which nothing is read.
    #[inline(always)]
    pub(super) fn rest_of_tag(&mut self, at: usize, name_end: usize) -> Result<StartTag> {
        match self.scanner.start_tag(name_end) {
            Some(tag) => Ok(tag),
            None => Err(never_closed(at)),
        }
    }

    /// The same, checked, with its name: mostly it has a form that is known.
    #[inline(always)]
    pub(super) fn checked_tag(&mut self, at: usize) -> Result<StartTag> {
        let (next, level) = (self.scanner.next_markup(at + 1), self.state.open.len());
        match self.state.checks.pass(self.text, at, next, level) {
            Some(tag) => Ok(tag),
            None => self.other_tag(at),
        }
    }

    #[inline(never)]
    fn other_tag(&mut self, at: usize) -> Result<StartTag> {
        let (name_end, level) = (self.tag_name(at)?, self.state.open.len());
        self.state.checks.look(self.text, at, name_end, self.limits, level);
        self.scanner.odd_start_tag(name_end).ok_or_else(|| never_closed(at))
    }

    #[inline]
    pub(super) fn read_tag(&mut self, at: usize, name_end: usize) -> Result<StartTag> {
        let State { attributes, checks, .. } = &mut *self.state;
        attributes.read(&mut checks.forms, self.text, at, name_end, self.limits)
    }

    /// The same, unless it is the tag that was read last.
    pub(super) fn read_tag_once(&mut self, at: usize, name_end: usize) -> Result<StartTag> {
        match self.state.attributes.tag {
            Some((last, tag)) if last == at => Ok(tag),
            _ => self.read_tag(at, name_end),
        }
    }

    /// Handles the start tag at `at`. Returns where it ends, or where its end tag ends.
    pub(super) fn start(&mut self, at: usize) -> Result<usize> {
        let name_end = self.tag_name(at)?;
        panic::provoke(|| (at + 1, name_end), self.text);
        let depth = self.state.open.len();
        if depth == 0 {
            self.root(at, name_end)?;
        }
        if depth >= self.limits.depth {
            return Err(self.too_deep(at));
        }
        let name = self.plan_name(at, name_end);
        let (only, several);
        let found = match self.only_candidate(name) {
            Some(candidate) => {
                only = candidate;
                only.as_slice()
            }
            None => {
                several = self.candidates(at, name_end, name)?;
                &several
            }
        };
        let end = self.start_known(at, name_end, found)?;
        if self.state.open.len() == depth {
            self.namespaces.leave(depth);
            self.state.checks.prefixes.leave(depth);
        }
        Ok(end)
    }

    /// What an element of that name may be, when at most one match is around it and no path with
    /// `//` leads to that name, as is the case nearly always; `None` otherwise.
    #[inline(always)]
    fn only_candidate(&self, name: Name<'_>) -> Option<Option<Found<'p>>> {
        if !self.plan.by_name_alone {
            return None;
        }
        let hash = name.hash();
        if self.watches && self.plan.nodes[0].descendants.entry_hashed(name, hash).is_some() {
            return None;
        }
        let first = self.state.live.last()?.matches;
        let parent = &self.state.matches[first as usize..];
        if self.state.open.last().is_some_and(|top| top.dead) {
            return Some(None);
        }
        let [parent] = parent else { return None };
        let ids = self.plan.nodes[parent.node as usize].children.entry_hashed(name, hash);
        Some(ids.map(|(_, ids)| Found { parent: first, ids }))
    }

    /// Handles a start tag whose candidates are known.
    #[inline(always)]
    fn start_known(&mut self, at: usize, name_end: usize, found: &[Found<'p>]) -> Result<usize> {
        let nodes = &self.plan.nodes;
        let reads_tag = |found: &Found| found.ids.iter().any(|id| nodes[*id].reads_tag);
        let tag = if found.iter().any(reads_tag) {
            let tag = match self.plan.namespaced {
                true => self.read_tag_once(at, name_end)?,
                false => self.read_tag(at, name_end)?,
            };
            let level = self.state.open.len();
            self.qualify_attributes(level)?;
            let State { attributes, checks, .. } = &mut *self.state;
            if self.checks {
                checks.read(self.text, at, attributes, level);
            } else if attributes.known.is_none() {
                checks.forms.learn(self.text.as_bytes(), at, name_end, &attributes.list);
            }
            tag
        } else if self.checks {
            self.checked_tag(at)?
        } else {
            self.rest_of_tag(at, name_end)?
        };
        let live = match found {
            [] => None,
            found => self.open_matches(at, tag, found)?,
        };
        let leaf = match tag.empty {
            true => Some((tag.end, tag.end)),
            false => {
                let next = self.scanner.next_markup(tag.end);
                self.leaf(Name::within(self.bytes(), at + 1, name_end), next)
            }
        };
        match (live, leaf) {
            (Some(live), Some((content_end, end))) => {
                self.close_leaf(live, content_end)?;
                Ok(end)
            }
            (None, Some((_, end))) => Ok(end),
            (live, None) => {
                self.state.open.push(Open {
                    name_start: at as u32 + 1,
                    name_end: name_end as u32,
                    dead: live.is_none(),
                });
                self.state.live.extend(live);
                Ok(tag.end)
            }
        }
    }

    /// Where the element of that name ends when the markup at `next` is the first in it, and is its
    /// end tag: there, and just past that. Most elements are so, and need no place among the open
    /// ones.
    #[inline(always)]
    pub(super) fn leaf(&self, name: Name<'_>, next: Option<usize>) -> Option<(usize, usize)> {
        let at = next?;
        match self.scanner.markup(at) {
            Markup::End => Some((at, self.scanner.end_tag(at, name)?)),
            _ => None,
        }
    }

    /// Ends an element with no content except text, up to `at`.
    #[inline(always)]
    fn close_leaf(&mut self, mut live: Live, at: usize) -> Result<()> {
        let content = live.content as usize;
        if live.wants_text && content < at {
            self.check_length(content, at)?;
            live.run = Run::Piece { start: content as u32, end: at as u32 };
        }
        self.close_live(live, at)
    }

    #[cold]
    pub(super) fn too_deep(&self, at: usize) -> Box<ShredFault> {
        let most = known(self.limits.depth);
        let found = reason!("elements are nested more than {} deep", most);
        ShredFault::limit(at, &found, "--max-depth")
    }

    pub(super) fn root(&mut self, at: usize, name_end: usize) -> Result<()> {
        if std::mem::replace(&mut self.rooted, true) {
            return Err(ShredFault::malformed(at, "a second root element: remove it"));
        }
        let name = &self.text[at + 1..name_end];
        let uri = match self.plan.namespaced {
            true => Some(self.namespace(at, name_end)?.to_owned()),
            false => None,
        };
        let local = match self.plan.strips_prefixes {
            true => name.rsplit(':').next().unwrap_or(name),
            false => name,
        };
        let is_in = |uris: &Uris| uri.as_ref().is_some_and(|uri| uris.iter().any(|u| **u == **uri));
        let is_one = |root: &RootName| *root.name == *local && root.uris.as_ref().is_none_or(is_in);
        if self.plan.roots.iter().any(is_one) {
            return Ok(());
        }
        let of_uri = match &uri {
            Some(uri) => reason!(" of {}", quoted(uri)),
            None => Reason::from(""),
        };
        let of = |uri: &str| format!(" of {uri:?}");
        let wanted = self.plan.roots.iter().map(|root| {
            let uris = root.uris.iter().flat_map(|uris| uris.iter().map(|uri| of(uri)));
            format!("{:?}{}", root.name, uris.collect::<Vec<_>>().join(" or"))
        });
        let reason = reason!(
            "the root element is {}{}, and the contract is for {}: use another contract for this \
             document, or remove it from this table",
            quoted(name),
            nested(&of_uri),
            known(wanted.collect::<Vec<_>>().join(" or "))
        );
        Err(ShredFault::new(FailureCategory::WrongDocument, reason).at(at).value(name))
    }

    /// What the element may be, as each match around it sees it.
    #[inline(never)]
    fn candidates(&mut self, at: usize, name_end: usize, name: Name<'_>) -> Result<Vec<Found<'p>>> {
        let plan = self.plan;
        let State { matches, live, open, .. } = &*self.state;
        let mut found = Vec::new();
        if !open.last().is_some_and(|top| top.dead) {
            let first = live.last().map_or(0, |live| live.matches as usize);
            for (index, parent) in matches.iter().enumerate().skip(first) {
                let node = &plan.nodes[parent.node as usize];
                let of_name = node.children.get(name).map(Vec::as_slice);
                let of_any_name = Some(node.any_children.as_slice());
                for ids in of_name.into_iter().chain(of_any_name).filter(|ids| !ids.is_empty()) {
                    found.push(Found { parent: index as u32, ids });
                }
            }
        }
        if self.watches {
            let document = &plan.nodes[0];
            let of_name = document.descendants.get(name).map(Vec::as_slice);
            let of_any_name = Some(document.any_descendants.as_slice());
            for ids in of_name.into_iter().chain(of_any_name).filter(|ids| !ids.is_empty()) {
                found.push(Found { parent: 0, ids });
            }
        }
        if plan.namespaced && !found.is_empty() {
            self.keep_namespace(at, name_end, &mut found)?;
        }
        Ok(found)
    }

    /// The name that the plan's nodes are found by.
    #[inline(always)]
    pub(super) fn plan_name(&self, at: usize, name_end: usize) -> Name<'d> {
        let start = match self.plan.strips_prefixes {
            true => {
                memchr::memrchr(b':', &self.bytes()[at + 1..name_end]).map_or(0, |colon| colon + 1)
            }
            false => 0,
        };
        Name::within(self.bytes(), at + 1 + start, name_end)
    }
}

#[cold]
fn never_closed(at: usize) -> Box<ShredFault> {
    ShredFault::malformed(at, "the start tag is never closed: end it with >")
}
