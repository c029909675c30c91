//! Keys that occur once, in memory that does not depend on how many there are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use crate::id::AppId;

/// Keys that are sorted in memory.
const RUN: usize = 1 << 20;

/// Bytes of a key on the disk.
const WIDTH: usize = 20;

/// A key, and the document that has it: the position of its file, and the number of its record.
pub type Holder = (AppId, u32, u64);

/// Keys and who holds them, in sorted runs on the disk.
#[derive(Default)]
pub struct DistinctKeys {
    run: Vec<(i64, u32, u64)>,
    runs: Vec<File>,
}

impl DistinctKeys {
    /// Notes a key.
    ///
    /// # Errors
    /// The disk is full.
    pub fn add(&mut self, (key, file, record): Holder) -> io::Result<()> {
        self.run.push((key.0, file, record));
        if self.run.len() < RUN {
            return Ok(());
        }
        self.run.sort_unstable();
        let mut run = BufWriter::new(tempfile::tempfile()?);
        for (key, file, record) in self.run.drain(..) {
            run.write_all(&key.to_le_bytes())?;
            run.write_all(&file.to_le_bytes())?;
            run.write_all(&record.to_le_bytes())?;
        }
        let mut run = run.into_inner().map_err(io::IntoInnerError::into_error)?;
        run.rewind()?;
        self.runs.push(run);
        Ok(())
    }

    /// Calls this with each holder of a key that another one before it has, and that one.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn duplicates(mut self, mut duplicate: impl FnMut(Holder, Holder)) -> io::Result<()> {
        self.run.sort_unstable();
        let mut rest = self.run.into_iter();
        let mut runs: Vec<BufReader<File>> = self.runs.into_iter().map(BufReader::new).collect();
        let last = runs.len();
        let mut next = |of: usize| match of == last {
            true => Ok(rest.next()),
            false => read(&mut runs[of]),
        };
        let mut heap = BinaryHeap::new();
        for of in 0..=last {
            heap.extend(next(of)?.map(|key| Reverse((key, of))));
        }
        let mut before: Option<(i64, u32, u64)> = None;
        while let Some(Reverse((holder, of))) = heap.pop() {
            heap.extend(next(of)?.map(|key| Reverse((key, of))));
            match before.filter(|(key, ..)| *key == holder.0) {
                Some(first) => duplicate(named(holder), named(first)),
                None => before = Some(holder),
            }
        }
        Ok(())
    }
}

fn named((key, file, record): (i64, u32, u64)) -> Holder {
    (AppId(key), file, record)
}

fn read(run: &mut BufReader<File>) -> io::Result<Option<(i64, u32, u64)>> {
    let mut bytes = [0; WIDTH];
    match run.read_exact(&mut bytes) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (key, rest) = bytes.split_first_chunk().expect("20 bytes");
    let (file, rest) = rest.split_first_chunk().expect("12 bytes");
    let (record, _) = rest.split_first_chunk().expect("8 bytes");
    Ok(Some((i64::from_le_bytes(*key), u32::from_le_bytes(*file), u64::from_le_bytes(*record))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_found_across_runs() {
        let mut keys = DistinctKeys::default();
        let many = 2 * RUN as i64 + 7;
        for n in (0..many).rev() {
            keys.add((AppId(n), 0, n as u64 + 1)).expect("add");
        }
        keys.add((AppId(5), 1, 9)).expect("add");
        keys.add((AppId(many - 1), 1, 10)).expect("add");
        let mut found = Vec::new();
        keys.duplicates(|holder, first| found.push((holder, first))).expect("read");
        let expected = [
            ((AppId(5), 1, 9), (AppId(5), 0, 6)),
            ((AppId(many - 1), 1, 10), (AppId(many - 1), 0, many as u64)),
        ];
        assert_eq!(found, expected);
    }
}
