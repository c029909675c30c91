//! What needs a live T-SQL server: the suite of `tests/store/` on the SQL Server store, and what
//! only that store has.
//!
//! `XMLSHRED_TEST_SQLSERVER` holds an ADO.NET connection string of a login that may create
//! databases. Without it every test is counted as ignored; the name of each contains `sqlserver`.

mod adoption;
mod adoption_stopped;
mod agent;
mod agent_steps;
mod babelfish;
mod backfill;
mod bench;
mod changing;
mod chaos;
mod complete_app;
mod cost;
mod crash;
mod dashboard;
mod database;
mod drafting;
mod earlier_rows;
mod earlier_tables;
mod evening;
mod findings;
mod grid;
mod harness;
mod invariants;
mod line;
mod loading;
mod loading_known;
mod logins;
mod monday;
mod monitoring;
mod ownership;
mod page;
mod pages;
mod planning;
mod program;
mod races;
mod recounting;
mod refusals;
mod roles;
mod script;
mod session;
mod side_by_side;
mod silence;
mod source;
mod store;
mod sums;
mod takeover;
mod templates;
mod triggers;
mod types;
mod unforeseen;
mod unloading;
mod verify;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use database::Server;
use harness::SqlServerHarness;

/// Lists the tests of a file that need no store of the suite.
macro_rules! trials {
    ($($name:ident),+ $(,)?) => {
        pub const TRIALS: $crate::Trials = &[$((stringify!($name), $name)),+];
    };
}
use trials;

/// A file's tests and their names.
type Trials = &'static [(&'static str, fn())];

/// The files of tests that only this store has.
const OWN: &[(&str, Trials)] = &[
    ("adoption", adoption::TRIALS),
    ("adoption_stopped", adoption_stopped::TRIALS),
    ("agent", agent::TRIALS),
    ("agent_steps", agent_steps::TRIALS),
    ("backfill", backfill::TRIALS),
    ("chaos", chaos::TRIALS),
    ("complete_app", complete_app::TRIALS),
    ("cost", cost::TRIALS),
    ("crash", crash::TRIALS),
    ("drafting", drafting::TRIALS),
    ("earlier_rows", earlier_rows::TRIALS),
    ("earlier_tables", earlier_tables::TRIALS),
    ("line", line::TRIALS),
    ("loading", loading::TRIALS),
    ("loading_known", loading_known::TRIALS),
    ("monday", monday::TRIALS),
    ("changing", changing::TRIALS),
    ("ownership", ownership::TRIALS),
    ("pages", pages::TRIALS),
    ("planning", planning::TRIALS),
    ("program", program::TRIALS),
    ("races", races::TRIALS),
    ("recounting", recounting::TRIALS),
    ("refusals", refusals::TRIALS),
    ("roles", roles::TRIALS),
    ("script", script::TRIALS),
    ("side_by_side", side_by_side::TRIALS),
    ("silence", silence::TRIALS),
    ("source", source::TRIALS),
    ("sums", sums::TRIALS),
    ("takeover", takeover::TRIALS),
    ("templates", templates::TRIALS),
    ("triggers", triggers::TRIALS),
    ("types", types::TRIALS),
    ("unforeseen", unforeseen::TRIALS),
    ("unloading", unloading::TRIALS),
    ("verify", verify::TRIALS),
];

/// A test for each of them.
fn own() -> impl Iterator<Item = Trial> {
    OWN.iter().flat_map(|(file, trials)| {
        trials.iter().map(move |(name, run)| {
            Trial::test(format!("sqlserver::{file}::{name}"), || {
                run();
                Ok(())
            })
        })
    })
}

fn main() -> ExitCode {
    if let Some(status) = babelfish::as_program() {
        return status;
    }
    let arguments = Arguments::from_args();
    let server = Server::from_environment();
    let is_babelfish = server.is_some_and(|server| server.is_babelfish);
    if is_babelfish {
        babelfish::DIALECT.speak();
    }
    let suite = store::suite().map(|(name, behaviour)| {
        Trial::test(format!("sqlserver::{name}"), move || {
            let harness = SqlServerHarness::fresh();
            behaviour(&harness);
            harness.leave();
            Ok(())
        })
    });
    let of_monitoring = [("monitoring", monitoring::TESTS), ("findings", findings::TESTS)];
    let monitoring = of_monitoring.into_iter().flat_map(|(file, tests)| {
        tests.iter().map(move |(name, test)| {
            Trial::test(format!("sqlserver::{file}::{name}"), move || {
                let harness = SqlServerHarness::fresh();
                test(&harness);
                harness.leave();
                Ok(())
            })
        })
    });
    let complete = Trial::test("no_file_of_the_sqlserver_suite_is_left_out", || {
        store::no_file_is_left_out();
        Ok(())
    });
    let skips = |trial: &Trial| is_babelfish.then(|| babelfish::skips(trial.name())).flatten();
    let mut reasons = String::new();
    let logins = logins::trials(server.is_some(), &mut reasons);
    let trials = suite.chain(monitoring).chain(own()).map(|trial| {
        let reason = skips(&trial);
        if let Some(reason) = reason {
            reasons.push_str(&format!("skipped on Babelfish: {}: {reason}\n", trial.name()));
        }
        trial.with_ignored_flag(server.is_none() || reason.is_some())
    });
    // Takes long, and asks for figures rather than behaviour: on request only.
    let evening = evening::TRIALS.iter().map(|(name, run)| {
        Trial::test(format!("sqlserver::evening::{name}"), || {
            run();
            Ok(())
        })
        .with_ignored_flag(true)
    });
    let trials = trials.chain(logins).chain(evening).chain([complete]).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    SqlServerHarness::drop_idle();
    eprint!("{reasons}");
    conclusion.exit_code()
}
