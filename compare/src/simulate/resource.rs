//! Resources of a server: each serves a limited number of requests at a time, in the order in which they come.

/// Units that serve one request at a time each.
#[derive(Debug)]
pub struct Resource {
    /// When each unit is free.
    free: Vec<f64>,
    busy: f64,
}

impl Resource {
    pub fn new(units: usize) -> Self {
        Self { free: vec![0.0; units.max(1)], busy: 0.0 }
    }

    /// Serves a request that comes at `now`, which is not before any earlier one. Returns when it ends.
    pub fn serve(&mut self, now: f64, micros: f64) -> f64 {
        let unit = self.free.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("a unit");
        *unit = unit.max(now) + micros;
        self.busy += micros;
        *unit
    }

    /// The part of the time until `end` that its units were busy.
    pub fn use_until(&self, end: f64) -> f64 {
        self.busy / (end * self.free.len() as f64)
    }
}

/// The disk of a transaction log. A commit waits until its bytes are flushed; a flush takes those of all
/// that came during the one before.
#[derive(Debug)]
pub struct Log {
    flush: f64,
    bytes_per_micro: f64,
    /// When the flush that is under way ends, and the one after it, with its bytes.
    current_end: f64,
    next_end: f64,
    busy: f64,
}

impl Log {
    pub fn new(flush: f64, bytes_per_micro: f64) -> Self {
        Self { flush, bytes_per_micro, current_end: 0.0, next_end: 0.0, busy: 0.0 }
    }

    /// Commits so many bytes at `now`. Returns when they are on the disk.
    pub fn commit(&mut self, now: f64, bytes: f64) -> f64 {
        let micros = bytes / self.bytes_per_micro;
        if now >= self.current_end {
            // Nothing is under way, or only the flush that was next.
            self.current_end = self.next_end.max(now);
            if now >= self.current_end {
                self.current_end = now + self.flush + micros;
                self.next_end = self.current_end;
                self.busy += self.flush + micros;
                return self.current_end;
            }
        }
        // It joins the next flush.
        if self.next_end <= self.current_end {
            self.next_end = self.current_end + self.flush;
            self.busy += self.flush;
        }
        self.next_end += micros;
        self.busy += micros;
        self.next_end
    }

    pub fn use_until(&self, end: f64) -> f64 {
        self.busy / end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_waits_for_a_unit() {
        let mut two = Resource::new(2);
        assert_eq!(two.serve(0.0, 10.0), 10.0);
        assert_eq!(two.serve(0.0, 10.0), 10.0);
        assert_eq!(two.serve(4.0, 10.0), 20.0);
        assert_eq!(two.use_until(20.0), 0.75);
    }

    #[test]
    fn commits_that_come_during_a_flush_share_the_next() {
        let mut log = Log::new(100.0, 1.0);
        assert_eq!(log.commit(0.0, 10.0), 110.0);
        assert_eq!(log.commit(1.0, 10.0), 220.0);
        assert_eq!(log.commit(2.0, 10.0), 230.0);
        assert_eq!(log.commit(500.0, 0.0), 600.0);
    }
}
