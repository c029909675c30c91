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
    assert!(said.stdout.contains("Server=db;Password=***;Database=x"), "{said:?}");
}

#[test]
fn log_levels_may_be_written_in_capitals() {
    assert_eq!(Workbench::new().run("settings --log-level INFO").status, 0);
}
