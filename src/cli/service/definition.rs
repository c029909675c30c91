//! What a service of this program is, apart from the system that runs it.

// Elsewhere a command only says that it is of Windows.
#![cfg_attr(not(windows), allow(dead_code))]

use std::time::Duration;

use super::command_line::command_line;
use crate::cli::command_error::{CommandError, Result};
use crate::figures::duration;
use crate::runner::ExitStatus;

/// A service as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name, one for each pipeline.
    pub name: String,
    /// The store, for its name in lists.
    pub store: String,
    /// Path of the program.
    pub executable: String,
    /// Path of the settings file.
    pub settings_file: String,
    /// The folder for log files, and how many days they are kept, unless the settings file says so.
    pub log_folder: String,
    /// What the command line says of log files.
    pub log_flags: Vec<String>,
    /// The account that was asked for.
    pub account: Option<String>,
}

/// A service as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Its command line.
    pub command: String,
    /// Its account.
    pub account: String,
    /// Its name in lists.
    pub display_name: String,
    /// Whether the system starts it.
    pub is_automatic: bool,
    /// Whether it has a process.
    pub is_running: bool,
}

/// Waits before the first restart, the second, and each later one.
pub const RESTARTS: [Duration; 3] =
    [Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(900)];

/// So long without a failure makes the next one the first again.
pub const FORGIVEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How a service ended, as its manager counts it: only 0 is not a failure, which restarts it, also after a
/// stop. So what was asked to stop stays stopped, however its drain ended.
pub fn exit_code(status: ExitStatus, was_asked_to_stop: bool) -> u32 {
    match (status, was_asked_to_stop) {
        (_, true) => 0,
        // It follows the queue: without a request to stop its end is not meant, for instance on a
        // replica that is not the primary one.
        (ExitStatus::Success, false) => NOT_ASKED,
        (status, false) => status.code().into(),
    }
}

/// Whether the event log has the end of a service: it was not asked for, or went wrong.
pub fn is_event(status: ExitStatus, was_asked_to_stop: bool) -> bool {
    let is_well =
        matches!(status, ExitStatus::Success | ExitStatus::Interrupted | ExitStatus::SomeFailed);
    !(was_asked_to_stop && is_well)
}

/// The code of a service that ended well although nobody asked it to.
const NOT_ASKED: u32 = 100;

impl Definition {
    /// What the service runs.
    pub fn arguments(&self) -> Vec<String> {
        let fixed = ["service", "run", "--name", &self.name, "--config", &self.settings_file];
        fixed.iter().map(|text| (*text).to_owned()).chain(self.log_flags.iter().cloned()).collect()
    }

    /// Its command line.
    pub fn command(&self) -> String {
        let arguments = self.arguments();
        let all = [&self.executable].into_iter().chain(&arguments);
        command_line(all.map(String::as_str))
    }

    /// The account of a new service: one of its own, which needs no password.
    pub fn new_account(&self) -> String {
        self.account.clone().unwrap_or_else(|| format!(r"NT SERVICE\{}", self.name))
    }

    /// The name in lists.
    pub fn display_name(&self) -> String {
        format!("xmlshred ({})", self.name)
    }

    /// The text beside it.
    pub fn description(&self) -> String {
        format!(
            "Turns XML documents in {} into rows. Settings: {}. Logs: {}.",
            self.store, self.settings_file, self.log_folder
        )
    }

    /// What differs from a service that exists, each in one line. Its account is only changed where
    /// another one is asked for.
    pub fn changes(&self, existing: &Existing) -> Vec<String> {
        let (command, display_name) = (self.command(), self.display_name());
        let mut changes = Vec::new();
        let mut compare = |what: &str, is: &str, should: &str| {
            if is != should {
                changes.push(format!("{what}: {is} -> {should}"));
            }
        };
        compare("command", &existing.command, &command);
        compare("display name", &existing.display_name, &display_name);
        compare("start", if existing.is_automatic { AUTOMATIC } else { "manual" }, AUTOMATIC);
        if let Some(account) =
            self.account.as_ref().filter(|new| !new.eq_ignore_ascii_case(&existing.account))
        {
            compare("account", &existing.account, account);
        }
        changes
    }

    /// The service in lines for people.
    pub fn lines(&self, existing: Option<&Existing>) -> String {
        let account = existing.filter(|_| self.account.is_none());
        let account = account.map_or_else(|| self.new_account(), |is| is.account.clone());
        let [first, second, later] = RESTARTS.map(duration);
        format!(
            "  command     {}\n  account     {account}\n  start       {AUTOMATIC}, delayed\n  \
             on failure  restart after {first}, {second}, then every {later}\n  logs        {}\n",
            self.command(),
            self.log_folder,
        )
    }
}

const AUTOMATIC: &str = "automatic";

/// Whether a command line is one that [`Definition::command`] makes.
fn is_ours(command: &str) -> bool {
    command.contains(" service run --name ")
}

/// Stops before a service of another program is touched.
///
/// # Errors
/// The command line is not one of ours.
pub fn refuse_others(name: &str, command: &str) -> Result<()> {
    match is_ours(command) {
        true => Ok(()),
        false => Err(CommandError::usage(
            format!("the service {name} belongs to another program: {command}"),
            "choose another name with --name",
        )),
    }
}

/// Stops before the service of another pipeline is touched: databases of one name on two servers give services of one
/// name, too. `settings_file` is what this call reads.
///
/// # Errors
/// The command line has another settings file.
pub fn refuse_other_pipelines(
    name: &str,
    command: &str,
    settings_file: Option<&str>,
) -> Result<()> {
    let reads = |file: &str| {
        let (command, reads) =
            (command.to_lowercase(), command_line(["--config", file]).to_lowercase());
        command.ends_with(&reads) || command.contains(&format!("{reads} "))
    };
    match settings_file.is_some_and(reads) {
        true => Ok(()),
        false => Err(CommandError::usage(
            format!("the service {name} has other settings: {command}"),
            format!(
                "if it is of another pipeline, choose another name with --name; if not, add --name {name}"
            ),
        )),
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "-_.$".contains(c)
}

/// A name that the system, its tools and a SQL Server login can have.
///
/// # Errors
/// It has other characters than these, or too many.
pub fn checked_name(name: &str) -> Result<String> {
    match !name.is_empty() && name.chars().all(is_of_name) && name.chars().count() <= 80 {
        true => Ok(name.to_owned()),
        false => Err(CommandError::usage(
            format!("the name of the service `{name}` has other characters than letters, digits, - _ . and $, or more than 80"),
            "choose its name with --name",
        )),
    }
}

/// The name for a pipeline: that of its database or file, and its schema unless that is the default.
pub fn name_for(store: &str, schema: Option<&str>) -> String {
    let parts = [Some("xmlshred"), Some(store), schema];
    let joined = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    joined.chars().map(|c| if is_of_name(c) { c } else { '-' }).collect()
}

/// An account that logs in without a password: one of the system, a virtual one, or one of a domain that is
/// managed, whose name ends in `$`.
///
/// # Errors
/// It is another account.
pub fn checked_account(account: &str) -> Result<String> {
    let lower = account.to_lowercase();
    let is_virtual = lower.strip_prefix(r"nt service\").is_some_and(|name| !name.is_empty());
    let is_of_system =
        [r"nt authority\localservice", r"nt authority\networkservice"].contains(&&*lower);
    let is_managed = account
        .split_once('\\')
        .is_some_and(|(domain, name)| !domain.is_empty() && name.len() > 1 && name.ends_with('$'));
    match is_virtual || is_of_system || is_managed {
        true => Ok(account.to_owned()),
        false => Err(CommandError::usage(
            format!("the account {account} needs a password, or has all rights on this machine"),
            r"name a group managed account as DOMAIN\NAME$, or leave out --account and set account and password in services.msc afterwards",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        Definition {
            name: "xmlshred-credit".into(),
            store: "db1/credit".into(),
            executable: r"C:\Program Files\xmlshred\xmlshred.exe".into(),
            settings_file: r"C:\ProgramData\xmlshred\xmlshred.toml".into(),
            log_folder: r"D:\my logs\".into(),
            log_flags: ["--log-dir", r"D:\my logs\", "--log-days", "90"].map(String::from).into(),
            account: None,
        }
    }

    fn existing() -> Existing {
        Existing {
            command: definition().command(),
            account: definition().new_account(),
            display_name: definition().display_name(),
            is_automatic: true,
            is_running: false,
        }
    }

    #[test]
    fn the_plan_has_everything_that_is_decided() {
        let expected = r#"  command     "C:\Program Files\xmlshred\xmlshred.exe" service run --name xmlshred-credit --config C:\ProgramData\xmlshred\xmlshred.toml --log-dir "D:\my logs\\" --log-days 90
  account     NT SERVICE\xmlshred-credit
  start       automatic, delayed
  on failure  restart after 1 min 00 s, 5 min 00 s, then every 15 min 00 s
  logs        D:\my logs\
"#;
        assert_eq!(definition().lines(None), expected);
        assert!(is_ours(&definition().command()));
        assert!(!is_ours(r#""C:\Program Files\nssm.exe" run"#));
    }

    #[test]
    fn a_second_installation_changes_what_differs_and_keeps_the_account() {
        assert_eq!(definition().changes(&existing()), Vec::<String>::new());
        let by_hand = Existing { account: r"CONTOSO\shred".into(), ..existing() };
        assert_eq!(definition().changes(&by_hand), Vec::<String>::new());
        assert!(definition().lines(Some(&by_hand)).contains(r"account     CONTOSO\shred"));

        let asked = Definition { account: Some(r"CONTOSO\shred$".into()), ..definition() };
        let manual = Existing { is_automatic: false, ..by_hand };
        let expected = ["start: manual -> automatic", r"account: CONTOSO\shred -> CONTOSO\shred$"];
        assert_eq!(asked.changes(&manual), expected);
        let upper = Existing { account: r"contoso\SHRED$".into(), ..existing() };
        assert_eq!(asked.changes(&upper), Vec::<String>::new());
    }

    #[test]
    fn no_account_needs_a_password() {
        for account in
            [r"CONTOSO\shred$", r"NT SERVICE\xmlshred-credit", r"NT AUTHORITY\LocalService"]
        {
            checked_account(account).unwrap();
        }
        for account in [r"CONTOSO\shred", "LocalSystem", "", "shred$", r"CONTOSO\$", r".\anna"] {
            checked_account(account).unwrap_err();
        }
    }

    #[test]
    fn each_pipeline_has_a_name_of_its_own() {
        assert_eq!(name_for("credit", None), "xmlshred-credit");
        assert_eq!(name_for("credit", Some("loans")), "xmlshred-credit-loans");
        assert_eq!(name_for("my data/x", None), "xmlshred-my-data-x");
        checked_name(&name_for("my data/x", None)).unwrap();
        for name in ["", r"a\b", "a/b", "a b"] {
            checked_name(name).unwrap_err();
        }
    }

    #[test]
    fn a_service_of_another_pipeline_is_changed_only_by_its_name() {
        let service = definition();
        let (name, command) = (&service.name, service.command());
        let refused = |file| refuse_other_pipelines(name, &command, file).is_err();
        assert!(!refused(Some(&*service.settings_file)));
        assert!(!refused(Some(r"c:\programdata\xmlshred\XMLSHRED.toml")));
        assert!(refused(Some(r"C:\ProgramData\xmlshred\xmlshred.tom")));
        assert!(refused(Some(r"D:\other\xmlshred.toml")));
        assert!(refused(None));
        let last = r"a.exe service run --name b --config C:\x.toml";
        refuse_other_pipelines("b", last, Some(r"C:\x.toml")).unwrap();
    }

    #[test]
    fn only_an_end_that_was_asked_for_is_not_a_failure() {
        use ExitStatus::*;
        for (status, code, is_well) in [
            (Interrupted, 130, true),
            (Success, 100, true),
            (SomeFailed, 1, true),
            (Usage, 2, false),
            (Contract, 3, false),
            (Store, 4, false),
            (Aborted, 5, false),
        ] {
            assert_eq!((exit_code(status, true), exit_code(status, false)), (0, code));
            assert_eq!((is_event(status, true), is_event(status, false)), (!is_well, true));
        }
    }
}
