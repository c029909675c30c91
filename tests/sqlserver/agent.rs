//! The scripts of `agent-jobs/` against a substitute for Agent's part of msdb: the procedures that
//! Microsoft documents, with their parameters' names and types and their return codes, on tables
//! with the columns that Microsoft documents. Here all is in one database.

use xmlshred::store::sqlserver::agent_jobs::AgentJobs;

use crate::database::Database;

crate::trials! {
    the_jobs_are_made_once_and_then_left_as_they_are,
    a_dry_run_says_what_it_would_do_and_does_nothing,
    a_worker_is_told_its_share_and_its_job,
    a_log_folder_is_one_argument_and_may_end_with_backslashes,
    what_a_dba_changed_survives,
    a_new_executable_is_brought_to_the_workers,
    a_job_of_that_name_that_is_not_ours_is_left_alone,
    where_every_name_is_taken_the_script_is_refused,
    the_jobs_of_another_database_are_not_touched,
    jobs_are_those_of_the_database_that_they_call,
    a_worker_too_many_is_pointed_out,
    a_missing_operator_is_named_before_anything_is_made,
    a_value_that_is_too_long_is_refused_not_cut,
    where_agent_runs_no_programs_the_t_sql_jobs_are_made_alone,
    an_edition_without_agent_is_refused,
    a_job_that_cannot_be_made_leaves_nothing_behind,
    removing_takes_away_what_is_ours_and_nothing_else,
    a_job_belongs_to_the_first_login_or_to_the_given_one,
    the_view_names_what_is_wrong_with_a_job,
    the_fix_of_a_job_fixes_it,
}

/// The parameters are those of Microsoft's documentation, all of them, so that a name that is not
/// it is an error here as well.
const STAND_IN: &str = include_str!("agent_stand_in.tsql");

/// The batches between lines with `GO`.
fn batches(script: &str) -> Vec<String> {
    let lines: Vec<&str> = script.lines().collect();
    let batches = lines.split(|line| line.trim() == "GO").map(|lines| lines.join("\n"));
    batches.filter(|batch| !batch.trim().is_empty()).collect()
}

/// Puts the substitute into a database.
pub fn stand_in(database: &Database) {
    for batch in batches(STAND_IN) {
        database.execute(&batch);
    }
}

/// What the scripts ask the server about itself.
const EDITION: &str = "CONVERT(int, SERVERPROPERTY(N'EngineEdition'))";
const HAS_HOST: &str = "OBJECT_ID(N'sys.dm_os_host_info') IS NOT NULL";
const HOST: &str = "i.host_platform FROM sys.dm_os_host_info AS i";
const MAY_READ: &str = "HAS_PERMS_BY_NAME(N'[msdb].[dbo].[sysjobs]', N'OBJECT', N'SELECT')";
const RDS: &str = "DB_ID(N'rdsadmin')";

/// Runs a script in a database that has the substitute, as on Enterprise Edition on Windows; the
/// last result, or the error.
pub fn try_run(database: &Database, script: &str) -> Result<Vec<Vec<String>>, String> {
    let script = script.replace("[msdb].", "").replace("CREATE OR ALTER", "CREATE");
    let script =
        script.replace(EDITION, "3").replace(HAS_HOST, "1 = 1").replace(HOST, "N'Windows'");
    let mut rows = Vec::new();
    for batch in batches(&script).iter().filter(|batch| !batch.starts_with("USE ")) {
        rows = database.with(|sql| sql.try_query(batch)).map_err(|e| e.to_string())?;
    }
    let text = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default);
    Ok(rows.into_iter().map(|row| text(row).collect()).collect())
}

/// A database with the substitute and as much of a pipeline as the scripts look for.
struct Agent {
    database: Database,
}

impl Agent {
    fn start() -> Self {
        let database = Database::create();
        stand_in(&database);
        database.execute(&format!("CREATE SCHEMA {} AUTHORIZATION dbo;", database.schema));
        database
            .execute(&database.own("CREATE PROCEDURE pipeline.usp_ClaimBatch AS SELECT 1 AS one;"));
        Self { database }
    }

    /// The default jobs of this pipeline.
    fn jobs(&self) -> AgentJobs {
        AgentJobs::default().with("Schema", self.database.schema.as_str())
    }

    fn try_run(&self, script: &str) -> Result<Vec<Vec<String>>, String> {
        try_run(&self.database, script)
    }

    /// Creates or updates the jobs; action and job of each thing done.
    fn create(&self, jobs: &AgentJobs) -> Vec<String> {
        done(&self.try_run(&jobs.create_script(&self.database.name).unwrap()).expect("create"))
    }

    fn remove(&self, jobs: &AgentJobs) -> Vec<String> {
        done(&self.try_run(&jobs.remove_script(&self.database.name).unwrap()).expect("remove"))
    }

    fn list(&self, sql: &str) -> Vec<String> {
        let rows = self.database.query(sql);
        rows.into_iter().flatten().map(Option::unwrap_or_default).collect()
    }

    /// Everything there is, to compare.
    fn everything(&self) -> Vec<String> {
        self.list(
            "SELECT CONCAT(j.name, '|', j.enabled, '|', j.description, '|',
                 CASE j.owner_sid WHEN 0x02 THEN 'a dba' END, '|',
                 j.notify_level_email, '|', s.step_name, '|', s.command, '|', s.flags, '|',
                 s.retry_attempts, '|', s.output_file_name, '|', s.proxy_id)
             FROM dbo.sysjobs AS j INNER JOIN dbo.sysjobsteps AS s ON j.job_id = s.job_id
             UNION ALL
             SELECT CONCAT(h.name, '|', h.enabled, '|', h.freq_type, '|', h.freq_subday_type, '|',
                 h.freq_subday_interval, '|', h.active_start_time, '|', a.job_id)
             FROM dbo.sysschedules AS h
             LEFT OUTER JOIN dbo.sysjobschedules AS a ON h.schedule_id = a.schedule_id
             ORDER BY 1",
        )
    }
}

fn done(rows: &[Vec<String>]) -> Vec<String> {
    rows.iter().map(|row| format!("{} {}", row[0], row[1]).trim_end().to_owned()).collect()
}

const CREATED: [&str; 6] = [
    "create category",
    "create job xmlshred - prepare",
    "create job xmlshred - nightly",
    "create job xmlshred - health",
    "create job xmlshred - worker 1",
    "create job xmlshred - worker 2",
];

fn the_jobs_are_made_once_and_then_left_as_they_are() {
    let agent = Agent::start();
    assert_eq!(agent.create(&agent.jobs()), CREATED);
    let made = agent.everything();
    assert_eq!(made.len(), 10, "five jobs with a step and a schedule each: {made:#?}");
    assert_eq!(agent.list("SELECT COUNT(*) FROM dbo.sysjobservers"), ["5"]);
    assert_eq!(agent.create(&agent.jobs()), [""; 0]);
    assert_eq!(agent.everything(), made);
}

fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let agent = Agent::start();
    let dry = agent.jobs().with("Execute", "N");
    assert_eq!(agent.create(&dry), CREATED);
    assert_eq!(agent.everything(), [""; 0]);
    agent.create(&agent.jobs());
    let made = agent.everything();
    let updated = ["update step xmlshred - worker 1", "update step xmlshred - worker 2"];
    assert_eq!(agent.create(&dry.clone().with("Executable", "D:\\xmlshred.exe")), updated);
    assert_eq!(agent.remove(&dry).len(), 10);
    assert_eq!(agent.everything(), made);
}

fn a_worker_is_told_its_share_and_its_job() {
    let agent = Agent::start();
    let jobs = agent.jobs().with("WorkerShare", "partitions").with("WorkerCount", "3");
    agent.create(&jobs);
    let step = agent.database.query(
        "SELECT s.command, s.flags, s.retry_attempts, s.cmdexec_success_code, s.output_file_name,
             s.subsystem
         FROM dbo.sysjobs AS j INNER JOIN dbo.sysjobsteps AS s ON j.job_id = s.job_id
         WHERE j.name = N'xmlshred - Worker 2'",
    );
    let step: Vec<_> = step[0].iter().map(|text| text.clone().unwrap_or_default()).collect();
    assert_eq!(
        step[0],
        "\"c:\\program files\\xmlshred\\xmlshred.exe\" run --config \
         \"c:\\programdata\\xmlshred\\xmlshred.toml\" --worker-name \"worker 2\" --fail-on never \
         --log-dir \"c:\\programdata\\xmlshred\\log\" --log-days 90 --instance-id 1 --instance-count 3 \
         --agent-job $(escape_none(jobid)) --agent-step $(escape_none(stepid))"
    );
    assert_eq!(step[1..4], ["96", "2", "0"]);
    assert_eq!(step[4], "c:\\programdata\\xmlshred\\log\\xmlshred - worker 2.txt");
    assert_eq!(step[5], "cmdexec");
}

/// By the rules of CommandLineToArgvW: backslashes before a quotation mark are halved, and an odd one
/// makes the mark a part of the argument.
fn arguments(command: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let (mut backslashes, mut is_quoted) = (0, false);
    for c in command.chars() {
        let argument = arguments.last_mut().unwrap();
        match c {
            '\\' => backslashes += 1,
            '"' => {
                argument.push_str(&"\\".repeat(backslashes / 2));
                match backslashes % 2 {
                    1 => argument.push('"'),
                    _ => is_quoted = !is_quoted,
                }
                backslashes = 0;
            }
            _ => {
                argument.push_str(&"\\".repeat(std::mem::take(&mut backslashes)));
                match c == ' ' && !is_quoted {
                    true => arguments.push(String::new()),
                    false => argument.push(c),
                }
            }
        }
    }
    arguments
}

fn a_log_folder_is_one_argument_and_may_end_with_backslashes() {
    let agent = Agent::start();
    for (folder, file) in [
        (r"d:\log files", r"d:\log files\xmlshred - worker 1.txt"),
        (r"d:\log files\", r"d:\log files\xmlshred - worker 1.txt"),
        (r"d:\log files\\", r"d:\log files\\xmlshred - worker 1.txt"),
        (r"d:\", r"d:\xmlshred - worker 1.txt"),
        (r"\\srv\log", r"\\srv\log\xmlshred - worker 1.txt"),
    ] {
        agent.create(&agent.jobs().with("LogFolder", folder));
        let step = agent.database.query(
            "SELECT command, output_file_name FROM dbo.sysjobsteps
             WHERE step_name LIKE N'%Worker 1'",
        );
        let text = |at: usize| step[0][at].clone().unwrap_or_default();
        let given = arguments(&text(0));
        let flag = given.iter().position(|argument| argument == "--log-dir").unwrap();
        assert_eq!(given[flag + 1..flag + 4], [folder, "--log-days", "90"], "{}", text(0));
        assert_eq!(text(1), file);
    }
}

fn what_a_dba_changed_survives() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    agent.database.execute(
        "UPDATE dbo.sysjobs SET enabled = 0, description = N'mine', owner_sid = 0x02,
             notify_level_email = 3, notify_email_operator_id = 7
         WHERE name = N'xmlshred - Nightly';
         UPDATE dbo.sysschedules SET active_start_time = 40000 WHERE name = N'xmlshred - Nightly';
         UPDATE dbo.sysjobsteps SET retry_attempts = 9, on_success_action = 3
         WHERE step_name LIKE N'%nightly';
         DECLARE @job_id uniqueidentifier =
             (SELECT job_id FROM dbo.sysjobs WHERE name = N'xmlshred - Nightly');
         EXEC dbo.sp_add_jobstep @job_id = @job_id, @step_name = N'tell the boss',
             @command = N'PRINT 1';
         DECLARE @schedule_id int;
         EXEC dbo.sp_add_schedule @schedule_name = N'at lunch', @freq_type = 4,
             @schedule_id = @schedule_id OUTPUT;
         EXEC dbo.sp_attach_schedule @job_id = @job_id, @schedule_id = @schedule_id;",
    );
    let edited = agent.everything();
    assert_eq!(agent.create(&agent.jobs()), [""; 0]);
    assert_eq!(agent.everything(), edited);
}

fn a_new_executable_is_brought_to_the_workers() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    agent.database.execute(
        "UPDATE dbo.sysjobsteps SET retry_attempts = 9 WHERE step_name LIKE N'%worker 1';
         INSERT INTO dbo.sysproxies (proxy_id, name, enabled) VALUES (5, N'shredder', 1);",
    );
    let jobs = agent.jobs().with("Executable", "D:\\xmlshred.exe").with("ProxyName", "shredder");
    let updated = ["update step xmlshred - worker 1", "update step xmlshred - worker 2"];
    assert_eq!(agent.create(&jobs), updated);
    let workers = "SELECT CONCAT(LEFT(command, 17), ' ', retry_attempts, ' ', proxy_id)
         FROM dbo.sysjobsteps WHERE subsystem = N'CmdExec' ORDER BY step_name";
    assert_eq!(
        agent.list(workers),
        ["\"d:\\xmlshred.exe\" 9 5", "\"d:\\xmlshred.exe\" 2 5"].map(str::to_owned)
    );
    assert_eq!(agent.create(&jobs), [""; 0]);
    // Without a proxy again.
    assert_eq!(agent.create(&jobs.with("ProxyName", "")), updated);
    assert_eq!(
        agent.list("SELECT COUNT(*) FROM dbo.sysjobsteps WHERE proxy_id IS NOT NULL"),
        ["0"]
    );
}

fn a_job_of_that_name_that_is_not_ours_is_left_alone() {
    let agent = Agent::start();
    agent.database.execute(
        "DECLARE @job_id uniqueidentifier;
         EXEC dbo.sp_add_job @job_name = N'xmlshred - Prepare', @job_id = @job_id OUTPUT;
         EXEC dbo.sp_add_jobstep @job_id = @job_id, @step_name = N'reap', @command = N'PRINT 1';",
    );
    let actions = agent.create(&agent.jobs());
    assert!(actions.contains(&"left alone xmlshred - prepare".to_owned()), "{actions:?}");
    let removed = agent.remove(&agent.jobs());
    assert!(!removed.iter().any(|action| action.contains("prepare")), "{removed:?}");
    assert_eq!(agent.list("SELECT name FROM dbo.sysjobs"), ["xmlshred - prepare"]);
}

/// It would be a pipeline without a job, which looks as one whose jobs need no change.
fn where_every_name_is_taken_the_script_is_refused() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    agent
        .database
        .execute("UPDATE dbo.sysjobsteps SET step_name = N'xmlshred other: ' + step_name");
    let before = agent.everything();
    let refused = agent.try_run(&agent.jobs().create_script("d").unwrap()).expect_err("a refusal");
    assert!(refused.contains("use another JobPrefix"), "{refused}");
    assert_eq!(agent.everything(), before);
    let second = agent.jobs().with("JobPrefix", "second: ");
    let created = agent.create(&second);
    assert_eq!(created.len(), 5, "{created:?}");
    let files = "SELECT output_file_name FROM dbo.sysjobsteps
         WHERE subsystem = N'CmdExec' AND step_name NOT LIKE N'xmlshred other%' ORDER BY step_name";
    assert_eq!(
        agent.list(files),
        [1, 2].map(|worker| format!("c:\\programdata\\xmlshred\\log\\second- worker {worker}.txt"))
    );
}

/// A pipeline in a schema of the same name in another database has steps of the same names.
fn the_jobs_of_another_database_are_not_touched() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    let name = &agent.database.name;
    agent.database.execute(&format!(
        "UPDATE dbo.sysjobsteps SET command = REPLACE(command, N'[{name}].', N'[master].')
         WHERE subsystem = N'TSQL'"
    ));
    let before = agent.everything();
    for script in [agent.jobs().create_script("d"), agent.jobs().remove_script("d")] {
        let refused = agent.try_run(&script.unwrap()).expect_err("a refusal");
        assert!(refused.contains("is of the pipeline in database master"), "{refused}");
    }
    assert_eq!(agent.everything(), before);
    let second = agent.jobs().with("JobPrefix", "b - ").with("SettingsFile", "D:\\b.toml");
    let created = agent.create(&second);
    assert!(created.iter().all(|action| action.starts_with("create job b - ")), "{created:?}");
    agent.remove(&second);
    assert_eq!(agent.everything(), before);
}

/// The prefix of one pipeline's jobs begins with that of another's, and their schemas have one name.
fn jobs_are_those_of_the_database_that_they_call() {
    let agent = Agent::start();
    let others = agent.jobs().with("JobPrefix", "xmlshred - b - ");
    agent.create(&others);
    let name = &agent.database.name;
    agent.database.execute(&format!(
        "UPDATE dbo.sysjobsteps SET command = REPLACE(command, N'[{name}].', N'[master].')
         WHERE subsystem = N'TSQL'"
    ));
    let before = agent.everything();
    agent.create(&agent.jobs());
    agent.try_run(&agent.jobs().view_script("d").unwrap()).expect("the view");
    let listed = agent.database.own("SELECT job_name FROM pipeline.vw_AgentJobs ORDER BY job_name");
    let own = ["health", "nightly", "prepare", "worker 1", "worker 2"];
    assert_eq!(agent.list(&listed), own.map(|kind| format!("xmlshred - {kind}")));
    // What an earlier version created under another prefix is named.
    agent.create(&agent.jobs().with("JobPrefix", "old - "));
    let removed = agent.remove(&agent.jobs());
    assert_eq!(removed.iter().filter(|action| action.starts_with("delete job")).count(), 5);
    let mut named: Vec<_> =
        removed.iter().filter(|action| action.starts_with("left alone")).collect();
    named.sort();
    let old = ["health", "nightly", "prepare"].map(|kind| format!("left alone old - {kind}"));
    assert_eq!(named, old.iter().collect::<Vec<_>>());
    agent.remove(&agent.jobs().with("JobPrefix", "old - "));
    assert_eq!(agent.everything(), before);
    // All or nothing.
    agent.create(&agent.jobs());
    let all = agent.everything();
    let script = agent.jobs().remove_script("d").unwrap();
    let script = script.replacen(
        "EXEC @return_code = [msdb].[dbo].[sp_delete_schedule]",
        "SET @return_code = 1; --",
        1,
    );
    let script = script.replace("                    @schedule_id = @schedule_id;\n", "");
    let refused = agent.try_run(&script).expect_err("a refusal");
    assert!(refused.contains("could not be removed"), "{refused}");
    assert_eq!(agent.everything(), all);
}

fn a_worker_too_many_is_pointed_out() {
    let agent = Agent::start();
    agent.create(&agent.jobs().with("WorkerCount", "3"));
    let fewer = agent.create(&agent.jobs());
    assert_eq!(fewer, ["left alone xmlshred - worker 3"]);
    agent.database.execute("UPDATE dbo.sysjobs SET enabled = 0 WHERE name LIKE N'%Worker 3'");
    assert_eq!(agent.create(&agent.jobs()), [""; 0]);
}

fn a_missing_operator_is_named_before_anything_is_made() {
    let agent = Agent::start();
    let jobs = agent.jobs().with("OperatorName", "nobody").with("WorkerCount", "65");
    let refused = agent.try_run(&jobs.create_script("d").unwrap()).expect_err("a refusal");
    for part in ["Operator nobody does not exist", "WorkerCount must be 0 to 64"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert_eq!(agent.everything(), [""; 0]);
    agent.database.execute("INSERT INTO dbo.sysoperators (id, name) VALUES (7, N'nobody');");
    agent.create(&agent.jobs().with("OperatorName", "nobody"));
    let notified = "SELECT COUNT(*) FROM dbo.sysjobs
         WHERE notify_level_email = 2 AND notify_email_operator_id = 7";
    assert_eq!(agent.list(notified), ["5"]);
}

/// What is edited by hand in variables.sqlcmd is checked by the script alone.
fn a_value_that_is_too_long_is_refused_not_cut() {
    let agent = Agent::start();
    let script = agent.jobs().create_script("d").unwrap();
    let too_long = |variable: &str, value: &str, longest: usize| {
        let text = format!("N'{value}'");
        assert!(script.contains(&text), "{text}");
        let script = script.replace(&text, &format!("N'{}'", "x".repeat(longest + 1)));
        let refused = agent.try_run(&script).expect_err("a refusal");
        let expected = format!("{variable} has more than {longest} characters");
        assert!(refused.contains(&expected), "{refused}");
    };
    too_long("Schema", &agent.database.schema, 108);
    too_long("JobPrefix", "xmlshred - ", 100);
    too_long("JobCategory", "xmlshred", 128);
    too_long("Executable", r"C:\Program Files\xmlshred\xmlshred.exe", 400);
    too_long("SettingsFile", r"C:\ProgramData\xmlshred\xmlshred.toml", 400);
    too_long("LogFolder", r"C:\ProgramData\xmlshred\log", 175);
    let folder = |value: &str| {
        let script = script.replace(r"C:\ProgramData\xmlshred\log", value);
        agent.try_run(&script).expect_err("a refusal")
    };
    assert!(folder("D:\\$' + N'(x)").contains("a dollar sign before a parenthesis"));
    for relative in ["log", r"D:log", r"\log"] {
        assert!(folder(relative).contains("must begin with a drive and a backslash"), "{relative}");
    }
    assert!(folder("D:\" --config \"x").contains("must not have quotation marks"));
    assert_eq!(agent.everything(), [""; 0]);
}

/// Managed Instance, Linux and Amazon RDS; the first has no event log either.
fn where_agent_runs_no_programs_the_t_sql_jobs_are_made_alone() {
    let agent = Agent::start();
    for (question, answer, name, event_log) in [
        (EDITION, "8", "Azure SQL Managed Instance", "0"),
        (HOST, "N'Linux'", "SQL Server on Linux", "2"),
        (RDS, "5", "Amazon RDS", "2"),
    ] {
        let run = |workers: &str| {
            let jobs = agent.jobs().with("WorkerCount", workers);
            agent.try_run(&jobs.create_script("d").unwrap().replace(question, answer))
        };
        let refused = run("1").expect_err(name);
        let expected = format!("Agent runs no programs on {name}: WorkerCount must be 0");
        assert!(refused.contains(&expected), "{refused}");
        assert_eq!(agent.everything(), [""; 0]);
        let made = done(&run("0").expect(name));
        assert_eq!(made.last().map(String::as_str), Some("create job xmlshred - health"), "{name}");
        let log = "SELECT DISTINCT notify_level_eventlog FROM dbo.sysjobs";
        assert_eq!(agent.list(log), [event_log], "{name}");
        let programs = "SELECT COUNT(*) FROM dbo.sysjobsteps WHERE subsystem <> N'TSQL'";
        assert_eq!(agent.list(programs), ["0"], "{name}");
        agent.remove(&agent.jobs());
        agent.database.execute("DELETE FROM dbo.syscategories;");
    }
}

/// Express and Azure SQL Database; and a login that may not look at Agent's tables.
fn an_edition_without_agent_is_refused() {
    let agent = Agent::start();
    for edition in ["4", "5"] {
        let script = agent.jobs().create_script("d").unwrap().replace(EDITION, edition);
        let refused = agent.try_run(&script).expect_err("a refusal");
        assert!(refused.contains("this edition has no SQL Server Agent"), "{refused}");
    }
    let script = agent.jobs().create_script("d").unwrap().replace(MAY_READ, "0");
    let refused = agent.try_run(&script).expect_err("a refusal");
    assert!(refused.contains("no SELECT on msdb.dbo.sysjobs"), "{refused}");
    assert_eq!(agent.everything(), [""; 0]);
}

fn a_job_that_cannot_be_made_leaves_nothing_behind() {
    let agent = Agent::start();
    // The substitute refuses this owner, as Agent refuses an owner that is not a login.
    let jobs = agent.jobs().with("JobOwner", "no such login");
    let refused = agent.try_run(&jobs.create_script("d").unwrap()).expect_err("a refusal");
    assert!(refused.contains("could not be created"), "{refused}");
    assert_eq!(agent.everything(), [""; 0]);
    // Nor of the jobs before the last one.
    agent.database.execute(
        "ALTER TABLE dbo.sysjobs ADD CONSTRAINT CK_last CHECK (name NOT LIKE N'%Worker 2');",
    );
    agent.try_run(&agent.jobs().create_script("d").unwrap()).expect_err("a refusal");
    assert_eq!(agent.everything(), [""; 0]);
    assert_eq!(agent.list("SELECT COUNT(*) FROM dbo.syscategories"), ["0"]);
}

fn removing_takes_away_what_is_ours_and_nothing_else() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    agent.database.execute(
        "DECLARE @job_id uniqueidentifier =
             (SELECT job_id FROM dbo.sysjobs WHERE name = N'xmlshred - Nightly');
         EXEC dbo.sp_add_jobstep @job_id = @job_id, @step_name = N'tell the boss',
             @command = N'PRINT 1';
         DECLARE @own uniqueidentifier;
         EXEC dbo.sp_add_job @job_name = N'xmlshred - of my own', @job_id = @own OUTPUT;
         EXEC dbo.sp_add_jobstep @job_id = @own, @step_name = N'mine', @command = N'PRINT 1';
         DECLARE @schedule_id int =
             (SELECT schedule_id FROM dbo.sysschedules WHERE name = N'xmlshred - Prepare');
         EXEC dbo.sp_attach_schedule @job_id = @own, @schedule_id = @schedule_id;",
    );
    let removed = agent.remove(&agent.jobs());
    assert!(removed.contains(&"delete step xmlshred - nightly".to_owned()), "{removed:?}");
    assert_eq!(removed.iter().filter(|action| action.starts_with("delete job")).count(), 4);
    let jobs = "SELECT name FROM dbo.sysjobs ORDER BY name";
    assert_eq!(agent.list(jobs), ["xmlshred - nightly", "xmlshred - of my own"]);
    let steps = "SELECT step_name FROM dbo.sysjobsteps ORDER BY step_name";
    assert_eq!(agent.list(steps), ["mine", "tell the boss"]);
    let schedules = "SELECT name FROM dbo.sysschedules ORDER BY name";
    assert_eq!(agent.list(schedules), ["xmlshred - nightly", "xmlshred - prepare"]);
    assert_eq!(agent.remove(&agent.jobs()), [""; 0]);
}

/// The owner is `sa` under any name, so that a job outlives the login that created it.
fn a_job_belongs_to_the_first_login_or_to_the_given_one() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    let owners = "SELECT DISTINCT COALESCE(made_for, N'nobody') FROM dbo.sysjobs";
    let first = agent.list("SELECT COALESCE(SUSER_SNAME(0x01), SUSER_SNAME())");
    assert_eq!(agent.list(owners), first);
    agent.remove(&agent.jobs());
    agent.create(&agent.jobs().with("JobOwner", "somebody else"));
    assert_eq!(agent.list(owners), ["somebody else"]);
}

fn the_view_names_what_is_wrong_with_a_job() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    agent.try_run(&agent.jobs().view_script("d").unwrap()).expect("the view");
    let problems = agent.database.own(
        "SELECT CONCAT(job_name, ': ', problem) FROM pipeline.vw_AgentJobs
         WHERE problem IS NOT NULL AND job_name NOT LIKE N'%Prepare' ORDER BY job_name",
    );
    let login = agent.list("SELECT SUSER_SNAME(owner_sid) FROM dbo.sysjobs")[0].clone();
    assert!(!login.is_empty(), "the substitute's owner is a login");
    assert_eq!(agent.list(&problems), [""; 0]);
    agent.database.execute(
        "UPDATE dbo.sysjobs SET enabled = 0 WHERE name LIKE N'%Worker 2';
         UPDATE dbo.sysschedules SET enabled = 0 WHERE name LIKE N'%Nightly';
         UPDATE dbo.sysjobservers SET last_run_outcome = 0, last_outcome_message = N'no disk'
         WHERE job_id IN (SELECT job_id FROM dbo.sysjobs
             WHERE name LIKE N'%Worker 1' OR name LIKE N'%Health');",
    );
    assert_eq!(
        agent.list(&problems),
        [
            "xmlshred - nightly: has no enabled schedule",
            "xmlshred - worker 1: failed: no disk",
            "xmlshred - worker 2: is disabled",
        ]
    );
}

/// The statements of the view fix every problem of a job that a statement can fix.
fn the_fix_of_a_job_fixes_it() {
    let agent = Agent::start();
    agent.create(&agent.jobs());
    agent.try_run(&agent.jobs().view_script("d").unwrap()).expect("the view");
    agent.database.execute(
        "UPDATE dbo.sysjobs SET enabled = 0 WHERE name LIKE N'%Nightly';
         UPDATE dbo.sysjobs SET owner_sid = 0x0102 WHERE name LIKE N'%Health';
         DELETE FROM dbo.sysjobservers
         WHERE job_id IN (SELECT job_id FROM dbo.sysjobs WHERE name LIKE N'%Prepare');
         INSERT INTO dbo.sysproxies (proxy_id, name, enabled) VALUES (5, N'shredder', 0);
         UPDATE dbo.sysjobsteps SET proxy_id = 5 WHERE step_name LIKE N'%worker 1';",
    );
    let problems = agent.database.own(
        "SELECT CONCAT(job_name, ': ', problem) FROM pipeline.vw_AgentJobs
         WHERE problem IS NOT NULL ORDER BY job_name",
    );
    assert_eq!(
        agent.list(&problems),
        [
            "xmlshred - health: its owner is not a login of this server",
            "xmlshred - nightly: is disabled",
            "xmlshred - prepare: has no target server",
            "xmlshred - worker 1: its proxy is disabled",
        ]
    );
    let fixes = agent
        .database
        .own("SELECT fix FROM pipeline.vw_AgentJobs WHERE fix LIKE N'%EXEC %' ORDER BY job_name");
    let fixes: Vec<String> = agent
        .database
        .query_exactly(&fixes)
        .into_iter()
        .flatten()
        .flatten()
        // The substitute is in this database, and the login that owns what 0x01 owns elsewhere.
        .map(|fix| fix.replace("msdb.dbo.", "dbo.").replace("SUSER_SNAME(0x01)", "SUSER_SNAME()"))
        .collect();
    assert_eq!(fixes.len(), 3, "{fixes:?}");
    fixes.iter().for_each(|fix| agent.database.execute(fix));
    assert_eq!(agent.list(&problems), ["xmlshred - worker 1: its proxy is disabled"]);
}
