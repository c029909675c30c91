//! The scripts of `agent-jobs/` with their variables filled in.

use xmlshred::store::sqlserver::agent_jobs::AgentJobs;

#[test]
fn every_variable_is_filled_in_and_every_token_of_agent_is_left() {
    let jobs = AgentJobs::default();
    for script in [jobs.create_script("d"), jobs.remove_script("d"), jobs.view_script("d")] {
        let code: Vec<&str> = script.lines().filter(|line| line.contains("$(")).collect();
        assert_eq!(code, Vec::<&str>::new());
    }
    assert!(jobs.create_script("d").contains("N'$' + N'(ESCAPE_NONE(JOBID))'"));
}

#[test]
fn every_variable_of_the_scripts_has_a_default() {
    let jobs = AgentJobs::default();
    for text in [
        include_str!("../../agent-jobs/create_jobs.sql"),
        include_str!("../../agent-jobs/remove_jobs.sql"),
        include_str!("../../agent-jobs/vw_AgentJobs.sql"),
    ] {
        for rest in text.split("$(").skip(1) {
            let name = rest.split(')').next().unwrap_or("");
            assert!(jobs.value(name).is_some(), "{name} is not in variables.sqlcmd");
        }
    }
}

#[test]
fn an_apostrophe_stays_inside_its_literal() {
    let jobs = AgentJobs::default().with("OperatorName", "O'Hara");
    assert!(jobs.create_script("d").contains("N'O''Hara'"));
    assert!(jobs.create_script("a]b").starts_with("USE [a]]b];\nGO\n"));
}
