//! What a terminal shows, and what files and pipes do not get.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::fd::FromRawFd;
use std::process::{Child, Command, Stdio};

use super::notes::{finished, queued};
use super::workbench::{Said, Workbench};

/// A terminal: the end that people read and the end that a program writes.
fn terminal(columns: u16) -> (File, File) {
    let (mut master, mut slave) = (0, 0);
    let size = libc::winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: both ends are written to, and there is no name and no setting of lines.
    let opened = unsafe {
        libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null(), &size)
    };
    assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the ends were just opened and belong to nobody else.
    unsafe { (File::from_raw_fd(master), File::from_raw_fd(slave)) }
}

/// What a terminal of 80 columns gets from a call; `has_stdout` is whether stdout is on it too.
pub fn on_a_terminal(bench: &Workbench, arguments: &str, has_stdout: bool) -> String {
    with_environment(bench, arguments, has_stdout, &[])
}

fn with_environment(
    bench: &Workbench,
    arguments: &str,
    has_stdout: bool,
    environment: &[(&str, &str)],
) -> String {
    let (mut child, master) = started(bench, arguments, has_stdout, environment);
    let mut told = Vec::new();
    // A terminal that nobody writes to any more is an error to read, not an end.
    let _ = BufReader::new(master).read_to_end(&mut told);
    child.wait().unwrap();
    String::from_utf8(told).unwrap().replace("\r\n", "\n")
}

/// A call that runs, and the terminal of 80 columns that it writes to.
fn started(
    bench: &Workbench,
    arguments: &str,
    has_stdout: bool,
    environment: &[(&str, &str)],
) -> (Child, File) {
    let (master, slave) = terminal(80);
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
    command.args(arguments.split_whitespace()).current_dir(bench.path());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM"] {
        command.env_remove(variable);
    }
    command.env("TERM", "xterm").envs(environment.iter().copied());
    match has_stdout {
        true => command.stdout(slave.try_clone().unwrap()),
        false => command.stdout(Stdio::null()),
    };
    // The command holds the other end of the terminal, which would never hang up, until it is dropped.
    (command.stderr(slave).spawn().unwrap(), master)
}

/// Text without the colours of a terminal.
fn without_colours(text: &str) -> String {
    regex::Regex::new("\u{1b}\\[[0-9;]*[mK]").unwrap().replace_all(text, "").into_owned()
}

/// Calls that show what is in colour on a terminal.
const COLOURFUL: &[&str] = &[
    "status",
    "failures",
    "doctor --contract contract.toml",
    "explain 3",
    "contract check docs/note-1.xml",
    "retry --app-id 77",
    "status --store sqlite:absent.db",
    "statsu",
    "status --unknown",
    "run --help",
    "map docs --contract contract.toml",
];

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let bench = finished();
    for call in COLOURFUL {
        let coloured = |text: &str| text.contains("\u{1b}[");
        let shown = on_a_terminal(&bench, call, true);
        assert!(coloured(&shown), "{call}: {shown:?}");
        let piped = bench.run(call);
        assert!(!coloured(&piped.stdout) && !coloured(&piped.stderr), "{call}: {piped:?}");
        for unwanted in ["NO_COLOR", "CLICOLOR"] {
            let value = if unwanted == "CLICOLOR" { "0" } else { "1" };
            let plain = with_environment(&bench, call, true, &[(unwanted, value)]);
            assert!(!coloured(&plain), "{call}, {unwanted}: {plain:?}");
        }
        let plain = on_a_terminal(&bench, &format!("{call} --color never"), true);
        assert!(!coloured(&plain), "{call}: {plain:?}");
        let forced = bench.run(&format!("{call} --color=always"));
        assert!(coloured(&(forced.stdout + &forced.stderr)), "{call}");
        let forced = Said::of(bench.command(call).env("CLICOLOR_FORCE", "1"));
        assert!(coloured(&(forced.stdout + &forced.stderr)), "{call}");
        let by_setting = Said::of(bench.command(call).env("XMLSHRED_COLOR", "always"));
        assert!(coloured(&(by_setting.stdout + &by_setting.stderr)), "{call}");
    }
}

#[test]
fn data_for_programs_is_never_coloured() {
    let bench = finished();
    for call in [
        "status --json",
        "status --format csv",
        "failures --json",
        "failures --format csv",
        "failures --ids --json",
        "doctor --json",
        "explain 3 --json",
        "report --json",
        "map docs --contract contract.toml --json",
        "contract sql contract.toml",
        "completions bash",
        "man run",
    ] {
        let said = bench.run(&format!("{call} --color always"));
        assert!(!said.stdout.is_empty() && !said.stdout.contains('\u{1b}'), "{call}: {said:?}");
    }
    bench.run("export-failed out --color always");
    bench.run("report --out report.html --color always");
    bench.run("run --log-dir logs --color always");
    for (path, content) in bench.contents() {
        let is_text = path.extension().is_some_and(|e| e != "db" && e != "db-wal" && e != "db-shm");
        assert!(!(is_text && content.contains(&0x1b)), "{}", path.display());
    }
}

#[test]
fn names_of_others_command_no_terminal_also_where_it_has_colours() {
    let bench = finished();
    let name = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[8m.xml";
    let said = Said::of(bench.command("map --contract contract.toml --color always").arg(name));
    assert!(said.stderr.contains("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: "), "{said:?}");
    let rest = without_colours(&said.stderr.replace("\u{1b}[8m", "hidden"));
    assert!(!rest.contains(['\u{7}', '\u{1b}']), "{said:?}");
    assert!(!said.stderr.contains("\u{1b}[8m"), "{said:?}");
}

/// A line with what is not broken: a command, or a hash.
fn is_whole(line: &str) -> bool {
    line.contains("xmlshred ") || line.split(' ').any(|word| word.len() == 64)
}

#[test]
fn what_people_read_fits_a_terminal_of_80_columns() {
    let bench = finished();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    for call in [
        "status",
        "doctor",
        "explain 3",
        "run --log-level off",
        "map docs",
        "retry --all --dry-run",
        "settings",
        "retry --app-id 77",
        "status --store sqlite:contract.toml",
    ] {
        let shown = without_colours(&on_a_terminal(&bench, call, true));
        for line in shown.split(['\n', '\r']).filter(|line| !is_whole(line)) {
            assert!(line.chars().count() <= 80, "{call}: {line}\n{shown}");
        }
    }
}

#[test]
fn rows_are_a_table_on_a_terminal_and_json_in_a_pipe() {
    let bench = queued();
    let call = "map docs --contract contract.toml --first 2";
    let shown = on_a_terminal(&bench, call, true);
    let piped = bench.run(call);
    assert!(piped.stdout.lines().all(|line| line.starts_with('{')), "{piped:?}");
    assert_eq!(piped.stdout.lines().count(), 2, "{piped:?}");
    assert!(piped.stderr.starts_with("2 documents: "), "{piped:?}");
    let table = bench.run(&format!("{call} --format table"));
    let plain = without_colours(&shown);
    assert!(plain.starts_with(&table.stdout), "{plain}\n{table:?}");
    insta::assert_snapshot!(table.stdout);
}

#[test]
fn a_run_that_only_others_hold_up_counts_down_to_the_end_of_their_lease() {
    let bench = queued();
    let claim = "INSERT INTO processing_session
                     (session_id, worker_name, host_name, process_id, program_version,
                      contract_hash, started_at_utc, last_seen_at_utc)
                 VALUES ('{id}', 'other:1', 'other', 1, '1', printf('%064d', 0), 0, 0);
                 INSERT INTO processing_claim
                 VALUES ('{id}', '{id}', 0, (unixepoch() + 3000) * 1000, 3000000, 5, 0);
                 UPDATE processing_queue SET state = 1, claim_token = '{id}';";
    let claim = claim.replace("{id}", "11111111-2222-3333-4444-555555555555");
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    store.execute_batch(&claim).unwrap();
    let call = "run --follow --poll 100ms --log-level off";
    let (mut run, mut screen) = started(&bench, call, false, &[]);
    let (mut told, mut buffer) = (String::new(), [0; 4096]);
    while !told.contains("5 held by other workers: the lease expires in 49 min ") {
        assert!(told.len() < 60_000, "{told}");
        let read = screen.read(&mut buffer).unwrap();
        told += &String::from_utf8_lossy(&buffer[..read]);
    }
    // SAFETY: a signal to a process that this test started and has not waited for.
    unsafe { libc::kill(run.id() as libc::pid_t, libc::SIGINT) };
    // What is not read holds up no end.
    assert_eq!(run.wait().unwrap().code(), Some(130));
}

#[test]
fn the_demo_shows_the_bar_of_a_run_and_counts_down() {
    let bench = Workbench::new();
    let told = on_a_terminal(&bench, "demo --apps 300 --dir demo", false);
    assert!(told.contains(" done, ") && told.contains('━'), "{told}");
    assert!(told.contains(" held by other workers: the lease expires in "), "{told}");
}
