//! Modules depend downward only, without circles, and an operation has one room.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{imports, Module};
use super::{files, shown, text};

/// What each part of `src/` may use: the arrows of ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("figures", &[]),
    ("files", &[]),
    ("id", &[]),
    ("command", &["screen"]),
    ("document", &["reason"]),
    ("document_file", &["files"]),
    ("reason", &[]),
    ("screen", &[]),
    ("diagnostic", &["figures", "screen"]),
    ("value", &["diagnostic", "reason"]),
    ("outcome", &["id", "reason", "value"]),
    ("declared", &["value"]),
    ("contract", &["diagnostic", "figures", "id", "screen", "value"]),
    ("profile", &["value"]),
    ("schema", &["profile", "value"]),
    ("coverage", &["contract", "profile"]),
    (
        "drafting",
        &[
            "contract",
            "coverage",
            "declared",
            "diagnostic",
            "figures",
            "profile",
            "screen",
            "value",
        ],
    ),
    ("described", &["contract", "outcome", "value"]),
    ("shred", &["contract", "document", "figures", "id", "outcome", "reason", "value"]),
    (
        "store",
        &[
            "command", "contract", "declared", "document", "figures", "files", "id", "outcome",
            "reason", "value",
        ],
    ),
    ("split", &["document", "value"]),
    (
        "runner",
        &[
            "command", "contract", "document", "figures", "id", "outcome", "reason", "shred",
            "store",
        ],
    ),
    ("import", &["contract", "declared", "diagnostic", "figures", "value"]),
    ("settings", &["command", "diagnostic", "figures", "files", "id", "runner", "shred", "store"]),
    ("backfill", &["command", "contract", "id", "outcome", "shred", "store", "value"]),
    ("verify", &["contract", "id", "outcome", "shred", "store", "value"]),
    (
        "report",
        &[
            "command",
            "coverage",
            "described",
            "diagnostic",
            "drafting",
            "figures",
            "id",
            "outcome",
            "profile",
            "runner",
            "screen",
            "store",
            "verify",
        ],
    ),
    (
        "offline",
        &[
            "contract",
            "coverage",
            "described",
            "diagnostic",
            "document",
            "document_file",
            "figures",
            "files",
            "id",
            "outcome",
            "profile",
            "reason",
            "report",
            "screen",
            "shred",
            "value",
        ],
    ),
];

#[test]
fn modules_use_only_what_is_below_them() {
    let mut wrong = BTreeSet::new();
    for (module, used) in imports() {
        let Some(part) = module.first().filter(|part| *part != "cli") else { continue };
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| name == part)
            .unwrap_or_else(|| panic!("{part} has no line in ARROWS"));
        for target in used {
            if target[0] != *part && !allowed.contains(&target[0].as_str()) {
                wrong.insert(format!("{} uses {}", module.join("::"), target.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", Vec::from_iter(wrong).join("\n"));
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let imports = imports();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        imports.keys().map(|module| (module, reachable(module, &imports))).collect();
    let circular = |module: &&Module| reached[module].contains(module);
    let described = |module: &Module| {
        let partners = imports[module]
            .iter()
            .filter(|used| reached.get(used).is_some_and(|of_used| of_used.contains(&module)));
        let partners: Vec<String> = partners.map(|used| used.join("::")).collect();
        format!("{} uses {}", module.join("::"), partners.join(", "))
    };
    let circles: Vec<String> = imports.keys().filter(circular).map(described).collect();
    assert!(circles.is_empty(), "modules in circles:\n{}", circles.join("\n"));
}

fn reachable<'a>(
    start: &Module,
    imports: &'a BTreeMap<Module, BTreeSet<Module>>,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = imports[start].iter().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(imports.get(module).into_iter().flatten());
        }
    }
    reached
}

/// Grandparents are named from the crate, so that a file can be moved.
#[test]
fn nothing_is_named_by_two_steps_up() {
    let up = ["super::", "super::"].concat();
    let found: Vec<String> = ["src", "tests", "examples", "benches"]
        .iter()
        .flat_map(|folder| files(folder, &["rs"]))
        .filter(|path| text(path).contains(&up))
        .map(|path| shown(&path))
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

/// The rooms that both stores have.
const ROOMS: [&str; 9] =
    ["claim", "complete", "enqueue", "redrive", "inspect", "session", "target", "install", "purge"];

#[test]
fn both_stores_have_the_same_rooms() {
    for store in ["sqlserver", "sqlite"] {
        for room in ROOMS {
            let folder = super::root().join("src/store").join(store);
            let found = folder.join(room).is_dir() || folder.join(format!("{room}.rs")).is_file();
            assert!(found, "src/store/{store} has no room {room}");
        }
    }
}

/// `usp_ReleaseClaim`, `Store::release_claim`, `release_claim.sql`: one name.
#[test]
fn an_operation_has_one_name_in_three_languages() {
    let store = text(&super::root().join("src/store/mod.rs"));
    let methods = store.split("pub trait Store").nth(1).expect("the trait is in store/mod.rs");
    let methods = methods.split("\n}").next().unwrap_or(methods);
    let stems = |folder: &str| -> BTreeSet<String> {
        let stem =
            |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        files(folder, &["sql"]).into_iter().map(stem).collect()
    };
    let (procedures, statements) = (stems("sql/procs"), stems("src/store/sqlite"));
    let mut missing = Vec::new();
    for line in methods.lines() {
        let Some(method) = line.trim().strip_prefix("fn ") else { continue };
        let method = method.split('(').next().unwrap();
        if NO_FILE.contains(&method) {
            continue;
        }
        if !procedures.contains(&procedure(method)) && !ONE_STORE_ONLY.contains(&method) {
            missing.push(format!("{method}: no {}", procedure(method)));
        }
        if !statements.contains(method) {
            missing.push(format!("{method}: no {method}.sql"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// What no procedure does: the client compares the catalog, and counts in the embedded store.
const ONE_STORE_ONLY: [&str; 2] = ["compare_targets", "count_unqueued"];

/// What is generated from the contract in both stores; what a server's catalog is asked for; and what `get_contract`
/// and `compare_targets` answer without a call.
const NO_FILE: [&str; 4] =
    ["read_rows", "masked_columns", "opened_with_contract", "opened_with_targets"];

/// `usp_ReleaseClaim` of `release_claim`.
fn procedure(method: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    format!("usp_{}", method.split('_').map(capital).collect::<String>())
}
