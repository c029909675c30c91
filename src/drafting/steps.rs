//! Paths of a contract to the nodes of a profile.

use super::namespaces::Namespaces;
use super::table::Table;
use crate::contract::expr::function::Function;
use crate::contract::expr::keyword::is_keyword;
use crate::profile::{NodeId, Profile};

/// From the root: `/loan/contact`. Below an element that lies inside itself, from there: `//section`.
pub(super) fn absolute(profile: &Profile, namespaces: &Namespaces, node: NodeId) -> String {
    let line = profile.line(node);
    let recursive = line.iter().rposition(|step| profile[*step].recursive > 0);
    let (begin, before) = match recursive {
        Some(at) => (at, "/"),
        None => (0, ""),
    };
    let steps = line[begin..].iter().map(|step| format!("/{}", namespaces.step(profile, *step)));
    format!("{before}{}", steps.collect::<String>())
}

/// The row path of a table: below that of the table around it which the contract has already, else
/// from the root.
pub(super) fn each(
    profile: &Profile,
    namespaces: &Namespaces,
    tables: &[Table],
    at: usize,
) -> String {
    let node = tables[at].node;
    let mut around = tables[at].parent;
    while let Some(table) = around {
        let Some(old) = &tables[table].old else {
            around = tables[table].parent;
            continue;
        };
        let line = profile.line(node);
        let below = line.iter().skip_while(|step| **step != tables[table].node).skip(1);
        let below: Vec<NodeId> = below.copied().collect();
        let recursive = below.iter().rposition(|step| profile[*step].recursive > 0);
        let steps = below[recursive.unwrap_or(0)..].iter();
        let steps: String =
            steps.map(|step| format!("/{}", namespaces.step(profile, *step))).collect();
        return match recursive {
            Some(_) => format!("/{steps}"),
            None => format!("{}{steps}", old.each),
        };
    }
    absolute(profile, namespaces, node)
}

/// From the row element: `.`, `@id`, `address/city`.
pub(super) fn relative(
    profile: &Profile,
    namespaces: &Namespaces,
    row: NodeId,
    node: NodeId,
) -> String {
    if row == node {
        return ".".to_owned();
    }
    let line = profile.line(node);
    let below = line.iter().position(|step| *step == row).expect("it is below its row") + 1;
    let steps: Vec<String> =
        line[below..].iter().map(|step| namespaces.step(profile, *step)).collect();
    let first = &steps[0];
    let is_word = is_keyword(first) || Function::from_name(first).is_some();
    format!("{}{}", if is_word { "./" } else { "" }, steps.join("/"))
}
