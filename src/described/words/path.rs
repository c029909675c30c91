//! Paths in words: what is read, then the element from the inside out.

use super::phrases::{Of, Words};
use crate::contract::expr::ast::{Origin, Path, Predicate, Read, Step, ANY_NAME};

impl Words {
    /// What a path reads.
    pub(super) fn path(self, path: &Path) -> String {
        let element = self.element(path);
        match (&path.read, element) {
            (Read::Attribute(name), None) => format!("attribute {name}"),
            (Read::Attribute(name), Some(element)) => format!("attribute {name} of {element}"),
            (Read::Text, None) => "the element's text".to_owned(),
            (Read::Text, Some(element)) => format!("the text of {element}"),
            (Read::String, None) => "all text inside the element".to_owned(),
            (Read::String, Some(element)) => format!("all text inside {element}"),
        }
    }

    /// The element that a path leads to; `None` for the row's own.
    pub(super) fn element(self, path: &Path) -> Option<String> {
        let around = match path.origin {
            Origin::Row { up: 0 } | Origin::Document | Origin::Anywhere => None,
            Origin::Row { up: 1 } => Some("the parent element".to_owned()),
            Origin::Row { up } => Some(format!("the element {up} levels above")),
        };
        let segments = segments(path);
        if segments.is_empty() {
            return around;
        }
        let inside_out: Vec<String> = segments.into_iter().rev().chain(around).collect();
        Some(format!("{}{}", self.of.word(), inside_out.join(" in ")))
    }
}

/// Steps joined up to each that has predicates.
fn segments(path: &Path) -> Vec<String> {
    let mut segments = Vec::new();
    let mut open = match path.origin {
        Origin::Row { .. } => String::new(),
        Origin::Document => "/".to_owned(),
        Origin::Anywhere => "//".to_owned(),
    };
    for step in &path.steps {
        if !open.is_empty() && !open.ends_with('/') {
            open.push('/');
        }
        open.push_str(&step.name);
        if !step.predicates.is_empty() {
            segments.push(format!("{} ({})", named(&open), predicates(step)));
            open.clear();
        }
    }
    if !open.is_empty() && !path.steps.is_empty() {
        segments.push(named(&open));
    }
    segments
}

fn named(names: &str) -> String {
    match names {
        ANY_NAME => "element of any name".to_owned(),
        _ => names.to_owned(),
    }
}

fn predicates(step: &Step) -> String {
    let all = step.predicates.iter().map(|predicate| match predicate {
        Predicate::Position(number) => format!("number {number}"),
        Predicate::Last => "the last one".to_owned(),
        Predicate::Condition(condition) => {
            format!("where {}", Words { of: Of::One }.whole(condition))
        }
    });
    all.collect::<Vec<_>>().join("; of these ")
}
