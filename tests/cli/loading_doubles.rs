//! What `load` does not double in silence, and what stays when it stops.

use super::loading_records::{bench, load, note, notes, refused, rows, stored, EACH};
use super::workbench::{Said, Workbench};

fn piped(bench: &Workbench, options: &str, content: String) -> Said {
    Said::of(bench.command(&format!("load - {EACH} {options}")).write_stdin(content))
}

#[test]
fn records_that_came_from_stdin_under_other_numbers_are_asked_about() {
    let bench = bench(0);
    assert_eq!(piped(&bench, "", notes(1..=3)).status, 0);
    let said = piped(&bench, "", notes(0..=3));
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("stdin has content that came from there before"), "{said:?}");
    assert_eq!(stored(&bench).len(), 3);
    // Two equal records of what is new are two.
    let said = piped(&bench, "--copies skip", notes([0, 1, 2, 3, 9, 9]));
    assert!(said.stdout.starts_with("6 documents: 3 loaded ("), "{said:?}");
    assert_eq!(stored(&bench).len(), 6);
}

#[test]
fn records_of_a_file_from_elsewhere_are_known_under_other_numbers() {
    let bench = bench(0);
    bench.write("p/big.xml", notes(1..=3));
    bench.write("q/big.xml", notes(0..=3));
    load(&bench, &format!("p/big.xml {EACH}"));
    let said = refused(&bench, &format!("q/big.xml {EACH}"));
    assert!(said.contains("q/big.xml#2 those of p/big.xml#1"), "{said}");
    let said = load(&bench, &format!("q/big.xml {EACH} --copies skip"));
    assert!(
        said.starts_with("4 documents: 1 loaded (0.0 kB) as application 4, 3 already"),
        "{said}"
    );
}

#[test]
fn a_copy_in_the_place_of_another_file_is_asked_about() {
    let bench = bench(0);
    bench.write("u/w.xml", note(1));
    bench.write("v/w.xml", note(2));
    load(&bench, "u v");
    bench.write("u/w.xml", note(2));
    let said = refused(&bench, "u/w.xml");
    assert!(said.contains("u/w.xml has name and content of v/w.xml"), "{said}");
    assert!(load(&bench, "u/w.xml --copies skip").starts_with("1 document: 0 loaded, 1 already"));
    assert_eq!(bench.run("load u/w.xml --copies load").status, 0);
    assert_eq!(stored(&bench).len(), 3);
}

#[test]
fn a_load_once_more_is_all_or_nothing_so_that_its_repetition_doubles_nothing() {
    let bench = bench(2500);
    load(&bench, &format!("big.xml {EACH}"));
    let mut killed = bench.command(&format!("load big.xml {EACH} --again"));
    killed.env("XMLSHRED_FAILPOINT", "amid_load:1500");
    assert_ne!(Said::of(&mut killed).status, 0);
    assert_eq!(stored(&bench).len(), 2500);
    assert_eq!(bench.run(&format!("load big.xml {EACH} --again")).status, 0);
    assert_eq!(stored(&bench).len(), 5000);
    assert_eq!(piped(&bench, "", notes(1..=2500)).status, 0);
    let mut killed = bench.command(&format!("load - {EACH} --copies load"));
    killed.env("XMLSHRED_FAILPOINT", "amid_load:1500");
    assert_ne!(Said::of(killed.write_stdin(notes(1..=2500))).status, 0);
    assert_eq!(stored(&bench).len(), 7500);
}

#[test]
fn two_equal_files_that_are_divided_are_named() {
    let bench = bench(3);
    bench.write("other.xml", notes(1..=3));
    let said = bench.run(&format!("load big.xml other.xml {EACH}"));
    assert!(said.stdout.starts_with("6 documents loaded"), "{said:?}");
    let expected =
        "1 file has the same content as another one: other.xml and big.xml; all were loaded\n";
    assert_eq!(said.stderr, expected);
}

#[test]
fn a_killed_load_of_a_delivery_with_equal_records_goes_on() {
    let bench = bench(2500);
    load(&bench, &format!("big.xml {EACH}"));
    let delivery = || notes((3001..=5499).chain([3001]));
    bench.write("big.xml", delivery());
    let mut killed = bench.command(&format!("load big.xml {EACH}"));
    killed.env("XMLSHRED_FAILPOINT", "amid_load:1500");
    assert_ne!(Said::of(&mut killed).status, 0);
    assert_eq!(stored(&bench).len(), 3500);
    let said = bench.run(&format!("load big.xml {EACH}"));
    assert!(said.stdout.starts_with("2,500 documents: 1,500 loaded ("), "{said:?}");
    assert_eq!(stored(&bench).len(), 5000);
}

#[test]
fn a_correction_at_the_end_is_one_in_part() {
    let bench = bench(3);
    load(&bench, &format!("big.xml {EACH}"));
    bench.write("big.xml", notes([1, 2, 30]));
    let said = refused(&bench, &format!("big.xml {EACH}"));
    assert!(
        said.starts_with(
            "error: big.xml has changed in part since it was loaded: big.xml#3 is other"
        ),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_goes_wrong_after_a_part_was_loaded_ends_with_another_status() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let bench = bench(0);
    let long: String = (1..=2500)
        .map(|n| note(n).replace("title='", &format!("title='{}", "x".repeat(1000))))
        .collect();
    let path = bench.write("big.xml", format!("<notes>{long}</notes>"));
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["load", "big.xml", "--each", "/notes/note"])
        .env("XMLSHRED_FAILPOINT", "amid_load:500:wait")
        .current_dir(bench.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting at amid_load") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it never waited");
    }
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(2_000_000).unwrap();
    drop(child.stdin.take());
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5), "{said}");
    assert!(said.contains("; 1,000 documents loaded before it, which stay\n"), "{said}");
    assert_eq!(stored(&bench).len(), 1000);
}

#[test]
fn what_was_not_loaded_is_said_even_to_the_quiet() {
    let bench = bench(0);
    bench.write("big.xml", "<notes><head/><![CDATA[ total 7 ]]><note id='1'/></notes>");
    let said = bench.run(&format!("load big.xml {EACH} --quiet"));
    let expected = "1 element beside the records not loaded, such as /notes/head\ntext beside the records not loaded\n";
    assert_eq!((said.status, said.stderr.as_str()), (0, expected), "{said:?}");
}

#[test]
fn all_records_of_a_load_have_the_time_when_it_started() {
    let bench = bench(2500);
    load(&bench, &format!("big.xml {EACH}"));
    let times = rows(&bench, "SELECT count(DISTINCT loaded_at_utc), 'times' FROM processing_file");
    assert_eq!(times, [(1, "times".to_owned())]);
}

#[cfg(target_os = "linux")]
#[test]
fn files_whose_names_are_not_utf_8_are_two() {
    use std::os::unix::ffi::OsStrExt;

    let bench = bench(0);
    for name in [b"docs/a\xfe.xml", b"docs/a\xff.xml"] {
        bench.write("docs/other.txt", "");
        std::fs::write(bench.path().join(std::ffi::OsStr::from_bytes(name)), note(1)).unwrap();
    }
    let said = bench.run("load docs");
    assert!(said.stdout.starts_with("2 documents loaded"), "{said:?}");
    assert_eq!(stored(&bench).len(), 2);
}
