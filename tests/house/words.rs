//! The words of the project: plain English, one word for one thing.

use regex::Regex;

use super::{files, root, shown, text};

/// What is not written, and what is written instead. A match that contains one of the last texts
/// is right English.
const WORDS: &[(&str, &str, &[&str])] = &[
    (r"\bmend(s|ed|ing)?\b", "fix, correct, repair", &[]),
    (r"\bleases? (has |have |had )?(long )?pass(es|ed)?\b", "the lease expires, has expired", &[]),
    (r"\b(goes|go|went|gone|sent|send|sends) round\b", "is retried, is requeued", &[]),
    (r"\bqueue[ds]? again\b|\bqueuing again\b", "is retried, is requeued", &[]),
    (r"\b(is|are) there twice\b", "duplicate", &[]),
    (
        r"(\bthere )?\bis no [a-z]+\b",
        "unknown, invalid, missing, is not a",
        &["there is no", "is no longer", "is no more", "is no less"],
    ),
    (
        r"\bstands?( \w+)?\b",
        "is, exists",
        &["stands for", "stand for", "stands in for", "stand in for"],
    ),
    (
        r"\b([Ww]hat|that|which|it|they|who) (is|are|was|were) (already |still )?there\b",
        "exists",
        &[],
    ),
    (r"\b([Ww]ho|what) may what\b", "permissions", &[]),
    (r"\b(is|are|was|were|be|been) told\b", "reported, logged, named", &[]),
    (r"\bbelieve[sd]?\b", "trust, read as", &[]),
    (r"\bpass(es|ed|ing) over\b", "discards, skips, ignores", &[]),
    (r"\b[Aa]way with it\b", "uninstall", &[]),
    (r"\bmade[ -]up\b|\bmakes up\b|\bmake up\b", "generated, sample", &[]),
    (r"\blone\b", "single", &[]),
    (r"\banew\b", "again", &[]),
    (r"\bbegun\b", "started", &[]),
    (r"\b([Ww]hoever|[Ww]hatever)\b", "any, the", &[]),
    (r"\b(but for|of before|as ever|as said)\b", "except, earlier, as before", &[]),
    (r"\bhigh-water\b", "watermark", &[]),
    (r"\bqueue again\b|\bqueue_again\b|\bQueueAgain\b", "redrive", &[]),
];

fn pages() -> Vec<std::path::PathBuf> {
    let folders = [
        ("src", &["rs", "sql"][..]),
        ("sql", &["sql", "md"]),
        ("agent-jobs", &["sql", "md", "sqlcmd", "ps1"]),
        ("docs", &["md", "svg"]),
        ("examples", &["rs", "md", "toml"]),
        ("tests", &["rs", "sh", "toml"]),
        ("benches", &["rs"]),
        ("fuzz", &["rs", "toml", "md"]),
        ("tools", &["sh", "cs", "md"]),
    ];
    let mut pages: Vec<_> =
        folders.iter().flat_map(|(folder, extensions)| files(folder, extensions)).collect();
    let top = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(top.filter(|path| path.extension().is_some_and(|e| e == "md" || e == "toml")));
    pages.retain(|path| shown(path) != "tests/house/words.rs");
    pages
}

#[test]
fn the_words_of_the_dialect_are_not_written() {
    let words: Vec<(Regex, &str, &[&str])> = WORDS
        .iter()
        .map(|(pattern, instead, right)| (Regex::new(pattern).unwrap(), *instead, *right))
        .collect();
    let mut found = Vec::new();
    for page in pages() {
        for (number, line) in text(&page).lines().enumerate() {
            for (pattern, instead, right) in &words {
                for hit in pattern.find_iter(line) {
                    let lower = hit.as_str().to_lowercase();
                    if !right.iter().any(|right| lower.contains(right)) {
                        let (page, line) = (shown(&page), number + 1);
                        found.push(format!("{page}:{line}: `{}`: write {instead}", hit.as_str()));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

/// Text that is stored or written into a file names a command without the flags of a call.
const PLAIN_COMMANDS: [&str; 3] =
    ["src/shred/panic.rs", "src/import/print.rs", "src/drafting/write.rs"];

/// A message names a command with `command::command`, which completes it, so that nothing has to look for
/// commands in finished text.
#[test]
fn commands_in_messages_are_built() {
    let begins = ["`xml", "shred "].concat();
    let is_built = |path: &str| path == "src/command.rs" || path == "src/cli/shown_commands.rs";
    let mut found = Vec::new();
    for path in files("src", &["rs"]) {
        let name = shown(&path);
        if is_built(&name) || PLAIN_COMMANDS.contains(&&*name) {
            continue;
        }
        let text = text(&path);
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let is_comment = |line: &str| line.trim_start().starts_with("//");
        let lines = code.lines().filter(|line| !is_comment(line) && line.contains(&begins));
        // The help at the end of `--help` is a constant, and names a command that opens no store.
        let lines = lines.filter(|line| !line.starts_with(&format!("{begins}settings` shows")));
        found.extend(lines.map(|line| format!("{name}: {line}")));
    }
    assert_eq!(found, Vec::<String>::new());
}
