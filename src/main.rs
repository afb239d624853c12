//! The binary.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let code = buildspec::cli::main();
    // All is said and every guard is dropped. Only the at-exit hooks are left out: the allocator's takes a millisecond to
    // give back what the kernel takes anyway.
    signal_hook::low_level::exit(code.into())
}
