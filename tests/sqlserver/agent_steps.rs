//! The T-SQL steps of the jobs that `agent-jobs/create_jobs.sql` creates, run as Agent runs them.

use xmlshred::store::sqlserver::agent_jobs::AgentJobs;

use crate::agent::{stand_in, try_run};
use crate::bench::Bench;
use crate::database::{Server, Sql};

crate::trials! {
    the_sql_steps_are_those_that_are_parsed,
    the_sql_steps_do_what_their_jobs_are_for,
    the_sql_steps_do_nothing_on_a_secondary,
}

/// The T-SQL steps of a pipeline, job and command.
fn sql_steps(bench: &Bench) -> Vec<(String, String)> {
    stand_in(&bench.database);
    let jobs = AgentJobs::default().with("Schema", bench.database.schema.as_str());
    try_run(&bench.database, &jobs.create_script(&bench.database.name).unwrap()).expect("create");
    let steps = bench.database.query_exactly(
        "SELECT j.name, s.command
         FROM dbo.sysjobs AS j INNER JOIN dbo.sysjobsteps AS s ON j.job_id = s.job_id
         WHERE s.subsystem = N'TSQL' AND s.database_name = N'master' ORDER BY j.name",
    );
    let step = |mut row: Vec<Option<String>>| {
        let command = row.remove(1).expect("a command");
        let job = row.remove(0).expect("a job");
        (job.trim_start_matches("xmlshred - ").to_owned(), command)
    };
    let steps: Vec<_> = steps.into_iter().map(step).collect();
    let jobs: Vec<&str> = steps.iter().map(|(job, _)| job.as_str()).collect();
    assert_eq!(jobs, ["Health", "Nightly", "Prepare"]);
    steps
}

/// What `tools/tsql-check/run.sh` gives to Microsoft's parser.
const PARSED: &str = include_str!("../generated_sql/agent_steps.sql");

fn the_sql_steps_are_those_that_are_parsed() {
    let bench = Bench::ready(0);
    let text = |(job, command): (String, String)| format!("-- {job}\n{command}\nGO\n");
    let steps: String = sql_steps(&bench).into_iter().map(text).collect();
    let steps = steps.replace("\r\n", "\n");
    let steps = steps.replace(&bench.database.name, "credit");
    let steps = steps.replace(&bench.database.schema, "sandbox");
    assert_eq!(steps, PARSED.replace("\r\n", "\n"), "tests/generated_sql/agent_steps.sql");
}

/// Runs a step in master, as Agent does. Babelfish looks for some of what another database's
/// procedure names in this one.
fn run_step(bench: &Bench, command: &str) -> Result<(), String> {
    let is_babelfish = Server::from_environment().is_some_and(|server| server.is_babelfish);
    let database = if is_babelfish { &bench.database.name } else { "master" };
    Sql::connect(database).try_query(command).map(drop).map_err(|error| error.to_string())
}

/// A pipeline with something to do for each of the steps: two documents that nobody has enqueued,
/// one that a dead worker holds, and events of long ago.
fn neglected() -> (Bench, impl Fn(&str) -> String) {
    let bench = Bench::ready(1);
    let killed = bench
        .command("run --contract contract.toml --batch-size 1")
        .env("XMLSHRED_FAILPOINT", "after_claim")
        .status();
    assert!(!killed.expect("start").success(), "the worker was to be killed");
    bench.execute(
        "UPDATE pipeline.processing_claim SET lease_expires_at_utc = DATEADD(HOUR, -1, claimed_at_utc);
         UPDATE pipeline.processing_event SET occurred_at_utc = DATEADD(DAY, -98, occurred_at_utc);",
    );
    bench.add_apps(2);
    let steps = sql_steps(&bench);
    let step = move |job: &str| {
        let found = steps.iter().find(|(name, _)| name == job);
        found.expect("a step").1.clone()
    };
    (bench, step)
}

/// Applications that are ready, claims, and events.
const STATE: &str = "SELECT CONCAT(
     (SELECT COUNT(*) FROM pipeline.processing_queue WHERE state = 0), ' ready, ',
     (SELECT COUNT(*) FROM pipeline.processing_claim), ' claimed, ',
     (SELECT COUNT(*) FROM pipeline.processing_event), ' events')";

fn the_sql_steps_do_what_their_jobs_are_for() {
    let (bench, step) = neglected();
    assert_eq!(bench.value(STATE), "0 ready, 1 claimed, 1 events");
    let ill = run_step(&bench, &step("Health")).expect_err("a failing step");
    assert!(ill.contains("expired leases") && ill.contains("usp_ReapExpired"), "{ill}");
    run_step(&bench, &step("Prepare")).expect("prepare");
    assert_eq!(bench.value(STATE), "3 ready, 0 claimed, 2 events");
    run_step(&bench, &step("Health")).expect("all is well");
    // A document with an id far below those that were enqueued last.
    bench.execute("UPDATE pipeline.processing_watermark SET app_id = 1000000000;");
    bench.add_apps(1);
    run_step(&bench, &step("Prepare")).expect("prepare");
    assert_eq!(bench.value(STATE), "3 ready, 0 claimed, 2 events");
    run_step(&bench, &step("Nightly")).expect("nightly");
    assert_eq!(bench.value(STATE), "4 ready, 0 claimed, 1 events");
}

/// Nor on a database that is being restored.
fn the_sql_steps_do_nothing_on_a_secondary() {
    let (bench, step) = neglected();
    let before = bench.value(STATE);
    for job in ["Health", "Nightly", "Prepare"] {
        for (question, other) in [("N'READ_WRITE'", "N'READ_ONLY'"), ("N'ONLINE'", "N'RESTORING'")]
        {
            let command = step(job);
            assert_eq!(command.matches(question).count(), 1, "{command}");
            run_step(&bench, &command.replace(question, other)).expect(job);
            assert_eq!(bench.value(STATE), before, "{job}");
        }
    }
}
