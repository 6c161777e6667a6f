//! The plugin `database` with the real binary, against SQLite and a PostgreSQL server that is started for it.
//!
//! `cargo test -p xqute-cli --features sqlite,postgres --test plugin-database`; it needs the program `sqlite3`, and installs PostgreSQL
//! if that is not here (`tests/engines/postgres-up`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod again;
mod base;
mod page;
mod trouble;
mod twice;
