//! Text and values to SQL types.
