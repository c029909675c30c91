//! Logins that only a domain, or Microsoft Entra, has. A test runs where its variable names such a server, and
//! counts as ignored elsewhere; `XMLSHRED_TEST_SQLSERVER` leads to the same server with a SQL login.

use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use xmlshred::store::sqlserver::{LOGS_IN_ACCOUNTS, NO_ACCOUNTS};

use crate::bench::{Bench, Said};
use crate::crash::worker::{wait_until, Worker};
use crate::database::parts_of_connection_string;

/// The server by its full name in DNS, such as `db1.contoso.com,1433`. The account that runs the tests is a
/// member of sysadmin there; outside Windows it has a ticket, or `KRB5_CLIENT_KTNAME` names its keytab.
const ACCOUNT: &str = "XMLSHRED_TEST_ACCOUNT";
/// The same on a server that requires Extended Protection.
const PROTECTED: &str = "XMLSHRED_TEST_EXTENDED_PROTECTION";
/// A file with an access token of an administrator of the server.
const TOKEN: &str = "XMLSHRED_TEST_ACCESS_TOKEN_FILE";

/// The variable, the test's name, and the test, which is given the variable's value.
type Login = (&'static str, &'static str, fn(&str));

const TRIALS: [Login; 3] = [
    (ACCOUNT, "an_account_logs_in_as_the_pages_say", an_account_logs_in_as_the_pages_say),
    (
        PROTECTED,
        "a_server_with_extended_protection_takes_the_account",
        a_server_with_extended_protection_takes_the_account,
    ),
    (TOKEN, "an_access_token_logs_in", an_access_token_logs_in),
];

/// A test for each of them, and why it does not run.
pub fn trials(has_server: bool, reasons: &mut String) -> Vec<Trial> {
    let trial = |(variable, name, run): Login| {
        let value = std::env::var(variable).ok().filter(|_| has_server);
        let is_missing = value.is_none();
        if has_server && is_missing {
            reasons.push_str(&format!("not run: logins::{name}: {variable} is not set\n"));
        }
        Trial::test(format!("sqlserver::logins::{name}"), move || {
            run(&value.unwrap_or_else(|| panic!("{variable} is not set")));
            Ok(())
        })
        .with_ignored_flag(is_missing)
    };
    TRIALS.into_iter().map(trial).collect()
}

/// Fails in a program that could not log in anyhow.
fn require_accounts() {
    if !LOGS_IN_ACCOUNTS {
        panic!("{NO_ACCOUNTS}");
    }
}

/// A command of the bench's pipeline on that server, with no login yet.
fn on(bench: &Bench, server: &str, command: &str) -> Command {
    let database = &bench.database;
    let mut command = bench.command(&format!(
        "{command} --server {server} --database {} --schema {} --trust-server-certificate",
        database.name, database.schema
    ));
    command.env_remove("XMLSHRED_CONNECTION_STRING");
    command
}

fn an_account_logs_in_as_the_pages_say(server: &str) {
    require_accounts();
    let bench = Bench::ready(1);
    let mut run = on(&bench, server, "run --contract contract.toml --follow");
    let mut run = Worker::start(run.stdout(Stdio::null()).stderr(Stdio::null()));
    wait_until("the application is done", || {
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log") == 1
    });
    let scheme = bench.value(
        "SELECT MIN(c.auth_scheme) + '-' + MAX(c.auth_scheme)
         FROM sys.dm_exec_connections AS c
         JOIN sys.dm_exec_sessions AS s ON s.session_id = c.session_id
         WHERE s.program_name = 'xmlshred' AND s.database_id = DB_ID()",
    );
    run.kill();
    let expected = match is_this_machine(server) {
        // Windows may take NTLM where nothing leaves the machine.
        true => ["kerberos-kerberos", "ntlm-ntlm"],
        false => ["kerberos-kerberos"; 2],
    };
    assert!(expected.contains(&scheme.to_lowercase().as_str()), "{scheme}");
}

fn is_this_machine(server: &str) -> bool {
    let name = server.split(['.', ',', '\\']).next().unwrap_or(server);
    std::env::var("COMPUTERNAME").is_ok_and(|own| own.eq_ignore_ascii_case(name))
}

/// It accepts no login of an account that is not bound to TLS.
fn a_server_with_extended_protection_takes_the_account(server: &str) {
    require_accounts();
    let bench = Bench::ready(0);
    let said = Said::of(&mut on(&bench, server, "status"));
    assert_eq!(said.status, 0, "{said:?}");
}

fn an_access_token_logs_in(file: &str) {
    let bench = Bench::ready(0);
    let server = parts_of_connection_string();
    let server = format!("{},{}", server.host, server.port);
    let said = Said::of(on(&bench, &server, "status").args(["--access-token-file", file]));
    assert_eq!(said.status, 0, "{said:?}");
    let token = std::fs::read_to_string(file).expect("the file");
    assert!(!said.stdout.contains(token.trim()) && !said.stderr.contains(token.trim()));
}
