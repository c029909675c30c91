//! Where the value of a setting comes from.

use std::path::PathBuf;

use super::environment::Environment;
use super::file::SettingsFile;
use super::keys::{self, Key};
use super::secrets::mask_secrets;

/// A setting's value as text, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The setting.
    pub key: &'static Key,
    /// The value; `None` when it is not set.
    pub text: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The higher origin that names the store instead, such as `--server`.
    pub outranked_by: Option<String>,
}

/// Where a setting's value comes from; the first one that has the setting counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable.
    Environment,
    /// A settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The program.
    Default,
}

impl Origin {
    /// Its place in the order: 0 counts before 1, and so on.
    #[cfg(feature = "sqlserver")]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Flag => 0,
            Self::Environment => 1,
            Self::File { .. } => 2,
            Self::Default => 3,
        }
    }
}

impl Resolved {
    /// Looks for a setting's value in flags, environment and file, in this order.
    pub fn find(
        key: &'static Key,
        flags: &[(&'static Key, String)],
        environment: &Environment,
        file: &SettingsFile,
    ) -> Self {
        let found = |text: Option<&String>, origin: Origin| Some((text?.clone(), origin));
        let flag = flags.iter().find(|(flag, _)| *flag == key).map(|(_, text)| text);
        let entry = file.entries.iter().find(|entry| entry.key == key);
        let in_file = |line| Origin::File { path: file.path.clone(), line };
        let (text, origin) = found(flag, Origin::Flag)
            .or_else(|| found(environment.0.get(&key.variable()), Origin::Environment))
            .or_else(|| entry.map(|entry| (entry.text.clone(), in_file(entry.line))))
            .map_or((None, Origin::Default), |(text, origin)| (Some(text), origin));
        let default = || match *key == keys::CONFIG && file.exists() {
            true => Some(file.path.display().to_string()),
            false => key.default.text(),
        };
        Self { key, text: text.or_else(default), origin, outranked_by: None }
    }

    /// The value fit for showing: passwords masked.
    pub fn shown(&self) -> String {
        match (&self.text, &self.key.default) {
            (Some(_), _) if self.key.is_secret() => "***".to_owned(),
            (Some(text), _) => mask_secrets(text),
            (None, keys::Default::Computed(how)) => format!("({how})"),
            (None, _) => "(not set)".to_owned(),
        }
    }

    /// Where the value comes from, in words, such as `--lease` or `xmlshred.toml:4`.
    pub fn source(&self) -> String {
        match &self.origin {
            Origin::Flag => format!("--{}", self.key.flag()),
            Origin::Environment => self.key.variable(),
            Origin::File { path, line } => format!("{}:{line}", path.display()),
            Origin::Default => "default".to_owned(),
        }
    }

    /// Where the value comes from, in brackets; nothing for a flag, whose name says it.
    pub fn from(&self) -> String {
        match self.origin {
            Origin::Flag => String::new(),
            _ => format!(" (from {})", self.source()),
        }
    }

    /// The setting with its value and origin, for messages: passwords masked.
    pub fn named(&self) -> String {
        let value = match self.key.is_secret() {
            true => String::new(),
            false => format!(" {}", self.shown()),
        };
        format!("--{}{value}{}", self.key.flag(), self.from())
    }
}
