//! The scripts of `agent-jobs/`, with their variables filled in for review.

use std::collections::BTreeMap;

const VARIABLES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/agent-jobs/variables.sqlcmd"));
const CREATE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/agent-jobs/create_jobs.sql"));
const REMOVE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/agent-jobs/remove_jobs.sql"));
const VIEW: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/agent-jobs/vw_AgentJobs.sql"));

/// What the jobs are to be: a value for each variable of `agent-jobs/variables.sqlcmd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentJobs {
    values: BTreeMap<&'static str, String>,
}

impl Default for AgentJobs {
    /// The values that stand in the file.
    fn default() -> Self {
        Self { values: VARIABLES.lines().filter_map(setvar).collect() }
    }
}

/// `:setvar Name "value"`
fn setvar(line: &'static str) -> Option<(&'static str, String)> {
    let (name, value) = line.strip_prefix(":setvar ")?.split_once(' ')?;
    Some((name, value.trim().trim_matches('"').to_owned()))
}

impl AgentJobs {
    /// Another value of a variable.
    ///
    /// # Panics
    /// There is no variable of that name.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let known = self.values.insert(name, value.into());
        assert!(known.is_some(), "agent-jobs/variables.sqlcmd has no variable {name}");
        self
    }

    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The script that creates the jobs and brings them up to date, to be run in `database`.
    pub fn create_script(&self, database: &str) -> String {
        self.script(database, CREATE)
    }

    /// The script that removes them.
    pub fn remove_script(&self, database: &str) -> String {
        self.script(database, REMOVE)
    }

    /// The script of `vw_AgentJobs`, which `usp_HealthCheck` reads where it is there.
    pub fn view_script(&self, database: &str) -> String {
        self.script(database, VIEW)
    }

    fn script(&self, database: &str, text: &str) -> String {
        let database = database.replace(']', "]]");
        format!("USE [{database}];\nGO\n{}", self.fill(text))
    }

    /// Every variable stands inside a literal, or is a checked identifier.
    fn fill(&self, text: &str) -> String {
        self.values.iter().fold(text.replace("\r\n", "\n"), |text, (name, value)| {
            text.replace(&format!("$({name})"), &value.replace('\'', "''"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for text in [CREATE, REMOVE, VIEW] {
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
}
