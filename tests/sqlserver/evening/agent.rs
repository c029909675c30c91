//! SQL Server Agent itself.

use xmlshred::store::sqlserver::agent_jobs::AgentJobs;

use super::{not_sql_server, wait_until, Evening, Verdict};
use crate::bench::Bench;
use crate::database::{connection_string_of, Sql};

/// The jobs are created, a worker is started under the proxy, and stopped while it works: it
/// releases what it holds.
pub(super) fn the_stop_event_works(evening: &Evening) -> Verdict {
    let bench = Bench::ready(evening.documents.min(2000));
    let name = bench.database.name.clone();
    let jobs = AgentJobs::default()
        .with("Schema", bench.database.schema.as_str())
        .with("JobPrefix", format!("evening {name} - "))
        .with("WorkerCount", "1");
    if evening.is_babelfish() {
        jobs.create_script(&name).expect("a script");
        return not_sql_server();
    }
    let proxy = std::env::var("XMLSHRED_EVENING_PROXY").ok().filter(|_| cfg!(windows));
    let Some(proxy) = proxy else {
        return Verdict::NotApplicable(
            "it needs Agent on this machine, on Windows, and a proxy for CmdExec named by \
             XMLSHRED_EVENING_PROXY"
                .to_owned(),
        );
    };
    bench.write(
        "xmlshred.toml",
        &format!(
            "connection_string = '{}'\nschema = '{}'\ncontract = 'contract.toml'\nbatch_size = 5\n",
            connection_string_of(&name),
            bench.database.schema
        ),
    );
    let path = |file: &str| bench.path(file).display().to_string();
    let program = bench.command("").get_program().to_string_lossy().into_owned();
    let jobs = jobs
        .with("Executable", program)
        .with("SettingsFile", path("xmlshred.toml"))
        .with("LogFolder", path("log"))
        .with("ProxyName", proxy);
    let mut sql = Sql::connect(&name);
    run(&mut sql, &jobs.create_script(&name).expect("a script"));
    let worker = format!("N'evening {name} - Worker 1'");
    let claims = "SELECT COUNT(*) FROM pipeline.processing_claim";
    let verdict = (|| {
        sql.execute(&format!("EXEC msdb.dbo.sp_start_job @job_name = {worker};"));
        if !wait_until(|| bench.number(claims) > 0) {
            return Verdict::Failed("the worker claimed nothing; see the job's history".to_owned());
        }
        sql.execute(&format!("EXEC msdb.dbo.sp_stop_job @job_name = {worker};"));
        let open = "SELECT COUNT(*) FROM pipeline.processing_session WHERE ended_at_utc IS NULL";
        let ended = wait_until(|| bench.number(open) == 0);
        match (ended, bench.number(claims)) {
            (true, 0) => Verdict::Passed("the worker ended and holds no claim".to_owned()),
            (_, held) => Verdict::Failed(format!("the worker was killed; it holds {held} claims")),
        }
    })();
    run(&mut sql, &jobs.remove_script(&name).expect("a script"));
    verdict
}

/// Runs a script's batches.
fn run(sql: &mut Sql, script: &str) {
    for batch in script.split("\nGO\n").filter(|batch| !batch.trim().is_empty()) {
        sql.execute(batch);
    }
}
