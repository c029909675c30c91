//! A server that does what it is asked and never says so: every command ends by itself.

use std::process::Command;

use xmlshred::demo::generate::CONTRACT;

use crate::bench::{Bench, Said};
use crate::line::{Fate, Line};

crate::trials! {
    a_command_gives_up_a_server_that_is_silent,
    installing_gives_up_a_server_that_is_silent,
    a_completion_whose_answer_never_comes_is_found_by_another_connection,
}

/// The executable, by a line; what it says is for people.
fn command(bench: &Bench, line: &Line, arguments: &str) -> Command {
    let mut command = bench.command(arguments);
    let server = line.connection_string(&bench.database.name);
    command.env("XMLSHRED_CONNECTION_STRING", server);
    command
}

/// How a call names a procedure; other text that is sent may mention it.
fn named(request: &str) -> String {
    match request.starts_with("usp_") {
        true => format!("].[{request}]"),
        false => request.to_owned(),
    }
}

/// Commands, the request whose answer never comes, and the limit that ends the wait.
const COMMANDS: [(&str, &str, &str); 18] = [
    ("enqueue", "usp_EnqueueApps", "1s"),
    ("enqueue --app-id-start 1 --app-id-end 9", "usp_EnqueueApps", "1s"),
    ("reap", "usp_ReapExpired", "1s"),
    ("retry --all", "usp_RetryFailed", "1s"),
    ("requeue --changed --contract contract.toml", "usp_RequeueApps", "1s"),
    ("delete-stale-rows --contract contract.toml", "usp_DeleteStaleRows", "1s"),
    ("erase 1 --contract contract.toml", "usp_EraseApps", "1s"),
    ("purge", "usp_PurgeLog", "1s"),
    ("status", "usp_GetStatus", "1s"),
    ("pause --reason silence", "usp_Pause", "10s"),
    ("resume", "usp_Resume", "10s"),
    ("explain 1", "usp_ExplainApp", "1s"),
    ("unprocessed", "usp_ListUnprocessed", "1s"),
    ("export-failed failed", "usp_ListFailures", "1s"),
    ("backfill --table app_base --all --contract contract.toml", "usp_ListFinished", "1s"),
    ("verify --all --contract contract.toml", "usp_ListWritten", "1s"),
    ("verify --app-id 1 --contract contract.toml", "usp_ReadDocument", "10s"),
    ("map --app-id 1 --format none --contract contract.toml", "usp_ReadDocument", "10s"),
];

fn a_command_gives_up_a_server_that_is_silent() {
    let bench = Bench::with_apps(3);
    // Finished applications can be requeued.
    bench.write("contract.toml", &CONTRACT.replace("each =", "on_existing = \"replace\"\neach ="));
    bench.succeed("install --contract contract.toml");
    let line = Line::new(Fate::Silence);
    for (arguments, request, limit) in COMMANDS {
        let reason = format!("{request} sent nothing for {limit}");
        // Where it is the other limit that ends the wait, slow requests before are answered.
        let answer = if limit == "10s" { "60s" } else { limit };
        let arguments = format!("{arguments} --answer-timeout {answer}");
        assert_gives_up(&bench, &line, &arguments, request, &reason);
    }
    // The server has done what it was asked, and a command can be repeated.
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 3);
    assert_eq!(bench.succeed("enqueue"), "0 applications enqueued\n");
    bench.succeed("resume");
    let pauses = "SELECT COUNT(*) FROM pipeline.processing_pause WHERE resumed_at_utc IS NULL";
    assert_eq!(bench.number(pauses), 0);
}

/// A command whose request is answered by silence ends, and says what it waited for.
fn assert_gives_up(bench: &Bench, line: &Line, arguments: &str, request: &str, reason: &str) {
    let mut command = command(bench, line, arguments);
    // Other requests of the same command are answered, maybe slowly.
    command.args(["--command-timeout", "10s"]);
    line.trip_on(&named(request));
    let said = Said::of(&mut command);
    assert!(line.has_tripped_on(), "{arguments}: it never sent {request}: {said:?}");
    assert_eq!(said.status, 4, "{arguments}: {said:?}");
    let reason = format!("gave no answer: {reason}; the connection was closed");
    assert!(said.stderr.contains(&reason), "{arguments}: {said:?}");
    assert!(said.stderr.contains("hint: run `xmlshred doctor`"), "{arguments}: {said:?}");
}

fn installing_gives_up_a_server_that_is_silent() {
    let bench = Bench::with_apps(1);
    let line = Line::new(Fate::Silence);
    // Most batches of an installation are answered, maybe slowly.
    let silent = "a batch sent nothing for 20s";
    let install = "install --contract contract.toml --answer-timeout 20s";
    assert_gives_up(&bench, &line, install, "CREATE TABLE", silent);
    bench.succeed("install --contract contract.toml");
    let uninstall = "uninstall --all --answer-timeout 20s";
    assert_gives_up(&bench, &line, uninstall, "EXEC (@drop)", silent);
    bench.succeed("install --contract contract.toml");
    bench.succeed("enqueue");
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.assert_all_concluded();
}

fn a_completion_whose_answer_never_comes_is_found_by_another_connection() {
    const APPS: i64 = 30;
    let bench = Bench::ready(APPS);
    let line = Line::new(Fate::Silence);
    let mut command = command(
        &bench,
        &line,
        // The limit is more than a completion takes that is answered.
        "run --contract contract.toml --workers 1 --batch-size 10 --fail-on never \
         --answer-timeout 30s --log-level info",
    );
    line.trip_on(&named("usp_CompleteBatch"));
    let said = Said::of(&mut command);
    assert!(line.has_tripped_on(), "{said:?}");
    assert_eq!(said.status, 0, "{said:?}");
    let told = "usp_CompleteBatch sent nothing for 30s";
    assert!(said.stderr.contains(told), "{said:?}");
    assert!(said.stderr.contains("reading the outcome of the claim"), "{said:?}");

    // Nothing more was sent on the silent connection; a new one asked, and did the rest.
    let completions = line.connections_of(&named("usp_CompleteBatch"));
    let questions = line.connections_of(&named("usp_GetClaimOutcome"));
    let silent = completions[0];
    assert!(completions.len() >= 3 && !completions[1..].contains(&silent), "{completions:?}");
    assert!(!questions.is_empty() && !questions.contains(&silent), "{questions:?}");

    // The rows of all are there once: the invariants compare them with the log.
    bench.assert_all_concluded();
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), APPS);
    assert_eq!(bench.number("SELECT MAX(attempt) FROM pipeline.processing_log"), 1);
    let twice = "SELECT COUNT(*) FROM
                 (SELECT app_id FROM sandbox.app_base GROUP BY app_id HAVING COUNT(*) > 1) AS t";
    assert_eq!(bench.number(twice), 0);
}
