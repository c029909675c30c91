//! What is said about each mistake.

mod columns;
mod expressions;
mod file;
mod limits;
mod paths;
mod suggestions;
mod tables;
