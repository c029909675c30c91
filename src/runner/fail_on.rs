//! How many failed applications are too many.

use std::str::FromStr;

/// How many failed applications make a run end with exit status 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FailOn {
    /// No number.
    Never,
    /// One is enough.
    Any,
    /// More than this share of the concluded applications, 0 to 100.
    Percent(f64),
}

impl FailOn {
    /// Whether `failed` out of `concluded` applications are too many.
    pub fn is_exceeded(self, failed: u64, concluded: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Any => failed > 0,
            Self::Percent(percent) => failed as f64 * 100.0 > percent * concluded as f64,
        }
    }
}

impl FromStr for FailOn {
    type Err = ();

    /// From `never`, `any`, `5` or `2.5%`.
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_lowercase().as_str() {
            "never" => return Ok(Self::Never),
            "any" => return Ok(Self::Any),
            _ => {}
        }
        let percent = text.trim_end_matches('%').trim_end().parse().map_err(|_| ())?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(());
        }
        Ok(Self::Percent(percent))
    }
}
