//! Claiming: ordered, bounded, exclusive, and the same again for the same token.

use std::collections::HashSet;

use xmlshred::outcome::{AppId, ContractHash};
use xmlshred::store::{Claimed, DocumentEncoding, Partition, Share, StoreError};

use super::harness::{document, failure, ids, success, Harness, Worker};

super::behaviours! {
    applications_are_claimed_in_order_of_their_ids,
}

fn applications_are_claimed_in_order_of_their_ids(h: &dyn Harness) {
    let contract = h.prepare(5);
    let mut worker = Worker::start(h, &contract);
    assert_eq!(ids(&worker.claim(3)), [1, 2, 3]);
    assert_eq!(ids(&worker.claim(3)), [4, 5]);
    h.assert_invariants();
}
