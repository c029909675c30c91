//! The documentation leads somewhere.

mod claims;
mod contract;
#[cfg(all(feature = "embedded", feature = "sqlserver"))]
mod exit_statuses;
mod findings;
mod followed;
#[cfg(feature = "sqlserver")]
mod powershell;
mod proofs;
mod tables;
#[cfg(feature = "embedded")]
mod transcripts;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every Markdown file of the repository.
fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a folder entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let generated = name.starts_with('.') || name == "target" || name == "corpus";
        match (path.is_dir(), path.extension()) {
            (true, _) if !generated => files.extend(markdown_files(&path)),
            (false, Some(extension)) if extension == "md" => files.push(path),
            _ => {}
        }
    }
    files
}

/// The lines outside code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// Targets of `[text](target)`.
fn links(text: &str) -> Vec<String> {
    prose(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// The anchors that a page's headings give: lower case, blanks to hyphens, punctuation dropped.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// What is wrong with a link from `page`, if anything.
fn broken(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => page.to_path_buf(),
        _ => page.parent().unwrap_or(Path::new("")).join(file),
    };
    if !path.exists() {
        return Some(format!("{}: {target} does not exist", page.display()));
    }
    if anchor.is_empty() {
        return None;
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    (!anchors(&there).contains(anchor))
        .then(|| format!("{}: no heading for {target}", page.display()))
}

#[test]
fn every_link_to_a_file_or_a_heading_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for page in markdown_files(root) {
        let text = fs::read_to_string(&page).expect("UTF-8 text");
        wrong.extend(links(&text).iter().filter_map(|target| broken(&page, target)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
