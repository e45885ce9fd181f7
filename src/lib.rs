//! Pipewright turns a requirement into a reviewed change of a data platform.
//!
//! `ARCHITECTURE.md` is the map. Data flows one way, a module a stage:
//! requirement → intent → plan → proposals → change set → files → branch → run → rollback.

pub mod sql;
pub mod vocabulary;

pub mod contract;
pub mod spec;
pub mod workspace;

pub mod requirement;

pub mod plan;

pub mod agents;
pub mod proposal;

pub mod changeset;
pub mod render;
