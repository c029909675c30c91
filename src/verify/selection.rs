//! Which applications are verified: handed out in order of their ids, a chunk at a time.

use std::collections::{BinaryHeap, VecDeque};

use crate::id::AppId;
use crate::store::{Result, Store, WrittenApp, WrittenPage};

/// Which applications are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every one with a source row and rows, known to the log or not.
    All,
    /// So many of those that the log knows as a success. The same seed draws the same ones.
    Sample {
        /// How many.
        size: usize,
        /// What decides which ones.
        seed: u64,
    },
    /// These.
    Apps(Vec<AppId>),
}

/// Applications that one thread verifies. Their rows are in memory together.
pub(super) struct Chunk {
    /// Its number, from 0.
    pub place: usize,
    /// Its last application.
    pub last: AppId,
    pub apps: Vec<WrittenApp>,
    /// Applications that were named and have no rows.
    pub unwritten: Vec<AppId>,
}

/// Applications in a chunk.
const CHUNK: u32 = 50;

/// Applications read at a time to draw a sample.
const PAGE: u32 = 10_000;

/// Lists the applications of a selection.
pub(super) struct Lister<'s> {
    store: Box<dyn Store>,
    after: Option<AppId>,
    place: usize,
    stop: &'s dyn Fn() -> bool,
    way: Way,
}

enum Way {
    /// As they come.
    Pages,
    /// A sample that is not drawn yet.
    Draw { size: usize, seed: u64 },
    /// The rest of a list in ascending order, and whether those without rows count.
    Named { rest: VecDeque<AppId>, strict: bool },
}

impl<'s> Lister<'s> {
    pub fn new(
        store: Box<dyn Store>,
        selection: &Selection,
        after: Option<AppId>,
        stop: &'s dyn Fn() -> bool,
    ) -> Self {
        let way = match selection {
            Selection::All => Way::Pages,
            Selection::Sample { size, seed } => Way::Draw { size: *size, seed: *seed },
            Selection::Apps(ids) => {
                Way::Named { rest: ascending(ids.clone(), after), strict: true }
            }
        };
        Self { store, after, place: 0, stop, way }
    }

    /// The next chunk; `None` after the last one.
    pub fn next(&mut self) -> Result<Option<Chunk>> {
        if let Way::Draw { size, seed } = self.way {
            let drawn = draw(self.store.as_mut(), size, seed, self.stop)?;
            self.way = Way::Named { rest: ascending(drawn, self.after), strict: false };
        }
        let chunk = match &mut self.way {
            Way::Named { rest, strict } => {
                let ids: Vec<AppId> = rest.drain(..rest.len().min(CHUNK as usize)).collect();
                let Some(last) = ids.last().copied() else { return Ok(None) };
                let page = WrittenPage {
                    app_ids: Some(ids.clone()),
                    unlogged: *strict,
                    after: None,
                    size: CHUNK,
                };
                let apps = self.store.list_written(&page)?;
                let mut unwritten = if *strict { ids } else { Vec::new() };
                unwritten.retain(|id| apps.iter().all(|app| app.app_id != *id));
                Chunk { place: self.place, last, apps, unwritten }
            }
            Way::Pages | Way::Draw { .. } => {
                let page =
                    WrittenPage { app_ids: None, unlogged: true, after: self.after, size: CHUNK };
                let apps = self.store.list_written(&page)?;
                let Some(last) = apps.last().map(|app| app.app_id) else { return Ok(None) };
                self.after = Some(last);
                Chunk { place: self.place, last, apps, unwritten: Vec::new() }
            }
        };
        self.place += 1;
        Ok(Some(chunk))
    }
}

/// Ids above `after`, each once.
fn ascending(mut ids: Vec<AppId>, after: Option<AppId>) -> VecDeque<AppId> {
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| after.is_none_or(|after| *id > after));
    ids.into()
}

/// The applications with the smallest hashes, so that a sample hardly changes where applications are
/// added between two calls, and nothing but the sample is kept.
fn draw(
    store: &mut dyn Store,
    size: usize,
    seed: u64,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<AppId>> {
    let mut page = WrittenPage { size: PAGE, ..WrittenPage::default() };
    let mut drawn: BinaryHeap<(u64, AppId)> = BinaryHeap::new();
    while !stop() {
        let apps = store.list_written(&page)?;
        let Some(last) = apps.last() else { break };
        page.after = Some(last.app_id);
        for app in &apps {
            drawn.push((hash(seed, app.app_id), app.app_id));
            if drawn.len() > size {
                drawn.pop();
            }
        }
    }
    Ok(drawn.into_iter().map(|(_, id)| id).collect())
}

/// SplitMix64's finalizer: neighbouring ids are far apart.
fn hash(seed: u64, AppId(id): AppId) -> u64 {
    let mut mixed = (id as u64).wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_drawn_from_everywhere() {
        for seed in 0..20 {
            let mut ids: Vec<i64> = (0..10_000).collect();
            ids.sort_by_key(|id| hash(seed, AppId(*id)));
            let low = ids[..1000].iter().filter(|id| **id < 5_000).count();
            assert!(
                (420..=580).contains(&low),
                "seed {seed}: {low} of 1,000 are in the lower half"
            );
        }
    }
}
