//! How this program's types are stored in SQLite.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::ToSql;
use uuid::Uuid;

use crate::id::{AppId, ClaimToken, ContractHash, SessionId, SourceHash};
use crate::outcome::FailureCategory;

impl ToSql for AppId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for AppId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

/// Stored as text, written and read by these functions.
macro_rules! stored_as_text {
    ($type:ty, $write:expr, $read:expr) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok($write(self).into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let text = value.as_str()?;
                $read(text).ok_or_else(|| {
                    FromSqlError::Other(format!("{text:?} is not a {}", stringify!($type)).into())
                })
            }
        }
    };
}

stored_as_text!(ClaimToken, |token: &Self| token.0.to_string(), |text| uuid(text).map(ClaimToken));
stored_as_text!(SessionId, |session: &Self| session.0.to_string(), |text| uuid(text)
    .map(SessionId));
stored_as_text!(SourceHash, Self::to_string, |text| digest(text).map(SourceHash));
stored_as_text!(ContractHash, Self::to_string, |text| digest(text).map(ContractHash));
stored_as_text!(
    FailureCategory,
    |category: &Self| category.name().to_owned(),
    FailureCategory::from_name
);

fn uuid(text: &str) -> Option<Uuid> {
    Uuid::from_str(text).ok()
}

/// 64 hexadecimal digits as 32 bytes.
fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

/// A duration in whole milliseconds, at most a century.
pub(super) fn milliseconds(duration: Duration) -> i64 {
    // Far above any lease, and far below what overflows when added to a time.
    const CENTURY: i64 = 100 * 366 * 86_400_000;
    i64::try_from(duration.as_millis()).unwrap_or(CENTURY).min(CENTURY)
}

/// A stored time.
pub(super) fn instant(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Ids as the JSON array that the statements read.
pub(super) fn json_list(app_ids: &[AppId]) -> String {
    let ids: Vec<i64> = app_ids.iter().map(|id| id.0).collect();
    serde_json::Value::from(ids).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_text() {
        let hash = ContractHash(std::array::from_fn(|i| (i * 9) as u8));
        assert_eq!(digest(&hash.to_string()), Some(hash.0));
        assert_eq!(digest("00"), None);
        assert_eq!(digest(&"g".repeat(64)), None);
    }
}
