//! Contracts that are drafted from documents.

mod existing;
mod few;
mod orders;
mod random;
mod rules;
mod schema_files;
mod schema_random;
mod schema_rules;
mod sizes;
mod statistics;
mod updates;

use std::path::Path;
use std::process::Command;

use xmlshred::contract::Contract;
use xmlshred::drafting::{draft, Drafted, Options};
use xmlshred::profile::{Profile, Profiler};
use xmlshred::schema::{Schema, SchemaError, SchemaFiles};

/// What occurs in some documents.
fn profiled(documents: &[impl AsRef<str>]) -> Profile {
    let mut profiler = Profiler::new(512);
    for (number, document) in (0..).zip(documents) {
        profiler.read(document.as_ref(), number).expect("well-formed");
    }
    profiler.finish()
}

/// The draft for documents of one root element.
fn drafted(documents: &[impl AsRef<str>]) -> Drafted {
    drafted_with(documents, &Options::default())
}

fn drafted_with(documents: &[impl AsRef<str>], options: &Options) -> Drafted {
    let profile = profiled(documents);
    draft(&profile, profile.roots()[0], "draft", options)
}

/// A schema of these files, of which the first is the one that is named.
fn schema_files(files: &[(&str, &str)]) -> Result<SchemaFiles, Box<SchemaError>> {
    let open = |path: &Path| {
        let found = files.iter().find(|(name, _)| path == Path::new(name));
        Ok(found.map(|(_, text)| (*text).to_owned()))
    };
    SchemaFiles::read(Path::new(files[0].0), &open)
}

/// `xs:schema` around its content.
fn schema(content: &str) -> String {
    format!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{content}</xs:schema>")
}

/// The draft for a schema, and documents if there are any.
fn drafted_from(
    files: &[(&str, &str)],
    documents: &[impl AsRef<str>],
    options: &Options,
) -> Result<Drafted, Box<SchemaError>> {
    let files = schema_files(files)?;
    let schema = Schema::new(&files)?;
    let (profile, root, notes) = match documents {
        [] => schema.paths(&schema.likely_roots()?[0], &options.skip)?,
        some => {
            let mut profile = profiled(some);
            let root = profile.roots()[0];
            let notes = schema.describe(&mut profile, root, &options.skip)?;
            (profile, root, notes)
        }
    };
    let options = Options { schema: Some(notes), ..options.clone() };
    let drafted = draft(&profile, root, "draft", &options);
    let (_, warnings) = Contract::parse(&drafted.toml, "draft.toml")
        .unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", drafted.toml));
    assert_eq!(warnings.counts(), "no errors", "{warnings}\n{}", drafted.toml);
    Ok(drafted)
}

/// Exit status, stdout and stderr of a command.
fn xmlshred(folder: &Path, arguments: &str) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xmlshred"))
        .current_dir(folder)
        .env_clear()
        .args(arguments.split(' '))
        .output()
        .expect("start");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}
