//! Text as TOML.

use toml_writer::{ToTomlValue, TomlStringBuilder};

/// A basic TOML string.
pub(super) fn string(text: &str) -> String {
    TomlStringBuilder::new(text).as_basic().to_toml_value()
}
