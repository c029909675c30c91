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
    help_of_completions: "completions",
}

#[test]
fn an_unknown_command_exits_2_and_says_what_was_probably_meant() {
    let said = Workbench::new().run("enqeue");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("enqueue"), "{said:?}");
}

#[test]
fn completions_are_a_script_on_stdout() {
    let said = Workbench::new().run("completions bash");
    assert_eq!(said.status, 0);
    assert!(said.stdout.contains("_xmlshred()"), "{said:?}");
}
