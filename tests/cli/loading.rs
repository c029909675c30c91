//! Loading is all or nothing, however it ends: the same command again gives each document once.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use rusqlite::Connection;

use super::notes::CONTRACT;
use super::workbench::{Said, Workbench};

/// Documents in the folder `docs`.
const DOCUMENTS: i64 = 9;

/// Where a load stays or dies: so many documents are added.
const AMID: i64 = 4;

/// A folder with documents and no store. Those before the place where a load is disturbed are
/// large, so that one that commits now and then would have done so.
fn folder() -> Workbench {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\n");
    for n in 1..=DOCUMENTS {
        let padding = " ".repeat(if n < AMID { 3 << 20 } else { 0 });
        bench.write(&format!("docs/{n}.xml"), note(n) + &padding);
    }
    bench
}

/// The same with a store that has one document, application 100.
fn with_a_store() -> Workbench {
    let bench = folder();
    bench.write("100.xml", "<note title='100'/>");
    assert_eq!(bench.run("load 100.xml --app-id-from digits").status, 0);
    bench
}

/// Either of them, and what is in its store.
fn new_and_existing() -> [(Workbench, Vec<(i64, String)>); 2] {
    [(folder(), vec![]), (with_a_store(), vec![(100, note(100))])]
}

fn note(title: i64) -> String {
    format!("<note title='{title}'/>")
}

/// What the store has; nothing where there is no store.
fn stored(bench: &Workbench) -> Vec<(i64, String)> {
    let path = bench.path().join("work.db");
    if !path.exists() {
        return vec![];
    }
    let store = Connection::open(path).unwrap();
    let mut select = store
        .prepare("SELECT app_id, rtrim(CAST(xml AS TEXT)) FROM app_xml ORDER BY app_id")
        .unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Whether the folder is as it was before a load, except for what a killed one may leave.
fn no_store_appeared(bench: &Workbench) -> bool {
    !bench.path().join("work.db").exists()
}

/// Loads once more, undisturbed, and looks that each document is there once beside the others.
fn assert_again_gives_each_once(bench: &Workbench, before: &[(i64, String)]) {
    assert_eq!(stored(bench), before, "something was loaded");
    assert_eq!(bench.run("load docs --app-id-from digits").status, 0);
    let mut expected: Vec<_> = (1..=DOCUMENTS).map(|n| (n, note(n))).collect();
    expected.extend_from_slice(before);
    assert_eq!(stored(bench), expected);
}

/// A load that stays where it is once it has added some documents.
struct Stayed {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Stayed {
    fn start(bench: &Workbench, arguments: &str) -> Self {
        let mut stayed = Self::begin(bench, arguments);
        stayed.hear("waiting at amid_load");
        stayed
    }

    /// One that is not there yet.
    fn begin(bench: &Workbench, arguments: &str) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
            .arg("load")
            .args(arguments.split_whitespace())
            .env("XMLSHRED_FAILPOINT", format!("amid_load:{AMID}:wait"))
            .current_dir(bench.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    /// Reads what it says until it says this.
    fn hear(&mut self, awaited: &str) {
        let mut line = String::new();
        while !line.contains(awaited) {
            line.clear();
            assert_ne!(self.stderr.read_line(&mut line).unwrap(), 0, "it never said {awaited}");
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: libc::c_int) {
        // SAFETY: a signal to a process that this test started and has not waited for.
        unsafe { libc::kill(self.child.id() as libc::pid_t, signal) };
    }

    /// Lets it go on to its end.
    fn go_on(mut self) -> Said {
        drop(self.child.stdin.take());
        let mut said = Said { status: -1, stdout: String::new(), stderr: String::new() };
        self.stderr.read_to_string(&mut said.stderr).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut said.stdout).unwrap();
        said.status = self.child.wait().unwrap().code().unwrap_or(-1);
        said
    }
}

impl Drop for Stayed {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_killed_load_has_loaded_nothing() {
    for (bench, before) in new_and_existing() {
        let mut load = bench.command("load docs --app-id-from digits");
        let said = Said::of(load.env("XMLSHRED_FAILPOINT", format!("amid_load:{AMID}")));
        assert_ne!(said.status, 0, "{said:?}");
        assert_eq!(no_store_appeared(&bench), before.is_empty());
        assert_again_gives_each_once(&bench, &before);
    }
}

#[test]
fn after_a_kill_in_the_middle_loading_twice_gives_each_once() {
    for (bench, before) in new_and_existing() {
        let mut load = Stayed::start(&bench, "docs");
        load.child.kill().unwrap();
        load.child.wait().unwrap();
        assert_eq!(stored(&bench), before);
        assert_eq!(bench.run("load docs").status, 0);
        let said = bench.run("load docs");
        assert!(said.stdout.starts_with("9 documents: 0 loaded, 9 already loaded"), "{said:?}");
        let mut expected: Vec<_> = (1..=DOCUMENTS).map(note).collect();
        expected.extend(before.into_iter().map(|(_, note)| note));
        expected.sort();
        assert_eq!(titles(&bench), expected);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_load_has_loaded_nothing_and_says_so() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        for (bench, before) in new_and_existing() {
            let files = bench.files();
            let mut load = Stayed::start(&bench, "docs --app-id-from digits");
            load.signal(signal);
            load.hear("stopping; a second signal stops at once");
            let said = load.go_on();
            assert_eq!((said.status, said.stdout.as_str()), (130, ""), "{said:?}");
            assert!(said.stderr.contains("; nothing was loaded\nhint: "), "{said:?}");
            assert_eq!(bench.files(), files);
            assert_again_gives_each_once(&bench, &before);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_second_signal_does_not_wait_and_has_loaded_nothing_either() {
    for (bench, before) in new_and_existing() {
        let mut load = Stayed::start(&bench, "docs --app-id-from digits");
        load.signal(libc::SIGINT);
        load.hear("stopping; a second signal stops at once");
        load.signal(libc::SIGINT);
        assert_eq!(load.child.wait().unwrap().code(), Some(130));
        assert_again_gives_each_once(&bench, &before);
    }
}

#[cfg(unix)]
#[test]
fn a_load_that_waits_for_another_one_says_so_and_can_be_interrupted() {
    let bench = with_a_store();
    let first = Stayed::start(&bench, "docs --app-id-from digits");
    let mut second = Stayed::begin(&bench, "docs");
    second.hear("waiting for the store: another process is writing to it");
    second.signal(libc::SIGINT);
    let said = second.go_on();
    assert_eq!(said.status, 130, "{said:?}");
    assert!(said.stderr.contains("; nothing was loaded\nhint: "), "{said:?}");
    assert_eq!(first.go_on().status, 0);
    assert_eq!(stored(&bench).len() as i64, DOCUMENTS + 1);
}

#[test]
fn a_file_that_goes_meanwhile_is_named_and_nothing_is_loaded() {
    for (bench, before) in new_and_existing() {
        let files = bench.files();
        bench.write("docs/7.xml", note(7) + &" ".repeat(9 << 20));
        let load = Stayed::start(&bench, "docs --app-id-from digits");
        std::fs::remove_file(bench.path().join("docs/8.xml")).unwrap();
        let said = load.go_on();
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains("error: cannot read docs"), "{said:?}");
        assert!(said.stderr.contains("; nothing was loaded\nhint: "), "{said:?}");
        assert_eq!(bench.files(), files);
        bench.write("docs/8.xml", note(8));
        assert_again_gives_each_once(&bench, &before);
    }
}

#[test]
fn a_file_that_is_emptied_meanwhile_is_named_and_nothing_is_loaded() {
    let bench = with_a_store();
    bench.write("docs/7.xml", note(7) + &" ".repeat(9 << 20));
    let load = Stayed::start(&bench, "docs --app-id-from digits");
    bench.write("docs/8.xml", "");
    let said = load.go_on();
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("8.xml is empty"), "{said:?}");
    bench.write("docs/8.xml", note(8));
    assert_again_gives_each_once(&bench, &[(100, note(100))]);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_nothing_is_loaded() {
    for (bench, before) in new_and_existing() {
        for n in 1..=4 {
            bench.write(
                &format!("large/{n}.xml"),
                format!("<note title='{}'/>", "x".repeat(1 << 20)),
            );
        }
        let files = bench.files();
        // Files may have 2 MB; writing more is an error, not the end of the process.
        let program = assert_cmd::cargo::cargo_bin!("xmlshred").display();
        let script = format!("trap '' XFSZ; ulimit -f 4096; exec '{program}' load large");
        let mut shell = assert_cmd::Command::new("sh");
        let said = Said::of(shell.args(["-c", &script]).current_dir(bench.path()));
        assert_eq!(said.status, 5, "{said:?}");
        assert!(said.stderr.contains("; nothing was loaded\nhint: "), "{said:?}");
        assert_eq!(bench.files(), files);
        assert_again_gives_each_once(&bench, &before);
    }
}

/// The titles of what is stored, sorted by them.
fn titles(bench: &Workbench) -> Vec<String> {
    let mut titles: Vec<_> = stored(bench).into_iter().map(|(_, note)| note).collect();
    titles.sort();
    titles
}

/// One load stays half-way, another one comes; then both end.
fn side_by_side(bench: &Workbench, second: impl FnOnce(Stayed) -> Said) {
    let before = titles(bench);
    bench.write("more/a.xml", "<note title='a'/>");
    bench.write("more/b.xml", "<note title='b'/>");
    let said = second(Stayed::start(bench, "docs"));
    assert_eq!(said.status, 0, "{said:?}");
    let mut expected: Vec<_> = (1..=DOCUMENTS).map(note).collect();
    expected.extend(["a", "b"].map(|title| format!("<note title='{title}'/>")));
    expected.extend(before);
    expected.sort();
    assert_eq!(titles(bench), expected);
}

#[test]
fn two_loads_that_both_make_the_store_load_each_document_once() {
    let bench = folder();
    side_by_side(&bench, |first| {
        let second = bench.run("load more");
        assert_eq!(second.stdout, "2 documents loaded (0.0 kB), as applications 1 to 2\n");
        let said = first.go_on();
        assert!(said.stdout.ends_with("as applications 3 to 11\n"), "{said:?}");
        said
    });
    assert_eq!(bench.files(), ["docs", "more", "work.db", "xmlshred.toml"]);
}

#[test]
fn two_loads_into_one_store_load_each_document_once() {
    let bench = with_a_store();
    side_by_side(&bench, |first| {
        std::thread::scope(|scope| {
            // It waits for the first one, or comes after it.
            let second = scope.spawn(|| bench.run("load more"));
            let said = first.go_on();
            assert!(said.stdout.ends_with("as applications 101 to 109\n"), "{said:?}");
            let second = second.join().unwrap();
            assert!(second.stdout.ends_with("as applications 110 to 111\n"), "{second:?}");
            said
        })
    });
}

#[test]
fn a_folder_is_loaded_in_the_order_of_the_numbers_in_its_names() {
    let bench = folder();
    for n in [10, 11, 100] {
        bench.write(&format!("docs/{n}.xml"), note(n));
    }
    assert_eq!(bench.run("load docs").status, 0);
    let expected = (1..).zip((1..=11).chain([100]).map(note));
    assert!(stored(&bench).into_iter().eq(expected), "{:?}", stored(&bench));
}

#[test]
fn names_sort_as_people_count() {
    let bench = Workbench::new();
    let sorted = [
        "7.xml",
        "070.xml",
        "b.xml",
        "b1.xml",
        "b1-2.xml",
        "b1-10.xml",
        "b2.xml",
        "b10.xml",
        "b99999999999999999999.xml",
        "b100000000000000000000.xml",
        "c.xml",
    ];
    sorted.iter().for_each(|name| drop(bench.write(&format!("docs/{name}"), "<note/>")));
    bench.write("contract.toml", CONTRACT);
    let said = bench.run("map docs --contract contract.toml --app-id-from order");
    let name = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["file"].as_str().unwrap().replace('\\', "/").replace("docs/", "")
    };
    assert_eq!(said.stdout.lines().map(name).collect::<Vec<_>>(), sorted, "{said:?}");
}

#[test]
fn ids_that_would_exceed_the_largest_are_refused() {
    let bench = folder();
    bench.write("9223372036854775804.xml", "<note/>");
    let said = bench.run("load 9223372036854775804.xml --app-id-from digits");
    assert_eq!(said.status, 0, "{said:?}");
    insta::assert_snapshot!(bench.run("load docs").transcript());
    assert_eq!(stored(&bench).len(), 1);
}

#[test]
fn a_number_too_large_for_an_id_is_called_so() {
    let bench = folder();
    bench.write("docs/99999999999999999999.xml", "<note/>");
    let said = bench.run("load docs --app-id-from digits");
    insta::assert_snapshot!(said.transcript().replace('\\', "/"));
    assert!(no_store_appeared(&bench));
}

#[test]
fn replacing_needs_ids_from_the_names() {
    let bench = with_a_store();
    insta::assert_snapshot!(bench.run("load docs --replace").transcript());
    assert_eq!(stored(&bench).len(), 1);
}

#[test]
fn ids_with_gaps_are_not_told_as_a_row() {
    let bench = folder();
    bench.write("docs/12.xml", note(12));
    let said = bench.run("load docs/5.xml docs/12.xml --app-id-from digits");
    assert!(
        said.stdout.ends_with("2 documents loaded (0.0 kB), with ids from 5 to 12\n"),
        "{said:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_told_before_a_store_is_made() {
    use std::os::unix::fs::PermissionsExt;

    let bench = folder();
    let file = bench.path().join("docs/9.xml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&file).is_ok() {
        return; // root reads everything
    }
    let said = bench.run("load docs");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("cannot read docs/9.xml"), "{said:?}");
    assert!(no_store_appeared(&bench));
}
