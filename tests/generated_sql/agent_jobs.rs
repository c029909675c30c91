//! The scripts of `agent-jobs/` with their variables filled in.

use xmlshred::store::sqlserver::agent_jobs::AgentJobs;

#[test]
fn every_variable_is_filled_in_and_every_token_of_agent_is_left() {
    let jobs = AgentJobs::default();
    for script in [
        jobs.create_script("d").unwrap(),
        jobs.remove_script("d").unwrap(),
        jobs.view_script("d").unwrap(),
    ] {
        let code: Vec<&str> = script.lines().filter(|line| line.contains("$(")).collect();
        assert_eq!(code, Vec::<&str>::new());
    }
    assert!(jobs.create_script("d").unwrap().contains("N'$' + N'(ESCAPE_NONE(JOBID))'"));
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
    assert!(jobs.create_script("d").unwrap().contains("N'O''Hara'"));
    assert!(jobs.create_script("a]b").unwrap().starts_with("USE [a]]b];\nGO\n"));
}

/// A line with `GO` ends a batch wherever it is, sqlcmd replaces `$(…)`, and T-SQL cuts what is too
/// long for its variable.
#[test]
fn a_value_that_would_change_the_script_is_refused() {
    let refused = |name: &'static str, value: &str| {
        let jobs = AgentJobs::default().with(name, value);
        let unfit = jobs.create_script("d").unwrap_err();
        assert_eq!(unfit.variable, name);
        unfit.problem
    };
    for name in ["JobPrefix", "JobCategory", "OperatorName", "ProxyName", "JobOwner", "LogFolder"] {
        assert!(refused(name, "x\nGO\nDROP TABLE t;\nGO\n").contains("line ends"));
        assert!(refused(name, "x\u{2028}GO").contains("line ends"));
        assert!(refused(name, "$(Executable)").contains("sqlcmd"));
        assert!(refused(name, &"x".repeat(200)).contains("must not have more than"));
    }
    let folder = |length: usize| format!("D:\\{}", "x".repeat(length - 3));
    assert_eq!(refused("LogFolder", &folder(176)), "it must not have more than 175 characters");
    let together = AgentJobs::default().with("JobPrefix", "x".repeat(12));
    let together = together.with("LogFolder", folder(175)).create_script("d").unwrap_err();
    assert!(together.problem.contains("more than 186 characters together"), "{together:?}");
    assert!(refused("LogFolder", "log").contains("must begin with a drive"));
    assert!(refused("Executable", r"D:\xmlshred\").contains("backslash"));
    assert!(refused("SettingsFile", r"D:\$(x)\xmlshred.toml").contains("$("));
    assert!(refused("Executable", "C:\\x\" --config \"y").contains("quotation marks"));
    let unfit = AgentJobs::default().create_script("d];\nGO\nDROP TABLE t;\nGO\n").unwrap_err();
    assert_eq!(unfit.variable, "Database");
    AgentJobs::default().with("LogFolder", folder(175)).create_script("d").unwrap();
}

/// T-SQL cuts what is too long for its variable, and LEN does not count blanks at the end.
#[test]
fn every_text_of_a_script_is_refused_before_it_is_cut() {
    for script in [
        include_str!("../../agent-jobs/create_jobs.sql"),
        include_str!("../../agent-jobs/remove_jobs.sql"),
    ] {
        for line in
            script.lines().filter(|line| line.starts_with("DECLARE") && line.contains("= N'$("))
        {
            let name = line.split_whitespace().nth(1).unwrap();
            let length = line.split("nvarchar(").nth(1).and_then(|rest| rest.split(')').next());
            let length: usize = length.and_then(|text| text.parse().ok()).expect(line);
            let is_measured = script.contains(&format!("LEN({name} + N'.') - 1 > {}", length - 1));
            let values = [format!("{name} NOT IN ("), format!("COALESCE({name}, N'') NOT IN (")];
            let is_listed = values.iter().any(|list| script.contains(list));
            assert!(is_measured || is_listed, "{line}");
        }
    }
}
