//! What the documentation shows is what happens: its commands are run and their output compared.
//!
//! On a page, "Save this as `NAME`:" before a code block makes that file, and "change `OLD` to
//! `NEW` in `NAME`" edits it. A block of ```` ```console ```` is run: lines after `$ ` are commands,
//! the lines below are all they print. A line or its end may be left out with `…`. Figures that
//! differ from run to run (durations, rates, memory, times, names of machines) may differ.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use rusqlite::types::Value;
use tempfile::TempDir;

/// A folder in which a page is followed.
struct Reader {
    folder: TempDir,
    /// Exit status of the last command.
    status: i32,
}

impl Reader {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), status: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn save(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn change(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(old), "{name} has no {old}");
        self.save(name, &text.replace(old, new));
    }

    /// Runs a command and returns all that it prints, stdout before stderr.
    fn run(&mut self, command: &str) -> String {
        let mut words = words(command);
        let assignments = words.iter().take_while(|word| word.contains('=')).count();
        let environment: Vec<String> = words.drain(..assignments).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["xmlshred", arguments @ .., ">", file] => {
                let (stdout, stderr) = self.xmlshred(&environment, arguments);
                self.save(file, &stdout);
                stderr
            }
            ["echo", "$?"] => format!("{}\n", self.status),
            ["sqlite3", file, query] => query_rows(&self.path(file), query),
            ["xmlshred", arguments @ ..] | ["cargo", "run", "--release", "--", arguments @ ..] => {
                let (stdout, stderr) = self.xmlshred(&environment, arguments);
                stdout + &stderr
            }
            _ => panic!("the documentation runs `{command}`, which this test cannot"),
        }
    }

    /// What it writes to stdout, and to stderr.
    fn xmlshred(&mut self, environment: &[String], arguments: &[&str]) -> (String, String) {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_uppercase().starts_with("XMLSHRED_") {
                command.env_remove(name);
            }
        }
        let environment = environment.iter().filter_map(|word| word.split_once('='));
        command.envs(environment).args(arguments).current_dir(self.folder.path());
        let output = command.output().unwrap();
        self.status = output.status.code().unwrap_or(-1);
        let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
        (text(output.stdout), text(output.stderr))
    }
}

/// As sqlite3 prints them: columns between `|`.
fn query_rows(file: &Path, query: &str) -> String {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let texts = (0..columns).map(|i| Ok(shown(row.get(i)?)));
        Ok(texts.collect::<rusqlite::Result<Vec<String>>>()?.join("|") + "\n")
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn shown(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// The words of a command; double quotes keep blanks.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in command.split('"').enumerate() {
        match i % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// A code block of a page.
struct Block<'p> {
    /// What the prose before it says, in one line.
    prose: String,
    language: &'p str,
    text: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut prose = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            prose = format!("{prose} {}", line.trim());
            continue;
        };
        let text = lines.by_ref().take_while(|line| *line != "```");
        let text = text.map(|line| format!("{line}\n")).collect();
        blocks.push(Block { prose: std::mem::take(&mut prose), language, text });
    }
    blocks
}

/// Follows a page; returns where its transcripts differ from what happened.
fn follow(page: &str) -> Vec<String> {
    let mut reader = Reader::new();
    let mut differences = Vec::new();
    for block in blocks(page) {
        for (old, new, name) in changes(&block.prose) {
            reader.change(name, old, new);
        }
        if let Some(name) = saved_as(&block.prose) {
            reader.save(name, &block.text);
        }
        if block.language.split(' ').next() == Some("console") {
            let happened = transcript(&mut reader, &block.text);
            if !agree(&block.text, &happened) {
                differences.push(format!("shown:\n{}\nhappened:\n{happened}", block.text));
            }
        }
    }
    differences
}

/// The block's commands, each with what it really prints.
fn transcript(reader: &mut Reader, block: &str) -> String {
    let commands = block.lines().filter_map(|line| line.strip_prefix("$ "));
    commands.map(|command| format!("$ {command}\n{}", reader.run(command))).collect()
}

/// The name in "Save this as `NAME`:", where the prose ends with it.
fn saved_as(prose: &str) -> Option<&str> {
    let (_, rest) = prose.rsplit_once("Save this as `")?;
    rest.trim_end().strip_suffix("`:")
}

/// Each "change `OLD` to `NEW` in `NAME`".
fn changes(prose: &str) -> Vec<(&str, &str, &str)> {
    let quoted = |text: &'_ str| text.find('`').map(|end| (end, end + 1));
    let mut changes = Vec::new();
    let mut rest = prose;
    while let Some((_, after)) = rest.split_once("change `") {
        rest = after;
        let Some((end, next)) = quoted(after) else { continue };
        let Some(to) = after[next..].strip_prefix(" to `") else { continue };
        let Some((to_end, to_next)) = quoted(to) else { continue };
        let Some(name) = to[to_next..].strip_prefix(" in `") else { continue };
        let Some((name_end, _)) = quoted(name) else { continue };
        changes.push((&after[..end], &to[..to_end], &name[..name_end]));
    }
    changes
}

fn agree(shown: &str, happened: &str) -> bool {
    let (shown, happened) = (steady(shown), steady(happened));
    let mut happened = happened.lines().peekable();
    let mut shown = shown.lines().peekable();
    while let Some(line) = shown.next() {
        if line == "…" {
            let next = shown.peek().copied();
            let is_next = |real: &&str| next.is_some_and(|next| is_shown(real, next));
            while happened.next_if(|real| !is_next(real)).is_some() {}
            continue;
        }
        if !happened.next().is_some_and(|real| is_shown(real, line)) {
            return false;
        }
    }
    happened.next().is_none()
}

/// Whether a line is the one shown, of which the end may be left out.
fn is_shown(real: &str, shown: &str) -> bool {
    match shown.strip_suffix('…') {
        Some(beginning) => real.starts_with(beginning),
        None => real == shown,
    }
}

/// The text with one blank for many, and without what differs from run to run.
fn steady(text: &str) -> String {
    const DIFFERS: &[(&str, &str)] = &[
        (r"\d[\d,]*(\.\d+)? ((ms|s|min|h|kB|MB|GB|MB/s|applications/s)\b)", "N $2"),
        (r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d", "TIME"),
        (r"(?m)^[\w.-]+:\d+ ", "WORKER "),
        (r" +", " "),
        (r"(?m) $", ""),
    ];
    // Windows divides paths otherwise.
    let text = match cfg!(windows) {
        true => Regex::new(r"(\w)\\(\w)").unwrap().replace_all(text, "$1/$2"),
        false => text.into(),
    };
    DIFFERS.iter().fold(text.into_owned(), |text, (pattern, steady)| {
        Regex::new(pattern).unwrap().replace_all(&text, *steady).into_owned()
    })
}

/// The pages of the documentation that are followed.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.chain([root.join("README.md")]).filter(|path| path.exists()).collect()
}

#[test]
fn what_the_documentation_shows_is_what_happens() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap().replace("\r\n", "\n");
        let differences = follow(&text);
        assert!(differences.is_empty(), "{}:\n{}", page.display(), differences.join("\n"));
    }
}

#[test]
fn a_transcript_may_leave_out_what_does_not_matter() {
    let happened = "$ x\none 12 ms\ntwo\nthree\nfour abc\n";
    assert!(agree("$ x\none 7 ms\n…\nfour …\n", happened));
    assert!(agree("$ x\n…\n", happened));
    assert!(!agree("$ x\none 7 s\n…\n", happened));
    assert!(!agree("$ x\none 12 ms\ntwo\n", happened));
}
