//! What is written on Windows: encodings, paths, names of devices, scripts for sqlcmd.

use std::path::PathBuf;

use super::notes::{self, CONTRACT};
use super::workbench::{Said, Workbench};

/// As `>` of Windows PowerShell writes.
fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_settings_file_may_be_utf_16_and_is_never_guessed() {
    let bench = Workbench::new();
    let text = "worker_name = 'J\u{fc}rgen'\r\nbatch_size = 7\r\n";
    bench.write("xmlshred.toml", utf16(text));
    let said = bench.run("settings");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("J\u{fc}rgen"), "{said:?}");
    bench.write("xmlshred.toml", b"batch_size = 7\nworker_name = 'J\xfcrgen'\n");
    let said = bench.run("settings");
    assert_eq!(said.status, 2, "{said:?}");
    let told = "the file is not UTF-8 from line 2, column 17; save it as UTF-8";
    assert!(said.stderr.contains(told), "{said:?}");
}

/// What `>` of Windows PowerShell made of a contract or of the earlier system's JSON.
#[test]
fn a_contract_that_windows_powershell_wrote_is_read() {
    let bench = notes::workbench();
    let checked = |file: &str| bench.run(&format!("contract check {file}"));
    bench.write("utf16.toml", utf16(CONTRACT));
    let said = checked("utf16.toml");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.stdout, checked("contract.toml").stdout);
    let odd = &utf16(CONTRACT)[..CONTRACT.len() + 1];
    bench.write("odd.toml", odd);
    let said = checked("odd.toml");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.starts_with("error: odd.toml: the file is damaged UTF-16\n"), "{said:?}");
    let json = r#"{"mappings": [{"xml_path": "/note", "xml_attribute": "id", "target_table": "app",
        "target_column": "Stra\u{df}e", "data_type": "string", "data_length": 5}]}"#;
    bench.write("legacy.json", json);
    bench.write("utf16.json", utf16(json));
    let imported = |file: &str| bench.run(&format!("contract import {file}")).stdout;
    assert_eq!(
        imported("utf16.json"),
        imported("legacy.json").replace("legacy.json", "utf16.json")
    );
}

/// In UTF-8, also if it was UTF-16.
#[test]
fn a_contract_is_updated_in_place() {
    let bench = notes::workbench();
    let draft = bench.run("contract init docs/note-1.xml").stdout;
    bench.write("old.toml", utf16(&draft));
    let said = bench.run("contract init --update old.toml docs --out old.toml");
    assert_eq!((said.status, said.stdout.as_str()), (0, ""), "{said:?}");
    let updated = std::fs::read_to_string(bench.path().join("old.toml")).unwrap();
    assert!(updated.contains("[contract]"), "{updated}");
    assert_eq!(bench.run("contract check old.toml").status, 0);
}

#[test]
fn what_is_for_a_file_is_written_to_one_as_it_is_printed() {
    let bench = notes::workbench();
    let read = |file: &str| std::fs::read_to_string(bench.path().join(file)).unwrap();
    for (call, status) in [
        ("contract init docs", 0),
        ("map docs --contract contract.toml --format json --fail-on never", 0),
        #[cfg(feature = "sqlserver")]
        ("contract sql contract.toml", 0),
    ] {
        let printed = bench.run(call);
        let said = bench.run(&format!("{call} --out file"));
        assert_eq!((said.status, said.stdout.as_str()), (status, ""), "{call}: {said:?}");
        let written = read("file");
        assert_eq!(written.trim_start_matches('\u{feff}'), printed.stdout, "{call}");
        assert_eq!(written.starts_with('\u{feff}'), call.contains("sql"), "{call}");
    }
    let said = bench.run("map docs --contract contract.toml --out rows.json --fail-on never");
    assert_eq!((said.status, said.stdout.as_str()), (0, ""), "{said:?}");
    assert!(read("rows.json").starts_with('{'));
}

#[cfg(feature = "sqlserver")]
#[test]
fn a_relative_path_is_not_put_into_a_job() {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "log_dir = 'log'\n");
    for (flags, told) in [
        ("", "--log-dir: \"log\" must begin with a drive"),
        ("--log-dir D:log", "--log-dir: \"D:log\" must begin"),
        (
            "--log-dir D:\\log --executable xmlshred.exe",
            "--executable: \"xmlshred.exe\" must begin",
        ),
        ("--log-dir D:/log --settings-file \\x.toml", "--settings-file: "),
    ] {
        let said = bench.run(&format!("agent-jobs --database d {flags}"));
        assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{flags}: {said:?}");
        assert!(said.stderr.contains(told), "{flags}: {said:?}");
    }
    for flags in ["--workers 0", "--log-dir \\\\srv\\log", "--log-dir D:\\"] {
        let said = bench.run(&format!("agent-jobs --database d {flags}"));
        assert_eq!(said.status, 0, "{flags}: {said:?}");
    }
}

#[cfg(feature = "sqlserver")]
#[test]
fn a_second_pipeline_has_jobs_and_files_of_its_own() {
    let bench = Workbench::new();
    let prefix = |flags: &str| {
        let script = bench.run(&format!("agent-jobs --database d {flags}")).stdout;
        let line = script.lines().find(|line| line.starts_with("DECLARE @prefix "));
        line.expect("the prefix").split('\'').nth(1).unwrap().to_owned()
    };
    assert_eq!(prefix(""), "xmlshred - ");
    assert_eq!(prefix("--schema shop"), "xmlshred shop - ");
    assert_eq!(prefix("--schema shop --prefix night"), "night");
    assert_eq!(prefix("--schema shop --remove"), "xmlshred shop - ");
}

#[cfg(feature = "sqlserver")]
#[test]
fn text_with_backslashes_belongs_in_single_quotes() {
    let bench = Workbench::new();
    for (line, shown) in [
        (r#"user = "CONTOSO\tom""#, r#"--user is "CONTOSO\tom""#),
        (r#"database = "a\tb""#, r#"--database is "a\tb""#),
        (r#"server = "db1\new""#, r#"--server is "db1\new""#),
        (r#"worker_name = "A\new""#, r#"--worker-name is "A\new""#),
    ] {
        let key = line.split(' ').next().unwrap();
        let rest = ["server = 'db1'", "database = 'd'", "user = 'u'", "password_file = 'pw'"];
        let rest = rest.iter().filter(|other| !other.starts_with(key)).copied();
        let file: Vec<&str> = rest.chain([line]).collect();
        bench.write("pw", "secret");
        bench.write("xmlshred.toml", file.join("\n"));
        let said = bench.run("status");
        assert_eq!(said.status, 2, "{line}: {said:?}");
        assert!(said.stderr.contains(shown), "{line}: {said:?}");
        assert!(said.stderr.contains("in single quotes"), "{line}: {said:?}");
    }
}

/// A shell of Windows leaves wildcards to programs; `[1]` is a part of the name of a download.
#[test]
fn brackets_are_a_part_of_a_name_and_patterns_of_a_command_stay_patterns() {
    let bench = notes::workbench();
    for (file, id) in [("note[1].xml", "71"), ("note1.xml", "72")] {
        let text = std::fs::read_to_string(bench.path().join("docs/note-1.xml")).unwrap();
        bench.write(&format!("two/{file}"), text.replace("id=\"1\"", &format!("id=\"{id}\"")));
    }
    let mapped = |files: &str| {
        bench.run(&format!("map {files} --contract contract.toml --format json --fail-on never"))
    };
    let said = mapped("two/note[1].xml");
    assert!(said.stdout.contains("note[1].xml") && said.stdout.lines().count() == 1, "{said:?}");
    let said = mapped("two/note?.xml");
    match cfg!(windows) {
        true => assert_eq!((said.status, said.stdout.lines().count()), (0, 1), "{said:?}"),
        false => assert_eq!(said.status, 2, "{said:?}"),
    }
}

#[test]
fn a_path_with_backslashes_belongs_in_single_quotes() {
    let bench = Workbench::new();
    for (line, told) in [
        (r#"contract = "C:\work\c.toml""#, r"in single quotes, such as 'C:\work'"),
        (r#"contract = "C:\new\tables\notes.toml""#, "without control characters"),
        (r#"store = "sqlite:C:\new\test.db""#, "without control characters"),
        (r#"log_dir = "C:\temp""#, "without control characters"),
    ] {
        bench.write("xmlshred.toml", format!("batch_size = 7\n{line}\n"));
        let said = bench.run("status");
        assert_eq!(said.status, 2, "{line}: {said:?}");
        assert!(said.stderr.contains(told) && said.stderr.contains("single quotes"), "{said:?}");
        assert!(said.stderr.contains("xmlshred.toml"), "{said:?}");
    }
    bench.write("xmlshred.toml", "contract = 'C:\\new\\tables\\c.toml'\n");
    assert_eq!(bench.run("settings").status, 0);
}

#[cfg(windows)]
#[test]
fn a_backslash_that_takes_a_quotation_mark_away_is_told() {
    let said =
        notes::workbench().run("run --store sqlite:work.db --contract c.toml --log-dir log\"x");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("a backslash before the closing quotation mark"), "{said:?}");
}

/// The step of a Worker job, as the program itself reads it.
#[cfg(windows)]
#[test]
fn a_folder_of_a_step_may_end_with_backslashes() {
    use std::os::windows::process::CommandExt;

    let bench = Workbench::new();
    let run = |command: &str, rest: &str| {
        let mut call = std::process::Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
        call.current_dir(bench.path()).arg(command).raw_arg(rest);
        Said::of(&mut assert_cmd::Command::from_std(call))
    };
    let said = run("settings", r#"--log-dir "D:\\" --log-days 5"#);
    assert_eq!(said.status, 0, "{said:?}");
    let set = |name: &str, value: &str| {
        let line = said.stdout.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        assert!(line.contains(value), "{said:?}");
    };
    set("log_dir", r"D:\");
    set("log_days", "5");
    let said = run("map", r#""C:\my docs\" --contract contract.toml"#);
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("double the backslash"), "{said:?}");
}

/// What is written to `nul.csv` on Windows is lost.
#[test]
fn a_table_named_as_a_device_gets_a_file() {
    let bench = notes::workbench();
    let contract =
        CONTRACT.replace("\"note\"\neach", "\"NUL\"\neach").replace("\"line\"", "\"com1\"");
    bench.write("devices.toml", contract.replace("references = \"note\"", "references = \"NUL\""));
    let said = bench.run("map docs/note-1.xml --contract devices.toml --format csv --out rows");
    assert_eq!(said.status, 0, "{said:?}");
    for file in ["rows/NUL-.csv", "rows/com1-.csv"] {
        let rows = std::fs::read_to_string(bench.path().join(file)).expect(file);
        assert_eq!(rows.lines().count(), 2, "{file}: {rows}");
    }
}

#[cfg(feature = "sqlserver")]
#[test]
fn a_script_that_connects_to_nothing_needs_no_login() {
    let bench = notes::workbench();
    bench.write("xmlshred.toml", "server = 'db1'\ndatabase = 'credit'\nschema = 'shop'\n");
    for call in ["agent-jobs", "install --script"] {
        let said = bench.run(call);
        assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{call}");
    }
    bench.write("xmlshred.toml", "server = 'db1'\nuser = 'u'\npassword_file = 'absent'\n");
    assert_eq!(bench.run("agent-jobs --database credit").status, 0);
    let said = bench.run("status --database credit");
    assert!(said.status == 2 && said.stderr.contains("absent"), "{said:?}");
}

#[cfg(feature = "sqlserver")]
#[test]
fn a_script_in_a_file_has_the_mark_that_sqlcmd_needs() {
    let bench = Workbench::new();
    let read = |file: &str| -> String {
        let text = std::fs::read_to_string(bench.path().join(file)).unwrap();
        text.strip_prefix('\u{feff}').expect("a mark").to_owned()
    };
    let jobs = "agent-jobs --database d --operator J\u{fc}rgen";
    let said = bench.run(&format!("{jobs} --out jobs.sql"));
    assert_eq!((said.status, said.stdout.as_str()), (0, ""), "{said:?}");
    assert_eq!(read("jobs.sql"), bench.run(jobs).stdout);
    assert_eq!(bench.run("install --script --out install.sql").status, 0);
    assert_eq!(read("install.sql"), bench.run("install --script").stdout);
    let dry = "install --dry-run --contract contract.toml --server db1 --database d --user u";
    let dry = |flags: &str| {
        bench.write("contract.toml", CONTRACT);
        Said::of(bench.command(&format!("{dry} {flags}")).env("XMLSHRED_PASSWORD", "p"))
    };
    assert_eq!(dry("--out dry.sql").status, 0);
    assert_eq!(read("dry.sql"), dry("").stdout);
    assert_eq!(bench.run("install --out install.sql").status, 2);
}

/// The names of variables are the same in all letters on Windows.
#[test]
fn the_demo_s_workers_do_not_heed_this_environment() {
    let bench = Workbench::new();
    let mut command = bench.command("demo --apps 60 --dir demo");
    let said = Said::of(command.env("xmlshred_limit", "1").env("Xmlshred_Batch_Size", "1"));
    assert_eq!(said.status, 0, "{said:?}");
    let log: PathBuf = bench.path().join("demo/worker-1.log");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("batch_size=25"), "{log}");
}
