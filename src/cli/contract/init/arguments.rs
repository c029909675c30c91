//! The call of `xmlshred contract init`.

use std::path::PathBuf;

use clap::Args;

/// Draft a contract from documents or their schema, or add to one what it lacks: tables, columns, types, keys
///
/// The contract goes to stdout or to the file of --out. A report on stderr lists what it leaves out, and the values that do
/// not have the form of most.
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, also with gzip, folders of *.xml, and zip archives
    #[arg(value_name = "SAMPLES", required_unless_present_any = ["from_store", "stats", "xsd"])]
    pub(super) samples: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) search: crate::cli::document_files::Search,

    /// Read this many documents of the source table instead, spread over all ids; on SQL Server nothing
    /// needs to be installed for it
    #[arg(long, value_name = "N", conflicts_with = "samples")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) from_store: Option<u32>,

    /// Take types, lengths and cardinalities from an XML Schema; with SAMPLES, only paths that they have
    #[arg(long, value_name = "FILE")]
    pub(super) xsd: Option<PathBuf>,

    /// Keep what was seen in this file, and draft from all runs that named it; it has example values
    ///
    /// It is made by the first run. Later runs add their samples, if they name any. Documents that
    /// an earlier run has read are not counted again.
    #[arg(long, value_name = "FILE")]
    pub(super) stats: Option<PathBuf>,

    /// Add what the samples have to this contract, instead of drafting one; what it has stays
    ///
    /// New columns and tables take what it does not read. What is edited in it is not touched.
    #[arg(long, value_name = "OLD.toml", conflicts_with_all = ["root", "name", "lookups", "xsd"])]
    pub(super) update: Option<PathBuf>,

    /// File for the contract, which is written when it is complete; one of that name is replaced [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,

    /// Draft for the documents with this root element, if there are several kinds
    #[arg(long, value_name = "NAME")]
    pub(super) root: Option<String>,

    /// The contract's name [default: the root element's]
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,

    /// Leave an element out, with all that is in it, such as /order/scan; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(super) skip: Vec<String>,

    /// Make lookups of the lists of codes, to numbers
    #[arg(long)]
    pub(super) lookups: bool,

    /// Make rows of a table of numbered siblings, such as score_1 and score_2
    #[arg(long)]
    pub(super) unpivot: bool,

    /// Fill the tables of this script with CREATE TABLE statements, instead of new ones
    #[arg(long, value_name = "FILE", group = "existing", conflicts_with = "update")]
    pub(super) ddl: Option<PathBuf>,

    /// Fill the tables of the database instead of new ones; nothing needs to be installed for it
    #[arg(long, group = "existing", conflicts_with = "update")]
    pub(super) against_database: bool,

    /// With --ddl or --against-database: these tables alone, such as sales.orders,sales.lines
    /// [default: all of the script; all in the schema dbo]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "existing")]
    pub(super) tables: Vec<String>,
}
