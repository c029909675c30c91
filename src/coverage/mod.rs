//! What does a contract leave out of documents?

mod findings;
mod follow;
mod found;
mod reader;
mod readings;

use std::cmp::Reverse;

pub use findings::{Absent, Repeated, Skipped};
pub use found::{found, Found, PlainColumn};
pub use reader::{Part, Reader};

use self::follow::Follower;
use self::readings::Readings;
use crate::contract::ParsedContract;
use crate::profile::{Node, NodeId, Profile};

/// What a contract reads of the paths of documents.
#[derive(Debug, Default)]
pub struct Coverage {
    /// Documents that the contract is for.
    pub documents: u64,
    /// Their paths, in the order in which documents have them.
    pub paths: Vec<PathCoverage>,
    /// What the contract reads and no document has.
    pub absent: Vec<Absent>,
    /// What occurs several times where the contract reads one.
    pub repeated: Vec<Repeated>,
    /// Elements of which a text column skips the text of the elements inside.
    pub skipped: Vec<Skipped>,
    /// Root elements of documents that the contract is not for, and how many documents have them.
    pub other_roots: Vec<(String, u64)>,
    /// The path to the XML that was unwrapped in the documents.
    pub unwrapped: Option<String>,
}

/// A path of the documents.
#[derive(Debug, Clone)]
pub struct PathCoverage {
    /// From the root, with the names as the contract writes them.
    pub path: String,
    /// How often it occurs.
    pub count: u64,
    /// Documents that have it.
    pub documents: u64,
    /// How many of its values are not blank.
    pub values: u64,
    /// The first of them, shortened.
    pub example: Option<String>,
    /// What reads it.
    pub readers: Vec<Reader>,
}

/// Whether a contract reads a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its value is read.
    Read,
    /// Only its presence is asked.
    Presence,
    /// It has values, and nothing reads them.
    Unread,
    /// It has none.
    NoValue,
}

/// How many paths with a value are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Those that are.
    pub read: u64,
    /// All of them.
    pub of: u64,
}

impl PathCoverage {
    /// Whether the contract reads it.
    pub fn state(&self) -> State {
        if self.values == 0 {
            State::NoValue
        } else if self.readers.iter().any(|reader| reader.value) {
            State::Read
        } else if self.readers.is_empty() {
            State::Unread
        } else {
            State::Presence
        }
    }
}

impl State {
    /// Its name, which does not change.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Presence => "presence",
            Self::Unread => "unread",
            Self::NoValue => "no_value",
        }
    }
}

impl Coverage {
    /// The paths whose values are not read, the most frequent first.
    pub fn unread(&self) -> Vec<&PathCoverage> {
        let is_unread =
            |path: &&PathCoverage| matches!(path.state(), State::Unread | State::Presence);
        let mut unread: Vec<_> = self.paths.iter().filter(is_unread).collect();
        unread.sort_by_key(|path| Reverse(path.count));
        unread
    }

    /// How many of the paths with a value are read.
    pub fn share(&self) -> Share {
        let count = |is_it: fn(State) -> bool| {
            self.paths.iter().filter(|path| is_it(path.state())).count() as u64
        };
        Share {
            read: count(|state| state == State::Read),
            of: count(|state| state != State::NoValue),
        }
    }

    /// Documents that the contract refuses for their root element.
    pub fn refused(&self) -> u64 {
        self.other_roots.iter().map(|(_, documents)| documents).sum()
    }
}

impl Share {
    /// The percentage, rounded down to a tenth; all of nothing is 100.
    pub fn percent(self) -> f64 {
        let per_mille = (self.read * 1000).checked_div(self.of).unwrap_or(1000);
        per_mille as f64 / 10.0
    }

    /// Whether it is below so many percent.
    pub fn is_below(self, percent: f64) -> bool {
        percent * self.of as f64 > (self.read * 100) as f64
    }
}

/// What the contract reads of the documents of a profile.
pub fn coverage(parsed: &ParsedContract, profile: &Profile) -> Coverage {
    let model = parsed.model();
    let follower = Follower::new(&model.document, parsed.written_names(), profile);
    let mut readings = Readings::new(&follower, &model.keys);
    readings.read(model);
    let path = |id: NodeId| path(&follower, profile, id, readings.readers(id));
    let other = profile.roots().into_iter().filter(|root| !follower.roots().contains(root));
    Coverage {
        documents: follower.roots().iter().map(|root| profile[*root].documents).sum(),
        paths: follower.all().into_iter().map(path).collect(),
        skipped: readings.skipped(model),
        other_roots: other
            .map(|root| (profile[root].name.written(), profile[root].documents))
            .collect(),
        unwrapped: model.document.unwrap.as_ref().map(|path| path.to_string()),
        absent: readings.absent,
        repeated: readings.repeated,
    }
}

fn path(
    follower: &Follower<'_>,
    profile: &Profile,
    id: NodeId,
    readers: Vec<Reader>,
) -> PathCoverage {
    let node = &profile[id];
    PathCoverage {
        path: follower.path(id),
        count: node.count,
        documents: node.documents,
        values: node.values.count(),
        example: example(node),
        readers,
    }
}

/// The first value that is not blank.
fn example(node: &Node) -> Option<String> {
    let examples = node.values.shapes.iter().flat_map(|seen| &seen.examples);
    examples.min_by_key(|example| (example.document, example.line)).map(|first| first.text.clone())
}
