//! The scripts of `agent-jobs/`, with their variables filled in for review.

use std::collections::BTreeMap;

use crate::contract::unfit_for_script;
use crate::files::is_rooted_on_windows;

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
    ///
    /// # Errors
    /// A value cannot be part of the script.
    pub fn create_script(&self, database: &str) -> Result<String, UnfitValue> {
        let script = self.script(database, CREATE)?;
        if self.value("WorkerCount").is_some_and(|count| count != "0") {
            self.check_paths()?;
        }
        Ok(script)
    }

    /// A step of Agent starts in a folder of Windows, and the output file has a column of 200 characters.
    fn check_paths(&self) -> Result<(), UnfitValue> {
        for variable in PATHS {
            let value = self.value(variable).unwrap_or_default();
            if !is_rooted_on_windows(value) {
                let problem = format!(
                    "{value:?} must begin with a drive and a backslash, such as C:\\, or with \\\\: a step \
                     of Agent starts in a folder of Windows"
                );
                let hint = "name the path as the machine of Agent sees it";
                return Err(UnfitValue { variable, problem, hint });
            }
        }
        let length = |variable| self.value(variable).unwrap_or_default().encode_utf16().count();
        if length("LogFolder") + length("JobPrefix") > LONGEST_OUTPUT {
            let problem = format!(
                "it and the prefix of the jobs must not have more than {LONGEST_OUTPUT} characters together"
            );
            return Err(UnfitValue { variable: "LogFolder", problem, hint: "shorten one of them" });
        }
        Ok(())
    }

    /// The script that removes them.
    ///
    /// # Errors
    /// A value cannot be part of the script.
    pub fn remove_script(&self, database: &str) -> Result<String, UnfitValue> {
        self.script(database, REMOVE)
    }

    /// The script of `vw_AgentJobs`, which `usp_HealthCheck` reads if it exists.
    ///
    /// # Errors
    /// A value cannot be part of the script.
    pub fn view_script(&self, database: &str) -> Result<String, UnfitValue> {
        self.script(database, VIEW)
    }

    fn script(&self, database: &str, text: &str) -> Result<String, UnfitValue> {
        check("Database", database, LONGEST_NAME)?;
        let text = text.replace("\r\n", "\n");
        for (name, value) in &self.values {
            check(name, value, longest(&text, name))?;
        }
        Ok(format!("USE [{}];\nGO\n{}", database.replace(']', "]]"), self.fill(text)))
    }

    /// Every variable is inside a literal, or a checked identifier.
    fn fill(&self, text: String) -> String {
        self.values.iter().fold(text, |text, (name, value)| {
            text.replace(&format!("$({name})"), &value.replace('\'', "''"))
        })
    }
}

/// A value that cannot be part of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfitValue {
    /// The variable of `agent-jobs/variables.sqlcmd`, or `Database`.
    pub variable: &'static str,
    /// What is wrong with its value, as the end of a sentence.
    pub problem: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// In UTF-16 units, as SQL Server counts.
const LONGEST_NAME: usize = 128;

/// Of the 200 of an output file, without `\Worker 64.txt`.
const LONGEST_OUTPUT: usize = 186;

/// These are in quotes in the command line of a step.
const PATHS: [&str; 3] = ["Executable", "SettingsFile", "LogFolder"];

fn check(variable: &'static str, value: &str, longest: usize) -> Result<(), UnfitValue> {
    let unfit = |problem: String, hint| Err(UnfitValue { variable, problem, hint });
    if let Some((problem, hint)) = unfit_for_script(value) {
        return unfit(problem.to_owned(), hint);
    }
    if value.encode_utf16().count() > longest {
        return unfit(format!("it must not have more than {longest} characters"), "shorten it");
    }
    if PATHS.contains(&variable) && value.contains('"') {
        return unfit("a path must not have quotation marks".to_owned(), "leave them out");
    }
    // The script doubles those at the end of a folder: a drive's root has one.
    if PATHS[..2].contains(&variable) && value.ends_with('\\') {
        return unfit("a file must not end with a backslash".to_owned(), "leave it out");
    }
    Ok(())
}

/// The length that fits the T-SQL variable that takes the value. The variable is one longer, so that
/// the script itself refuses a longer value instead of cutting it.
fn longest(script: &str, name: &str) -> usize {
    let placeholder = format!("$({name})");
    let declared = script.lines().filter(|line| line.contains(&placeholder)).filter_map(|line| {
        line.strip_prefix("DECLARE @")?.split_once("nvarchar(")?.1.split_once(')')?.0.parse().ok()
    });
    declared.min().map_or(LONGEST_NAME, |length: usize| length - 1)
}
