//! Run summary, status tables, progress.
