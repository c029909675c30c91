//! Where the parts of a contract lead in documents.

use std::collections::HashMap;

use super::follow::Follower;
use super::reader::Reader;
use super::readings::Readings;
use crate::contract::expr::ast::{ExprKind, Path, Read};
use crate::contract::model::TableRule;
use crate::contract::ParsedContract;
use crate::profile::{NodeId, Profile};

/// Where the parts of a contract lead.
#[derive(Debug)]
pub struct Found {
    /// The root elements of the documents that the contract is for.
    pub roots: Vec<NodeId>,
    /// The row elements of each `[[tables]]`.
    pub rows: Vec<Vec<NodeId>>,
    /// What reads a node.
    pub readers: HashMap<NodeId, Vec<Reader>>,
    /// Columns whose value is a path and nothing else.
    pub plain: Vec<PlainColumn>,
}

/// A column whose value is a path and nothing else.
#[derive(Debug)]
pub struct PlainColumn {
    /// Its `[[tables]]`.
    pub table: usize,
    /// Its place in that.
    pub column: usize,
    /// The path, as the contract writes it.
    pub path: String,
    /// The nodes whose values it reads.
    pub nodes: Vec<NodeId>,
}

/// Where the parts of a contract lead in the documents of a profile.
pub fn found(parsed: &ParsedContract, profile: &Profile) -> Found {
    let model = parsed.model();
    let follower = Follower::new(&model.document, parsed.written_names(), profile);
    let mut readings = Readings::new(&follower, &model.keys);
    readings.read(model);
    let rows: Vec<Vec<NodeId>> =
        model.tables.iter().map(|table| readings.follow(&table.each, &[])).collect();
    let mut plain = Vec::new();
    for (at, table) in model.tables.iter().enumerate() {
        for (column, path) in paths(table) {
            let elements = readings.follow(path, &rows[at]);
            let nodes = match &path.read {
                Read::Text => elements,
                Read::Attribute(name) => {
                    elements.iter().flat_map(|e| follower.attributes(*e, name)).collect()
                }
                Read::String => continue,
            };
            plain.push(PlainColumn { table: at, column, path: path.to_string(), nodes });
        }
    }
    Found {
        roots: follower.roots().to_vec(),
        rows,
        readers: follower.all().into_iter().map(|node| (node, readings.readers(node))).collect(),
        plain,
    }
}

/// The columns of a table whose value is a path.
fn paths(table: &TableRule) -> impl Iterator<Item = (usize, &Path)> {
    table.columns.iter().enumerate().filter_map(|(at, column)| match &column.value.as_ref()?.kind {
        ExprKind::Path(path) => Some((at, path)),
        _ => None,
    })
}
