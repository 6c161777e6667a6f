//! Can a run be built in the directory that the argument names? A test starts this as somebody who may not.
#![expect(clippy::print_stdout, reason = "it is how a program tells")]

use std::process::ExitCode;

use xqute::Xqute;

fn main() -> ExitCode {
    let Some(workdir) = std::env::args_os().nth(1) else { return ExitCode::FAILURE };
    match Xqute::builder().workdir(workdir).build() {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
