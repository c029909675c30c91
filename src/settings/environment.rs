//! The environment variables of this program.

use std::collections::BTreeMap;

use super::keys::{self, VARIABLE_PREFIX};
use crate::command::command;
use crate::diagnostic::spelling::nearest;
use crate::store::failpoint;

/// Prefix of the variables of this program's own tests.
const TEST_PREFIX: &str = "XMLSHRED_TEST_";

/// The `XMLSHRED_*` variables that are not empty.
#[derive(Debug, Clone, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    /// Those of this process.
    pub fn of_process() -> Self {
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        let variables =
            std::env::vars_os().map(|(name, value)| (text(name).to_uppercase(), text(value)));
        let is_ours = |(name, value): &(String, String)| {
            name.starts_with(VARIABLE_PREFIX) && !value.is_empty()
        };
        Self(variables.filter(is_ours).collect())
    }

    /// What is wrong with the variables that are not settings, each in one sentence.
    pub fn unknown(&self) -> Vec<String> {
        let known: Vec<String> = keys::ALL.iter().map(|key| key.variable()).collect();
        let is_unknown = |name: &&String| {
            !known.contains(name)
                && !name.starts_with(TEST_PREFIX)
                && failpoint::VARIABLE != Some(name.as_str())
        };
        let described = |name: &String| match nearest(short(name), known.iter().map(|n| short(n))) {
            Some(near) => {
                format!("{name} is not a setting; did you mean {VARIABLE_PREFIX}{near}?")
            }
            None => format!(
                "{name} is not a setting and is ignored; {} lists all settings",
                command("settings")
            ),
        };
        self.0.keys().filter(is_unknown).map(described).collect()
    }
}

/// The name without the prefix.
fn short(name: &str) -> &str {
    name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name)
}
