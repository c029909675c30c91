//! What Babelfish, which stands in where no SQL Server is at hand, cannot show.

/// Names of tests, without `sqlserver::`, and why they are skipped there.
const SKIPPED: &[(&str, &str)] = &[
    ("reporting::status_counts_every_application_in_one_place", ESTIMATED_ROWS),
    ("reporting::status_of_an_empty_store_is_all_zero", ESTIMATED_ROWS),
    (
        "program::a_database_that_may_not_be_written_is_no_error",
        "ALTER DATABASE … SET READ_ONLY is not there",
    ),
    ("monitoring::a_secondary_replica_is_found", "ALTER DATABASE … SET READ_ONLY is not there"),
    (
        "monitoring::readers_that_wait_for_writers_are_found_and_helped",
        "READ_COMMITTED_SNAPSHOT cannot be turned off",
    ),
    ("monitoring::a_disabled_index_is_found_and_rebuilt", "ALTER INDEX … DISABLE is not there"),
    ("types::the_seventh_digit_of_a_second_is_kept", "times have six digits"),
];

const ESTIMATED_ROWS: &str =
    "sys.partitions has an estimate of each table's rows, which is renewed some time later";

/// Applications a batch where many batches are loaded: so few that their outcomes fit into a packet.
/// Babelfish reads a bulk load up to the first byte of the DONE token that ends it; where the other
/// twelve are in another packet, it takes that packet for the next request (its BABEL-6317, mended
/// in January 2026). A message may go from one packet into the next anywhere.
pub const BATCH_SIZE: u32 = 10;

/// Why a test is skipped on Babelfish.
pub fn skips(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("sqlserver::")?;
    SKIPPED.iter().find(|(skipped, _)| *skipped == name).map(|(_, reason)| *reason)
}
