//! Passwords are never shown: not by any command, nor in any setting.

use super::notes::{finished, CONTRACT};
use super::workbench::{Said, Workbench};

const SECRET: &str = "hunter2";

/// Every command, as far as it gets.
const COMMANDS: &[&str] = &[
    "agent-jobs --database d",
    "completions bash",
    "contract check contract.toml",
    "contract sql contract.toml",
    "delete-stale-rows",
    "doctor",
    "enqueue",
    "explain 1",
    "export-failed out",
    "install",
    "install --dry-run",
    "install --info",
    "install --script",
    "load docs",
    "map docs",
    "pause --reason lunch",
    "purge",
    "reap",
    "requeue --app-id 1",
    "resume",
    "retry --all",
    "run",
    "settings",
    "status",
    "uninstall --all",
];

/// Settings with a password in them: as they should be, and in the wrong place. No server listens
/// on that port.
const STORES: &[(&str, &str)] = &[
    ("connection_string", "Server=tcp:127.0.0.1,1;User Id=u;Password=hunter2;Database=d"),
    ("connection_string", "Server=tcp:127.0.0.1,1;User Id=u;Pwd = 'x;hunter2';Database=d"),
    ("connection_string", "hunter2"),
    ("connection_string", "Password=hunter2;Server=tcp:127.0.0.1,x"),
    ("connection_string", "Server=db;Password='hunter2"),
    ("connection_string", "Server=db;Pasword=hunter2"),
    ("connection_string", "Server=db;Password=a;hunter2=b"),
    ("connection_string", "hunter2=a;Server=db"),
    ("store", "Server=db;Password=hunter2"),
    ("store", "sqlite:work.db;password=\"a;hunter2\""),
    ("store", "mssql://sa:hunter2@db/credit"),
    ("server", "Server=db;Password=hunter2"),
    ("server", "db;PWD=hunter2"),
    ("database", "credit;Password=hunter2"),
    ("schema", "sandbox;Password=hunter2"),
    ("user", "sa;Password=hunter2"),
];

/// Fails if the secret is in what was said or in a log file.
fn assert_silent(bench: &Workbench, what: &str, said: &Said) {
    let shown = format!("{}{}", said.stdout, said.stderr);
    assert!(!shown.contains(SECRET), "{what}: {shown}");
    for log in std::fs::read_dir(bench.path().join("logs")).into_iter().flatten() {
        let path = log.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(SECRET), "{what}: {text}");
        std::fs::remove_file(path).unwrap();
    }
}

/// The folder; xmlshred.toml names the contract and a log folder, and no store.
fn workbench() -> Workbench {
    let bench = finished();
    bench.write("xmlshred.toml", BASE);
    bench
}

const BASE: &str = "contract = 'contract.toml'\nlog_dir = 'logs'\nlog_level = 'trace'\n";

#[test]
fn no_command_shows_the_password_it_logs_in_with() {
    let bench = workbench();
    bench.write("secret.txt", SECRET);
    let server = "--server tcp:127.0.0.1,1 --database d --user u --connect-timeout 1s";
    for command in COMMANDS {
        let mut by_variable = bench.command(&format!("{command} {server}"));
        let said = Said::of(by_variable.env("XMLSHRED_PASSWORD", SECRET));
        assert_silent(&bench, command, &said);
        let said = bench.run(&format!("{command} {server} --password-file secret.txt"));
        assert_silent(&bench, command, &said);
        let mut by_string = bench.command(command);
        let said = Said::of(by_string.env("XMLSHRED_CONNECTION_STRING", STORES[0].1));
        assert_silent(&bench, command, &said);
    }
}

#[test]
fn no_place_for_a_setting_gives_a_password_away() {
    let bench = workbench();
    for (name, value) in STORES {
        for command in ["settings", "doctor"] {
            let what = format!("{command} with {name} {value}");
            let mut rest = vec!["--server=127.0.0.1,1", "--database=d"];
            rest.retain(|flag| !flag.starts_with(&format!("--{name}=")));
            let mut flag = bench.command(command);
            flag.args([format!("--{}", name.replace('_', "-")), (*value).to_owned()]);
            assert_silent(&bench, &what, &Said::of(&mut flag));
            assert_silent(&bench, &what, &Said::of(flag.args(&rest)));
            let mut variable = bench.command(command);
            variable.env(format!("XMLSHRED_{}", name.to_uppercase()), value);
            assert_silent(&bench, &what, &Said::of(variable.args(&rest)));
            for text in [format!("'''{value}'''"), format!("'''{value}"), (*value).to_owned()] {
                bench.write("xmlshred.toml", format!("{BASE}{name} = {text}\n"));
                assert_silent(&bench, &what, &bench.run(command));
            }
            bench.write("xmlshred.toml", BASE);
        }
    }
}

#[test]
fn a_password_in_the_settings_file_is_told_where_it_belongs() {
    let bench = Workbench::new();
    bench.write("contract.toml", CONTRACT);
    bench.write("xmlshred.toml", "password = 'hunter2'\n");
    let said = bench.run("settings");
    assert_eq!(said.status, 2, "{said:?}");
    let next_step = "xmlshred.toml:1: `password` has no place in a settings file; write \
                     `password_file`, or set XMLSHRED_PASSWORD";
    assert!(said.stderr.contains(next_step), "{said:?}");
    assert_silent(&bench, "settings", &said);
}

#[test]
fn a_password_where_a_store_is_named_is_told_where_it_belongs() {
    let bench = Workbench::new();
    let mut command = bench.command("status --store Server=db;Password=hunter2");
    let said = Said::of(command.args(["--server", "h", "--database", "d"]));
    assert_eq!(said.status, 2, "{said:?}");
    let next_step = "--store Server=db;Password=*** contains a password; put a connection string \
                     into XMLSHRED_CONNECTION_STRING";
    assert!(said.stderr.contains(next_step), "{said:?}");
}

/// Everybody on the machine can read the arguments of a process.
#[test]
fn a_password_on_the_command_line_is_refused() {
    let bench = workbench();
    let string = "Server=tcp:127.0.0.1,1;User Id=u;Password=hunter2;Database=d";
    for command in ["run", "status", "doctor"] {
        let said = Said::of(bench.command(command).args(["--connection-string", string]));
        assert_eq!(said.status, 2, "{said:?}");
        let refused = "error: --connection-string contains a password, and everybody on this \
                       machine sees the arguments of a process; put the connection string into \
                       XMLSHRED_CONNECTION_STRING\n";
        assert!(said.stderr.starts_with(refused), "{said:?}");
        assert_silent(&bench, command, &said);
    }
    for command in ["completions bash", "--help", "run --help"] {
        assert!(!bench.run(command).stdout.contains("Password="), "{command}");
    }
}
