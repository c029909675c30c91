//! The lease protocol as a model, checked in every state that a few workers, applications and
//! faults reach.
//!
//! [`protocol`] is the database, one transaction a method; the histories that drive both stores
//! use it, too. [`system`] puts workers, reapers and an enqueuer around it. Safety is checked by
//! stateright; whether everything ends, by [`liveness`].

pub mod action;
pub mod liveness;
pub mod protocol;
pub mod state;
pub mod system;
