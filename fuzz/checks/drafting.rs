//! Any text as a schema, a script of tables, documents to draft from, and statistics.

use std::path::Path;

use xmlshred::contract::{Contract, ParsedContract};
use xmlshred::coverage::coverage;
use xmlshred::declared::read_script;
use xmlshred::drafting::{draft, update, Options};
use xmlshred::profile::{NodeId, Profile, Profiler};
use xmlshred::schema::{Schema, SchemaFiles};

/// No text makes the reader of schemas panic, and what is drafted from one is a contract.
pub fn schema(text: &str) {
    let open = |path: &Path| Ok((path == Path::new("a.xsd")).then(|| text.to_owned()));
    let Ok(files) = SchemaFiles::read(Path::new("a.xsd"), &open) else { return };
    let Ok(schema) = Schema::new(&files) else { return };
    for root in schema.likely_roots().unwrap_or_default() {
        if let Ok((profile, root, notes)) = schema.paths(&root, &[]) {
            let options = Options { schema: Some(notes), ..Options::default() };
            contract(&profile, root, &options);
        }
    }
}

/// No text makes the reader of scripts panic, and their tables can be filled or not.
pub fn script(text: &str) {
    let mut existing = match read_script(text) {
        Ok(tables) => tables,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let Some(schema) = existing.first().map(|table| table.schema.to_lowercase()) else { return };
    existing.retain(|table| table.schema.to_lowercase() == schema);
    let document = "<order id=\"7\" placed=\"24.11.2026\"><customer name=\"Ann\" country=\"NO\"/>\
        <line no=\"1\"><sku>A</sku><qty>2</qty><price>4.50</price></line>\
        <line no=\"2\"><sku>B</sku><qty>3</qty><price>5</price></line></order>";
    let profile = profiled(&[document]);
    let options = Options { existing, ..Options::default() };
    // A script may have names that no contract has; the mistake is then told.
    let drafted = draft(&profile, profile.roots()[0], "script", &options);
    if let Err(mistakes) = Contract::parse(&drafted.toml, "fuzz.toml") {
        assert!(!mistakes.to_string().is_empty());
    }
}

/// Documents with zero bytes between them: what is drafted from them is a contract.
pub fn documents(text: &str) {
    let documents: Vec<&str> = text.split('\0').collect();
    let profile = profiled(&documents);
    for root in profile.roots() {
        for unpivot in [false, true] {
            contract(&profile, root, &Options { unpivot, ..Options::default() });
        }
    }
}

/// No text makes the reader of statistics panic.
pub fn statistics(text: &str) {
    let Ok(profile) = serde_json::from_str::<Profile>(text) else { return };
    let Some(profile) = profile.restored() else { return };
    for root in profile.roots() {
        draft(&profile, root, "statistics", &Options::default());
    }
}

/// What occurs in those that are well-formed.
fn profiled(documents: &[&str]) -> Profile {
    let mut whole = Profile::default();
    for (number, document) in (0..).zip(documents) {
        let mut profiler = Profiler::new(512);
        if profiler.read(document, number).is_ok() {
            whole.merge(profiler.finish());
        }
    }
    whole
}

fn contract(profile: &Profile, root: NodeId, options: &Options) {
    let drafted = draft(profile, root, "fuzz", options);
    let parsed = ParsedContract::parse(&drafted.toml, "fuzz.toml")
        .unwrap_or_else(|mistakes| panic!("drafted with mistakes:\n{mistakes}\n{}", drafted.toml));
    coverage(&parsed, profile);
    update(profile, &parsed, &drafted.toml, options);
}
