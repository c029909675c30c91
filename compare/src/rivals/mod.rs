//! The same documents through xmlshred and through what else there is.

mod native;
mod rows;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use xmlshred::demo::generate::{application, Profile};
use xmlshred::figures::{bytes, count};

pub use native::{work, Arguments as Work};

use crate::figures::median;
use crate::process::{run_one, Usage};
use crate::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The executable that is measured
    #[arg(long, default_value = "target/release/xmlshred")]
    program: PathBuf,

    /// Python with lxml, xmltodict and flatterer, of which those are measured that are there
    #[arg(long, default_value = "python3")]
    python: PathBuf,

    /// The folder of PostgreSQL's initdb, pg_ctl and psql
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    postgresql: PathBuf,

    /// Documents of 5 to 40 KB
    #[arg(long, default_value_t = 5_000)]
    documents: usize,

    /// Rounds; the result is the median round
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

impl Arguments {
    /// The same executable beside its floor.
    pub fn floor(&self) -> crate::floor::Arguments {
        crate::floor::Arguments::of(self.program.clone())
    }

    /// As they are given on a command line.
    pub fn as_flags(&self) -> Vec<OsString> {
        let mut flags = Vec::new();
        let values: [(&str, OsString); 5] = [
            ("--program", self.program.clone().into()),
            ("--python", self.python.clone().into()),
            ("--postgresql", self.postgresql.clone().into()),
            ("--documents", self.documents.to_string().into()),
            ("--rounds", self.rounds.to_string().into()),
        ];
        for (flag, value) in values {
            flags.extend([flag.into(), value]);
        }
        flags
    }

    /// The same executable in several processes.
    pub fn scale(&self) -> crate::scale::Arguments {
        crate::scale::Arguments::of(self.program.clone())
    }

    /// The same of what stays bounded.
    pub fn bounded(&self) -> crate::bounded::Arguments {
        crate::bounded::Arguments::of(self.program.clone())
    }
}

/// One who does the work.
struct Rival {
    name: &'static str,
    /// What of the work it does.
    does: &'static str,
    command: Option<Command>,
    /// Where it leaves its rows, if it leaves any.
    database: Option<PathBuf>,
    usages: Vec<Usage>,
    is_right: Option<bool>,
}

/// The *.xml of a folder, by name.
pub(crate) fn documents(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Measures all of them, round by round, and returns the table as Markdown.
pub fn measure(arguments: &Arguments) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let inbox = folder.path().join("inbox");
    let total = write_documents(&inbox, arguments.documents)?;
    let contract = folder.path().join("contract.toml");
    std::fs::write(&contract, include_str!("../../rivals/contract.toml"))?;
    let ready = folder.path().join("ready.db");
    prepare(arguments, &inbox, &contract, &ready)?;

    let mut rivals = rivals(arguments, folder.path(), &inbox, &contract);
    let mut expected = None;
    for round in 0..arguments.rounds {
        for rival in &mut rivals {
            let Some(command) = &mut rival.command else { continue };
            if let Some(database) = &rival.database {
                remove(database)?;
            }
            if rival.name == "xmlshred run" {
                std::fs::copy(&ready, rival.database.as_ref().ok_or("a store")?)?;
            }
            match run_one(command) {
                Ok(usage) => rival.usages.push(usage),
                Err(error) => {
                    eprintln!("{}: not measured: {error}", rival.name);
                    rival.command = None;
                    continue;
                }
            }
            if let Some(database) = rival.database.as_ref().filter(|_| round == 0) {
                let found = rows::rows(database)?;
                // The first is lxml's XPath, which nobody here wrote.
                let expected = expected.get_or_insert_with(|| found.clone());
                rival.is_right = Some(*expected == found);
            }
        }
    }
    Ok(table(&rivals, arguments.documents, total))
}

/// Documents in UTF-8, because not every rival reads others. Returns their bytes.
fn write_documents(folder: &Path, documents: usize) -> Result<u64> {
    std::fs::create_dir(folder)?;
    let profile = Profile { large_per_10_000: 0, ..Profile::DEMO }.without_failures();
    let mut total = 0;
    let all = (1..).map(|app_id| (app_id, application(1, app_id, &profile)));
    let readable = all.filter(|(_, document)| std::str::from_utf8(document).is_ok());
    for (app_id, document) in readable.take(documents) {
        total += document.len() as u64;
        std::fs::write(folder.join(format!("{app_id:07}.xml")), document)?;
    }
    Ok(total)
}

fn prepare(arguments: &Arguments, inbox: &Path, contract: &Path, ready: &Path) -> Result<()> {
    let store = format!("sqlite:{}", ready.display());
    for words in [&["load", "--app-id-from", "digits"][..], &["install"], &["enqueue"]] {
        let mut command = Command::new(&arguments.program);
        command
            .arg(words[0])
            .args(&words[1..])
            .args(["--store", &store, "--contract"])
            .arg(contract);
        if words[0] == "load" {
            command.arg(inbox);
        }
        let done = command.output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
    }
    Ok(())
}

fn rivals(arguments: &Arguments, folder: &Path, inbox: &Path, contract: &Path) -> Vec<Rival> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals");
    let rival = |name, does, command, database: Option<&str>| Rival {
        name,
        does,
        command: Some(command),
        database: database.map(|name| folder.join(name)),
        usages: Vec::new(),
        is_right: None,
    };
    let script = |name: &str, database: &str| {
        let mut command = Command::new(&arguments.python);
        command.arg(scripts.join(name)).arg(inbox).arg(folder.join(database));
        command
    };
    let native = |name: &str, database: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap_or_default());
        command.args(["work", name]).arg(inbox).arg(folder.join(database));
        command
    };
    let mut run = Command::new(&arguments.program);
    let store = format!("sqlite:{}", folder.join("run.db").display());
    run.args(["run", "--quiet", "--store", &store, "--contract"]).arg(contract);
    let mut map = Command::new(&arguments.program);
    map.args(["map", "--quiet", "--format", "csv", "--out"]).arg(folder.join("csv"));
    map.arg("--contract").arg(contract).arg(inbox);
    let mut xmltable = script("xmltable.py", "xmltable.db");
    xmltable.arg(&arguments.postgresql);
    vec![
        rival(
            "the earlier system's way",
            "lxml in Python: parse twice, XPath, one INSERT a row, one commit a document",
            script("earlier.py", "earlier.db"),
            Some("earlier.db"),
        ),
        rival(
            "xmlshred run",
            "claim, shred, rows, log and events in one transaction a batch; exactly once",
            run,
            Some("run.db"),
        ),
        rival("xmlshred map", "files to CSV files, no store", map, None),
        rival(
            "quick-xml",
            "a bare loop over the events of each file; no rows",
            native("quick-xml", "none.db"),
            None,
        ),
        rival(
            "roxmltree",
            "a tree of each file, rows in batches",
            native("roxmltree", "roxmltree.db"),
            Some("roxmltree.db"),
        ),
        rival(
            "lxml iterparse",
            "Python, rows in batches",
            script("lxml_iterparse.py", "iterparse.db"),
            Some("iterparse.db"),
        ),
        rival(
            "flatterer",
            "xmltodict in Python, then flatterer in Rust; all attributes",
            script("flatterer_json.py", "flatterer.db"),
            Some("flatterer.db"),
        ),
        rival(
            "PostgreSQL XMLTABLE",
            "initdb, COPY of the documents, one INSERT … SELECT a table",
            xmltable,
            Some("xmltable.db"),
        ),
    ]
}

fn remove(database: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        if Path::new(&name).exists() {
            std::fs::remove_file(&name)?;
        }
    }
    Ok(())
}

fn table(rivals: &[Rival], documents: usize, total: u64) -> String {
    let mut text = format!(
        "{} documents, {}\n\n\
         | | documents/s | MB/s | processor s | peak memory | rows | what it does |\n\
         |---|--:|--:|--:|--:|---|---|\n",
        count(documents as u64),
        bytes(total)
    );
    for rival in rivals {
        if rival.usages.is_empty() {
            text += &format!("| {} | | | | | not measured | {} |\n", rival.name, rival.does);
            continue;
        }
        let of = |of: fn(&Usage) -> f64| median(rival.usages.iter().map(of).collect());
        let seconds = of(|usage| usage.seconds);
        text += &format!(
            "| {} | {} | {:.0} | {:.2} | {} | {} | {} |\n",
            rival.name,
            count((documents as f64 / seconds) as u64),
            total as f64 / 1e6 / seconds,
            of(|usage| usage.processor_seconds.unwrap_or(f64::NAN)),
            rival.usages[0].peak_bytes.map_or_else(String::new, bytes),
            match rival.is_right {
                Some(true) => "right",
                Some(false) => "wrong",
                None => "",
            },
            rival.does,
        );
    }
    text
}
