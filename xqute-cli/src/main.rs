//! The stock binary. One with more plugins is this, and `xqute::link_plugins!();`.

use std::process::ExitCode;

fn main() -> ExitCode {
    xqute_cli::main()
}
