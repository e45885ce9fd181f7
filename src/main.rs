//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipewright::cli::main()
}
