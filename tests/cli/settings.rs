//! Where settings come from, and what is said when they do not hold.

use insta::assert_snapshot;

use super::workbench::{Said, Workbench};

/// What was said to somebody whose settings do not hold.
fn refusal(said: &Said) -> &str {
    assert_eq!(said.status, 2, "{said:?}");
    &said.stderr
}

#[test]
fn defaults_are_shown_as_defaults() {
    assert_snapshot!(Workbench::new().run("settings").transcript());
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "workers = 3\nbatch_size = 30\n\nlease = '3m'\nfollow = true\n");
    let mut command = bench.command("settings --batch-size 10 --follow=false");
    let said = Said::of(command.env("XMLSHRED_BATCH_SIZE", "20").env("XMLSHRED_LEASE", "90s"));
    assert_snapshot!(said.transcript());
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let bench = Workbench::new();
    let mut command = bench.command("settings");
    let said = Said::of(command.env("XMLSHRED_LIMIT", ""));
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn a_misspelt_variable_is_pointed_out() {
    let bench = Workbench::new();
    let mut command = bench.command("settings");
    let said = Said::of(command.env("XMLSHRED_BATCHSIZE", "5").env("XMLSHRED_TEST_X", "1"));
    assert_eq!(said.status, 0, "{said:?}");
    let warning = "XMLSHRED_BATCHSIZE is not a setting; did you mean XMLSHRED_BATCH_SIZE?";
    assert!(said.stderr.contains(warning), "{said:?}");
    assert!(!said.stderr.contains("XMLSHRED_TEST_X"), "{said:?}");
}

#[test]
fn a_variable_that_is_like_no_setting_is_pointed_out_too() {
    let bench = Workbench::new();
    let mut command = bench.command("settings");
    let said = Said::of(command.env("XMLSHRED_BOGUS", "1").env("XMLSHRED_PASWORD", "x"));
    assert_eq!(said.status, 0, "{said:?}");
    for part in [
        "XMLSHRED_BOGUS is not a setting and is ignored",
        "XMLSHRED_PASWORD is not a setting; did you mean XMLSHRED_PASSWORD?",
    ] {
        assert!(said.stderr.contains(part), "{said:?}");
    }
}

#[test]
fn a_failpoint_is_known_where_the_program_has_any() {
    let bench = Workbench::new();
    let mut command = bench.command("settings");
    let said = Said::of(command.env("XMLSHRED_FAILPOINT", "after_claim"));
    assert_eq!(said.stderr.contains("is not a setting"), !cfg!(debug_assertions), "{said:?}");
}

#[test]
fn the_settings_file_and_the_password_are_shown_by_where_they_come_from() {
    let bench = Workbench::new();
    let row = |said: &Said, name: &str| -> Vec<String> {
        let line = said.stdout.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect()
    };
    assert_eq!(row(&bench.run("settings"), "password "), ["(not", "set)", "default"]);
    bench.write("xmlshred.toml", "");
    assert_eq!(row(&bench.run("settings"), "config "), ["xmlshred.toml", "default"]);
    bench.write("other.toml", "");
    let said = bench.run("settings --config other.toml");
    assert_eq!(row(&said, "config "), ["other.toml", "--config"]);
    let mut command = bench.command("settings");
    let said = Said::of(command.env("XMLSHRED_CONFIG", "other.toml").env("XMLSHRED_PASSWORD", "p"));
    assert_eq!(row(&said, "config "), ["other.toml", "XMLSHRED_CONFIG"]);
    assert_eq!(row(&said, "password "), ["***", "XMLSHRED_PASSWORD"]);
}

#[test]
fn the_settings_command_does_not_refer_to_itself() {
    let said = Workbench::new().run("settings --lease 0s");
    assert!(!said.stderr.contains("xmlshred settings"), "{said:?}");
    let said = Workbench::new().run("status --log-level loud");
    assert!(said.stderr.contains("hint: run `xmlshred settings` to see"), "{said:?}");
}

#[cfg(all(feature = "embedded", feature = "sqlserver"))]
#[test]
fn the_store_of_the_higher_origin_wins() {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = 'sqlite:w.db'\nuser = 'u'\n");
    let mut command = bench.command("settings --server h --database d");
    let said = Said::of(command.env("XMLSHRED_PASSWORD", "p"));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("xmlshred.toml:1, outranked by --server"), "{said:?}");
    let mut command = bench.command("settings");
    let string = "Server=db;User Id=u;Password=p";
    let said = Said::of(command.env("XMLSHRED_CONNECTION_STRING", string));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("outranked by XMLSHRED_CONNECTION_STRING"), "{said:?}");
    bench.write("xmlshred.toml", "server = 'h'\ndatabase = 'd'\n");
    let said = bench.run("status --store sqlite:absent.db");
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.stderr.contains("absent.db"), "{said:?}");
    let mut command = bench.command("status");
    let said = Said::of(command.env("XMLSHRED_STORE", "sqlite:absent.db"));
    assert!(said.stderr.contains("absent.db"), "{said:?}");
}

#[cfg(feature = "sqlserver")]
#[test]
fn two_stores_of_one_origin_are_refused_with_their_places() {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = 'sqlite:w.db'\nserver = 'h'\n");
    let said = bench.run("status");
    let stores = "--store sqlite:w.db (from xmlshred.toml:1) and --server h (from \
                  xmlshred.toml:2) name 2 stores; keep one";
    assert!(refusal(&said).contains(stores), "{said:?}");
    let said = bench.run("status --store sqlite:w.db --server h");
    let stores = "--store sqlite:w.db and --server h name 2 stores";
    assert!(refusal(&said).contains(stores), "{said:?}");
    let mut command = bench.command("status");
    command.env("XMLSHRED_CONNECTION_STRING", "Server=db;Password=p").env("XMLSHRED_SERVER", "h");
    let said = Said::of(&mut command);
    let stores = "--server h (from XMLSHRED_SERVER) and --connection-string (from \
                  XMLSHRED_CONNECTION_STRING) name 2 stores";
    assert!(refusal(&said).contains(stores), "{said:?}");
}

#[test]
fn words_may_be_written_in_capitals() {
    let flags = "--log-format JSON --fail-on NEVER --log-level INFO --follow=TRUE";
    let said = Workbench::new().run(&format!("settings {flags}"));
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "batchsize = 5\nlease = \"soon\"\nworkers = [1]\nnonsense = 1\n");
    let mut command = bench.command(
        "settings --batch-size 0 --workers 0 --instance-id 4 --instance-count 4 \
         --app-id-start 9 --app-id-end 1 --poll 99ms --fail-on 101% --max-bytes-in-flight 64M \
         --store mysql:x --log-level loud",
    );
    let said = Said::of(command.env("XMLSHRED_LIMIT", "none"));
    assert_snapshot!(refusal(&said));
    assert_eq!(bench.files(), ["xmlshred.toml"]);
}

#[test]
fn a_lease_of_zero_is_refused() {
    let said = Workbench::new().run("settings --lease 0s");
    assert_snapshot!(refusal(&said));
}

#[test]
fn an_instance_outside_the_count_is_refused() {
    let said = Workbench::new().run("settings --instance-id 3 --instance-count 3");
    assert_snapshot!(refusal(&said));
}

#[test]
fn half_a_partition_is_refused() {
    let said = Workbench::new().run("settings --instance-count 3");
    assert_snapshot!(refusal(&said));
}

#[test]
fn a_broken_settings_file_names_its_line() {
    let bench = Workbench::new();
    bench.write("other.toml", "workers = 2\nlease = 'unclosed\n");
    let said = bench.run("settings --config other.toml");
    assert_snapshot!(refusal(&said));
}

#[test]
fn a_settings_file_that_was_named_must_exist() {
    let bench = Workbench::new();
    let mut command = bench.command("settings");
    let said = Said::of(command.env("XMLSHRED_CONFIG", "absent.toml"));
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("cannot read the settings file absent.toml"), "{said:?}");
}

#[test]
fn paths_in_a_settings_file_start_from_its_folder() {
    let bench = Workbench::new();
    bench.write("job/xmlshred.toml", "log_dir = 'logs'\n");
    let said = bench.run("run --config job/xmlshred.toml");
    assert_eq!(said.status, 2, "{said:?}");
    let logs: Vec<_> = std::fs::read_dir(bench.path().join("job/logs")).unwrap().collect();
    assert_eq!(logs.len(), 1);
}

#[test]
fn a_password_is_never_shown() {
    let said = Workbench::new().run("settings --store Server=db;Password=hunter2;Database=x");
    assert_eq!(said.status, 2);
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
    assert!(said.stdout.contains("Server=db;Password=***"), "{said:?}");
}

#[cfg(feature = "sqlserver")]
#[test]
fn the_servers_defaults_are_those_of_the_settings() {
    use xmlshred::settings::{keys, shown_duration};
    use xmlshred::store::sqlserver::{COMMAND_TIMEOUT, CONNECT_TIMEOUT, DEFAULT_SCHEMA};

    assert_eq!(keys::SCHEMA.default.text().as_deref(), Some(DEFAULT_SCHEMA));
    assert_eq!(keys::CONNECT_TIMEOUT.default.text(), Some(shown_duration(CONNECT_TIMEOUT)));
    assert_eq!(keys::COMMAND_TIMEOUT.default.text(), Some(shown_duration(COMMAND_TIMEOUT)));
}
