//! What the members of a role may run and see on SQL Server, worked out from the text of the T-SQL.
//! Babelfish shows everybody everything, so that a server cannot be asked.
//!
//! The rules are Microsoft's. "Metadata Visibility Configuration": a catalog view or OBJECT_ID shows a
//! caller only what the caller has a permission on, inside a module too. "Ownership Chains": a
//! module of one owner reaches the data of its tables, but a statement that is built at run time does
//! not, nor does TRUNCATE TABLE, SET IDENTITY_INSERT, a definition, or another database. EXECUTE AS
//! OWNER lifts the first two and forbids the last.

mod modules;
mod planted;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use xmlshred::contract::Contract;
use xmlshred::store::sqlserver::install::{contract_script, Kind, FILES, GENERATED};

use modules::{Module, Sight};

pub const ROLES: [&str; 4] = ["shred_worker", "shred_operator", "shred_monitor", "shred_loader"];

/// The permissions of a role.
#[derive(Default)]
struct Permissions {
    /// Objects of the pipeline that it may execute or read.
    runs: BTreeSet<String>,
    /// Whose definition it may view.
    sees: BTreeSet<Sight>,
}

/// An installation: its modules and what is granted.
struct Installed {
    modules: BTreeMap<String, Module>,
    grants: String,
}

impl Installed {
    /// This version's, with a contract.
    fn this_version() -> Self {
        let modules = FILES.iter().filter(|file| matches!(file.kind(), Kind::Module(_)));
        let modules = modules.map(|file| (file.object().to_owned(), Module::parse(file.text)));
        let text = include_str!("../generated_sql/contract.toml");
        let (contract, _) = Contract::parse(text, "contract.toml").expect("a valid contract");
        let of_contract = contract_script("$(Schema)", &contract);
        let generated = GENERATED.iter().map(|generated| {
            let create = format!("CREATE OR ALTER {}", generated.kind);
            let (_, module) = of_contract.split_once(&create).expect("it");
            let module = module.split("\nGO\n").next().expect("a batch");
            (generated.object.to_owned(), Module::parse(module))
        });
        let grants = FILES.iter().find(|file| file.name == "security/grants.sql").expect("grants");
        Self {
            modules: modules.chain(generated).collect(),
            grants: format!("{}\n{of_contract}", grants.text),
        }
    }

    fn permissions(&self, role: &str) -> Permissions {
        let mut permissions = Permissions::default();
        for line in self.grants.lines().map(str::trim) {
            let Some(grant) = line.strip_prefix("GRANT ") else { continue };
            let Some((what, to)) = grant.rsplit_once(" TO ") else { continue };
            if to != format!("[{role}];") {
                continue;
            }
            let (permission, securable) = what.split_once(" ON ").expect("a securable");
            if permission == "VIEW DEFINITION" {
                permissions.sees.insert(Sight::of_securable(securable));
                continue;
            }
            let object = securable.strip_prefix("OBJECT::[$(Schema)].[").expect("ours");
            let object = object.strip_suffix(']').expect("a name").to_owned();
            let is_view = object.starts_with("vw_");
            assert_eq!(permission, if is_view { "SELECT" } else { "EXECUTE" }, "{line}");
            permissions.runs.insert(object);
        }
        permissions
    }

    /// What a member of `role` that runs `object` would be refused or would be shown wrongly.
    fn faults(&self, role: &str, object: &str) -> Vec<String> {
        let permissions = self.permissions(role);
        let mut faults = Vec::new();
        let mut reached = BTreeSet::new();
        let mut next = vec![(object.to_owned(), false)];
        while let Some((name, as_owner)) = next.pop() {
            if !reached.insert((name.clone(), as_owner)) {
                continue;
            }
            let Some(module) = self.modules.get(&name) else {
                faults.push(format!("{role} runs {object}: {name} does not exist"));
                continue;
            };
            let as_owner = as_owner || module.executes_as_owner;
            let refused = module.refused(as_owner, &permissions.sees);
            faults.extend(
                refused.into_iter().map(|what| format!("{role} runs {object}: {name} {what}")),
            );
            next.extend(module.uses.iter().map(|used| (used.clone(), as_owner)));
        }
        faults
    }

    /// The faults of all roles.
    fn all_faults(&self) -> Vec<String> {
        let of_role = |role: &'static str| {
            let runs = self.permissions(role).runs;
            runs.into_iter().flat_map(move |object| self.faults(role, &object))
        };
        ROLES.into_iter().flat_map(of_role).collect()
    }
}

#[test]
fn every_role_runs_and_sees_what_it_is_granted() {
    let installed = Installed::this_version();
    for role in ROLES {
        assert!(installed.permissions(role).runs.len() >= 5, "{role}");
    }
    assert_eq!(installed.all_faults(), Vec::<String>::new());
}

#[test]
fn every_view_and_procedure_for_people_is_granted() {
    let installed = Installed::this_version();
    let runs = |role| installed.permissions(role).runs;
    for name in installed.modules.keys() {
        let is_view = name.starts_with("vw_");
        assert!(!is_view || runs("shred_monitor").contains(name), "{name}");
        assert!(!is_view || runs("shred_operator").contains(name), "{name}");
    }
}
