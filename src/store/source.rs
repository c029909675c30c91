//! Samples of the source table: documents that are spread over all ids.

use super::Result;
use crate::document::Document;
use crate::id::AppId;

/// A source row: its id, and its document unless that is null.
pub type SourceRow = (AppId, Option<Document>);

/// A source table, also one in whose database nothing was installed.
pub trait SourceTable {
    /// The lowest and the highest id; `None` of an empty table.
    ///
    /// # Errors
    /// The table cannot be read.
    fn bounds(&mut self) -> Result<Option<(AppId, AppId)>>;

    /// The row with this id, or with the next one; `None` behind the last.
    ///
    /// # Errors
    /// The table cannot be read.
    fn row_from(&mut self, app_id: AppId) -> Result<Option<SourceRow>>;
}

/// At most `count` rows, by ascending id. Where ids rise with time, old and new documents are among
/// them: they are the ones next to points at equal distances. Where that finds too few, because
/// ids have gaps, the first others are added. Each row is one seek in the index of the key.
///
/// # Errors
/// The table cannot be read.
pub fn samples(table: &mut dyn SourceTable, count: u32) -> Result<Vec<SourceRow>> {
    let mut rows: Vec<SourceRow> = Vec::new();
    let Some((low, high)) = table.bounds()? else { return Ok(rows) };
    let span = i128::from(high.0) - i128::from(low.0);
    for point in 0..i128::from(count) {
        let after = rows.last().map_or(i128::from(i64::MIN), |(id, _)| i128::from(id.0) + 1);
        let at = i128::from(low.0) + span * point / i128::from(count - 1).max(1);
        // After the highest id there is none, also where that is the highest of all.
        let Ok(from) = i64::try_from(at.max(after)) else { break };
        match table.row_from(AppId(from))? {
            Some(row) => rows.push(row),
            None => break,
        }
    }
    fill(table, low, count as usize, &mut rows)?;
    Ok(rows)
}

/// Adds the first rows that are not among these.
fn fill(
    table: &mut dyn SourceTable,
    low: AppId,
    count: usize,
    rows: &mut Vec<SourceRow>,
) -> Result<()> {
    let mut from = Some(low);
    while let Some(app_id) = from.filter(|_| rows.len() < count) {
        let Some(row) = table.row_from(app_id)? else { break };
        from = row.0 .0.checked_add(1).map(AppId);
        if let Err(place) = rows.binary_search_by_key(&row.0, |(id, _)| *id) {
            rows.insert(place, row);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of ids.
    struct Ids(Vec<i64>);

    impl SourceTable for Ids {
        fn bounds(&mut self) -> Result<Option<(AppId, AppId)>> {
            let ends = self.0.first().zip(self.0.last());
            Ok(ends.map(|(low, high)| (AppId(*low), AppId(*high))))
        }

        fn row_from(&mut self, app_id: AppId) -> Result<Option<SourceRow>> {
            Ok(self.0.iter().find(|id| **id >= app_id.0).map(|id| (AppId(*id), None)))
        }
    }

    fn ids(table: &[i64], count: u32) -> Vec<i64> {
        let rows = samples(&mut Ids(table.to_vec()), count).unwrap();
        rows.iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn samples_are_spread_over_all_ids() {
        let all: Vec<i64> = (1..=101).collect();
        assert_eq!(ids(&all, 5), [1, 26, 51, 76, 101]);
        assert_eq!(ids(&all, 1), [1]);
        assert_eq!(ids(&all, 101), all);
        assert_eq!(ids(&all, 1000), all);
    }

    #[test]
    fn gaps_and_the_ends_of_all_ids_lose_no_sample() {
        assert!(ids(&[], 5).is_empty());
        assert_eq!(ids(&[1, 2, 3, 4, 1_000_000], 4), [1, 2, 3, 1_000_000]);
        assert_eq!(ids(&[i64::MIN, 0, i64::MAX], 3), [i64::MIN, 0, i64::MAX]);
        assert_eq!(ids(&[i64::MIN, 0, i64::MAX], 9), [i64::MIN, 0, i64::MAX]);
    }
}
