//! The indexes that `usp_HealthCheck` misses are those that `sql/tables/` creates.

use std::collections::BTreeSet;

use regex::Regex;
use xmlshred::store::sqlserver::install::{Kind, FILES};

/// Table, index, its first column, and its second or `NULL`.
type Index = [String; 4];

#[test]
fn the_health_check_knows_every_index() {
    let created = Regex::new(
        r"INDEX (IX_\w+)\s+ON \[\$\(Schema\)\]\.\[(\w+)\] \((\w+)(?: DESC)?(?:, (\w+))?",
    );
    let created = created.expect("a pattern");
    let tables = FILES.iter().filter(|file| file.kind() == Kind::Table);
    let expected: BTreeSet<Index> = tables
        .flat_map(|file| created.captures_iter(file.text))
        .map(|found| {
            let second = found.get(4).map_or("NULL", |column| column.as_str());
            [&found[2], &found[1], &found[3], second].map(str::to_owned)
        })
        .collect();
    let listed = Regex::new(r"N'(processing_\w+)', N'(IX_\w+)', N'(\w+)', (?:N')?(\w+)'?,");
    let check = FILES.iter().find(|file| file.object() == "usp_HealthCheck").expect("it");
    let listed: BTreeSet<Index> = listed
        .expect("a pattern")
        .captures_iter(check.text)
        .map(|found| [&found[1], &found[2], &found[3], &found[4]].map(str::to_owned))
        .collect();
    assert!(expected.len() > 5, "{expected:?}");
    assert_eq!(listed, expected);
}
