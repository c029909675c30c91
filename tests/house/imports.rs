//! Which module of `src/` uses which, read from its `use` items and paths.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::{files, shown, text};

/// A module's path below the crate, such as `["store", "sqlite", "claim"]`; the crate is `[]`.
pub type Module = Vec<String>;

/// What each module uses of the others, once re-exports are followed to where the item is.
pub fn imports() -> BTreeMap<Module, BTreeSet<Module>> {
    let sources: Sources = files("src", &["rs"])
        .into_iter()
        .filter(|path| shown(path) != "src/main.rs")
        .map(|path| (module(&shown(&path)), code(&text(&path))))
        .collect();
    let items: BTreeMap<&Module, Items> =
        sources.iter().map(|(module, code)| (module, Items::of(module, code, &sources))).collect();
    let used = |module: &Module| {
        let targets = items[module].used.iter().map(|path| owner(path, &items, 0));
        targets.filter(|target| target != module && !target.is_empty()).collect()
    };
    sources.keys().map(|module| (module.clone(), used(module))).collect()
}

type Sources = BTreeMap<Module, String>;

/// `src/store/sqlite/mod.rs` is the module `store::sqlite`.
fn module(file: &str) -> Module {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Module = path.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// The code without its tests, comments, texts and the scopes of `pub(in …)`.
fn code(text: &str) -> String {
    let code = text.split("\nmod tests {").next().unwrap_or("");
    let comments = Regex::new(r"(?m)//.*$|\(in [\w:]+\)").unwrap();
    let texts = Regex::new(r#"(?s)"(?:\\.|[^"\\])*""#).unwrap();
    texts.replace_all(&comments.replace_all(code, ""), "\"\"").into_owned()
}

/// The paths that a module names, from the crate.
struct Items {
    used: BTreeSet<Module>,
    reexported: BTreeMap<String, Module>,
}

impl Items {
    fn of(module: &Module, code: &str, sources: &Sources) -> Self {
        let mut items = Self { used: BTreeSet::new(), reexported: BTreeMap::new() };
        let uses = Regex::new(r"(pub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);").unwrap();
        for item in uses.captures_iter(code) {
            for path in expanded(&item[2]) {
                let Some(path) = absolute(module, &path, sources) else { continue };
                match item.get(1) {
                    Some(_) => drop(items.reexported.insert(path.last().unwrap().clone(), path)),
                    None => drop(items.used.insert(path)),
                }
            }
        }
        let body = uses.replace_all(code, "");
        let paths = Regex::new(r"\b\w+(?:::\w+)+").unwrap();
        for path in paths.find_iter(&body) {
            let path: Module = path.as_str().split("::").map(str::to_owned).collect();
            items.used.extend(absolute(module, &path, sources));
        }
        items
    }
}

/// The paths of a `use` tree.
fn expanded(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        let parts = path.split("::").map(|part| part.trim().to_owned());
        return vec![parts.filter(|part| part != "self" || tree.starts_with("self")).collect()];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let before: Module =
        before.split("::").map(|part| part.trim().to_owned()).filter(|p| !p.is_empty()).collect();
    let mut depth = 0;
    let parts = group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts
        .filter(|part| !part.trim().is_empty())
        .flat_map(expanded)
        .map(|path| before.iter().cloned().chain(path).collect())
        .collect()
}

/// A path from the crate, for one that is not of another crate.
fn absolute(module: &Module, path: &[String], sources: &Sources) -> Option<Module> {
    let above = path.iter().take_while(|part| *part == "super").count();
    let child = || module.iter().cloned().chain(path.first().cloned()).collect::<Module>();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module.as_slice(), &path[1..]].concat()),
        "super" => Some([&module[..module.len() - above], &path[above..]].concat()),
        _ if sources.contains_key(&child()) => Some([module.as_slice(), path].concat()),
        _ => None,
    }
}

/// The module in which the item of a path is, through re-exports.
fn owner(path: &[String], items: &BTreeMap<&Module, Items>, depth: usize) -> Module {
    let known = |length: &usize| items.contains_key(&path[..*length].to_vec());
    let length = (0..=path.len()).take_while(known).last().unwrap_or(0);
    let module = path[..length].to_vec();
    let Some(item) = path.get(length) else { return module };
    match items[&module].reexported.get(item) {
        Some(target) if depth < 8 => {
            owner(&[target.as_slice(), &path[length + 1..]].concat(), items, depth + 1)
        }
        _ => module,
    }
}
