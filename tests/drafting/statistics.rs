//! `contract init --stats`: a draft from what several runs have seen.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::xmlshred;

/// Orders 1 to 60, ten in a folder; one of the second folder has another form of price.
fn folders() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 1..=60 {
        let price = if number == 14 { "12,50" } else { "12.50" };
        let part = folder.path().join(format!("part{}", (number - 1) / 10));
        fs::create_dir_all(&part).expect("a folder");
        let order = format!("<order no=\"{number}\">\n<price>{price}</price>\n</order>");
        fs::write(part.join(format!("{number}.xml")), order).expect("write");
    }
    folder
}

fn parts(from: usize, to: usize) -> String {
    (from..=to).map(|part| format!(" part{part}")).collect()
}

fn without_head(contract: &str) -> &str {
    contract.split_once('\n').expect("lines").1
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

#[test]
fn several_runs_draft_what_one_would() {
    let folder = folders();
    let (_, whole, _) = xmlshred(folder.path(), &format!("contract init{}", parts(0, 5)));
    let mut last = String::new();
    for part in 0..=5 {
        let run = format!("contract init --stats seen.json part{part}");
        let (status, contract, report) = xmlshred(folder.path(), &run);
        assert_eq!(status, 0, "{report}");
        last = contract;
    }
    assert_eq!(without_head(&whole), without_head(&last));
    assert!(last.starts_with("# Drafted by `xmlshred contract init` from 60 documents in 6 runs."));
    // The outlier is of the second run, and the last one names it although it has no samples.
    let (status, contract, report) = xmlshred(folder.path(), "contract init --stats seen.json");
    assert_eq!((status, contract), (0, last), "{report}");
    let report = report.replace('\\', "/");
    assert!(report.starts_with("60 documents in 6 runs, "), "{report}");
    assert!(report.contains("  part1/14.xml:2: 12,50\n"), "{report}");
    assert!(report.contains("no samples in this run"), "{report}");
}

#[test]
fn a_document_is_counted_once() {
    let folder = folders();
    let first = format!("contract init --stats seen.json{}", parts(0, 2));
    let (_, contract, _) = xmlshred(folder.path(), &first);
    let seen = read(&folder.path().join("seen.json"));
    // The folders have grown by one.
    let (_, _, report) =
        xmlshred(folder.path(), &format!("contract init --stats seen.json{}", parts(0, 3)));
    assert!(report.contains("40 documents in 2 runs, "), "{report}");
    let known = "30 of 40 documents of this run are in the statistics already: not counted again\n\
        the draft maps 40 of 40 documents of this run\n";
    assert!(report.contains(known), "{report}");
    fs::write(folder.path().join("seen.json"), &seen).expect("write");
    let (_, again, report) = xmlshred(folder.path(), &first);
    assert!(report.contains("30 of 30 documents are in the statistics already"), "{report}");
    assert_eq!(again, contract);
}

#[test]
fn an_error_leaves_the_statistics() {
    let folder = folders();
    xmlshred(folder.path(), "contract init --stats seen.json part0");
    let seen = read(&folder.path().join("seen.json"));
    fs::write(folder.path().join("other.xml"), "<invoice/>").expect("write");
    let (status, _, report) =
        xmlshred(folder.path(), "contract init --stats seen.json other.xml part1");
    assert_eq!(status, 2, "{report}");
    assert!(report.contains("the documents have several root elements"), "{report}");
    assert_eq!(read(&folder.path().join("seen.json")), seen);
}

#[test]
fn what_is_no_statistics_is_told() {
    let folder = folders();
    let (status, _, report) = xmlshred(folder.path(), "contract init --stats seen.json");
    assert_eq!(status, 2, "{report}");
    assert!(report.contains("there are neither samples nor the statistics seen.json"), "{report}");
    xmlshred(folder.path(), "contract init --stats seen.json part0");
    let seen = read(&folder.path().join("seen.json"));
    for (broken, expected) in [
        (seen.replace("\"version\":1", "\"version\":2"), "it has version 2 of statistics"),
        (seen[..seen.len() / 2].to_owned(), "does not have the statistics of documents: EOF"),
        ("[contract]".to_owned(), "does not have the statistics of documents: "),
        (seen.replace("\"parent\":0", "\"parent\":9"), "does not have the statistics"),
    ] {
        fs::write(folder.path().join("seen.json"), &broken).expect("write");
        let (status, _, report) = xmlshred(folder.path(), "contract init --stats seen.json part1");
        assert_eq!(status, 2, "{report}");
        assert!(report.contains(expected), "{report}");
        assert_eq!(read(&folder.path().join("seen.json")), broken);
    }
}

#[test]
fn statistics_are_of_documents_that_are_read_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
    write("1.xml", "<e><p>&lt;o&gt;&lt;no&gt;7&lt;/no&gt;&lt;/o&gt;</p></e>");
    write("2.xml", "<e><p>&lt;o&gt;&lt;no&gt;8&lt;/no&gt;&lt;/o&gt;</p></e>");
    let contract = |unwrap: &str| {
        format!(
            "[contract]\nname = \"e\"\n[document]\nroot = \"e\"\n{unwrap}[[tables]]\nname = \"e\"\neach = \"/e\"\n\
             primary_key = [\"app_id\"]\napp_column = \"app_id\"\n[tables.columns]\n\
             app_id = {{ type = \"bigint\", value = \"APP_ID()\" }}\n"
        )
    };
    write("plain.toml", &contract(""));
    write("ignoring.toml", &contract("namespaces = \"ignore\"\n"));
    write("unwrap.toml", &contract("unwrap = \"/e/p\"\n"));
    let run = |call: &str| xmlshred(folder.path(), &format!("contract init {call} --stats s.json"));
    let (status, contract, report) = run("--update unwrap.toml 1.xml");
    assert_eq!(status, 0, "{report}");
    assert!(contract.contains("p/o/no"), "{contract}");
    let seen = read(&folder.path().join("s.json"));
    for call in ["2.xml", "--update plain.toml 2.xml", "--update ignoring.toml"] {
        let (status, _, report) = run(call);
        assert_eq!(status, 2, "{call}: {report}");
        let expected = "error: the statistics s.json are of documents in which /e/p is unwrapped, and this run \
            reads documents in which nothing is unwrapped\nhint: name another file with --stats";
        assert!(report.contains(expected), "{call}: {report}");
        assert_eq!(read(&folder.path().join("s.json")), seen);
    }
    let (status, _, report) = run("--update unwrap.toml 2.xml");
    assert_eq!(status, 0, "{report}");
    // How names are written in the contract does not change what was seen.
    fs::remove_file(folder.path().join("s.json")).expect("remove");
    assert_eq!(run("--update plain.toml 1.xml").0, 0);
    assert_eq!(run("--update ignoring.toml 2.xml").0, 0);
    assert_eq!(run("2.xml").0, 0);
}

#[test]
fn statistics_without_documents_draft_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let xsd = super::schema("<xs:element name='r'><xs:complexType><xs:attribute name='x' type='xs:int'/></xs:complexType></xs:element>");
    fs::write(folder.path().join("a.xsd"), xsd).expect("write");
    let run = |call: &str| xmlshred(folder.path(), &format!("contract init {call}--stats s.json"));
    let (status, contract, report) = run("--xsd a.xsd ");
    assert_eq!(status, 0, "{report}");
    let (status, _, report) = run("");
    assert_eq!(status, 2, "{report}");
    assert!(report.contains("error: no document has been read\nhint: name samples"), "{report}");
    assert_eq!(run("--xsd a.xsd ").1, contract);
}
