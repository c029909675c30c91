//! What `--help` says, word for word.

use insta::assert_snapshot;

use super::workbench::Workbench;

fn help(command: &str) -> String {
    Workbench::new().run(&format!("{command} --help")).transcript()
}

macro_rules! help_tests {
    ($($(#[$attribute:meta])* $name:ident: $command:literal,)*) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            assert_snapshot!(help($command));
        }
    )*};
}

help_tests! {
    #[cfg(feature = "embedded")]
    help_of_the_program: "",
    #[cfg(feature = "embedded")]
    help_of_load: "load",
    help_of_unload: "unload",
    help_of_install: "install",
    help_of_enqueue: "enqueue",
    help_of_run: "run",
    help_of_status: "status",
    help_of_explain: "explain",
    help_of_reap: "reap",
    help_of_retry: "retry",
    help_of_requeue: "requeue",
    help_of_delete_stale_rows: "delete-stale-rows",
    help_of_erase: "erase",
    help_of_backfill: "backfill",
    help_of_export_failed: "export-failed",
    help_of_unprocessed: "unprocessed",
    help_of_verify: "verify",
    help_of_purge: "purge",
    help_of_pause: "pause",
    help_of_resume: "resume",
    #[cfg(feature = "embedded")]
    help_of_backup: "backup",
    help_of_doctor: "doctor",
    #[cfg(feature = "sqlserver")]
    help_of_agent_jobs: "agent-jobs",
    help_of_service_install: "service install",
    help_of_service_remove: "service remove",
    help_of_service_run: "service run",
    help_of_map: "map",
    help_of_contract_check: "contract check",
    help_of_contract_init: "contract init",
    help_of_contract_coverage: "contract coverage",
    help_of_contract_docs: "contract docs",
    help_of_contract_diff: "contract diff",
    help_of_contract_import: "contract import",
    #[cfg(feature = "embedded")]
    help_of_demo: "demo",
    help_of_settings: "settings",
    help_of_man: "man",
    help_of_completions: "completions",
}

#[test]
fn an_unknown_command_exits_2_and_says_what_was_probably_meant() {
    let said = Workbench::new().run("enqeue");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("enqueue"), "{said:?}");
}

#[test]
fn the_short_help_has_the_flags_of_the_command_alone() {
    assert_snapshot!(Workbench::new().run("retry -h").transcript());
    let short = Workbench::new().run("run -h").stdout;
    assert!(short.contains("--batch-size"), "{short}");
    for detail in ["--server", "--log-level", "--max-depth"] {
        assert!(!short.contains(detail), "{short}");
        assert!(help("run").contains(detail));
    }
}

#[test]
fn a_server_is_named_only_where_a_store_is_opened() {
    for without in
        ["map", "demo", "settings", "completions zsh", "man", "contract", "contract diff"]
    {
        assert!(!help(without).contains("--database"), "{without}");
    }
    for with in ["", "run", "contract check", "contract init"] {
        assert!(help(with).contains("--database"), "{with}");
    }
}

#[test]
fn a_server_may_be_named_before_and_after_the_command() {
    for call in ["--server db9 settings", "settings --server db9"] {
        let said = Workbench::new().run(call);
        let line =
            said.stdout.lines().find(|line| line.starts_with("server ")).expect("the server");
        assert!(line.contains("db9") && line.contains("--server"), "{call}: {line}");
    }
}

#[test]
fn the_command_is_found_that_other_programs_call_so() {
    for (call, hint) in [
        ("init", "run `xmlshred contract init`"),
        ("check", "run `xmlshred contract check`"),
        ("validate", "run `xmlshred contract check`"),
        ("contract validate", "run `xmlshred contract check`"),
        ("list", "run `xmlshred status` or `xmlshred failures`"),
        ("query", "run `xmlshred status`"),
        ("statsu", "perhaps `status` was meant"),
        ("frobnicate", "run `xmlshred --help` to see the commands"),
    ] {
        let said = Workbench::new().run(call);
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.ends_with(&format!("\n\nhint: {hint}\n")), "{call}: {said:?}");
    }
}

#[cfg(feature = "embedded")]
#[test]
fn json_is_short_for_its_format() {
    let bench = super::notes::finished();
    for command in ["status", "failures", "map docs --contract contract.toml"] {
        let (short, long) = (format!("{command} --json"), format!("{command} --format json"));
        let (short, long) = (bench.run(&short), bench.run(&long));
        assert!(short.stdout.starts_with('{'), "{short:?}");
        let keys = |said: &str| said.matches("\":").count();
        assert_eq!(keys(&short.stdout), keys(&long.stdout), "{command}");
    }
    assert_eq!(bench.run("status --json --format table").status, 2);
    assert!(!help("contract docs").contains("--json"));
}

#[test]
fn a_page_of_the_manual_is_that_of_its_command() {
    let said = Workbench::new().run("man contract init");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains(".TH xmlshred-contract-init 1"), "{said:?}");
    let unknown = Workbench::new().run("man contract frobnicate");
    assert_eq!(unknown.status, 2, "{unknown:?}");
    assert!(unknown.stderr.contains("unknown command `contract frobnicate`"), "{unknown:?}");
}

#[test]
fn completions_are_a_script_on_stdout() {
    let said = Workbench::new().run("completions bash");
    assert_eq!(said.status, 0);
    assert!(said.stdout.contains("_xmlshred()"), "{said:?}");
}
