//! What do the benches measure, and with what? The probes and the designs that are compared.

pub mod designs;
pub mod plugins;
pub mod probe;
