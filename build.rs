//! Templates are part of the program: a new, changed or deleted one builds it anew.

fn main() {
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=build.rs");
}
