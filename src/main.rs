//! The binary.

fn main() -> std::process::ExitCode {
    buildspec::cli::main()
}
