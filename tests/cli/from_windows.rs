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

#[test]
fn a_path_with_backslashes_belongs_in_single_quotes() {
    let bench = Workbench::new();
    for (line, told) in [
        (r#"contract = "C:\work\c.toml""#, r"in single quotes, such as 'C:\work'"),
        (r#"contract = "C:\new\tables\notes.toml""#, "a path without control characters"),
        (r#"store = "sqlite:C:\new\test.db""#, "a path without control characters"),
        (r#"log_dir = "C:\temp""#, "a path without control characters"),
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
    assert_eq!(bench.run("install --dry-run --out install.sql").status, 2);
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
