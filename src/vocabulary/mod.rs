//! The words that every stage shares: names, types, relations, windows, dialects, quoting, diagnostics.
//!
//! Leaves: nothing here reads a file, and nothing here knows a stage.

mod act;
mod diagnostic;
mod dialect;
mod fix;
mod kind;
mod name;
mod personal;
mod quote;
mod relation;
mod role;
mod secret;
mod types;
mod window;
mod yaml;

pub use act::Act;
pub use diagnostic::{Diagnostic, Fault, Outcome, Place, Severity, nearest};
pub use dialect::Dialect;
pub use fix::{Fix, FixOf};
pub use kind::ArtifactKind;
pub use name::{MAX_LEN, Name, is_reserved};
pub use personal::{Kind as PersonalKind, Words as PersonalWords};
pub use quote::{
    jinja_literal, jinja_string, python_docstring, python_string, shell_word, sql_identifier, sql_string, yaml_string,
};
pub use relation::{Relation, TableRef};
pub use role::Role;
pub use secret::{SecretShapes, is_random};
pub use types::DataType;
pub use window::{Span, Unit, Window};
pub use yaml::{yaml_block, yaml_entry, yaml_flow, yaml_flow_scalar, yaml_item, yaml_scalar, yaml_text};
