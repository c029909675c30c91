//! The objects that are generated from a contract.

use crate::contract::{Contract, TargetTable};
use crate::store::sqlserver::contract_sql;

/// An object that is generated from a contract.
pub struct Generated {
    /// Its name in `processing_install_file`.
    pub file: &'static str,
    /// The object's name.
    pub object: &'static str,
    /// `PROCEDURE` or `VIEW`.
    pub kind: &'static str,
    text: fn(&str, &str, &str, &[TargetTable]) -> String,
}

impl Generated {
    /// Its `CREATE OR ALTER`.
    pub fn text(&self, schema: &str, contract: &Contract) -> String {
        (self.text)(schema, &contract.name, &contract.target_schema, &contract.targets)
    }
}

/// The objects that are generated from a contract.
pub const GENERATED: [Generated; 4] = [
    Generated {
        file: "contract/usp_LoadApps.sql",
        object: "usp_LoadApps",
        kind: "PROCEDURE",
        text: contract_sql::load_procedure,
    },
    Generated {
        file: "contract/usp_BackfillRows.sql",
        object: "usp_BackfillRows",
        kind: "PROCEDURE",
        text: contract_sql::backfill_procedure,
    },
    Generated {
        file: "contract/usp_ReadRows.sql",
        object: "usp_ReadRows",
        kind: "PROCEDURE",
        text: contract_sql::read_procedure,
    },
    Generated {
        file: "contract/vw_TargetRows.sql",
        object: "vw_TargetRows",
        kind: "VIEW",
        text: contract_sql::rows_view,
    },
];
