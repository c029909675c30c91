//! Folders in folders: `--recursive`.

use super::notes::{workbench, CONTRACT};
use super::workbench::{Said, Workbench};

/// A folder `in` with documents in it and below it.
fn nested() -> Workbench {
    let bench = workbench();
    bench.write("contract.toml", CONTRACT);
    for name in [
        "in/2.xml",
        "in/10.xml",
        "in/b10/1.xml",
        "in/b2/3.xml",
        "in/b2/c/1.xml.gz",
        "in/a/1.XML",
        "in/a/read me.txt",
        "in/.hidden/1.xml",
        "in/a/._1.xml",
        "in/a.xml/1.xml",
    ] {
        bench.write(name, "<note title='x'/>");
    }
    bench
}

/// The files of the lines that `map` prints, without the folder.
fn files(said: &Said) -> Vec<String> {
    let name = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["file"].as_str().unwrap().replace('\\', "/").replacen("in/", "", 1)
    };
    said.stdout.lines().map(name).collect()
}

const ALL: [&str; 7] =
    ["2.xml", "10.xml", "a/1.XML", "a.xml/1.xml", "b2/3.xml", "b2/c/1.xml.gz", "b10/1.xml"];

#[test]
fn a_folder_is_read_with_all_below_it_in_one_order() {
    let bench = nested();
    assert_eq!(files(&bench.run("map --contract contract.toml in -r")), ALL);
    assert_eq!(files(&bench.run("map --contract contract.toml --recursive in")), ALL);
    assert_eq!(files(&bench.run("map --contract contract.toml in")), ALL[..2]);
}

#[test]
fn a_folder_of_folders_alone_names_the_flag() {
    let bench = nested();
    bench.write("years/2025/1.xml", "<note/>");
    let said = bench.run("map --contract contract.toml years");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("contains no *.xml, but 1 folder: add --recursive"), "{said:?}");
}

#[test]
fn every_command_that_reads_samples_has_the_flag() {
    let bench = nested();
    for call in [
        "contract init -r in",
        "contract check contract.toml --sample in -r",
        "contract coverage contract.toml --sample in -r",
        "contract diff contract.toml contract.toml --sample in -r",
        "contract docs contract.toml --sample in -r",
    ] {
        let said = bench.run(call);
        assert_eq!(said.status, 0, "{call}: {said:?}");
    }
    let checked = bench.run("contract check contract.toml --sample in -r");
    assert!(checked.stdout.contains("7 documents"), "{checked:?}");
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_named_and_not_followed() {
    use std::os::unix::fs::symlink;

    let bench = nested();
    symlink("..", bench.path().join("in/b2/up")).unwrap();
    symlink(bench.path().join("docs"), bench.path().join("in/other")).unwrap();
    symlink("../2.xml", bench.path().join("in/a/2.xml")).unwrap();
    let said = bench.run("map --contract contract.toml in -r");
    assert!(
        said.stderr.contains("2 links not followed, such as the folder in/b2/up\n"),
        "{said:?}"
    );
    // A link to a file is that file, which is read once.
    assert_eq!(files(&said).len(), ALL.len(), "{said:?}");
    assert!(said.stderr.contains("1 file named more than once, and read once\n"), "{said:?}");
    // A link that is named is followed.
    assert_eq!(bench.run("map --contract contract.toml in/other").status, 1);
    symlink("absent.xml", bench.path().join("in/3.xml")).unwrap();
    let said = bench.run("map --contract contract.toml in -r");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("cannot read in/3.xml"), "{said:?}");
}

#[cfg(feature = "embedded")]
#[test]
fn folders_are_loaded_with_all_below_them() {
    let bench = nested();
    let said = bench.run("load in -r --store sqlite:a.db");
    assert!(said.stdout.starts_with("7 documents loaded"), "{said:?}");
    let said = bench.run("load in -r --store sqlite:a.db");
    assert!(said.stdout.starts_with("7 documents: 0 loaded, 7 already loaded"), "{said:?}");
}
