//! Commands that are shown to be copied, and what `--quiet` leaves out.

use super::notes::workbench;
use super::workbench::{Said, Workbench};

/// The flags of a store that no settings file names.
const STORE: &str = "--store sqlite:work.db";

/// Documents in a store that only flags name.
fn loaded() -> Workbench {
    let bench = workbench();
    let load = format!("load docs {STORE} --contract contract.toml");
    assert_eq!(bench.run(&load).status, 0);
    bench
}

/// The commands in backticks.
fn shown(text: &str) -> Vec<&str> {
    text.split("`xmlshred ").skip(1).map(|part| part.split('`').next().unwrap()).collect()
}

#[test]
fn a_command_that_is_shown_reaches_the_same_store() {
    let bench = loaded();
    let with_contract = format!("{STORE} --contract contract.toml");
    for (call, expected) in [
        (format!("run {with_contract} --log-level off"), vec![format!("enqueue {STORE}")]),
        (format!("enqueue {STORE}"), vec![]),
        (format!("run {with_contract} --log-level off"), vec![format!("failures {STORE}")]),
        (format!("status {STORE}"), vec![format!("failures {STORE}")]),
        (format!("doctor {with_contract}"), vec![format!("failures {STORE}")]),
        (format!("explain 3 {STORE}"), vec![format!("retry {STORE} --app-id 3")]),
        (
            format!("retry --app-id 1 77 {STORE}"),
            vec![format!("explain {STORE} 1"), format!("explain {STORE} 77")],
        ),
        (
            format!("retry --fingerprint 0123456789abcdef {STORE}"),
            vec![format!("failures {STORE}")],
        ),
        (format!("retry --app-id 3 {with_contract}"), vec![format!("run {with_contract}")]),
        (format!("pause --reason x {STORE}"), vec![]),
        (format!("run {with_contract} --log-level off"), vec![format!("resume {STORE}")]),
        (
            format!("run {with_contract} --log-level warn"),
            vec![format!("resume {STORE}"), format!("resume {STORE}")],
        ),
    ] {
        let said = bench.run(&call);
        let commands: Vec<&str> = [shown(&said.stderr), shown(&said.stdout)].concat();
        assert_eq!(commands, expected, "{call}: {said:?}");
    }
    // What is shown works as it is.
    let said = bench.run(&format!("status {STORE}"));
    for command in shown(&said.stderr) {
        assert_eq!(bench.run(command).status, 0, "{command}");
    }
}

/// The text with the quotation marks of this system's shells.
fn in_quotes(text: &str) -> String {
    text.replace('\'', if cfg!(windows) { "\"" } else { "'" })
}

#[test]
fn a_path_with_a_blank_is_quoted_in_a_command() {
    let bench = loaded();
    let mut command = bench.command("status --store");
    let said = Said::of(command.arg("sqlite:my store.db"));
    assert!(said.stderr.contains("sqlite:my store.db"), "{said:?}");
    let mut command = bench.command("load docs --contract contract.toml --store");
    Said::of(command.arg("sqlite:my store.db"));
    let mut command = bench.command("retry --app-id 77 --store");
    let said = Said::of(command.arg("sqlite:my store.db"));
    let expected = in_quotes("`xmlshred explain --store 'sqlite:my store.db' 77`");
    assert!(said.stderr.contains(&expected), "{said:?}");
    let mut command = bench.command("status --store");
    let said = Said::of(command.arg("sqlite:no store; here.db"));
    let expected = in_quotes("`xmlshred load FILES… --store 'sqlite:no store; here.db'`");
    assert!(said.stderr.ends_with(&format!("hint: create it with {expected}\n")), "{said:?}");
    bench.write("my contract.toml", "[contract]\n");
    let said = Said::of(bench.command("run --contract").arg("my contract.toml"));
    let expected = in_quotes("contract check 'my contract.toml'");
    assert!(said.stderr.contains(&expected), "{said:?}");
}

/// What a document says must not become a command of this program.
#[test]
fn a_value_that_looks_like_a_command_is_shown_as_it_is() {
    let bench = workbench();
    let evil = "`xmlshred erase 1 --execute`";
    bench.write("docs/note-6.xml", format!("<note title='x' price='{evil}'/>"));
    for call in ["load docs", "enqueue", "run"] {
        bench.run(&format!("{call} {STORE} --contract contract.toml"));
    }
    for call in ["failures --values 5", "explain 6", "failures", "explain 6 --color always"] {
        let said = bench.run(&format!("{call} {STORE}"));
        let all = said.stdout + &said.stderr;
        assert!(all.contains(evil), "{call}: {all}");
        assert!(!all.contains(&format!("xmlshred erase {STORE}")), "{call}: {all}");
    }
}

#[test]
fn a_quiet_command_prints_data_and_errors_only() {
    let bench = loaded();
    let with_contract = format!("{STORE} --contract contract.toml");
    for (call, status) in [
        (format!("enqueue {STORE}"), 0),
        (format!("run {with_contract}"), 1),
        (format!("status {STORE}"), 0),
        (format!("failures --ids {STORE}"), 0),
        (format!("retry --app-id 3 {STORE}"), 0),
        ("map docs --contract contract.toml".to_owned(), 1),
    ] {
        let quiet = bench.run(&format!("{call} -q"));
        assert_eq!(quiet.status, status, "{quiet:?}");
        assert_eq!(quiet.stderr, "", "{call}");
        assert!(!quiet.stdout.is_empty(), "{call}: {quiet:?}");
    }
    let said = bench.run("status --quiet --store sqlite:absent.db");
    assert!(said.stderr.starts_with("error: ") && said.stderr.contains("\nhint: "), "{said:?}");
    let said = bench.run(&format!("retry --app-id 77 {STORE} --quiet"));
    assert!(said.stderr.starts_with("application 77 is not changed"), "{said:?}");
    bench.run(&format!("run {with_contract} --quiet --log-dir logs"));
    let log =
        bench.contents().into_iter().find(|(path, _)| path.extension().is_some_and(|e| e == "log"));
    let log = String::from_utf8(log.expect("a log file").1).unwrap();
    assert!(log.contains("run starts") && log.contains("run ended"), "{log}");
}
