//! `contract coverage`: what a contract leaves out of documents.

mod names;
mod report;
mod steps;

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A folder with `contract.toml` and the documents `samples/1.xml`, `samples/2.xml` and so on.
struct Folder(TempDir);

/// What a command printed, and its status.
struct Said {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Folder {
    /// `document` is what the contract says of documents.
    fn new(document: &str, tables: &str, documents: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let contract = format!("[contract]\nname = \"t\"\n[document]\n{document}\n{tables}");
        fs::write(folder.path().join("contract.toml"), contract).expect("write");
        fs::create_dir(folder.path().join("samples")).expect("a folder");
        for (number, document) in (1..).zip(documents) {
            let file = folder.path().join(format!("samples/{number}.xml"));
            fs::write(file, document).expect("write");
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
        let text = |bytes| {
            String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n").replace('\\', "/")
        };
        Said {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    fn coverage(&self) -> Found {
        let said = self.run("contract coverage contract.toml --sample samples --format json");
        assert!(said.status <= 1, "{}", said.stderr);
        Found(serde_json::from_str(&said.stdout).expect("JSON"))
    }
}

/// The JSON of a coverage.
struct Found(Value);

impl Found {
    fn texts(&self, list: &str, fields: &[&str]) -> Vec<String> {
        let one = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Object(_) => {
                let part = |field: &&str| match &value[field] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                fields.iter().map(part).collect::<Vec<_>>().join(" ")
            }
            other => other.to_string(),
        };
        self.0[list].as_array().expect("a list").iter().map(one).collect()
    }

    /// Paths with a value that nothing reads.
    fn unread(&self) -> Vec<String> {
        self.texts("unread", &[])
    }

    fn absent(&self) -> Vec<String> {
        self.texts("absent", &["path", "reader"])
    }

    fn repeated(&self) -> Vec<String> {
        self.texts("repeated", &["path", "reader", "element", "most"])
    }

    fn skipped(&self) -> Vec<String> {
        self.texts("skipped", &["path", "reader", "inside", "texts"])
    }

    /// The state of a path and what reads it: `read t.a`.
    fn path(&self, path: &str) -> String {
        let paths = self.0["paths"].as_array().expect("a list");
        let found = paths.iter().find(|found| found["path"] == path);
        let found = found.unwrap_or_else(|| panic!("no {path} in {:#}", self.0));
        let readers = found["readers"].as_array().expect("a list").iter().map(|reader| {
            let column = reader["column"].as_str().or(reader["part"].as_str()).expect("a part");
            let predicate = if reader["predicate"] == true { "[]" } else { "" };
            let presence = if reader["value"] == true { "" } else { "?" };
            format!(" {column}{predicate}{presence}")
        });
        format!("{}{}", found["state"].as_str().expect("a state"), readers.collect::<String>())
    }
}

/// One table `t` with these columns, a name and an expression each, as text.
fn table(each: &str, columns: &[(&str, &str)]) -> String {
    let mut toml = format!(
        "[[tables]]\nname = \"t\"\neach = \"{each}\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"bigint\", value = \"APP_ID()\" }}\n"
    );
    for (name, value) in columns {
        toml += &format!("{name} = {{ type = \"nvarchar(max)\", value = \"{value}\" }}\n");
    }
    toml
}
