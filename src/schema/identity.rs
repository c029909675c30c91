//! Keys that a schema declares: they become remarks on the columns that they name.

use super::follow::Follower;
use super::part::Part;
use crate::profile::{NodeId, Profile};

impl Follower<'_, '_> {
    /// Adds a remark to each path that a key, a unique constraint or a reference names.
    pub(super) fn identify(&mut self) {
        for (node, declaration) in std::mem::take(&mut self.keys) {
            for key in declaration.children() {
                if !matches!(key.element.name.as_str(), "key" | "unique" | "keyref") {
                    continue;
                }
                self.mark(node, key);
            }
        }
    }

    fn mark(&mut self, node: NodeId, key: Part<'_>) {
        let Some(selector) = key.child(&["selector"]).and_then(|part| part.get("xpath")) else {
            return;
        };
        let fields: Vec<&str> = key
            .children()
            .filter(|child| child.is("field"))
            .filter_map(|field| field.get("xpath"))
            .collect();
        let name = key.get("name").unwrap_or_default();
        let kind = match (key.element.name.as_str(), fields.len()) {
            ("keyref", _) => {
                let refers = key.get("refer").unwrap_or_default();
                format!("refers to {} (xs:keyref {name})", refers.rsplit(':').next().unwrap_or(""))
            }
            (kind, 1) => {
                format!("no two the same in {} (xs:{kind} {name})", self.profile.path(node))
            }
            (kind, _) => format!("part of xs:{kind} {name} in {}", self.profile.path(node)),
        };
        for row in select(self.profile, node, selector, key) {
            for field in &fields {
                for found in select(self.profile, row, field, key) {
                    self.profile.remark(found, kind.clone());
                }
            }
        }
    }
}

/// The nodes of a path as keys have it: `a/b|.//c`, with `@d` at the end of a field.
fn select(profile: &Profile, from: NodeId, path: &str, key: Part<'_>) -> Vec<NodeId> {
    let mut found = Vec::new();
    for path in path.split('|') {
        let path = path.trim();
        let (mut nodes, path) = match path.strip_prefix(".//") {
            Some(rest) => (profile.below(from), rest),
            None => (vec![from], path),
        };
        for step in path.split('/').map(str::trim).filter(|step| *step != ".") {
            let step = step.strip_prefix("child::").unwrap_or(step);
            let (is_attribute, step) = match step.strip_prefix('@') {
                Some(name) => (true, name),
                None => (false, step),
            };
            let (prefix, local) = step.split_once(':').unwrap_or(("", step));
            // In these paths a name without a prefix is in no namespace.
            let uri = if prefix.is_empty() { Some("") } else { key.element.uri(prefix) };
            let is_it = |child: &NodeId| {
                let child = &profile[*child];
                child.is_attribute == is_attribute
                    && (local == "*" || child.name.local == local && Some(&*child.name.uri) == uri)
            };
            nodes = nodes.iter().flat_map(|node| profile.children(*node)).filter(is_it).collect();
        }
        found.extend(nodes);
    }
    found
}
