//! A folder to run the executable in, and what it said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// A fresh folder; the executable runs in it with nothing of this machine's environment that it
/// would heed.
pub struct Workbench {
    dir: TempDir,
}

/// What a call said.
#[derive(Debug)]
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Workbench {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The names of what is in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Every file below the folder with what is in it.
    pub fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => drop(contents.insert(path.clone(), std::fs::read(path).unwrap())),
                }
            }
        }
        contents
    }

    /// The executable, ready for more environment or input.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_uppercase().starts_with("XMLSHRED_") {
                command.env_remove(name);
            }
        }
        for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.current_dir(self.path());
        command.args(arguments.split_whitespace());
        command
    }

    /// Runs the executable with blank-separated arguments.
    pub fn run(&self, arguments: &str) -> Said {
        Said::of(&mut self.command(arguments))
    }
}

impl Said {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Status and both streams, as a snapshot shows them.
    pub fn transcript(&self) -> String {
        let streams = [("stdout", &self.stdout), ("stderr", &self.stderr)];
        let mut transcript = format!("exit status {}\n", self.status);
        for (name, text) in streams.into_iter().filter(|(_, text)| !text.is_empty()) {
            transcript += &format!("----- {name} -----\n{text}");
        }
        transcript.replace(".exe", "")
    }
}
