//! The streaming mapper: document in, rows or failure out.
