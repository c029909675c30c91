//! `contract docs`: the mapping from source to target, in words.

mod examples;
mod failures;
mod page;
mod random;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use xmlshred::contract::ParsedContract;
use xmlshred::described::Described;
use xmlshred::offline::constants;

/// The contracts of the repository that are files, by their names.
fn contracts() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("examples"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let text = fs::read_to_string(&path).expect("text");
                if text.contains("[contract]") {
                    found.push((path, text));
                }
            }
        }
    }
    found.sort();
    assert!(found.len() >= 8, "{}", found.len());
    found
}

fn described(text: &str) -> Described {
    match ParsedContract::parse(text, "contract.toml") {
        Ok(mut parsed) => {
            constants::examine(&mut parsed);
            Described::of(&parsed)
        }
        Err(mistakes) => panic!("{mistakes}"),
    }
}

/// A contract for documents `<r>`, with these tables.
fn contract(rest: &str) -> String {
    format!("[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n{rest}")
}

/// A contract with one table of `/r/a`, whose column `c` has this value.
fn with_value(sql_type: &str, value: &str) -> String {
    contract(&format!(
        "[[tables]]\nname = \"t\"\neach = \"/r/a\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         c = {{ type = \"{sql_type}\", value = \"{value}\" }}\n"
    ))
}

/// A folder with `contract.toml` and documents.
struct Folder(TempDir);

/// What a command printed, and its status.
struct Said {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new(contract: &str, documents: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("contract.toml"), contract).expect("write");
        for (name, document) in documents {
            fs::write(folder.path().join(name), document).expect("write");
        }
        Self(folder)
    }

    fn run(&self, arguments: &str) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_xmlshred"))
            .current_dir(self.0.path())
            .env_clear()
            .args(arguments.split(' '))
            .output()
            .expect("start");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Said {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The lines of CSV with their cells by name.
    fn lines(&self, arguments: &str) -> Vec<Line> {
        let said = self.run(format!("contract docs contract.toml --format csv {arguments}").trim());
        assert!(said.status <= 1, "{}", said.stderr);
        let mut records = records(&said.stdout).into_iter();
        let heading = records.next().expect("a heading");
        records.map(|cells| Line(heading.iter().cloned().zip(cells).collect())).collect()
    }
}

/// A line of CSV.
struct Line(Vec<(String, String)>);

impl Line {
    fn cell(&self, name: &str) -> &str {
        &self.0.iter().find(|(known, _)| known == name).expect(name).1
    }
}

/// RFC 4180.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let record = records.last_mut().expect("one");
        let cell = record.last_mut().expect("one");
        match c {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => records.push(vec![String::new()]),
            c => cell.push(c),
        }
    }
    records.pop();
    records
}
