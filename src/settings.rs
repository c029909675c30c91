//! Settings from flags, environment and xmlshred.toml, resolved and validated.
