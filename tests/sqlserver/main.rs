//! What needs a live T-SQL server: the suite of `tests/store/` on the SQL Server store, and what
//! only that store has.
//!
//! `XMLSHRED_TEST_SQLSERVER` holds an ADO.NET connection string of a login that may create
//! databases. Without it every test is counted as ignored; the name of each contains `sqlserver`.

mod babelfish;
mod database;
mod harness;
mod invariants;
mod store;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use database::Server;
use harness::SqlServerHarness;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let server = Server::from_environment();
    let suite = store::suite().map(|(name, behaviour)| {
        Trial::test(format!("sqlserver::{name}"), move || {
            let harness = SqlServerHarness::fresh();
            behaviour(&harness);
            harness.leave();
            Ok(())
        })
    });
    let complete = Trial::test("no_file_of_the_sqlserver_suite_is_left_out", || {
        store::no_file_is_left_out();
        Ok(())
    });
    let trials = suite.map(|trial| {
        let skipped = match server {
            None => true,
            Some(server) => server.is_babelfish && babelfish::skips(trial.name()),
        };
        trial.with_ignored_flag(skipped)
    });
    let trials = trials.chain([complete]).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    SqlServerHarness::drop_idle();
    conclusion.exit_code()
}
