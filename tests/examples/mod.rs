//! The two examples: their documents, and what their contracts make of them.

mod generate;
