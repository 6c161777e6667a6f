//! Does this machine do with jobs what the contract says?

mod ahead;
mod anew;
mod bundle;
mod ends;
mod kills;
mod refusals;
mod scene;
