//! Documents through the contract, without a database.

use std::process::{Command, Stdio};

use insta::{assert_snapshot, with_settings};

use super::notes::workbench;
use super::workbench::{Said, Workbench};

fn map(bench: &Workbench, arguments: &str) -> Said {
    bench.run(&format!("map --contract contract.toml {arguments}"))
}

#[test]
fn each_document_is_a_line_and_a_bad_one_never_stops_the_rest() {
    let bench = workbench();
    bench.write("docs/note-2.xml", "<note title='two'");
    let said = map(&bench, "docs");
    with_settings!({ filters => vec![(r"in \d+(\.\d)? m?s", "in [time]"), (r"\\\\", "/")] }, {
        assert_snapshot!(said.transcript());
    });
}

#[test]
fn the_summary_alone_leaves_stdout_empty() {
    let said = map(&workbench(), "docs --format none");
    assert_eq!((said.status, said.stdout.as_str()), (1, ""));
    assert!(said.stderr.contains("5 documents: 4 mapped, 1 failed"), "{said:?}");
}

#[test]
fn lines_keep_the_order_of_the_files_however_many_threads_map() {
    let bench = workbench();
    for n in 0..500 {
        bench.write(&format!("many/{n:03}.xml"), format!("<note title='{n}'/>"));
    }
    let said = map(&bench, "many --workers 4 --app-id-from digits");
    let ids: Vec<_> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["app_id"].clone())
        .collect();
    assert_eq!(ids, (0..500).collect::<Vec<_>>());
}

#[test]
fn a_document_may_come_from_stdin() {
    let bench = workbench();
    let mut command = bench.command("map --contract contract.toml -");
    let said = Said::of(command.write_stdin("<note title='piped'/>"));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with(r#"{"file":"-","app_id":1,"ok":true,"#), "{said:?}");
}

#[test]
fn an_empty_document_is_malformed() {
    let bench = workbench();
    bench.write("docs/note-1.xml", "");
    let said = map(&bench, "docs/note-1.xml");
    assert_eq!(said.status, 1);
    assert!(said.stdout.contains(r#""category":"malformed_xml""#), "{said:?}");
}

#[test]
fn two_gigabytes_of_one_attribute_are_refused_unread() {
    let bench = workbench();
    let huge = bench.write("huge.xml", "<note title='");
    // A file with a hole takes no room.
    std::fs::OpenOptions::new().write(true).open(huge).unwrap().set_len(2_000_000_000).unwrap();
    let said = map(&bench, "huge.xml docs/note-1.xml");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[0].contains(r#""category":"limit_exceeded""#), "{said:?}");
    assert!(lines[0].contains("--max-document-bytes"), "{said:?}");
    assert!(lines[1].contains(r#""ok":true"#), "{said:?}");
}

#[test]
fn failures_may_be_allowed() {
    assert_eq!(map(&workbench(), "docs --fail-on 20").status, 0);
    assert_eq!(map(&workbench(), "docs --fail-on never").status, 0);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let bench = workbench();
    for n in 0..2000 {
        bench.write(&format!("many/{n:04}.xml"), format!("<note title='{n}'/>"));
    }
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["map", "many", "--contract", "contract.toml"])
        .current_dir(bench.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn mapping_writes_nothing() {
    let bench = workbench();
    let before = bench.contents();
    map(&bench, "docs");
    assert_eq!(bench.contents(), before);
}

#[test]
fn csv_is_one_file_per_table_and_one_of_what_failed() {
    let bench = workbench();
    let odd = "<note title=' a,b'><line>say \"x\"</line><line></line><line>&#13;z</line></note>";
    bench.write("docs/note-4.xml", odd);
    let said = map(&bench, "docs --format csv --out rows");
    assert_eq!((said.status, said.stdout.as_str()), (1, ""), "{said:?}");
    let file = |name: &str| {
        String::from_utf8(bench.contents()[&bench.path().join("rows").join(name)].clone()).unwrap()
    };
    assert_eq!(
        file("note.csv"),
        "app_id,title,price\r\n1,one,1.50\r\n2,two,\r\n4,\" a,b\",\r\n5,five,\r\n"
    );
    assert_eq!(
        file("line.csv"),
        "app_id,number,text\r\n1,1,a\r\n2,1,b\r\n2,2,c\r\n\
         4,1,\"say \"\"x\"\"\"\r\n4,2,\r\n4,3,\"\rz\"\r\n5,1,e\r\n"
    );
    let failures = file("_failures.csv");
    let (heading, rest) = failures.split_once("\r\n").unwrap();
    assert_eq!(heading, "file,app_id,category,table,column,path,line,column_number,value,message");
    assert_eq!(rest.lines().count(), 1);
    assert!(rest.contains(",3,missing_required,note,title,/note,1,1,,"), "{rest}");
}

/// A spreadsheet runs what begins with one of these; a negative number is a number there, too.
#[test]
fn formulas_are_kept_as_they_are_or_disarmed() {
    let bench = workbench();
    bench.write("docs/note-3.xml", "<note><line>=x</line></note>");
    // As they are in the document, in the file, and disarmed.
    let titles = [
        ("=1+1", "=1+1", "'=1+1"),
        ("+1", "+1", "'+1"),
        ("-1", "-1", "'-1"),
        ("@SUM(A1)", "@SUM(A1)", "'@SUM(A1)"),
        ("\u{ff1d}1", "\u{ff1d}1", "'\u{ff1d}1"),
        ("&#9;=1", "\t=1", "'\t=1"),
        ("a=1", "a=1", "a=1"),
        ("&apos;=1", "'=1", "'=1"),
    ];
    for (at, (title, _, _)) in titles.iter().enumerate() {
        let name = format!("docs/note-{}.xml", 10 + at);
        bench.write(&name, format!("<note title='{title}' price='-2.50'/>"));
    }
    let rows = |flags: &str| {
        map(&bench, &format!("docs --app-id-from digits --format csv --out rows {flags}"));
        let rows = std::fs::read_to_string(bench.path().join("rows/note.csv")).unwrap();
        let of_ours = |row: &&str| row.find(',') == Some(2);
        rows.lines().filter(of_ours).map(str::to_owned).collect::<Vec<_>>()
    };
    let expected = |cells: &dyn Fn(usize) -> &'static str| {
        (0..titles.len()).map(|at| format!("{},{},-2.50", 10 + at, cells(at))).collect::<Vec<_>>()
    };
    assert_eq!(rows(""), expected(&|at| titles[at].1));
    assert_eq!(rows("--spreadsheet-safe"), expected(&|at| titles[at].2));
    assert_eq!(map(&bench, "docs --spreadsheet-safe").status, 2);
}

/// Where others may write to the folder, a link in it could lead to any file of the one who maps.
#[cfg(unix)]
#[test]
fn csv_files_replace_links_and_are_whole_or_not_there() {
    let bench = workbench();
    let other = bench.write("other", "old");
    std::fs::create_dir(bench.path().join("rows")).unwrap();
    std::fs::hard_link(&other, bench.path().join("rows/note.csv")).unwrap();
    std::os::unix::fs::symlink(&other, bench.path().join("rows/line.csv")).unwrap();
    std::os::unix::fs::symlink(
        bench.path().join("absent"),
        bench.path().join("rows/_failures.csv"),
    )
    .unwrap();
    map(&bench, "docs --format csv --out rows");
    assert_eq!(std::fs::read_to_string(other).unwrap(), "old");
    assert!(!bench.path().join("absent").exists());
    for name in ["note.csv", "line.csv", "_failures.csv"] {
        let path = bench.path().join("rows").join(name);
        assert!(std::fs::symlink_metadata(&path).unwrap().is_file(), "{name}");
        assert!(std::fs::read_to_string(path).unwrap().contains("app_id"), "{name}");
    }
    assert_eq!(std::fs::read_dir(bench.path().join("rows")).unwrap().count(), 3);
}

#[test]
fn a_folder_is_for_csv_and_csv_needs_one() {
    let bench = workbench();
    assert_eq!(map(&bench, "docs --format csv").status, 2);
    for format in ["table", "none"] {
        let said = map(&bench, &format!("docs --format {format} --out rows"));
        assert_eq!(said.status, 2);
        assert!(said.stderr.contains("--out requires --format csv"), "{said:?}");
    }
}

#[cfg(feature = "embedded")]
#[test]
fn an_application_is_mapped_again_from_the_store_and_nothing_is_written() {
    let bench = super::notes::queued();
    let before = bench.run("status --format json").stdout;
    let said = bench.run("map --app-id 3 --app-id 1 --app-id 77");
    assert_eq!(said.status, 1, "{said:?}");
    let lines: Vec<serde_json::Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["failure"]["category"], "missing_required");
    assert_eq!((&lines[1]["app_id"], &lines[1]["file"]), (&1.into(), &"app_id 1".into()));
    assert_eq!(lines[1]["tables"]["note"][0]["title"], "one");
    assert_eq!(lines[2]["failure"]["category"], "missing_document");
    assert_eq!(bench.run("status --format json").stdout, before);
    assert_eq!(bench.run("map --app-id 1 docs").status, 2);
}

#[test]
fn rows_with_one_key_are_a_failure_before_a_database_refuses_them() {
    let bench = workbench();
    bench.write(
        "keyed.toml",
        "[contract]\nname = 'keyed'\n[document]\nroot = 'r'\n[[tables]]\nname = 'item'\neach = '/r/a'\n\
         primary_key = ['app_id', 'code']\napp_column = 'app_id'\n[tables.columns]\n\
         app_id = { type = 'int', value = 'APP_ID()' }\ncode = { type = 'varchar(9)', value = '@c' }\n",
    );
    bench.write("keyed/1.xml", "<r><a c='x'/><a c='y'/></r>");
    bench.write("keyed/2.xml", "<r><a c='x'/><a c='x  '/></r>");
    let said = bench.run("map keyed --contract keyed.toml");
    assert_eq!(said.status, 1, "{said:?}");
    let failed = said.stdout.lines().nth(1).expect("a line");
    for part in
        ["constraint_violation", "\"table\":\"item\"", "\"value\":\"2, x\"", "(app_id, code)"]
    {
        assert!(failed.contains(part), "{part}: {failed}");
    }
    let said = bench.run("contract check keyed.toml --sample keyed");
    assert!(said.stdout.contains("constraint_violation"), "{said:?}");
}
