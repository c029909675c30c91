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

/// A value for each variable of `agent-jobs/variables.sqlcmd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentJobs {
    values: BTreeMap<&'static str, String>,
}

impl Default for AgentJobs {
    /// The values of the file.
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
    /// The variable is unknown.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let known = self.values.insert(name, value.into());
        assert!(known.is_some(), "agent-jobs/variables.sqlcmd has no variable {name}");
        self
    }

    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The script that creates and updates the jobs; it runs in `database`.
    pub fn create_script(&self, database: &str) -> String {
        self.script(database, CREATE)
    }

    /// The script that removes them.
    pub fn remove_script(&self, database: &str) -> String {
        self.script(database, REMOVE)
    }

    /// The script of `vw_AgentJobs`, which `usp_HealthCheck` reads if it exists.
    pub fn view_script(&self, database: &str) -> String {
        self.script(database, VIEW)
    }

    fn script(&self, database: &str, text: &str) -> String {
        let database = database.replace(']', "]]");
        format!("USE [{database}];\nGO\n{}", self.fill(text))
    }

    /// Every variable is inside a literal, or a checked identifier.
    fn fill(&self, text: &str) -> String {
        self.values.iter().fold(text.replace("\r\n", "\n"), |text, (name, value)| {
            text.replace(&format!("$({name})"), &value.replace('\'', "''"))
        })
    }
}
