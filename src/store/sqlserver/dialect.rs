//! Where an engine differs that is nearly SQL Server. This program speaks SQL Server's T-SQL and looks
//! for no other engine; whoever tries it on a stand-in says here what that one needs.

use std::sync::OnceLock;

/// What a stand-in for SQL Server needs to be told otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The batches to send for a batch of an installation.
    pub installation: fn(&str) -> Vec<String>,
    /// The principal that the catalog means by the name of an owner.
    pub owner: fn(&str) -> &str,
    /// The number that SQL Server gives to an error of this number and message.
    pub error_number: fn(i64, &str) -> i64,
    /// Whether decimals are bulk loaded as text, which `usp_LoadApps` converts.
    pub decimals_as_text: bool,
}

/// SQL Server itself.
const SQL_SERVER: Dialect = Dialect {
    installation: |batch| vec![batch.to_owned()],
    owner: |name| name,
    error_number: |number, _| number,
    decimals_as_text: false,
};

static SPOKEN: OnceLock<Dialect> = OnceLock::new();

impl Dialect {
    /// Speaks this one to every server from now on. It is settled for the process by the first call,
    /// or by the first connection without one.
    pub fn speak(self) {
        SPOKEN.get_or_init(|| self);
    }
}

/// The one that is spoken.
pub(super) fn spoken() -> &'static Dialect {
    SPOKEN.get_or_init(|| SQL_SERVER)
}
