//! Developers' automation: `cargo xtask --help`.

fn main() {}
